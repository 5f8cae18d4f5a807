//! The states of a pod that owners count by.

use kctl_base::object::{Object, ObjectMeta, ValueRead, condition, condition_is_true};
use kctl_base::sim::{Duration, Time};

/// Whether the pod has ended for good: Succeeded or Failed.
pub fn is_terminal(pod: &Object) -> bool {
    matches!(pod.str("/status/phase"), "Succeeded" | "Failed")
}

/// Whether the pod counts for its owner: it has not ended and is not being deleted.
pub fn is_active(pod: &Object) -> bool {
    !is_terminal(pod) && !pod.is_deleting()
}

/// Whether the pod is being deleted and its containers have not ended yet.
pub fn is_terminating(pod: &Object) -> bool {
    !is_terminal(pod) && pod.is_deleting()
}

/// Whether the pod's condition Ready is true.
pub fn is_ready(pod: &Object) -> bool {
    condition_is_true(pod, "Ready")
}

/// Since when the pod has been ready, if it is.
pub fn ready_since(pod: &Object) -> Option<Time> {
    condition(pod, "Ready").filter(|c| c.str("/status") == "True")?.time("/lastTransitionTime")
}

/// When a ready pod is or was available: after it has been ready for `min_ready` seconds without a break.
pub fn available_at(pod: &Object, min_ready: i64) -> Option<Time> {
    ready_since(pod).map(|since| since + Duration::from_secs(min_ready))
}

/// Whether the pod has been ready for at least `min_ready` seconds.
pub fn is_available(pod: &Object, min_ready: i64, now: Time) -> bool {
    is_ready(pod) && (min_ready == 0 || available_at(pod, min_ready).is_some_and(|at| at <= now))
}

/// When the next of these pods becomes available by nothing but the passing of time.
pub fn next_availability<'a>(pods: impl IntoIterator<Item = &'a Object>, min_ready: i64, now: Time) -> Option<Time> {
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
    fn availability_needs_time() {
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
    fn ended_and_going_pods_do_not_count() {
        let going = json!({"metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z"}, "status": {"phase": "Running"}});
        let ended = json!({"status": {"phase": "Failed"}});
        assert!(!is_active(&going) && is_terminating(&going));
        assert!(!is_active(&ended) && !is_terminating(&ended));
        assert!(is_active(&json!({})));
    }
}
