//! The pure decisions of a ReplicaSet: how many pods to create or delete, and its status.
//!
//! Follows `manageReplicas` in `pkg/controller/replicaset/replica_set.go` and `calculateStatus` in
//! `pkg/controller/replicaset/replica_set_utils.go`.

use std::sync::Arc;

use crate::controllers::shared::pods;
use kctl_base::condition::{self, Condition, ConditionStatus};
use kctl_base::json::{Value, json};
use kctl_base::object::{Object, ObjectMeta, ValueRead, ValueWrite};
use kctl_base::sim::Time;
use kctl_base::status::Status;

/// The number of pods that one reconciliation deletes at most (`BurstReplicas`). How many it creates depends on the time, see
/// [`burst`](crate::controllers::shared::burst).
const BURST_REPLICAS: usize = 500;

/// The type of the condition for pods that could not be created or deleted.
const REPLICA_FAILURE: &str = "ReplicaFailure";

/// The next step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Plan {
    /// The number of pods is right, or the owner is being deleted.
    Nothing,
    /// Create this number of pods.
    Create(usize),
    /// Delete this number of pods.
    Delete(usize),
}

/// The observed state.
pub(super) struct Observed<'a> {
    /// The active pods, as they were before this reconciliation created or deleted any.
    pub(super) active: &'a [Arc<Object>],
    /// The number of terminating pods; `None` where the kind does not report it.
    pub(super) terminating: Option<usize>,
    /// The first error of creating or deleting pods.
    pub(super) failure: Option<&'a Status>,
    /// The current time.
    pub(super) now: Time,
}

/// Returns the number of pods that an owner asks for.
fn desired(owner: &Object) -> usize {
    usize::try_from(owner.int("/spec/replicas").unwrap_or(1)).unwrap_or(0)
}

/// Decides the next step of an owner that has `active` pods.
pub(super) fn plan(owner: &Object, active: usize) -> Plan {
    let desired = desired(owner);
    match active.cmp(&desired) {
        _ if owner.is_deleting() => Plan::Nothing,
        std::cmp::Ordering::Less => Plan::Create(desired - active),
        std::cmp::Ordering::Equal => Plan::Nothing,
        std::cmp::Ordering::Greater => Plan::Delete((active - desired).min(BURST_REPLICAS)),
    }
}

/// Returns the status that an owner should have.
pub(super) fn calculate_status(owner: &Object, observed: &Observed<'_>) -> Value {
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
    let known = condition::find(&status, REPLICA_FAILURE).is_some();
    match observed.failure {
        Some(failure) if !known => {
            let reason = if observed.active.len() < desired(owner) { "FailedCreate" } else { "FailedDelete" };
            let (type_, message) = (REPLICA_FAILURE, failure.to_string());
            let (status_, observed_generation) = (ConditionStatus::True, None);
            let failed = Condition { type_, status: status_, reason, message: &message, observed_generation };
            condition::replace(&mut status, failed.to_value(observed.now));
        }
        None => {
            condition::remove(&mut status, REPLICA_FAILURE);
        }
        Some(_) => {}
    }
    status
}

/// Returns `true` when the status differs from the stored one, which includes the observed generation.
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
    fn missing_pods_are_created_and_surplus_ones_deleted() {
        let cases =
            [(3, 0, Plan::Create(3)), (3, 3, Plan::Nothing), (3, 5, Plan::Delete(2)), (0, 2000, Plan::Delete(500))];
        for (replicas, active, want) in cases {
            assert_eq!(plan(&owner(replicas), active), want);
        }
        let mut deleting = owner(3);
        deleting.put("/metadata/deletionTimestamp", "2026-01-01T00:00:00Z");
        assert_eq!(plan(&deleting, 0), Plan::Nothing);
    }

    #[test]
    fn the_status_counts_pods() {
        let active =
            [pod(json!({"app": "a"}), Some(80)), pod(json!({"app": "a"}), Some(95)), pod(json!({"app": "b"}), None)];
        let observed = Observed { active: &active, terminating: Some(1), failure: None, now: Time::from_secs(100) };
        let found = calculate_status(&owner(3), &observed);
        let want = json!({"replicas": 3, "fullyLabeledReplicas": 2, "readyReplicas": 2, "availableReplicas": 1,
                          "terminatingReplicas": 1, "observedGeneration": 3});
        assert_eq!(found, want);
    }

    #[test]
    fn a_failure_is_a_condition_until_it_is_over() {
        let failure = Status::internal("no room");
        let now = Time::from_secs(100);
        let mut set = owner(3);
        let failed = calculate_status(&set, &Observed { active: &[], terminating: None, failure: Some(&failure), now });
        assert_eq!(failed.str("/conditions/0/reason"), "FailedCreate");
        set.put("/status", failed.clone());
        assert!(!needs_write(&set, &failed));
        let again = Status::internal("still no room");
        let still = calculate_status(&set, &Observed { active: &[], terminating: None, failure: Some(&again), now });
        assert_eq!(still, failed, "the first message stays");
        let well = calculate_status(&set, &Observed { active: &[], terminating: None, failure: None, now });
        assert_eq!(well.at("/conditions"), None);
    }
}
