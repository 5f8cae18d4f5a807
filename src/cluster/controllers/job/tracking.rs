//! The status of a job, written in two steps, so that every ended pod is counted exactly once.
//!
//! First the uids of pods that ended go to `uncountedTerminatedPods`, and the end of the job is announced. Then the pods
//! lose their finalizer and may go. At last the uids become counts, and the job is declared over.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::ending::Ending;
use super::state::{State, deleted_fail};
use super::{pods, policy};
use crate::controllers::shared::conditions;
use kctl_base::json::{Value, json};
use kctl_base::object::{Object, ObjectMeta, ValueRead, ValueWrite};
use kctl_base::sim::Time;

/// Uids that a status holds at most.
const MAX_UNCOUNTED: usize = 500;
/// The two lists of uids and the counts that they become.
const COUNTS: [(&str, &str); 2] =
    [("/uncountedTerminatedPods/succeeded", "/succeeded"), ("/uncountedTerminatedPods/failed", "/failed")];

/// The numbers of pods after what has been done about them.
pub(super) struct Numbers {
    /// Pods that run.
    pub(super) active: usize,
    /// Those of them that are ready.
    pub(super) ready: usize,
    /// Pods that are being deleted.
    pub(super) terminating: usize,
}

/// The first step.
pub(super) struct First {
    /// The status to write.
    pub(super) status: Value,
    /// Pods that are counted in it and may go.
    pub(super) counted: Vec<Arc<Object>>,
    /// More pods have ended than one status can hold.
    pub(super) more: bool,
}

/// Counts the pods that ended since the last time into `status`.
pub(super) fn first(
    state: &State<'_>,
    mut status: Value,
    numbers: &Numbers,
    ending: Option<&Ending>,
    now: Time,
) -> First {
    set_count(&mut status, "/active", numbers.active as i64);
    status.put("/ready", numbers.ready);
    status.put("/terminating", numbers.terminating);
    status.put_default("/uncountedTerminatedPods", json!({}));
    let held: BTreeSet<&str> = state.pods.iter().filter(|p| pods::is_tracked(p)).map(|p| p.uid()).collect();
    settle_counts(&mut status, &held);
    let (counted, more) = note_ended(state, &mut status, ending);
    if let Some(ending) = ending.filter(|e| conditions::find(&status, e.interim()).is_none()) {
        status.list_mut("/conditions").push(condition(ending.interim(), "True", &ending.reason, &ending.message, now));
    }
    First { status, counted, more }
}

/// Notes pods that ended, by uid or by index, and answers those that need not be held back any more.
fn note_ended(state: &State<'_>, status: &mut Value, ending: Option<&Ending>) -> (Vec<Arc<Object>>, bool) {
    let mut counted = Vec::new();
    let mut indexes = Vec::new();
    let mut pods: Vec<&Arc<Object>> = state.pods.iter().filter(|p| pods::is_tracked(p)).collect();
    if state.indexes.is_some() {
        pods.sort_by_key(|p| pods::index_of(p));
    }
    let mut more = false;
    for pod in pods {
        if more || !may_go(state, pod, ending) {
            continue;
        }
        counted.push(pod.clone());
        let index = state.valid_index(pod);
        let [succeeded, failed] = COUNTS.map(|(list, _)| list);
        if pods::has_succeeded(pod) && !names(status, failed, pod) {
            match &state.indexes {
                Some(known) => indexes.extend(index.filter(|index| !known.before.has(*index))),
                None => note(status, succeeded, pod),
            }
        } else if (pods::has_failed(pod, deleted_fail(state.job)) || ending.is_some_and(|e| !e.success))
            && (state.indexes.is_none() || index.is_some())
            && !policy::judge(state.job, pod).ignored
        {
            note(status, failed, pod);
        }
        more = indexes.len() + COUNTS.iter().map(|(list, _)| status.list(list).len()).sum::<usize>() >= MAX_UNCOUNTED;
    }
    if let Some(known) = &state.indexes {
        let completed = known.before.with(indexes);
        set_count(status, "/succeeded", completed.total());
        set_text(status, "/completedIndexes", &completed.to_string());
        if let Some(failed) = &known.failed {
            status.put("/failedIndexes", failed.to_string());
        }
    }
    (counted, more)
}

