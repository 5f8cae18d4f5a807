//! The status of a StatefulSet (`updateStatus`, `completeRollingUpdate`).

use super::view::{Desired, Replica, Revisions, Strategy};
use kctl_base::json::{Value, json};
use kctl_base::object::ValueWrite;

/// Returns the status that a set should have. `deleted` is the number of pods of the current revision that the update has just
/// deleted.
pub(super) fn compute(
    desired: &Desired,
    generation: i64,
    revisions: Revisions<'_>,
    collisions: i64,
    pods: &[Replica],
    deleted: usize,
) -> Value {
    let count = |holds: &dyn Fn(&Replica) -> bool| pods.iter().filter(|p| holds(p)).count();
    let mut current = count(&|p| !p.deleting && p.revision == revisions.current).saturating_sub(deleted);
    let updated = count(&|p| !p.deleting && p.revision == revisions.update);
    let ready = count(&|p| p.ready);
    let mut current_revision = revisions.current;
    let all = |number: usize| i64::try_from(number) == Ok(desired.replicas);
    if matches!(desired.strategy, Strategy::Rolling(_)) && all(updated) && all(ready) && all(pods.len()) {
        (current, current_revision) = (updated, revisions.update);
    }
    let mut status = json!({
        "observedGeneration": generation,
        "replicas": pods.len(),
        "availableReplicas": count(&|p| p.available),
        "currentRevision": current_revision,
        "updateRevision": revisions.update,
        "collisionCount": collisions,
    });
    for (field, number) in [("/readyReplicas", ready), ("/currentReplicas", current), ("/updatedReplicas", updated)] {
        if number > 0 {
            status.put(field, number);
        }
    }
    status
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pod(revision: &str, available: bool, deleting: bool) -> Replica {
        Replica { revision: revision.into(), ready: available, available, deleting, ..Replica::default() }
    }

    #[test]
    fn a_complete_update_makes_the_update_revision_current() {
        let desired = Desired {
            replicas: 2,
            start: 0,
            parallel: false,
            min_ready: 0,
            strategy: Strategy::Rolling(Some(0)),
            deleting: false,
        };
        let revisions = Revisions { current: "a", update: "b" };
        let status = |pods: &[Replica], deleted| compute(&desired, 2, revisions, 0, pods, deleted);
        assert_eq!(
            status(&[pod("a", true, false), pod("a", true, false)], 1),
            json!({"observedGeneration": 2, "replicas": 2, "readyReplicas": 2, "availableReplicas": 2,
                   "currentReplicas": 1, "currentRevision": "a", "updateRevision": "b", "collisionCount": 0})
        );
        assert_eq!(
            status(&[pod("a", true, false), pod("b", false, false)], 0),
            json!({"observedGeneration": 2, "replicas": 2, "readyReplicas": 1, "availableReplicas": 1,
                   "currentReplicas": 1, "updatedReplicas": 1, "currentRevision": "a", "updateRevision": "b",
                   "collisionCount": 0})
        );
        assert_eq!(
            status(&[pod("b", true, false), pod("b", true, false)], 0),
            json!({"observedGeneration": 2, "replicas": 2, "readyReplicas": 2, "availableReplicas": 2,
                   "currentReplicas": 2, "updatedReplicas": 2, "currentRevision": "b", "updateRevision": "b",
                   "collisionCount": 0})
        );
    }
}
