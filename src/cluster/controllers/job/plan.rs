//! Which pods a job that goes on makes and deletes, out of plain values.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::backoff::{Backoff, until_replaced};
use super::pods;
use super::state::{State, deleted_fail, is_suspended};
use crate::controllers::shared::pods::is_terminating;
use crate::controllers::shared::victims;
use kctl_base::object::Object;
use kctl_base::sim::Time;

/// Pods that are created or deleted at most before looking again.
const BURST: usize = 500;

/// What there is to do about the pods.
#[derive(Debug, PartialEq)]
pub(super) enum Work {
    /// Nothing.
    Nothing,
    /// These pods are too much.
    Delete(Vec<Arc<Object>>),
    /// So many pods are missing, or one for each of these indexes.
    Create(Missing),
    /// Pods are missing, but it is too early to make them.
    Wait(Time),
}

/// Which pods are missing.
#[derive(Debug, PartialEq)]
pub(super) enum Missing {
    /// So many.
    Count(usize),
    /// One for each of these indexes.
    Indexes(Vec<i64>),
}

/// What a job needs that has not come to its end.
pub(super) fn plan(state: &State<'_>, backoff: &Backoff, now: Time) -> Work {
    let active = state.active.len() as i64;
    if is_suspended(state.job) {
        return delete(state.active.clone());
    }
    let wanted = wanted(state, active);
    let surplus = usize::try_from(active - wanted).unwrap_or(0);
    let mut superfluous = surplus_pods(state, surplus, now);
    if !superfluous.is_empty() {
        superfluous.truncate(BURST);
        return delete(superfluous);
    }
    // Where only ended pods are replaced, those that are on their way out still take a place.
    let going = if deleted_fail(state.job) { 0 } else { state.terminating() as i64 };
    match usize::try_from(wanted - going - active) {
        Ok(missing) if missing > 0 => create(state, missing.min(BURST), backoff, now),
        _ => Work::Nothing,
    }
}

fn delete(pods: Vec<Arc<Object>>) -> Work {
    if pods.is_empty() { Work::Nothing } else { Work::Delete(pods) }
}

/// How many pods should run.
fn wanted(state: &State<'_>, active: i64) -> i64 {
    match state.completions() {
        Some(completions) => (completions - state.succeeded).min(state.parallelism()).max(0),
        // One success is enough; what runs may end on its own.
        None if state.succeeded > 0 => active,
        None => state.parallelism(),
    }
}

/// The pods to delete: first those whose index is not the job's or has another pod, then so many that `surplus` are gone.
fn surplus_pods(state: &State<'_>, surplus: usize, now: Time) -> Vec<Arc<Object>> {
    let (mut chosen, mut left) = (Vec::new(), Vec::new());
    if state.indexes.is_some() {
        let mut by_index: BTreeMap<i64, Vec<Arc<Object>>> = BTreeMap::new();
        for pod in &state.active {
            match state.valid_index(pod) {
                Some(index) => by_index.entry(index).or_default().push(pod.clone()),
                None => chosen.push(pod.clone()),
            }
        }
        for twins in by_index.into_values() {
            let last = victims::choose(&twins, &[], twins.len() - 1, now);
            left.extend(twins.into_iter().filter(|p| !last.contains(p)));
            chosen.extend(last);
        }
    } else {
        left = state.active.clone();
    }
    let more = surplus.saturating_sub(chosen.len());
    chosen.extend(victims::choose(&left, &[], more, now));
    chosen
}

/// New pods, unless failures ask for patience.
fn create(state: &State<'_>, missing: usize, backoff: &Backoff, now: Time) -> Work {
    let per_index = state.indexes.as_ref().is_some_and(|i| i.failed.is_some());
    if let Some(until) = backoff.until().filter(|until| !per_index && *until > now) {
        return Work::Wait(until);
    }
    let Some(indexes) = &state.indexes else { return Work::Create(Missing::Count(missing)) };
    let mut taken = indexes.succeeded.with(state.active.iter().filter_map(|p| pods::index_of(p)));
    if !deleted_fail(state.job) {
        let going = state.pods.iter().filter(|p| is_terminating(p));
        taken = taken.with(going.filter_map(|p| pods::index_of(p)));
    }
    if let Some(failed) = &indexes.failed {
        taken = taken.union(failed);
    }
    let pending = taken.missing(missing, state.completions().unwrap_or(0));
    let until = |index: &i64| indexes.to_replace.get(index).map(|p| until_replaced(p)).filter(|until| *until > now);
    let due: Vec<i64> = pending.iter().copied().filter(|index| until(index).is_none()).collect();
    match pending.iter().filter_map(until).min() {
        _ if !due.is_empty() => Work::Create(Missing::Indexes(due)),
        Some(first) => Work::Wait(first),
        None => Work::Nothing,
    }
}
