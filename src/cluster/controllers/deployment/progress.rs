//! The status of a Deployment: numbers from its sets and the conditions Available, Progressing and ReplicaFailure
//! (`pkg/controller/deployment/progress.go`, `calculateStatus` in `sync.go`).

use super::view::{Desired, ReplicaSet, total};
use kctl_base::condition::{self, Condition, ConditionStatus};
use kctl_base::json::{Value, json};
use kctl_base::object::{ValueRead, ValueWrite};
use kctl_base::sim::{Duration, Time};

const PROGRESSING: &str = "Progressing";
const REPLICA_FAILURE: &str = "ReplicaFailure";
const TIMED_OUT: &str = "ProgressDeadlineExceeded";
const COMPLETE: &str = "NewReplicaSetAvailable";
const PAUSED: &str = "DeploymentPaused";

/// Returns a condition with `lastUpdateTime`, which only Deployments have.
fn new_condition(type_: &str, status: ConditionStatus, reason: &str, message: &str, now: Time) -> Value {
    let mut value = Condition { type_, status, reason, message, observed_generation: None }.to_value(now);
    value["lastUpdateTime"] = now.rfc3339().into();
    value
}

/// Returns a condition Progressing.
pub(super) fn progressing(status: ConditionStatus, reason: &str, message: &str, now: Time) -> Value {
    new_condition(PROGRESSING, status, reason, message, now)
}

/// Returns the status with new numbers and the condition Available (`calculateStatus`); other conditions are those of `known`.
pub(super) fn calculate_status(
    desired: &Desired,
    known: &Value,
    new: Option<&ReplicaSet>,
    old: &[ReplicaSet],
    now: Time,
) -> Value {
    let all = || old.iter().chain(new);
    let available = total(all(), |s| s.available);
    let mut status = json!({"observedGeneration": desired.generation});
    let numbers = [
        ("/replicas", total(all(), |s| s.existing)),
        ("/updatedReplicas", total(new, |s| s.existing)),
        ("/readyReplicas", total(all(), |s| s.ready)),
        ("/availableReplicas", available),
        ("/unavailableReplicas", total(all(), |s| s.replicas) - available),
    ];
    for (pointer, number) in numbers {
        if number > 0 {
            status.put(pointer, number);
        }
    }
    if let Some(terminating) = all().map(|s| s.terminating).sum::<Option<i64>>() {
        status.put("/terminatingReplicas", terminating);
    }
    for kept in ["collisionCount", "conditions"] {
        if let Some(value) = known.get(kept) {
            status[kept] = value.clone();
        }
    }
    let (value, reason, message) = if available >= desired.min_available() {
        (ConditionStatus::True, "MinimumReplicasAvailable", "Deployment has minimum availability.")
    } else {
        (ConditionStatus::False, "MinimumReplicasUnavailable", "Deployment does not have minimum availability.")
    };
    condition::replace(&mut status, new_condition("Available", value, reason, message, now));
    status
}

/// Returns `true` when a rollout has nothing left to do (`DeploymentComplete`).
pub(super) fn is_complete(desired: &Desired, status: &Value) -> bool {
    let full = |field: &str| status.int(field).unwrap_or(0) == desired.replicas;
    full("/updatedReplicas")
        && full("/replicas")
        && full("/availableReplicas")
        && status.int("/observedGeneration").unwrap_or(0) >= desired.generation
}

/// Returns `true` when a status shows progress compared with the one before (`DeploymentProgressing`).
fn is_progressing(before: &Value, after: &Value) -> bool {
    let number = |status: &Value, field: &str| status.int(field).unwrap_or(0);
    let old = |status: &Value| number(status, "/replicas") - number(status, "/updatedReplicas");
    let grows = |field: &str| number(after, field) > number(before, field);
    grows("/updatedReplicas") || old(after) < old(before) || grows("/readyReplicas") || grows("/availableReplicas")
}

/// Returns `true` when a rollout has made no progress for `spec.progressDeadlineSeconds` (`DeploymentTimedOut`).
fn is_timed_out(desired: &Desired, status: &Value, now: Time) -> bool {
    let Some(known) = condition::find(status, PROGRESSING) else { return false };
    match known.str("/reason") {
        COMPLETE => false,
        TIMED_OUT => true,
        _ => deadline(desired, known).is_some_and(|at| at < now),
    }
}

