//! The pure decisions of a ReplicaSet: how many pods to create or delete, and its status.
//!
//! Follows `manageReplicas` in `pkg/controller/replicaset/replica_set.go` and `calculateStatus` in
//! `pkg/controller/replicaset/replica_set_utils.go`.

use super::owned_pods::Counts;
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
    /// The pods, as they were before this reconciliation created or deleted any.
    pub(super) counts: &'a Counts,
    /// Whether the kind reports the number of terminating pods.
    pub(super) counts_terminating: bool,
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
    let counts = observed.counts;
    let mut status = json!({"replicas": counts.active, "observedGeneration": owner.generation()});
    let numbers = [
        ("/fullyLabeledReplicas", counts.fully_labeled),
        ("/readyReplicas", counts.ready),
        ("/availableReplicas", counts.available),
    ];
    for (pointer, number) in numbers {
        if number > 0 {
            status.put(pointer, number);
        }
    }
    if observed.counts_terminating {
        status.put("/terminatingReplicas", counts.terminating);
    }
    if let Some(known) = owner.at("/status/conditions") {
        status.put("/conditions", known.clone());
    }
    let known = condition::find(&status, REPLICA_FAILURE).is_some();
    match observed.failure {
        Some(failure) if !known => {
            let reason = if counts.active < desired(owner) { "FailedCreate" } else { "FailedDelete" };
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
    use super::super::owned_pods::{PodState, Rules};
    use super::*;
    use kctl_base::labels::Selector;

    fn owner(replicas: i64) -> Object {
        json!({"metadata": {"generation": 3, "uid": "o"}, "spec": {"replicas": replicas, "minReadySeconds": 10,
               "template": {"metadata": {"labels": {"app": "a"}}}}})
    }

    fn pod(labels: Value, ready_since: Option<i64>) -> Object {
        let ready = ready_since
            .map(|s| json!({"type": "Ready", "status": "True", "lastTransitionTime": Time::from_secs(s).rfc3339()}));
        let conditions: Vec<Value> = ready.into_iter().collect();
        let owners = json!([{"uid": "o", "controller": true}]);
        json!({"metadata": {"labels": labels, "ownerReferences": owners}, "status": {"conditions": conditions}})
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
        let mut terminating = pod(json!({"app": "a"}), Some(80));
        terminating["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z".into();
        let pods = [
            pod(json!({"app": "a"}), Some(80)),
            pod(json!({"app": "a"}), Some(95)),
            pod(json!({"app": "b"}), None),
            terminating,
        ];
        let (owner, now) = (owner(3), Time::from_secs(100));
        let rules = Rules::of(&owner, Selector::everything());
        let states = pods.each_ref().map(|pod| PodState::of(&owner, &rules, pod));
        let counts = Counts::of(&states, 10, now);
        assert_eq!(counts.next_available, Some(Time::from_secs(105)));
        let found =
            calculate_status(&owner, &Observed { counts: &counts, counts_terminating: true, failure: None, now });
        let want = json!({"replicas": 3, "fullyLabeledReplicas": 2, "readyReplicas": 2, "availableReplicas": 1,
                          "terminatingReplicas": 1, "observedGeneration": 3});
        assert_eq!(found, want);
    }

    #[test]
    fn a_failure_is_a_condition_until_it_is_over() {
        let failure = Status::internal("no room");
        let now = Time::from_secs(100);
        let mut set = owner(3);
        let counts = Counts::default();
        let observed = |failure| Observed { counts: &counts, counts_terminating: false, failure, now };
        let failed = calculate_status(&set, &observed(Some(&failure)));
        assert_eq!(failed.str("/conditions/0/reason"), "FailedCreate");
        set.put("/status", failed.clone());
        assert!(!needs_write(&set, &failed));
        let again = Status::internal("still no room");
        let still = calculate_status(&set, &observed(Some(&again)));
        assert_eq!(still, failed, "the first message stays");
        let well = calculate_status(&set, &observed(None));
        assert_eq!(well.at("/conditions"), None);
    }
}
