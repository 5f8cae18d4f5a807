//! The delay before failed pods are replaced: 10 s after the last failure, doubling up to 10 minutes
//! (`pkg/controller/job/backoff_utils.go`).

use serde::{Deserialize, Serialize};

use super::pods;
use kctl_base::object::Object;
use kctl_base::sim::{Duration, Time};

/// The delay after one failure (`DefaultJobPodFailureBackOff`).
const FIRST: Duration = Duration::from_secs(10);
/// The longest delay (`MaxJobPodFailureBackOff`).
const LONGEST: Duration = Duration::from_secs(600);

/// The failures of a Job since its last success (`backoffRecord`).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Backoff {
    /// The uid of the Job, because another one may get its name.
    pub(super) job: String,
    failures: i64,
    last: Time,
}

impl Backoff {
    /// Creates a record without failures.
    pub(super) fn new(job: &str) -> Backoff {
        Backoff { job: job.into(), ..Backoff::default() }
    }

    /// Returns the record after more pods have ended (`newBackoffRecord`).
    pub(super) fn after(&self, succeeded: &[&Object], failed: &[&Object]) -> Backoff {
        let success = succeeded.iter().map(|p| pods::finish_time(p)).max();
        let ends = || failed.iter().map(|p| pods::finish_time(p));
        let since = ends().filter(|end| success.is_none_or(|success| *end > success)).count() as i64;
        match (success, ends().max()) {
            (None, None) => self.clone(),
            (None, Some(last)) => {
                Backoff { job: self.job.clone(), failures: self.failures + since, last: last.max(self.last) }
            }
            (Some(_), last) => Backoff { job: self.job.clone(), failures: since, last: last.unwrap_or_default() },
        }
    }

    /// Returns the instant until which no pods are created; `None` without failures.
    pub(super) fn until(&self) -> Option<Time> {
        delay(self.failures).map(|delay| self.last + delay)
    }
}

/// Returns the instant from which on a failed pod may be replaced, in a Job with a backoff limit per index.
pub(super) fn until_replaced(failed: &Object) -> Time {
    let (counted, ignored) = pods::failures_before(failed);
    pods::finish_time(failed) + delay(counted + ignored + 1).unwrap_or(Duration::ZERO)
}

/// Returns the delay after a number of failures; `None` for zero.
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
    fn delays_double_until_a_success() {
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
