//! Conditions in the status of a pod.

use kctl_base::condition::{self, Condition};
use kctl_base::json::Value;
use kctl_base::object::{Object, ObjectMeta, ValueRead, ValueWrite};
use kctl_base::sim::Time;

/// Sets a condition of a pod, with the generation that it has (`UpdatePodCondition` in `pkg/api/v1/pod/util.go`).
pub fn set_condition(pod: &mut Object, condition: Condition<'_>, now: Time) {
    let observed_generation = Some(pod.generation()).filter(|generation| *generation > 0);
    condition::set(&mut pod["status"], Condition { observed_generation, ..condition }, now);
    // `PodCondition` writes this field even though no component sets it.
    for entry in pod.items_mut("/status/conditions").filter(|c| c.str("/type") == condition.type_) {
        if entry.get("lastProbeTime").is_none() {
            entry["lastProbeTime"] = Value::Null;
        }
    }
}
