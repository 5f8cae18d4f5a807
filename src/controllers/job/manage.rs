//! Which pods a job makes and which it has too many of, out of plain values.

use std::collections::BTreeSet;

use super::backoff::until_for_index;
use super::judge::Standing;
use super::view::{Facts, count};
use crate::sim::Time;

/// Pods that are made or deleted at most before looking again.
const BURST: i64 = 500;

/// What is to be done about the pods of a job that goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Nothing,
    /// Make pods, for these indexes where the job has some.
    Create(Vec<Option<i64>>),
    /// Of the active pods these must go, and of the others so many more.
    Delete {
        pods: Vec<usize>,
        more: usize,
    },
    /// Something is to be made, but not before.
    Wait(Time),
}

/// The next step.
pub(super) fn step(facts: &Facts<'_>, standing: &Standing) -> Step {
    let spec = facts.spec;
    let active = count(facts.active());
    if spec.suspended {
        let pods: Vec<usize> = facts.active().map(|(position, _)| position).collect();
        return if pods.is_empty() { Step::Nothing } else { Step::Delete { pods, more: 0 } };
    }
    let wanted = match spec.completions {
        None if standing.succeeded > 0 => active,
        None => spec.parallelism,
        Some(completions) => (completions - standing.succeeded).min(spec.parallelism).max(0),
    };
    let misplaced = if spec.indexed { misplaced(facts) } else { Vec::new() };
    let surplus = (active - wanted).max(0) - count(misplaced.iter());
    if surplus > 0 || !misplaced.is_empty() {
        return Step::Delete { pods: misplaced, more: usize::try_from(surplus).unwrap_or(0) };
    }
    let leaving = if spec.waits_for_the_end { facts.terminating() } else { 0 };
    let missing = (wanted - leaving - active).min(BURST);
    if missing <= 0 {
        return Step::Nothing;
    }
    if spec.backoff_limit_per_index.is_none()
        && let Some(until) = standing.record.until(facts.now)
    {
        return Step::Wait(until);
    }
    let missing = usize::try_from(missing).unwrap_or(0);
    if spec.indexed { create_indexes(facts, standing, missing) } else { Step::Create(vec![None; missing]) }
}

/// Active pods without an index of their own: all but the first of each index.
fn misplaced(facts: &Facts<'_>) -> Vec<usize> {
    let mut taken = BTreeSet::new();
    let mut is_own = |index: Option<i64>| index.is_some_and(|index| taken.insert(index));
    facts.active().filter(|(_, pod)| !is_own(pod.valid_index(facts.spec))).map(|(position, _)| position).collect()
}

/// The first indexes that nobody works on, except those that have to wait.
fn create_indexes(facts: &Facts<'_>, standing: &Standing, missing: usize) -> Step {
    let spec = facts.spec;
    let busy: BTreeSet<i64> = facts
        .pods
        .iter()
        .filter(|p| p.is_active() || (spec.waits_for_the_end && p.is_terminating()))
        .filter_map(|p| p.index)
        .collect();
    let is_open = |index: &i64| {
        !busy.contains(index)
            && !standing.succeeded_indexes.has(*index)
            && !standing.failed_indexes.as_ref().is_some_and(|failed| failed.has(*index))
    };
    let open: Vec<i64> = (0..spec.index_count()).filter(is_open).take(missing).collect();
    let until = |index: &i64| {
        standing.predecessors.get(index).and_then(|position| until_for_index(&facts.pods[*position], facts.now))
    };
    let now: Vec<Option<i64>> = open.iter().filter(|index| until(index).is_none()).map(|index| Some(*index)).collect();
    match open.iter().filter_map(until).min() {
        _ if !now.is_empty() => Step::Create(now),
        Some(until) => Step::Wait(until),
        None => Step::Nothing,
    }
}
