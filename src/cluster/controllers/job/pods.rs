//! The facts about a pod that matter to its Job.

use crate::controllers::shared::pods::is_terminating;
use kctl_base::object::{Object, ObjectMeta, ValueRead, condition};
use kctl_base::sim::{Duration, Time};

/// The finalizer that keeps a pod until it is counted in the status of its Job.
pub(super) const TRACKING: &str = "batch.kubernetes.io/job-tracking";
/// The label and the annotation with the completion index of a pod.
pub(super) const INDEX: &str = "batch.kubernetes.io/job-completion-index";
/// The annotation with the number of earlier pods of the index that failed.
pub(super) const FAILURES: &str = "batch.kubernetes.io/job-index-failure-count";
/// The annotation with the number of earlier pods of the index whose failures do not count.
pub(super) const IGNORED_FAILURES: &str = "batch.kubernetes.io/job-index-ignored-failure-count";

/// Returns `true` while the pod has not been counted.
pub(super) fn is_tracked(pod: &Object) -> bool {
    pod.has_finalizer(TRACKING)
}

/// Returns the completion index of a pod (`getCompletionIndex`); `None` when it has none.
pub(super) fn index_of(pod: &Object) -> Option<i64> {
    pod.annotation(INDEX).and_then(|text| text.parse().ok()).filter(|index| *index >= 0)
}

/// Returns `true` when the pod has succeeded.
pub(super) fn has_succeeded(pod: &Object) -> bool {
    pod.str("/status/phase") == "Succeeded"
}

/// Returns `true` when the pod counts as failed (`isPodFailed`); with `deleted_fail` a pod that is being deleted does too.
pub(super) fn has_failed(pod: &Object, deleted_fail: bool) -> bool {
    pod.str("/status/phase") == "Failed" || (deleted_fail && is_terminating(pod))
}

/// Returns the failures of the index before this pod: those that count and those that do not.
pub(super) fn failures_before(pod: &Object) -> (i64, i64) {
    let count = |key| pod.annotation(key).and_then(|text| text.parse().ok()).filter(|n| *n >= 0).unwrap_or(0);
    (count(FAILURES), count(IGNORED_FAILURES))
}

/// Returns the instant at which a pod ended (`getFinishedTime`): of its containers, or else when it stopped being ready, was
/// deleted or was created.
pub(super) fn finish_time(pod: &Object) -> Time {
    let statuses = pod.list("/status/containerStatuses");
    let ends: Option<Vec<Time>> = statuses.iter().map(|s| s.time("/state/terminated/finishedAt")).collect();
    let not_ready = || condition(pod, "Ready").filter(|c| c.str("/status") == "False")?.time("/lastTransitionTime");
    let deleted = || {
        let grace = pod.int("/metadata/deletionGracePeriodSeconds").unwrap_or(0);
        pod.deletion_time().map(|at| at - Duration::from_secs(grace))
    };
    ends.and_then(|ends| ends.into_iter().max())
        .or_else(not_ready)
        .or_else(deleted)
        .or_else(|| pod.creation_time())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use kctl_base::json::{Value, json};

    use super::*;

    #[test]
    fn the_finish_time_is_the_best_known_one() {
        let at = |seconds: i64| Value::from(Time::from_secs(seconds).rfc3339());
        let ended = |seconds| json!({"state": {"terminated": {"finishedAt": at(seconds)}}});
        let mut pod = json!({"metadata": {"creationTimestamp": at(1)}});
        assert_eq!(finish_time(&pod), Time::from_secs(1));
        pod["metadata"]["deletionTimestamp"] = at(40);
        pod["metadata"]["deletionGracePeriodSeconds"] = 30.into();
        assert_eq!(finish_time(&pod), Time::from_secs(10));
        pod["status"] = json!({"conditions": [{"type": "Ready", "status": "False", "lastTransitionTime": at(7)}]});
        assert_eq!(finish_time(&pod), Time::from_secs(7));
        pod["status"]["containerStatuses"] = json!([ended(5), {"state": {"running": {}}}]);
        assert_eq!(finish_time(&pod), Time::from_secs(7), "one still runs");
        pod["status"]["containerStatuses"] = json!([ended(5), ended(6)]);
        assert_eq!(finish_time(&pod), Time::from_secs(6));
    }
}
