//! The status of a Job, written in two steps so that every terminal pod is counted exactly once
//! (`trackJobStatusAndRemoveFinalizers`).
//!
//! The first step adds the uids of terminal pods to `uncountedTerminatedPods`, and an interim condition when the Job is over.
//! Then the pods lose their finalizers. The second step turns the uids into counts and sets the final condition.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::finished::FinishedCondition;
use super::state::{State, deleted_fail};
use super::{pods, policy};
use kctl_base::condition::{self, Condition, ConditionStatus};
use kctl_base::json::{Value, json};
use kctl_base::object::{Object, ObjectMeta, ValueRead, ValueWrite};
use kctl_base::order::Order as _;
use kctl_base::sim::Time;

/// The maximum number of uids in a status.
const MAX_UNCOUNTED: usize = 500;
/// The pointers to the two lists of uids and to their counts.
const COUNTS: [(&str, &str); 2] =
    [("/uncountedTerminatedPods/succeeded", "/succeeded"), ("/uncountedTerminatedPods/failed", "/failed")];

/// The numbers of pods after those that were created and deleted.
pub(super) struct PodCounts {
    /// The active pods.
    pub(super) active: usize,
    /// The active pods that are ready.
    pub(super) ready: usize,
    /// The pods that are being deleted.
    pub(super) terminating: usize,
}

/// The outcome of the first step.
pub(super) struct FirstUpdate {
    /// The status to write.
    pub(super) status: Value,
    /// The pods that are counted in it and may lose their finalizers.
    pub(super) counted: Vec<Arc<Object>>,
    /// There are more terminal pods than one status can hold.
    pub(super) more: bool,
}

/// Adds the pods that have ended since the last time to `status`.
pub(super) fn first_update(
    state: &State<'_>,
    mut status: Value,
    counts: &PodCounts,
    finished: Option<&FinishedCondition>,
    now: Time,
) -> FirstUpdate {
    set_count(&mut status, "/active", counts.active as i64);
    status.put("/ready", counts.ready);
    status.put("/terminating", counts.terminating);
    status.put_default("/uncountedTerminatedPods", json!({}));
    let held: BTreeSet<&str> = state.pods.iter().filter(|p| pods::is_tracked(p)).map(|p| p.uid()).collect();
    count_released_pods(&mut status, &held);
    let (counted, more) = add_uncounted(state, &mut status, finished);
    if let Some(finished) = finished.filter(|f| condition::find(&status, f.interim_type()).is_none()) {
        let interim = finished.condition(finished.interim_type());
        status.list_mut("/conditions").push(to_value(interim, now));
    }
    FirstUpdate { status, counted, more }
}

