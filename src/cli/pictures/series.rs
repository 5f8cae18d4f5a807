//! The replicas of a section over time.

use super::axis::short;
use super::{Picture, Section};
use kctl_base::sim::Time;
use kctl_cluster::chronicle::Replicas;

impl Section<'_> {
    /// Returns the replicas from the beginning of a picture on, as steps; `None` where there was no workload.
    pub(super) fn steps(&self, picture: &Picture<'_>) -> Vec<(Time, Option<Replicas>)> {
        let mut times: Vec<Time> = vec![picture.from];
        for workload in &self.workloads {
            times.extend(workload.replicas.iter().map(|replicas| replicas.at));
            times.extend(workload.gone);
        }
        times.retain(|at| *at >= picture.from);
        times.sort_unstable();
        times.dedup();
        times.into_iter().map(|at| (at, self.replicas_at(at))).collect()
    }

    fn replicas_at(&self, at: Time) -> Option<Replicas> {
        self.workloads.iter().find_map(|workload| workload.replicas_at(at))
    }

    /// What the available replicas are called: those of a Job have succeeded.
    pub(super) fn measure(&self) -> &'static str {
        match self.workloads.first() {
            Some(workload) if workload.object.kind == "Job" => "succeeded",
            _ => "available",
        }
    }

    /// Returns the replicas now, and the fewest after all were available for the first time, in a few words; `None`
    /// without a workload.
    pub(super) fn summary(&self, picture: &Picture<'_>) -> Option<String> {
        self.workloads.first()?;
        let steps = self.steps(picture);
        let last = steps.last().and_then(|(_, replicas)| *replicas);
        let now = match last {
            Some(now) => format!("{} of {} {}", now.available, now.desired, self.measure()),
            None => "deleted".into(),
        };
        let complete =
            |(_, r): &&(Time, Option<Replicas>)| r.is_some_and(|r| r.available >= r.desired && r.desired > 0);
        let begun = steps.iter().find(complete).map(|(at, _)| *at);
        let lacking = steps.iter().filter_map(|(at, r)| r.map(|r| (*at, r)));
        let lacking = lacking.filter(|(at, r)| begun.is_some_and(|begun| *at > begun) && r.available < r.desired);
        Some(match lacking.min_by_key(|(_, r)| r.available) {
            Some((at, r)) => {
                format!("{now}, fewest {} of {} at {}", r.available, r.desired, short(at - picture.from))
            }
            None => now,
        })
    }
}

/// Returns the smallest value of a step function in each column; `None` where it has none.
pub(super) fn lows(
    picture: &Picture<'_>,
    steps: &[(Time, Option<Replicas>)],
    columns: usize,
    value: fn(&Replicas) -> i64,
) -> Vec<Option<i64>> {
    let low = |column: usize| {
        let (from, to) = (picture.time_of(column, columns), picture.time_of(column + 1, columns));
        let first = steps.partition_point(|(at, _)| *at <= from).saturating_sub(1);
        let last = steps.partition_point(|(at, _)| *at < to);
        steps[first..last.max(first)].iter().filter_map(|(_, replicas)| replicas.as_ref().map(value)).min()
    };
    (0..columns).map(low).collect()
}
