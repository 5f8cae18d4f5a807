//! Conditions that controllers other than the kubelet set in the status of a pod.

use std::sync::Arc;

use crate::controllers::Context;
use crate::controllers::runtime::Result;
use kctl_base::condition::{Condition, ConditionStatus};
use kctl_base::object::Object;
use kctl_kinds::core::pod::set_condition;

/// Sets the condition `DisruptionTarget` of a pod that is about to be deleted (KEP-3329); returns the updated pod.
pub(in crate::controllers) fn mark_disruption_target(
    ctx: &mut Context<'_>,
    pod: &Object,
    reason: &str,
    message: &str,
) -> Result<Arc<Object>> {
    let mut new = pod.clone();
    let (type_, status) = ("DisruptionTarget", ConditionStatus::True);
    set_condition(&mut new, Condition { type_, status, reason, message, observed_generation: None }, ctx.now);
    ctx.update_status("pods", new)
}
