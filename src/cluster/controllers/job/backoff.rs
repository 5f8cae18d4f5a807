//! How long to wait before failed pods are replaced: 10 s after the last failure, doubling up to 10 minutes.

use serde::{Deserialize, Serialize};

use super::pods;
use kctl_base::object::Object;
use kctl_base::sim::{Duration, Time};

const FIRST: Duration = Duration::from_secs(10);
const LONGEST: Duration = Duration::from_secs(600);

/// The failures of a job since its last success.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Backoff {
    /// The uid of the job, for another one may get its name.
    pub(super) job: String,
    failures: i64,
    last: Time,
}

impl Backoff {
    /// No failures yet.
    pub(super) fn new(job: &str) -> Backoff {
        Backoff { job: job.into(), ..Backoff::default() }
    }

    /// The record after some more pods have ended.
    pub(super) fn after(&self, succeeded: &[&Object], failed: &[&Object]) -> Backoff {
        let success = succeeded.iter().map(|p| pods::end_of(p)).max();
        let ends = || failed.iter().map(|p| pods::end_of(p));
        let since = ends().filter(|end| success.is_none_or(|success| *end > success)).count() as i64;
        match (success, ends().max()) {
            (None, None) => self.clone(),
            (None, Some(last)) => {
                Backoff { job: self.job.clone(), failures: self.failures + since, last: last.max(self.last) }
            }
            (Some(_), last) => Backoff { job: self.job.clone(), failures: since, last: last.unwrap_or_default() },
        }
    }

    /// Until when no pods are made.
    pub(super) fn until(&self) -> Option<Time> {
        delay(self.failures).map(|delay| self.last + delay)
    }
}

/// Until when the pod that replaces a failed one is not made, where every index has its own delays.
pub(super) fn until_replaced(failed: &Object) -> Time {
    let (counted, ignored) = pods::failures_before(failed);
    pods::end_of(failed) + delay(counted + ignored + 1).unwrap_or(Duration::ZERO)
}

/// The delay after so many failures; none without one.
fn delay(failures: i64) -> Option<Duration> {
    let factor = 1i64 << (failures - 1).clamp(0, 16);
    (failures > 0).then(|| Duration::from_micros((FIRST.micros() * factor).min(LONGEST.micros())))
}

#[cfg(test)]
mod tests {
    use kctl_base::json::json;

    use super::*;

    fn ended(seconds: i64) -> Object {
        let at = Time::from_secs(seconds).rfc3339();
        json!({"status": {"containerStatuses": [{"state": {"terminated": {"finishedAt": at}}}]}})
    }

    #[test]
    fn delays_double_after_the_last_failure_and_a_success_ends_them() {
        let fresh = Backoff::new("u");
        assert_eq!(fresh.until(), None);
        let one = fresh.after(&[], &[&ended(100)]);
        assert_eq!(one.until(), Some(Time::from_secs(110)));
        let three = one.after(&[], &[&ended(120), &ended(119)]);
        assert_eq!(three.until(), Some(Time::from_secs(160)));
        assert_eq!(three.after(&[], &[]), three);
        assert_eq!(three.after(&[&ended(130)], &[]).until(), None);
        assert_eq!(three.after(&[&ended(130)], &[&ended(129), &ended(131)]).until(), Some(Time::from_secs(141)));
        assert_eq!(delay(50), Some(LONGEST));
    }
}
