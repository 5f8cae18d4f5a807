//! Creates and deletes pods on behalf of an owner and records events about it (`RealPodControl` in
//! `pkg/controller/controller_utils.go`).

use std::sync::Arc;

use crate::controllers::Context;
use crate::controllers::runtime::Result;
use kctl_base::object::{Object, ObjectMeta};
use kctl_base::status::Status;

/// Returns `true` when a creation was refused because the namespace is being deleted, which is neither reported nor retried.
pub(crate) fn is_namespace_terminating(status: &Status) -> bool {
    status.causes.iter().any(|c| c.reason == "NamespaceTerminating")
}

/// Creates a pod and records `SuccessfulCreate` or `FailedCreate` about its owner.
pub(crate) fn create_pod(ctx: &mut Context<'_>, owner: &Object, pod: Object) -> Result<Arc<Object>> {
    match ctx.create("pods", pod) {
        Ok(pod) => {
            ctx.event(owner, "Normal", "SuccessfulCreate", &format!("Created pod: {}", pod.name()));
            Ok(pod)
        }
        Err(status) => {
            if !is_namespace_terminating(&status) {
                ctx.event(owner, "Warning", "FailedCreate", &format!("Error creating: {status}"));
            }
            Err(status)
        }
    }
}

/// Deletes a pod with its own grace period and records `SuccessfulDelete` or `FailedDelete` about its owner.
pub(crate) fn delete_pod(ctx: &mut Context<'_>, owner: &Object, pod: &Object) -> Result<()> {
    match ctx.delete("pods", pod) {
        Ok(()) => {
            ctx.event(owner, "Normal", "SuccessfulDelete", &format!("Deleted pod: {}", pod.name()));
            Ok(())
        }
        Err(status) => {
            ctx.event(owner, "Warning", "FailedDelete", &format!("Error deleting: {status}"));
            Err(status)
        }
    }
}

/// Calls `attempt` for 0 to `count - 1` in batches of 1, 2, 4, ..., and stops after the first batch with a failure, so that few
/// attempts are made where all fail (`slowStartBatch`). Returns the number of successes and the first failure.
pub(crate) fn slow_start_batch(count: usize, mut attempt: impl FnMut(usize) -> Result<()>) -> (usize, Result<()>) {
    let (mut done, mut batch) = (0, 1);
    while done < count {
        let end = (done + batch).min(count);
        let mut failures = (done..end).filter_map(|index| attempt(index).err());
        if let Some(first) = failures.next() {
            let failed = 1 + failures.count();
            return (end - failed, Err(first));
        }
        (done, batch) = (end, batch * 2);
    }
    (count, Ok(()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_with_a_failure_is_the_last() {
        // (count, the attempts that succeed, attempts made, successes)
        type Succeeds = fn(usize) -> bool;
        let cases: [(usize, Succeeds, usize, usize); 4] =
            [(10, |_| true, 10, 10), (10, |_| false, 1, 0), (10, |i| i < 2, 3, 2), (10, |i| i != 4, 7, 6)];
        for (count, succeeds, attempts, successes) in cases {
            let mut made = 0;
            let (done, result) = slow_start_batch(count, |index| {
                made += 1;
                if succeeds(index) { Ok(()) } else { Err(Status::internal("no")) }
            });
            assert_eq!((made, done), (attempts, successes));
            assert_eq!(result.is_ok(), successes == count);
        }
    }
}