fn deadline(desired: &Desired, known: &Value) -> Option<Time> {
    Some(known.time("/lastUpdateTime")? + Duration::from_secs(desired.deadline?))
}

/// Updates the condition Progressing in `status`, which will replace `before` (`syncRolloutStatus`).
pub(super) fn sync_progress_condition(
    desired: &Desired,
    before: &Value,
    status: &mut Value,
    new: Option<&ReplicaSet>,
    now: Time,
) {
    if desired.deadline.is_none() {
        condition::remove(status, PROGRESSING);
        return;
    }
    let subject = match new {
        Some(set) => format!("ReplicaSet \"{}\"", set.name),
        None => format!("Deployment \"{}\"", desired.name),
    };
    let known = condition::find(before, PROGRESSING);
    let is_done = status.int("/replicas") == status.int("/updatedReplicas")
        && known.is_some_and(|c| c.str("/reason") == COMPLETE);
    if is_done {
        return;
    }
    if is_complete(desired, status) {
        let message = format!("{subject} has successfully progressed.");
        condition::replace(status, progressing(ConditionStatus::True, COMPLETE, &message, now));
    } else if is_progressing(before, status) {
        let message = format!("{subject} is progressing.");
        let mut moved = progressing(ConditionStatus::True, "ReplicaSetUpdated", &message, now);
        if let Some(known) = known.filter(|c| c.str("/status") == "True") {
            moved["lastTransitionTime"] = known["lastTransitionTime"].clone();
        }
        // Any progress renews lastUpdateTime, even when the reason is the same.
        condition::remove(status, PROGRESSING);
        condition::replace(status, moved);
    } else if is_timed_out(desired, status, now) {
        let message = format!("{subject} has timed out progressing.");
        condition::replace(status, progressing(ConditionStatus::False, TIMED_OUT, &message, now));
    }
}

/// Copies the condition ReplicaFailure of a set, or removes it (`getReplicaFailures`).
pub(super) fn sync_failure_condition(status: &mut Value, failure: Option<&Value>) {
    match failure {
        Some(failure) => {
            let mut failure = failure.clone();
            failure["lastUpdateTime"] = failure["lastTransitionTime"].clone();
            condition::replace(status, failure);
        }
        None => {
            condition::remove(status, REPLICA_FAILURE);
        }
    }
}

/// Returns the condition ReplicaFailure in the status of a set.
pub(super) fn failure_of(set_status: &Value) -> Option<&Value> {
    condition::find(set_status, REPLICA_FAILURE)
}

/// Returns the condition for a Deployment that was just paused or resumed; `None` for others (`checkPausedConditions`).
pub(super) fn paused_condition(desired: &Desired, status: &Value, now: Time) -> Option<Value> {
    desired.deadline?;
    let reason = condition::find(status, PROGRESSING).map_or("", |c| c.str("/reason"));
    match (reason, desired.paused) {
        (TIMED_OUT, _) => None,
        (PAUSED, false) => {
            Some(progressing(ConditionStatus::Unknown, "DeploymentResumed", "Deployment is resumed", now))
        }
        (PAUSED, true) => None,
        (_, true) => Some(progressing(ConditionStatus::Unknown, PAUSED, "Deployment is paused", now)),
        (_, false) => None,
    }
}

/// Returns the condition for an existing set with the current template; `None` when there is a condition Progressing already.
pub(super) fn found_new_replica_set(desired: &Desired, status: &Value, set: &str, now: Time) -> Option<Value> {
    let is_new = desired.deadline.is_some() && condition::find(status, PROGRESSING).is_none();
    is_new.then(|| {
        progressing(ConditionStatus::True, "FoundNewReplicaSet", &format!("Found new replica set \"{set}\""), now)
    })
}

