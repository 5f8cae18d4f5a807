//! Results that users see: messages of failures, the condition `PodScheduled`, events, the nominated node.

use std::collections::BTreeMap;

use super::filters::Status;
use crate::controllers::Context;
use crate::controllers::runtime::Result;
use crate::controllers::shared::conditions;
use kctl_base::json::json;
use kctl_base::object::{Object, ObjectMeta, ValueRead, ValueWrite};

/// Reason of nodes where preemption is not tried.
pub(super) const PREEMPTION_NOT_HELPFUL: &str = "Preemption is not helpful for scheduling";
/// Message of PostFilter plugins that miss the state of a PreFilter that has failed.
const STATE_NOT_FOUND: &str = "not found";

/// Returns the message for nodes that do not fit (`FitError.Error`):
/// `0/3 nodes are available: 1 node(s) had untolerated taint(s), 2 Insufficient cpu.`
pub(super) fn fit_error<'a>(nodes: usize, statuses: impl IntoIterator<Item = &'a Status>) -> String {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for reason in statuses.into_iter().flat_map(|r| &r.reasons) {
        *counts.entry(reason).or_default() += 1;
    }
    let mut reasons: Vec<String> = counts.iter().map(|(reason, count)| format!("{count} {reason}")).collect();
    reasons.sort();
    format!("0/{nodes} nodes are available: {}.", reasons.join(", "))
}

/// Returns the message for a PreFilter that has failed, so that no node was filtered.
pub(super) fn pre_filter_error(nodes: usize, reason: &str) -> String {
    format!("0/{nodes} nodes are available: {reason}. {STATE_NOT_FOUND}")
}

/// Failure to schedule a pod.
pub(super) struct Failure {
    /// Reason of the condition: `Unschedulable` or `SchedulerError`.
    pub(super) reason: &'static str,
    /// Message of the condition and the event.
    pub(super) message: String,
    /// Node on which pods were preempted; empty to clear the nominated node, `None` to keep it.
    pub(super) nominated_node: Option<String>,
}

impl Failure {
    /// No node fits; the nominated node is kept.
    pub(super) fn unschedulable(message: String) -> Failure {
        Failure { reason: "Unschedulable", message, nominated_node: None }
    }

    /// The API server has returned an error.
    pub(super) fn error(error: &kctl_base::status::Status) -> Failure {
        Failure { reason: "SchedulerError", message: error.to_string(), nominated_node: None }
    }
}

/// Records a failure (`handleSchedulingFailure`): a condition, and an event if it is a new failure or `repeat_event` is set.
pub(super) fn scheduling_failure(
    ctx: &mut Context<'_>,
    pod: &Object,
    failure: &Failure,
    repeat_event: bool,
) -> Result<()> {
    let known = conditions::find(&pod["status"], "PodScheduled");
    let same = known.is_some_and(|c| {
        (c.str("/status"), c.str("/reason"), c.str("/message")) == ("False", failure.reason, &failure.message)
    });
    if !same || repeat_event {
        ctx.event(pod, "Warning", "FailedScheduling", &failure.message);
    }
    let nominated = failure.nominated_node.as_deref().unwrap_or(pod.str("/status/nominatedNodeName"));
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

/// Nominates the node on which the pod will run once its volumes are bound (KEP-5278); the binding clears the field.
pub(super) fn nominate(ctx: &mut Context<'_>, pod: &Object, node: &str) -> Result<()> {
    if pod.str("/status/nominatedNodeName") == node {
        return Ok(());
    }
    let mut pod = pod.clone();
    pod.put("/status/nominatedNodeName", node);
    ctx.update_status("pods", pod).map(drop)
}

/// Replaces the condition of the same type, or appends it.
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
    fn reasons_are_counted_and_sorted_as_strings() {
        let taint = Status::unresolvable("node(s) had untolerated taint(s)");
        let full = Status { reasons: vec!["Insufficient cpu".into(), "Too many pods".into()], unresolvable: false };
        assert_eq!(
            fit_error(3, [&taint, &full, &full]),
            "0/3 nodes are available: 1 node(s) had untolerated taint(s), 2 Insufficient cpu, 2 Too many pods."
        );
        assert_eq!(
            pre_filter_error(3, "persistentvolumeclaim \"missing\" not found"),
            "0/3 nodes are available: persistentvolumeclaim \"missing\" not found. not found"
        );
    }
}
