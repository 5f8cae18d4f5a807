//! What a set of replicas needs, out of plain values: how many pods more or less, and which status.

use std::sync::Arc;

use crate::controllers::shared::{conditions, pods};
use kctl_base::json::{Value, json};
use kctl_base::object::{Object, ObjectMeta, ValueRead, ValueWrite};
use kctl_base::sim::Time;
use kctl_base::status::Status;

/// Pods that are created or deleted at most before looking again.
const BURST: usize = 500;

/// The condition that says that pods could not be created or deleted.
const REPLICA_FAILURE: &str = "ReplicaFailure";

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Plan {
    /// The number is right, or nobody's business any more.
    Nothing,
    /// So many pods are missing.
    Create(usize),
    /// So many pods are too much.
    Delete(usize),
}

/// What there is.
pub(super) struct Observed<'a> {
    /// The pods that count, before anything was created or deleted.
    pub(super) active: &'a [Arc<Object>],
    /// The number of terminating pods, where the kind counts them.
    pub(super) terminating: Option<usize>,
    /// Why creating or deleting failed.
    pub(super) failure: Option<&'a Status>,
    /// The present.
    pub(super) now: Time,
}

/// The number of pods that an owner asks for.
fn desired(owner: &Object) -> usize {
    usize::try_from(owner.int("/spec/replicas").unwrap_or(1)).unwrap_or(0)
}

/// What an owner with `active` pods needs; one that is being deleted needs nothing.
pub(super) fn plan(owner: &Object, active: usize) -> Plan {
    let desired = desired(owner);
    match active.cmp(&desired) {
        _ if owner.is_deleting() => Plan::Nothing,
        std::cmp::Ordering::Less => Plan::Create((desired - active).min(BURST)),
        std::cmp::Ordering::Equal => Plan::Nothing,
        std::cmp::Ordering::Greater => Plan::Delete((active - desired).min(BURST)),
    }
}

/// The status that an owner should have.
pub(super) fn status(owner: &Object, observed: &Observed<'_>) -> Value {
    let min_ready = owner.int("/spec/minReadySeconds").unwrap_or(0);
    let template_labels = owner.strings("/spec/template/metadata/labels");
    let count = |holds: &dyn Fn(&Object) -> bool| observed.active.iter().filter(|p| holds(p)).count();
    let mut status = json!({"replicas": observed.active.len(), "observedGeneration": owner.generation()});
    let counts = [
        ("/fullyLabeledReplicas", count(&|p| template_labels.iter().all(|(k, v)| p.label(k) == Some(v)))),
        ("/readyReplicas", count(&pods::is_ready)),
        ("/availableReplicas", count(&|p| pods::is_available(p, min_ready, observed.now))),
    ];
    for (pointer, number) in counts {
        if number > 0 {
            status.put(pointer, number);
        }
    }
    if let Some(terminating) = observed.terminating {
        status.put("/terminatingReplicas", terminating);
    }
    if let Some(known) = owner.at("/status/conditions") {
        status.put("/conditions", known.clone());
    }
    let known = conditions::find(&status, REPLICA_FAILURE).is_some();
    match observed.failure {
        Some(failure) if !known => {
            let reason = if observed.active.len() < desired(owner) { "FailedCreate" } else { "FailedDelete" };
            let condition = conditions::new(REPLICA_FAILURE, "True", reason, &failure.to_string(), observed.now);
            conditions::set(&mut status, condition);
        }
        None => conditions::remove(&mut status, REPLICA_FAILURE),
        Some(_) => {}
    }
    status
}

/// Whether the status has to be written: it says something new, or the spec has changed since.
pub(super) fn needs_write(owner: &Object, status: &Value) -> bool {
    owner.get("status") != Some(status)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owner(replicas: i64) -> Object {
        json!({"metadata": {"generation": 3}, "spec": {"replicas": replicas, "minReadySeconds": 10,
               "template": {"metadata": {"labels": {"app": "a"}}}}})
    }

    fn pod(labels: Value, ready_since: Option<i64>) -> Arc<Object> {
        let ready = ready_since
            .map(|s| json!({"type": "Ready", "status": "True", "lastTransitionTime": Time::from_secs(s).rfc3339()}));
        Arc::new(
            json!({"metadata": {"labels": labels}, "status": {"conditions": ready.into_iter().collect::<Vec<_>>()}}),
        )
    }

    #[test]
    fn numbers_are_evened_out() {
        let cases =
            [(3, 0, Plan::Create(3)), (3, 3, Plan::Nothing), (3, 5, Plan::Delete(2)), (2000, 0, Plan::Create(500))];
        for (replicas, active, want) in cases {
            assert_eq!(plan(&owner(replicas), active), want);
        }
        let mut going = owner(3);
        going.put("/metadata/deletionTimestamp", "2026-01-01T00:00:00Z");
        assert_eq!(plan(&going, 0), Plan::Nothing);
    }

    #[test]
    fn the_status_counts() {
        let active =
            [pod(json!({"app": "a"}), Some(80)), pod(json!({"app": "a"}), Some(95)), pod(json!({"app": "b"}), None)];
        let observed = Observed { active: &active, terminating: Some(1), failure: None, now: Time::from_secs(100) };
        let found = status(&owner(3), &observed);
        let want = json!({"replicas": 3, "fullyLabeledReplicas": 2, "readyReplicas": 2, "availableReplicas": 1,
                          "terminatingReplicas": 1, "observedGeneration": 3});
        assert_eq!(found, want);
    }

    #[test]
    fn failures_become_a_condition_and_go_again() {
        let failure = Status::internal("no room");
        let now = Time::from_secs(100);
        let mut set = owner(3);
        let failed = status(&set, &Observed { active: &[], terminating: None, failure: Some(&failure), now });
        assert_eq!(failed.str("/conditions/0/reason"), "FailedCreate");
        set.put("/status", failed.clone());
        assert!(!needs_write(&set, &failed));
        let again = Status::internal("still no room");
        let still = status(&set, &Observed { active: &[], terminating: None, failure: Some(&again), now });
        assert_eq!(still, failed, "the first message stays");
        let well = status(&set, &Observed { active: &[], terminating: None, failure: None, now });
        assert_eq!(well.at("/conditions"), None);
    }
}