/// Whether nothing holds a pod back once it is counted.
fn may_go(state: &State<'_>, pod: &Object, ending: Option<&Ending>) -> bool {
    if state.job.is_deleting() || ending.is_some() || pods::has_succeeded(pod) {
        return true;
    }
    let to_replace = state.indexes.as_ref().and_then(|i| i.to_replace.get(&state.valid_index(pod)?));
    pods::has_failed(pod, deleted_fail(state.job)) && to_replace.is_none_or(|last| last.uid() != pod.uid())
}

fn names(status: &Value, list: &str, pod: &Object) -> bool {
    status.list(list).iter().any(|uid| uid == pod.uid())
}

fn note(status: &mut Value, list: &str, pod: &Object) {
    if !names(status, list, pod) {
        status.list_mut(list).push(pod.uid().into());
    }
}

/// Turns the uids of pods that are not `held` back any more into counts.
fn settle_counts(status: &mut Value, held: &BTreeSet<&str>) {
    for (list, count) in COUNTS {
        let before = status.list(list).len();
        if before == 0 {
            continue;
        }
        let uids = status.list_mut(list);
        uids.retain(|uid| uid.as_str().is_some_and(|uid| held.contains(uid)));
        let settled = before - uids.len();
        if uids.is_empty() {
            status.remove_at(list);
        }
        let known = status.int(count).unwrap_or(0);
        set_count(status, count, known + settled as i64);
    }
}

/// The second step, after the pods of the first one have been let go: the status to write, and whether the job is over.
pub(super) fn second(first: &First, numbers: &Numbers, ending: Option<&Ending>, now: Time) -> (Value, bool) {
    let mut status = first.status.clone();
    // Whoever is named was counted in the first step or before, and has been let go.
    settle_counts(&mut status, &BTreeSet::new());
    let Some(ending) = ending.filter(|_| !first.more && numbers.terminating == 0) else { return (status, false) };
    set_condition(&mut status, ending.last(), "True", &ending.reason, &ending.message, now);
    if ending.success {
        status.put("/completionTime", now.rfc3339());
    }
    (status, true)
}

/// Says in `status` that the job is suspended, or that it is no longer; true when that is new.
pub(super) fn note_suspension(status: &mut Value, suspended: bool, now: Time) -> bool {
    if suspended {
        return set_condition(status, "Suspended", "True", "JobSuspended", "Job suspended", now);
    }
    let resumed = set_condition(status, "Suspended", "False", "JobResumed", "Job resumed", now);
    if resumed {
        status.put("/startTime", now.rfc3339());
    }
    resumed
}

/// Sets a condition in its place; one that is not there and does not hold is not worth a word. True when that is new.
fn set_condition(status: &mut Value, kind: &str, value: &str, reason: &str, message: &str, now: Time) -> bool {
    let new = condition(kind, value, reason, message, now);
    match status.items_mut("/conditions").find(|c| c.str("/type") == kind) {
        Some(known) if ["status", "reason", "message"].iter().all(|part| known[part] == new[part]) => false,
        Some(known) => {
            *known = new;
            true
        }
        None if value == "False" => false,
        None => {
            status.list_mut("/conditions").push(new);
            true
        }
    }
}

/// A condition as jobs have them.
fn condition(kind: &str, value: &str, reason: &str, message: &str, now: Time) -> Value {
    let mut condition = conditions::new(kind, value, reason, message, now);
    condition.put("/lastProbeTime", now.rfc3339());
    condition
}

/// Zero and nothing are the same.
fn set_count(status: &mut Value, pointer: &str, count: i64) {
    match count {
        0 => drop(status.remove_at(pointer)),
        count => status.put(pointer, count),
    }
}

fn set_text(status: &mut Value, pointer: &str, text: &str) {
    match text {
        "" => drop(status.remove_at(pointer)),
        text => status.put(pointer, text),
    }
}
