//! Results that users see: messages of failures, the condition `PodScheduled`, events, the nominated node.

use std::collections::BTreeMap;

use super::filters::Status;
use super::pod_info::nominated_node;
use crate::controllers::Context;
use crate::controllers::runtime::Result;
use kctl_base::condition::{self, Condition, ConditionStatus};
use kctl_base::object::{Object, ValueRead, ValueWrite};
use kctl_kinds::core::pod::set_condition;

/// Reason of nodes where preemption is not tried.
pub(super) const PREEMPTION_NOT_HELPFUL: &str = "Preemption is not helpful for scheduling";
/// Message of PostFilter plugins that miss the state of a PreFilter that has failed.
const STATE_NOT_FOUND: &str = "not found";

/// Returns the message for nodes that do not fit (`FitError.Error`):
/// `0/3 nodes are available: 1 node(s) had untolerated taint(s), 2 Insufficient cpu.`
pub(super) fn fit_error<'a>(nodes: usize, statuses: impl IntoIterator<Item = &'a Status>) -> String {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for reason in statuses.into_iter().flat_map(|r| &r.reasons) {
        *counts.entry(&**reason).or_default() += 1;
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
    let known = condition::condition(pod, "PodScheduled");
    let is_known = known.is_some_and(|c| {
        (c.str("/status"), c.str("/reason"), c.str("/message")) == ("False", failure.reason, &failure.message)
    });
    if !is_known || repeat_event {
        ctx.event(pod, "Warning", "FailedScheduling", &failure.message);
    }
    let nominated = failure.nominated_node.as_deref().unwrap_or(nominated_node(pod));
    if is_known && nominated == nominated_node(pod) {
        return Ok(());
    }
    let mut new = pod.clone();
    new.remove_at("/status/nominatedNodeName");
    if !nominated.is_empty() {
        new.put("/status/nominatedNodeName", nominated);
    }
    let (type_, status, message) = ("PodScheduled", ConditionStatus::False, &failure.message);
    let condition = Condition { type_, status, reason: failure.reason, message, observed_generation: None };
    set_condition(&mut new, condition, ctx.now);
    ctx.update_status("pods", new).map(drop)
}

/// Nominates the node on which the pod will run once its volumes are bound (KEP-5278); the binding clears the field.
pub(super) fn nominate(ctx: &mut Context<'_>, pod: &Object, node: &str) -> Result<()> {
    if nominated_node(pod) == node {
        return Ok(());
    }
    let mut pod = pod.clone();
    pod.put("/status/nominatedNodeName", node);
    ctx.update_status("pods", pod).map(drop)
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
