//! What the scheduler tells: the texts of failures, the condition PodScheduled, the events.

use std::collections::BTreeMap;

use super::filters::Refusal;
use crate::controllers::Context;
use crate::controllers::runtime::Result;
use crate::controllers::shared::conditions;
use kctl_base::json::json;
use kctl_base::object::{Object, ObjectMeta, ValueRead, ValueWrite};

/// What a node is not even tried for by preemption.
pub(super) const NOT_HELPFUL: &str = "Preemption is not helpful for scheduling";
/// What plugins that follow a failed preparation find of its results.
const AFTER_FAILED_PREPARATION: &str = "not found";

/// `0/3 nodes are available: 1 node(s) had untolerated taint(s), 2 Insufficient cpu.`
pub(super) fn no_node_fits<'a>(nodes: usize, refusals: impl IntoIterator<Item = &'a Refusal>) -> String {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for reason in refusals.into_iter().flat_map(|r| &r.reasons) {
        *counts.entry(reason).or_default() += 1;
    }
    let mut reasons: Vec<String> = counts.iter().map(|(reason, count)| format!("{count} {reason}")).collect();
    reasons.sort();
    format!("0/{nodes} nodes are available: {}.", reasons.join(", "))
}

/// The text when a pod could not even be prepared: no node was looked at.
pub(super) fn not_prepared(nodes: usize, reason: &str) -> String {
    format!("0/{nodes} nodes are available: {reason}. {AFTER_FAILED_PREPARATION}")
}

/// Why a pod could not be placed.
pub(super) struct Failure {
    /// `Unschedulable` or `SchedulerError`.
    pub(super) reason: &'static str,
    /// The text.
    pub(super) message: String,
    /// The node that is being cleared for the pod; `None` leaves what is there.
    pub(super) nominated: Option<String>,
}

impl Failure {
    /// A failure that leaves the nomination as it is.
    pub(super) fn unschedulable(message: String) -> Failure {
        Failure { reason: "Unschedulable", message, nominated: None }
    }
}

/// Writes a failure down: a condition, and an event when it is news or `again` is set.
pub(super) fn failed(ctx: &mut Context<'_>, pod: &Object, failure: &Failure, again: bool) -> Result<()> {
    let known = conditions::find(&pod["status"], "PodScheduled");
    let same = known.is_some_and(|c| {
        (c.str("/status"), c.str("/reason"), c.str("/message")) == ("False", failure.reason, &failure.message)
    });
    if !same || again {
        ctx.event(pod, "Warning", "FailedScheduling", &failure.message);
    }
    let nominated = failure.nominated.as_deref().unwrap_or(pod.str("/status/nominatedNodeName"));
    if same && nominated == pod.str("/status/nominatedNodeName") {
        return Ok(());
    }
    let since = known.filter(|c| c.str("/status") == "False").map(|c| c["lastTransitionTime"].clone());
    let condition = json!({
        "type": "PodScheduled", "status": "False", "reason": failure.reason, "message": failure.message,
        "lastProbeTime": null, "lastTransitionTime": since.unwrap_or_else(|| ctx.now.rfc3339().into()),
        "observedGeneration": pod.generation(),
    });
    let mut pod = pod.clone();
    pod.remove_at("/status/nominatedNodeName");
    if !nominated.is_empty() {
        pod.put("/status/nominatedNodeName", nominated);
    }
    put_condition(&mut pod, condition);
    ctx.update_status("pods", pod).map(drop)
}

/// Writes down where a pod is expected to go, before what has to be prepared for it begins: that can take a while, and others
/// should know meanwhile. Binding takes it off again.
pub(super) fn expected(ctx: &mut Context<'_>, pod: &Object, node: &str) -> Result<()> {
    if pod.str("/status/nominatedNodeName") == node {
        return Ok(());
    }
    let mut pod = pod.clone();
    pod.put("/status/nominatedNodeName", node);
    ctx.update_status("pods", pod).map(drop)
}

/// Puts a condition in the place of the one of its type, or last.
pub(super) fn put_condition(pod: &mut Object, condition: Object) {
    let list = pod.list_mut("/status/conditions");
    match list.iter_mut().find(|c| c.str("/type") == condition.str("/type")) {
        Some(known) => *known = condition,
        None => list.push(condition),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_counted_and_sorted_as_texts() {
        let taint = Refusal::hopeless("node(s) had untolerated taint(s)");
        let room = Refusal { reasons: vec!["Insufficient cpu".into(), "Too many pods".into()], hopeless: false };
        assert_eq!(
            no_node_fits(3, [&taint, &room, &room]),
            "0/3 nodes are available: 1 node(s) had untolerated taint(s), 2 Insufficient cpu, 2 Too many pods."
        );
        assert_eq!(
            not_prepared(3, "persistentvolumeclaim \"missing\" not found"),
            "0/3 nodes are available: persistentvolumeclaim \"missing\" not found. not found"
        );
    }
}
