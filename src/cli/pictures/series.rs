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

    /// Returns the replicas now, and the fewest after some were lost, in a few words; `None` without a workload.
    pub(super) fn summary(&self, picture: &Picture<'_>) -> Option<String> {
        self.workloads.first()?;
        let steps = self.steps(picture);
        let last = steps.last().and_then(|(_, replicas)| *replicas);
        let now = match last {
            Some(now) => format!("{} of {} {}", now.available, now.desired, self.measure()),
            None => "deleted".into(),
        };
        Some(match fewest(&steps) {
            Some((at, r)) => {
                format!("{now}, fewest {} of {} at {}", r.available, r.desired, short(at - picture.from))
            }
            None => now,
        })
    }
}

/// Returns the fewest available replicas, and since when, among the times when some were lost after all had been there;
/// those that are awaited after a start or a larger number of desired ones are not lost.
fn fewest(steps: &[(Time, Option<Replicas>)]) -> Option<(Time, Replicas)> {
    let mut worst: Option<(Time, Replicas)> = None;
    let (mut before, mut was_complete, mut is_lacking) = (0, false, false);
    for (at, replicas) in steps.iter().filter_map(|(at, replicas)| replicas.map(|replicas| (*at, replicas))) {
        let Replicas { desired, available, .. } = replicas;
        is_lacking = available < desired && (is_lacking || (was_complete && available < before));
        was_complete |= available >= desired && desired > 0;
        before = available;
        if is_lacking && worst.is_none_or(|(_, worst)| available < worst.available) {
            worst = Some((at, replicas));
        }
    }
    worst
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replicas_that_were_never_there_are_not_lost() {
        let fewest = |steps: &[(i64, i64)]| {
            let step = |(index, (desired, available)): (usize, &(i64, i64))| {
                let at = Time::from_secs(index as i64);
                (at, Some(Replicas { at, desired: *desired, ready: *available, available: *available }))
            };
            let steps: Vec<_> = steps.iter().enumerate().map(step).collect();
            super::fewest(&steps).map(|(at, r)| (at.secs(), r.desired, r.available))
        };
        for (steps, want) in [
            (&[(3, 0), (3, 1), (3, 3)][..], None),
            (&[(3, 3), (5, 3), (5, 4), (5, 5)], None),
            (&[(3, 3), (3, 2), (3, 1), (3, 2), (3, 3)], Some((2, 3, 1))),
            (&[(3, 3), (5, 3), (5, 2), (5, 5)], Some((2, 5, 2))),
            (&[(3, 3), (1, 3), (1, 1)], None),
            (&[(3, 0), (3, 2), (3, 1), (3, 3)], None),
        ] {
            assert_eq!(fewest(steps), want, "{steps:?}");
        }
    }
}
