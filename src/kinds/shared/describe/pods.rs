//! The pod counts in the description of a workload.

use crate::core::pod::PodPhase;
use crate::{Lookup, PrefixWriter};
use kctl_base::labels::Selector;
use kctl_base::object::{Object, ObjectMeta};

/// Writes the line that counts the pods of a workload by phase. Only pods that the object controls count.
pub(crate) fn describe_pods_status(object: &Object, selector: &Selector, lookup: &dyn Lookup, out: &mut PrefixWriter) {
    let mut counts = [0; 4];
    for pod in lookup.list("pods", Some(object.namespace()), Some(selector)) {
        if !pod.is_controlled_by(object.uid()) {
            continue;
        }
        match PodPhase::of(&pod) {
            PodPhase::Running => counts[0] += 1,
            PodPhase::Pending => counts[1] += 1,
            PodPhase::Succeeded => counts[2] += 1,
            PodPhase::Failed => counts[3] += 1,
            PodPhase::Unknown => {}
        }
    }
    let [running, waiting, succeeded, failed] = counts;
    let text = format!("{running} Running / {waiting} Waiting / {succeeded} Succeeded / {failed} Failed");
    out.pair(0, "Pods Status", text);
}
