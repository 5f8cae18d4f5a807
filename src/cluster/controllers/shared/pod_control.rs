//! Creating and deleting pods on behalf of an owner, with the events that say so.

use std::sync::Arc;

use crate::controllers::Context;
use crate::controllers::runtime::Result;
use kctl_base::object::{Object, ObjectMeta};
use kctl_base::status::Status;

/// Whether a creation was refused because the namespace is going: then there is nothing to report and nothing to retry.
pub fn is_namespace_terminating(status: &Status) -> bool {
    status.causes.iter().any(|c| c.reason == "NamespaceTerminating")
}

/// Creates a pod and records `SuccessfulCreate` or `FailedCreate` about its owner.
pub fn create_pod(ctx: &mut Context<'_>, owner: &Object, pod: Object) -> Result<Arc<Object>> {
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

/// Deletes a pod with its usual grace and records `SuccessfulDelete` or `FailedDelete` about its owner.
pub fn delete_pod(ctx: &mut Context<'_>, owner: &Object, pod: &Object) -> Result<()> {
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

/// Does something `count` times in batches of 1, 2, 4, ...: where everything fails, few attempts are made. The rest of the
/// batch in which the first one fails is still tried. Answers how many succeeded, and the first failure.
pub fn slow_start(count: usize, mut attempt: impl FnMut(usize) -> Result<()>) -> (usize, Result<()>) {
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
    fn failures_stop_after_their_batch() {
        // (how many, which ones succeed, attempts made, successes)
        type Succeeds = fn(usize) -> bool;
        let cases: [(usize, Succeeds, usize, usize); 4] =
            [(10, |_| true, 10, 10), (10, |_| false, 1, 0), (10, |i| i < 2, 3, 2), (10, |i| i != 4, 7, 6)];
        for (count, succeeds, attempts, successes) in cases {
            let mut made = 0;
            let (done, result) = slow_start(count, |index| {
                made += 1;
                if succeeds(index) { Ok(()) } else { Err(Status::internal("no")) }
            });
            assert_eq!((made, done), (attempts, successes));
            assert_eq!(result.is_ok(), successes == count);
        }
    }
}
