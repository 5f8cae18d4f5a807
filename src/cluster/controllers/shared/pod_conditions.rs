//! Conditions that controllers other than the kubelet set in the status of a pod.

use std::sync::Arc;

use crate::controllers::Context;
use crate::controllers::runtime::Result;
use kctl_base::condition::{self, Condition, ConditionStatus};
use kctl_base::json::Value;
use kctl_base::object::{Object, ObjectMeta, ValueRead, ValueWrite};
use kctl_base::sim::Time;

/// Sets a condition of a pod, with the generation that it has (`UpdatePodCondition` in `pkg/api/v1/pod/util.go`).
pub(in crate::controllers) fn set(pod: &mut Object, condition: Condition<'_>, now: Time) {
    let observed_generation = Some(pod.generation()).filter(|generation| *generation > 0);
    condition::set(&mut pod["status"], Condition { observed_generation, ..condition }, now);
    // `PodCondition` writes this field even though no component sets it.
    for entry in pod.items_mut("/status/conditions").filter(|c| c.str("/type") == condition.type_) {
        if entry.get("lastProbeTime").is_none() {
            entry["lastProbeTime"] = Value::Null;
        }
    }
}

/// Sets the condition `DisruptionTarget` of a pod that is about to be deleted (KEP-3329); returns the updated pod.
pub(in crate::controllers) fn mark_disruption_target(
    ctx: &mut Context<'_>,
    pod: &Object,
    reason: &str,
    message: &str,
) -> Result<Arc<Object>> {
    let mut new = pod.clone();
    let (type_, status) = ("DisruptionTarget", ConditionStatus::True);
    set(&mut new, Condition { type_, status, reason, message, observed_generation: None }, ctx.now);
    ctx.update_status("pods", new)
}
