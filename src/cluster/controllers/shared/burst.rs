//! The pace at which a controller creates the pods of one owner.
//!
//! A real controller creates at most a burst of pods, waits until its cache shows them, and goes on; each round takes about a
//! second. That also bounds the work of one instant: an owner of two thousand million replicas gets its pods in portions.

use kctl_base::object::{Object, ObjectMeta as _};
use kctl_base::sim::{Duration, Time};

/// The number of pods created for one owner within a second (`BurstReplicas` in `pkg/controller/replicaset`,
/// `MaxPodCreateDeletePerSync` in `pkg/controller/job`).
const BURST_REPLICAS: usize = 500;

/// Returns how many of `missing` pods may be created within this second, in which some of `pods` have been.
pub(crate) fn creatable<'a>(missing: usize, pods: impl Iterator<Item = &'a Object>, now: Time) -> usize {
    // Few owners miss pods, and the others need not know the age of theirs.
    if missing == 0 {
        return 0;
    }
    let second = now.truncate_secs();
    creatable_after(missing, pods.filter(|pod| pod.creation_time() == Some(second)).count())
}

/// Returns how many of `missing` pods may be created within a second in which `created` pods of the owner have been.
pub(crate) fn creatable_after(missing: usize, created: usize) -> usize {
    missing.min(BURST_REPLICAS.saturating_sub(created))
}

/// Returns the time of the next burst.
pub(crate) fn next(now: Time) -> Time {
    now.truncate_secs() + Duration::from_secs(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use kctl_base::json::json;

    #[test]
    fn a_second_has_one_burst() {
        let pods = |count: usize| vec![json!({"metadata": {"creationTimestamp": "1970-01-01T00:00:07Z"}}); count];
        let now = Time::from_micros(7_400_000);
        let creatable_now = |missing, created: usize| creatable(missing, pods(created).iter(), now);
        assert_eq!([creatable_now(3, 0), creatable_now(3, 499), creatable_now(3, 500)], [3, 1, 0]);
        assert_eq!(creatable(i32::MAX as usize, pods(500).iter(), next(now)), 500);
        assert_eq!(next(now), Time::from_secs(8));
    }
}