/// Returns the instant at which to check whether a rollout has timed out: a second after its deadline
/// (`requeueStuckDeployment`).
pub(super) fn stuck_check_at(desired: &Desired, status: &Value) -> Option<Time> {
    let known = condition::find(status, PROGRESSING)?;
    let over = [COMPLETE, TIMED_OUT, PAUSED].contains(&known.str("/reason")) || is_complete(desired, status);
    if over || desired.paused {
        return None;
    }
    deadline(desired, known).map(|at| at + Duration::from_secs(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::controllers::deployment::testing::{desired, set};
    use crate::controllers::deployment::view::Strategy;

    fn at(seconds: i64) -> Time {
        Time::from_secs(seconds)
    }

    fn conditions_of(status: &Value) -> String {
        let text = |c: &Value| format!("{}={} {}", c.str("/type"), c.str("/status"), c.str("/reason"));
        status.list("/conditions").iter().map(text).collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn numbers_come_from_the_sets() {
        let desired = desired(3, Strategy::Rolling { surge: 1, unavailable: 0 });
        let found = calculate_status(
            &desired,
            &json!({"collisionCount": 1}),
            Some(&set("new", 1, 0)),
            &[set("old", 3, 3)],
            at(1),
        );
        let mut numbers = found.clone();
        numbers.remove_at("/conditions");
        assert_eq!(
            numbers,
            json!({"observedGeneration": 1, "replicas": 4, "updatedReplicas": 1, "readyReplicas": 3, "collisionCount": 1,
                   "availableReplicas": 3, "unavailableReplicas": 1, "terminatingReplicas": 0})
        );
        assert_eq!(conditions_of(&found), "Available=True MinimumReplicasAvailable");
        let unknown = ReplicaSet { terminating: None, ..set("new", 1, 0) };
        let found = calculate_status(&desired, &json!({}), Some(&unknown), &[], at(1));
        assert_eq!(found.int("/terminatingReplicas"), None);
        assert_eq!(conditions_of(&found), "Available=False MinimumReplicasUnavailable");
    }

    #[test]
    fn a_rollout_progresses_completes_or_is_timed_out() {
        let wanted = desired(2, Strategy::Rolling { surge: 1, unavailable: 0 });
        let mut known = json!({});
        condition::replace(
            &mut known,
            progressing(ConditionStatus::True, "NewReplicaSetCreated", "Created new replica set \"new\"", at(0)),
        );
        let mut moved = calculate_status(&wanted, &known, Some(&set("new", 2, 1)), &[], at(5));
        sync_progress_condition(&wanted, &known, &mut moved, Some(&set("new", 2, 1)), at(5));
        assert_eq!(
            conditions_of(&moved),
            "Available=False MinimumReplicasUnavailable, Progressing=True ReplicaSetUpdated"
        );
        assert_eq!(moved.str("/conditions/1/lastTransitionTime"), at(0).rfc3339());
        assert_eq!(moved.str("/conditions/1/lastUpdateTime"), at(5).rfc3339());
        assert_eq!(stuck_check_at(&wanted, &moved), Some(at(606)));
        let mut same = calculate_status(&wanted, &moved, Some(&set("new", 2, 1)), &[], at(605));
        sync_progress_condition(&wanted, &moved, &mut same, Some(&set("new", 2, 1)), at(605));
        assert_eq!(same, moved, "not late yet");
        sync_progress_condition(&wanted, &moved, &mut same, Some(&set("new", 2, 1)), at(606));
        assert!(
            conditions_of(&same).ends_with("Progressing=False ProgressDeadlineExceeded"),
            "{}",
            conditions_of(&same)
        );
        assert_eq!(same.str("/conditions/1/message"), "ReplicaSet \"new\" has timed out progressing.");
        assert_eq!(stuck_check_at(&wanted, &same), None);
        let mut done = calculate_status(&wanted, &same, Some(&set("new", 2, 2)), &[], at(700));
        sync_progress_condition(&wanted, &same, &mut done, Some(&set("new", 2, 2)), at(700));
        assert_eq!(
            conditions_of(&done),
            "Available=True MinimumReplicasAvailable, Progressing=True NewReplicaSetAvailable"
        );
        assert_eq!(done.str("/conditions/1/message"), "ReplicaSet \"new\" has successfully progressed.");
    }

    #[test]
    fn pausing_and_resuming_are_reported_once() {
        let mut wanted = desired(2, Strategy::Recreate);
        let mut known = json!({});
        assert_eq!(paused_condition(&wanted, &known, at(1)), None);
        wanted.paused = true;
        let paused = paused_condition(&wanted, &known, at(1)).expect("it was just paused");
        condition::replace(&mut known, paused);
        assert_eq!(conditions_of(&known), "Progressing=Unknown DeploymentPaused");
        assert_eq!(paused_condition(&wanted, &known, at(2)), None);
        wanted.paused = false;
        let resumed = paused_condition(&wanted, &known, at(3)).expect("it was just resumed");
        condition::replace(&mut known, resumed);
        assert_eq!(conditions_of(&known), "Progressing=Unknown DeploymentResumed");
        assert_eq!(stuck_check_at(&wanted, &known), Some(at(604)));
    }
}
