//! The states of a pod that its owners count (`pkg/api/v1/pod/util.go`, `pkg/controller/controller_utils.go`).

use kctl_base::object::{Object, ObjectMeta, ValueRead, condition, condition_is_true};
use kctl_base::sim::{Duration, Time};
pub(crate) use kctl_kinds::core::pod::is_terminal;

/// Returns `true` for a pod that counts for its owner: neither terminal nor being deleted (`IsPodActive`).
pub(crate) fn is_active(pod: &Object) -> bool {
    !is_terminal(pod) && !pod.is_deleting()
}

/// Returns `true` for a pod that is being deleted and not terminal yet (`IsPodTerminating`).
pub(crate) fn is_terminating(pod: &Object) -> bool {
    !is_terminal(pod) && pod.is_deleting()
}

/// Returns `true` when the condition `Ready` is `True`.
pub(crate) fn is_ready(pod: &Object) -> bool {
    condition_is_true(pod, "Ready")
}

/// Returns the instant at which a ready pod became ready; `None` when it is not ready.
pub(crate) fn ready_since(pod: &Object) -> Option<Time> {
    condition(pod, "Ready").filter(|c| c.str("/status") == "True")?.time("/lastTransitionTime")
}

/// Returns the instant at which a ready pod becomes, or became, available: `min_ready` seconds after it became ready.
pub(crate) fn available_at(pod: &Object, min_ready: i64) -> Option<Time> {
    ready_since(pod).map(|since| since + Duration::from_secs(min_ready))
}

/// Returns `true` when the pod has been ready for at least `min_ready` seconds (`IsPodAvailable`).
pub(crate) fn is_available(pod: &Object, min_ready: i64, now: Time) -> bool {
    is_ready(pod) && (min_ready == 0 || available_at(pod, min_ready).is_some_and(|at| at <= now))
}

/// Returns the earliest instant after `now` at which one of the pods becomes available without any change
/// (`FindMinNextPodAvailabilityCheck`).
pub(crate) fn next_availability<'a>(
    pods: impl IntoIterator<Item = &'a Object>,
    min_ready: i64,
    now: Time,
) -> Option<Time> {
    pods.into_iter().filter_map(|pod| available_at(pod, min_ready)).filter(|at| *at > now).min()
}

#[cfg(test)]
mod tests {
    use kctl_base::json::json;

    use super::*;

    fn ready(since: i64) -> Object {
        json!({"status": {"phase": "Running", "conditions": [
            {"type": "Ready", "status": "True", "lastTransitionTime": Time::from_secs(since).rfc3339()}]}})
    }

    #[test]
    fn a_pod_is_available_after_its_minimum_time() {
        let now = Time::from_secs(100);
        for (since, min_ready, available, next) in
            [(95, 0, true, None), (95, 5, true, None), (95, 6, false, Some(101)), (40, 30, true, None)]
        {
            let pod = ready(since);
            assert_eq!(is_available(&pod, min_ready, now), available, "ready at {since}, {min_ready} s");
            assert_eq!(next_availability([&pod], min_ready, now), next.map(Time::from_secs));
        }
        assert!(!is_available(&json!({}), 0, now));
    }

    #[test]
    fn terminal_and_deleted_pods_are_not_active() {
        let deleting =
            json!({"metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z"}, "status": {"phase": "Running"}});
        let ended = json!({"status": {"phase": "Failed"}});
        assert!(!is_active(&deleting) && is_terminating(&deleting));
        assert!(!is_active(&ended) && !is_terminating(&ended));
        assert!(is_active(&json!({})));
    }
}
