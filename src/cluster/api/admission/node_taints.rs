//! TaintNodesByCondition: taints a new node as not ready, until the node lifecycle controller sees that it is
//! (`plugin/pkg/admission/nodetaint`).

use super::{Admission, Result};
use kctl_base::json::json;
use kctl_base::object::{ValueRead, ValueWrite};

const NOT_READY: &str = "node.kubernetes.io/not-ready";

/// Adds the taint to a new node.
pub(super) fn admit(admission: &mut Admission<'_>) -> Result<()> {
    if !admission.creates("nodes") {
        return Ok(());
    }
    let tainted = admission
        .new
        .list("/spec/taints")
        .iter()
        .any(|t| t.str("/key") == NOT_READY && t.str("/effect") == "NoSchedule");
    if !tainted {
        admission.new.list_mut("/spec/taints").push(json!({"effect": "NoSchedule", "key": NOT_READY}));
    }
    Ok(())
}