/// Adds terminal pods to the status, by uid or by index. Returns those that may lose their finalizers, and whether there are
/// more of them than one status can hold.
fn add_uncounted(
    state: &State<'_>,
    status: &mut Value,
    finished: Option<&FinishedCondition>,
) -> (Vec<Arc<Object>>, bool) {
    let mut counted = Vec::new();
    let mut indexes = Vec::new();
    let mut pods: Vec<&Arc<Object>> = state.pods.iter().filter(|p| pods::is_tracked(p)).collect();
    if state.indexes.is_some() {
        pods.order_by_key(|p| pods::index_of(p));
    }
    let mut more = false;
    for pod in pods {
        if more || !can_remove_finalizer(state, pod, finished) {
            continue;
        }
        counted.push(pod.clone());
        let index = state.valid_index(pod);
        let [succeeded, failed] = COUNTS.map(|(list, _)| list);
        if pods::has_succeeded(pod) && !has_uid(status, failed, pod) {
            match &state.indexes {
                Some(known) => indexes.extend(index.filter(|index| !known.before.contains(*index))),
                None => add_uid(status, succeeded, pod),
            }
        } else if (pods::has_failed(pod, deleted_fail(state.job)) || finished.is_some_and(|f| !f.success))
            && (state.indexes.is_none() || index.is_some())
            && !policy::match_pod_failure_policy(state.job, pod).ignored
        {
            add_uid(status, failed, pod);
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

/// Returns `true` when a pod may lose its finalizer once it is counted (`canRemoveFinalizer`).
fn can_remove_finalizer(state: &State<'_>, pod: &Object, finished: Option<&FinishedCondition>) -> bool {
    if state.job.is_deleting() || finished.is_some() || pods::has_succeeded(pod) {
        return true;
    }
    let to_replace = state.indexes.as_ref().and_then(|i| i.to_replace.get(&state.valid_index(pod)?));
    pods::has_failed(pod, deleted_fail(state.job)) && to_replace.is_none_or(|last| last.uid() != pod.uid())
}

fn has_uid(status: &Value, list: &str, pod: &Object) -> bool {
    status.list(list).iter().any(|uid| uid == pod.uid())
}

fn add_uid(status: &mut Value, list: &str, pod: &Object) {
    if !has_uid(status, list, pod) {
        status.list_mut(list).push(pod.uid().into());
    }
}

/// Turns the uids of pods without the finalizer, which are not in `held`, into counts (`cleanUncountedPodsWithoutFinalizers`).
fn count_released_pods(status: &mut Value, held: &BTreeSet<&str>) {
    for (list, count) in COUNTS {
        let before = status.list(list).len();
        if before == 0 {
            continue;
        }
        let uids = status.list_mut(list);
        uids.retain(|uid| uid.as_str().is_some_and(|uid| held.contains(uid)));
        let released = before - uids.len();
        if uids.is_empty() {
            status.remove_at(list);
        }
        let known = status.int(count).unwrap_or(0);
        set_count(status, count, known + released as i64);
    }
}

/// Returns the status to write after the pods of the first step have lost their finalizers, and whether the Job is over.
pub(super) fn second_update(
    first: &FirstUpdate,
    counts: &PodCounts,
    finished: Option<&FinishedCondition>,
    now: Time,
) -> (Value, bool) {
    let mut status = first.status.clone();
    // All pods in the lists were added in the first step or before, and have lost their finalizers.
    count_released_pods(&mut status, &BTreeSet::new());
    let Some(finished) = finished.filter(|_| !first.more && counts.terminating == 0) else { return (status, false) };
    set_condition(&mut status, finished.condition(finished.final_type()), now);
    if finished.success {
        status.put("/completionTime", now.rfc3339());
    }
    (status, true)
}

/// Sets the condition Suspended; returns `false` when it does not change.
pub(super) fn set_suspended(status: &mut Value, is_suspended: bool, now: Time) -> bool {
    let (reason, message) =
        if is_suspended { ("JobSuspended", "Job suspended") } else { ("JobResumed", "Job resumed") };
    let value = ConditionStatus::from(is_suspended);
    let condition = Condition { type_: "Suspended", status: value, reason, message, observed_generation: None };
    let is_changed = set_condition(status, condition, now);
    if is_changed && !is_suspended {
        status.put("/startTime", now.rfc3339());
    }
    is_changed
}

/// Sets a condition in its place; returns `false` when it does not change. A condition that does not exist and is False is not
/// added (`ensureJobConditionStatus`).
fn set_condition(status: &mut Value, condition: Condition<'_>, now: Time) -> bool {
    let Condition { type_, status: value, reason, message, .. } = condition;
    let known = condition::find(status, type_);
    let is_same =
        |known: &Value| known["status"] == value.as_str() && known["reason"] == reason && known["message"] == message;
    if known.map_or(value == ConditionStatus::False, is_same) {
        return false;
    }
    let new = to_value(condition, now);
    match status.items_mut("/conditions").find(|c| c.str("/type") == type_) {
        Some(known) => *known = new,
        None => status.list_mut("/conditions").push(new),
    }
    true
}

/// Returns a condition with `lastProbeTime`, which only Jobs have.
fn to_value(condition: Condition<'_>, now: Time) -> Value {
    let mut value = condition.to_value(now);
    value.put("/lastProbeTime", now.rfc3339());
    value
}

/// Sets a count, or removes it when it is zero.
fn set_count(status: &mut Value, pointer: &str, count: i64) {
    match count {
        0 => drop(status.remove_at(pointer)),
        count => status.put(pointer, count),
    }
}

/// Sets a string, or removes it when it is empty.
fn set_text(status: &mut Value, pointer: &str, text: &str) {
    match text {
        "" => drop(status.remove_at(pointer)),
        text => status.put(pointer, text),
    }
}
