//! How long a job waits before it replaces failed pods: 10 s, doubling with every failure after the last success up to
//! 10 minutes, from the end of the pod that failed last.

use serde::{Deserialize, Serialize};

use super::view::Pod;
use crate::sim::{Duration, Time};

const FIRST: Duration = Duration::from_secs(10);
const LONGEST: Duration = Duration::from_secs(600);

/// The failures of a job since its last success.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Record {
    failures: i64,
    last: Option<Time>,
}

impl Record {
    /// The record after some more pods have ended.
    pub(super) fn with<'a>(
        self,
        succeeded: impl IntoIterator<Item = &'a Pod>,
        failed: impl IntoIterator<Item = &'a Pod>,
    ) -> Record {
        let last_success = succeeded.into_iter().map(|p| p.finished).max();
        let mut failures: Vec<Option<Time>> = failed.into_iter().map(|p| p.finished).collect();
        let mut record = self;
        if let Some(success) = last_success {
            record = Record::default();
            failures.retain(|failure| *failure > success);
        }
        if let Some(last) = failures.iter().max() {
            record.failures += i64::try_from(failures.len()).unwrap_or(i64::MAX);
            record.last = *last;
        }
        record
    }

    /// Until when nothing is replaced; nothing when that is over.
    pub(super) fn until(self, now: Time) -> Option<Time> {
        until(self.failures, self.last, now)
    }
}

/// Until when an index whose last pod has failed is not tried again.
pub(super) fn until_for_index(last: &Pod, now: Time) -> Option<Time> {
    until(last.failures + last.ignored + 1, last.finished, now)
}

fn until(failures: i64, last: Option<Time>, now: Time) -> Option<Time> {
    let mut delay = FIRST;
    for _ in 1..failures {
        delay = (delay + delay).min(LONGEST);
        if delay == LONGEST {
            break;
        }
    }
    last.filter(|_| failures > 0).map(|last| last + delay).filter(|until| *until > now)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ended(at: i64) -> Pod {
        Pod { finished: Some(Time::from_secs(at)), ..Pod::default() }
    }

    #[test]
    fn delays_double_and_a_success_resets_them() {
        let at = Time::from_secs;
        let record = Record::default();
        assert_eq!(record.until(at(0)), None);
        let record = record.with([], [&ended(100)]);
        assert_eq!((record.until(at(101)), record.until(at(110))), (Some(at(110)), None));
        let record = record.with([], [&ended(111), &ended(112)]);
        assert_eq!(record.until(at(112)), Some(at(152)));
        let many: Vec<Pod> = (0..30).map(|_| ended(120)).collect();
        assert_eq!(record.with([], &many).until(at(120)), Some(at(720)));
        assert_eq!(record.with([&ended(130)], [&ended(120)]).until(at(130)), None);
        assert_eq!(record.with([&ended(130)], [&ended(120), &ended(131)]).until(at(131)), Some(at(141)));
    }

    #[test]
    fn indexes_count_for_themselves() {
        let pod = Pod { failures: 1, ignored: 1, ..ended(100) };
        assert_eq!(until_for_index(&pod, Time::from_secs(100)), Some(Time::from_secs(140)));
    }
}
