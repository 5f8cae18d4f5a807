//! How a plan ends.

use super::until::Until;
use super::{Passed, moment};
use kctl_base::sim::Duration;
use kctl_cluster::trial::Report;

/// The end of a plan; times are since its beginning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// Nothing happened.
    Unchanged,
    /// Everything is as it should be, since a time.
    Complete(Duration),
    /// The time of `--until` has come.
    Ended(Duration),
    /// The condition of `--until` was met after a time.
    Met(String, Duration),
    /// Nothing is left to happen, and the condition of `--until` is not met.
    NotMet(String),
    /// Something is not as it should be, and nothing has moved since a time.
    Stuck(Duration),
    /// The time is over while things still move.
    TimedOut(Duration),
    /// The command itself has failed.
    Failed,
}

impl Ending {
    /// Returns how a plan ends. `is_waiting` says that the command itself had not come to its end.
    pub(super) fn of(report: &Report, until: &Until, passed: Passed, is_waiting: bool) -> Ending {
        let (all, moved) = (report.ended - report.started, report.progressed - report.started);
        match (until, passed) {
            (Until::Condition(condition), Passed::Reached) => return Ending::Met(condition.to_string(), all),
            (Until::Condition(condition), _) => return Ending::NotMet(condition.to_string()),
            (_, Passed::Calm | Passed::Reached) if report.is_empty() && !is_waiting => return Ending::Unchanged,
            _ => {}
        }
        let is_over = passed == Passed::Over;
        match report.unfinished.is_empty() && !is_waiting {
            true => Ending::Complete(moved),
            false if passed == Passed::Reached => Ending::Ended(all),
            false if is_over && (all - moved).micros() < all.micros() / 2 => Ending::TimedOut(all),
            false => Ending::Stuck(moved),
        }
    }

    /// Returns whether the end is a good one.
    pub(super) fn is_good(&self) -> bool {
        match self {
            Ending::Unchanged | Ending::Complete(_) | Ending::Met(..) => true,
            Ending::Ended(_) | Ending::NotMet(_) | Ending::Stuck(_) | Ending::TimedOut(_) | Ending::Failed => false,
        }
    }

    /// The word for it in documents.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Ending::Unchanged => "Unchanged",
            Ending::Complete(_) => "Complete",
            Ending::Ended(_) => "Ended",
            Ending::Met(..) => "Met",
            Ending::NotMet(_) => "NotMet",
            Ending::Stuck(_) => "Stuck",
            Ending::TimedOut(_) => "TimedOut",
            Ending::Failed => "Failed",
        }
    }

    /// The time to which it refers; `None` if it refers to none.
    pub(super) fn time(&self) -> Option<Duration> {
        match self {
            Ending::Complete(time)
            | Ending::Ended(time)
            | Ending::Met(_, time)
            | Ending::Stuck(time)
            | Ending::TimedOut(time) => Some(*time),
            Ending::Unchanged | Ending::NotMet(_) | Ending::Failed => None,
        }
    }
}

/// Writes the last line of a report: `complete after 42s`.
impl std::fmt::Display for Ending {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Ending::Unchanged => write!(f, "nothing changes"),
            Ending::Complete(time) => write!(f, "complete after {}", moment::span(*time)),
            Ending::Ended(time) => write!(f, "not complete after {}", moment::span(*time)),
            Ending::Met(condition, time) => write!(f, "{condition}: met after {}", moment::span(*time)),
            Ending::NotMet(condition) => write!(f, "{condition}: never met"),
            Ending::Stuck(time) => write!(f, "stuck since {}", moment::span(*time)),
            Ending::TimedOut(time) => write!(f, "timed out after {}", moment::span(*time)),
            Ending::Failed => write!(f, "the command fails"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kctl_base::sim::Time;
    use kctl_cluster::chronicle::ObjectRef;
    use kctl_cluster::trial::{Obstacle, ObstacleKind, Unfinished};

    /// The end of a plan in which something happened, last at a second of a hundred.
    fn told(moved: i64, is_finished: bool, until: Until, passed: Passed, is_waiting: bool) -> String {
        let time = Time::from_secs;
        let unfinished = Unfinished {
            resource: "deployments.apps".into(),
            object: ObjectRef::default(),
            state: "1 of 3 pods are available".into(),
            causes: Vec::new(),
        };
        let obstacle = Obstacle {
            kind: ObstacleKind::Other,
            object: ObjectRef::default(),
            others: Vec::new(),
            message: String::new(),
            first: time(0),
            last: time(0),
            count: 1,
        };
        let report = Report {
            started: time(0),
            ended: time(100),
            progressed: time(moved),
            objects: Vec::new(),
            workloads: Vec::new(),
            obstacles: vec![obstacle],
            unfinished: if is_finished { Vec::new() } else { vec![unfinished] },
        };
        let ending = Ending::of(&report, &until, passed, is_waiting);
        format!("{ending} {}", if ending.is_good() { "good" } else { "bad" })
    }

    #[test]
    fn a_plan_ends_well_or_says_since_when_it_does_not() {
        let condition = || Until::parse("condition=Ready pod/a").expect("a condition");
        assert_eq!(told(42, true, Until::Calm, Passed::Calm, false), "complete after 42s good");
        assert_eq!(told(42, true, Until::Calm, Passed::Over, false), "complete after 42s good");
        assert_eq!(told(12, false, Until::Calm, Passed::Calm, false), "stuck since 12s bad");
        assert_eq!(told(99, false, Until::Calm, Passed::Calm, false), "stuck since 1m39s bad");
        assert_eq!(told(12, false, Until::Calm, Passed::Over, false), "stuck since 12s bad");
        assert_eq!(told(51, false, Until::Calm, Passed::Over, false), "timed out after 1m40s bad");
        assert_eq!(told(0, true, Until::Calm, Passed::Over, true), "stuck since 0s bad", "a drain that waits");
        assert_eq!(
            told(12, false, Until::Time(Duration::ZERO), Passed::Reached, false),
            "not complete after 1m40s bad"
        );
        assert_eq!(told(12, false, condition(), Passed::Reached, false), "condition=Ready pod/a: met after 1m40s good");
        assert_eq!(told(12, true, condition(), Passed::Over, false), "condition=Ready pod/a: never met bad");
    }
}
