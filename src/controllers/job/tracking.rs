//! Counting pods exactly once, out of plain values.
//!
//! A pod that has ended is noted in `status.uncountedTerminatedPods` while it still has its finalizer; then it loses the
//! finalizer; then it is counted and its note goes. Whatever happens in between, nothing is counted twice or not at all.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::judge::{Standing, Verdict};
use super::policy;
use super::view::{Facts, Pod, Spec};
use crate::controllers::shared::conditions;
use crate::machinery::object::{Reading, Writing};
use crate::sim::Time;

/// Pods that are noted at once at most.
const NOTES_MAX: usize = 500;

/// What is to be written before finalizers go, and whose finalizers those are.
pub(super) struct Notes {
    pub(super) status: Value,
    pub(super) release: Vec<usize>,
    /// Whether there is more than could be noted at once.
    pub(super) more: bool,
}

/// Notes the pods that have ended. `status` is the status as far as it has been worked out; `verdict` the end of the job.
pub(super) fn note(facts: &Facts<'_>, standing: &Standing, verdict: Option<&Verdict>, status: Value) -> Notes {
    let spec = facts.spec;
    let mut notes = Notes { status, release: Vec::new(), more: false };
    count_released(&mut notes.status, &still_tracked(facts.pods, &[]));
    let (mut succeeded, mut failed) = (facts.uncounted("succeeded"), facts.uncounted("failed"));
    let mut completed = facts.indexes("completedIndexes");
    let mut order: Vec<usize> = (0..facts.pods.len()).filter(|i| facts.pods[*i].tracked).collect();
    if spec.indexed {
        order.sort_by_key(|i| facts.pods[*i].index);
    }
    let mut new = 0;
    for position in order {
        let pod = &facts.pods[position];
        if !may_be_released(facts, standing, verdict, position) {
            continue;
        }
        if new >= NOTES_MAX {
            notes.more = true;
            break;
        }
        notes.release.push(position);
        if pod.succeeded && !failed.contains(&pod.uid) {
            match pod.valid_index(spec) {
                Some(index) if spec.indexed => {
                    new += usize::from(!completed.has(index));
                    completed.insert(index);
                }
                _ if spec.indexed => {}
                _ => new += usize::from(remember(&mut notes.status, "succeeded", &mut succeeded, pod)),
            }
        } else if counts_as_failure(spec, verdict, pod) {
            new += usize::from(remember(&mut notes.status, "failed", &mut failed, pod));
        }
    }
    if spec.indexed {
        put_number(&mut notes.status, "/succeeded", completed.len());
        put_text(&mut notes.status, "/completedIndexes", completed.to_string());
        if let Some(failed) = &standing.failed_indexes {
            notes.status.put("/failedIndexes", failed.to_string());
        }
    }
    notes
}

/// Whether a pod need not be kept any longer.
fn may_be_released(facts: &Facts<'_>, standing: &Standing, verdict: Option<&Verdict>, position: usize) -> bool {
    let pod = &facts.pods[position];
    if facts.spec.deleting || verdict.is_some() || pod.succeeded {
        return true;
    }
    pod.is_failure(facts.spec) && !standing.predecessors.values().any(|p| *p == position)
}

/// Whether a pod that is let go counts as failed. Where the job fails, what has not ended has failed too.
fn counts_as_failure(spec: &Spec, verdict: Option<&Verdict>, pod: &Pod) -> bool {
    let is_failure = pod.is_failure(spec) || verdict.is_some_and(|v| !v.is_success());
    let has_place = !spec.indexed || pod.valid_index(spec).is_some();
    is_failure && has_place && policy::of_pod(spec, pod).counts()
}

/// Notes the uid of a pod; answers whether it is new.
fn remember(status: &mut Value, list: &str, known: &mut BTreeSet<String>, pod: &Pod) -> bool {
    let is_new = known.insert(pod.uid.clone());
    if is_new {
        status.list_mut(&format!("/uncountedTerminatedPods/{list}")).push(pod.uid.as_str().into());
    }
    is_new
}

/// The uids of the pods that have their finalizer, except those that have just lost it.
pub(super) fn still_tracked(pods: &[Pod], released: &[usize]) -> BTreeSet<String> {
    let tracked = pods.iter().enumerate().filter(|(position, pod)| pod.tracked && !released.contains(position));
    tracked.map(|(_, pod)| pod.uid.clone()).collect()
}

/// Counts the noted pods that have lost their finalizer, and drops their notes.
pub(super) fn count_released(status: &mut Value, tracked: &BTreeSet<String>) {
    for list in ["succeeded", "failed"] {
        let pointer = format!("/uncountedTerminatedPods/{list}");
        let noted = status.list(&pointer).to_vec();
        let (kept, gone): (Vec<Value>, Vec<Value>) =
            noted.into_iter().partition(|uid| uid.as_str().is_some_and(|uid| tracked.contains(uid)));
        if gone.is_empty() {
            continue;
        }
        let counter = format!("/{list}");
        let more = i64::try_from(gone.len()).unwrap_or(i64::MAX);
        status.put(&counter, status.int(&counter).unwrap_or(0) + more);
        match kept.is_empty() {
            true => drop(status.remove_at(&pointer)),
            false => status.put(&pointer, kept),
        }
    }
}

/// Sets a condition; answers whether that changed anything. One that is false is not set where there is none.
pub(super) fn set_condition(status: &mut Value, verdict: &Verdict, is_true: bool, now: Time) -> bool {
    let text = if is_true { "True" } else { "False" };
    let known = status.list("/conditions").iter().position(|c| c.str("/type") == verdict.kind);
    let same = |c: &Value| {
        c.str("/status") == text && c.str("/reason") == verdict.reason && c.str("/message") == verdict.message
    };
    let is_there = known.is_some_and(|position| same(&status.list("/conditions")[position]));
    if is_there || (known.is_none() && !is_true) {
        return false;
    }
    let mut condition = conditions::new(verdict.kind, text, &verdict.reason, &verdict.message, now);
    condition["lastProbeTime"] = now.rfc3339().into();
    let list = status.list_mut("/conditions");
    match known {
        Some(position) => list[position] = condition,
        None => list.push(condition),
    }
    true
}

/// Whether nothing stands in the way of the end: all pods are counted and none is still going.
pub(super) fn may_finish(status: &Value, terminating: i64) -> bool {
    let open = |list: &str| !status.list(&format!("/uncountedTerminatedPods/{list}")).is_empty();
    terminating == 0 && !open("succeeded") && !open("failed")
}

/// Whether a job has ended for good.
pub(super) fn has_finished(status: &Value) -> bool {
    let is_true = |kind| conditions::find(status, kind).is_some_and(|c| c.str("/status") == "True");
    is_true("Complete") || is_true("Failed")
}

/// A number that the API leaves out when it is zero.
pub(super) fn put_number(status: &mut Value, pointer: &str, number: i64) {
    match number {
        0 => drop(status.remove_at(pointer)),
        _ => status.put(pointer, number),
    }
}

fn put_text(status: &mut Value, pointer: &str, text: String) {
    match text.is_empty() {
        true => drop(status.remove_at(pointer)),
        false => status.put(pointer, text),
    }
}

/// A status in which pods can be noted.
pub(super) fn prepared(status: &Value) -> Value {
    let mut status = if status.is_object() { status.clone() } else { json!({}) };
    status.put_default("/uncountedTerminatedPods", json!({}));
    status
}
