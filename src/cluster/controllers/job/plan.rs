//! Decides which pods a Job that is not over creates and deletes (`manageJob`).

use std::collections::BTreeMap;
use std::sync::Arc;

use super::backoff::{Backoff, until_replaced};
use super::pods;
use super::state::{State, deleted_fail, is_suspended};
use crate::controllers::shared::deletion_rank;
use crate::controllers::shared::pods::is_terminating;
use kctl_base::object::Object;
use kctl_base::sim::Time;

/// The number of pods that one reconciliation creates or deletes at most (`MaxPodCreateDeletePerSync`).
const PODS_PER_SYNC_MAX: usize = 500;

/// The next step.
#[derive(Debug, PartialEq)]
pub(super) enum Work {
    /// The pods are as they should be.
    Nothing,
    /// Delete these surplus pods.
    Delete(Vec<Arc<Object>>),
    /// Create the missing pods.
    Create(Missing),
    /// Pods are missing, but must not be created before this instant.
    Wait(Time),
}

/// The missing pods.
#[derive(Debug, PartialEq)]
pub(super) enum Missing {
    /// The number of pods of a Job without indexes.
    Count(usize),
    /// One pod for each of these indexes.
    Indexes(Vec<i64>),
}

/// Decides the next step of a Job that is not over, for which `creatable` of the missing pods may be created now.
pub(super) fn plan(state: &State<'_>, backoff: &Backoff, creatable: usize, now: Time) -> Work {
    let active = state.active.len() as i64;
    if is_suspended(state.job) {
        return delete(state.active.clone());
    }
    let wanted = wanted(state, active);
    let surplus = usize::try_from(active - wanted).unwrap_or(0);
    let mut to_delete = surplus_pods(state, surplus, now);
    if !to_delete.is_empty() {
        to_delete.truncate(PODS_PER_SYNC_MAX);
        return delete(to_delete);
    }
    match creatable {
        0 => Work::Nothing,
        _ => create(state, creatable, backoff, now),
    }
}

/// Returns the number of pods that a Job lacks.
pub(super) fn missing(state: &State<'_>) -> usize {
    if is_suspended(state.job) {
        return 0;
    }
    let active = state.active.len() as i64;
    // Where only terminal pods are replaced, those that are being deleted still count.
    let terminating = if deleted_fail(state.job) { 0 } else { state.terminating() as i64 };
    usize::try_from(wanted(state, active) - terminating - active).unwrap_or(0)
}

fn delete(pods: Vec<Arc<Object>>) -> Work {
    if pods.is_empty() { Work::Nothing } else { Work::Delete(pods) }
}

/// Returns the number of pods that should be active.
fn wanted(state: &State<'_>, active: i64) -> i64 {
    match state.completions() {
        Some(completions) => (completions - state.succeeded).min(state.parallelism()).max(0),
        // One success is enough; the other pods are left to end by themselves.
        None if state.succeeded > 0 => active,
        None => state.parallelism(),
    }
}

/// Returns the pods to delete (`activePodsForRemoval`): those without a valid index, duplicates of an index, and then as many
/// others as to make `surplus`.
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
        for duplicate_index_pods in by_index.into_values() {
            let last = deletion_rank::pods_to_delete(&duplicate_index_pods, &[], duplicate_index_pods.len() - 1, now);
            left.extend(duplicate_index_pods.into_iter().filter(|p| !last.contains(p)));
            chosen.extend(last);
        }
    } else {
        left = state.active.clone();
    }
    let more = surplus.saturating_sub(chosen.len());
    chosen.extend(deletion_rank::pods_to_delete(&left, &[], more, now));
    chosen
}

/// Creates missing pods, or waits for the backoff after failures.
fn create(state: &State<'_>, missing: usize, backoff: &Backoff, now: Time) -> Work {
    let per_index = state.indexes.as_ref().is_some_and(|i| i.failed.is_some());
    if let Some(until) = backoff.until().filter(|until| !per_index && *until > now) {
        return Work::Wait(until);
    }
    let Some(indexes) = &state.indexes else { return Work::Create(Missing::Count(missing)) };
    let mut taken = indexes.succeeded.with(state.active.iter().filter_map(|p| pods::index_of(p)));
    if !deleted_fail(state.job) {
        let terminating = state.pods.iter().filter(|p| is_terminating(p));
        taken = taken.with(terminating.filter_map(|p| pods::index_of(p)));
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
