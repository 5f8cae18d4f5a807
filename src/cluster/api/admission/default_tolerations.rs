//! DefaultTolerationSeconds: lets a pod stay on a node that is not ready or unreachable for five minutes
//! (`plugin/pkg/admission/defaulttolerationseconds`).

use super::{Admission, Result};
use kctl_base::json::{Value, json};
use kctl_base::object::{ValueRead, ValueWrite};

/// The tolerated taints.
const TAINTS: &[&str] = &["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"];
/// `tolerationSeconds` of the default tolerations.
const SECONDS: i64 = 300;

/// Adds the default tolerations to a pod.
pub(super) fn admit(admission: &mut Admission<'_>) -> Result<()> {
    // On updates too: an update that replaces the list gets them back.
    if admission.kind.names().resource() != "pods" {
        return Ok(());
    }
    for taint in TAINTS {
        if !admission.new.list("/spec/tolerations").iter().any(|t| covers(t, taint)) {
            admission
                .new
                .list_mut("/spec/tolerations")
                .push(json!({"effect": "NoExecute", "key": taint, "operator": "Exists", "tolerationSeconds": SECONDS}));
        }
    }
    Ok(())
}

/// Returns whether a toleration of the pod already covers the taint.
fn covers(toleration: &Value, taint: &str) -> bool {
    let (key, effect) = (toleration.str("/key"), toleration.str("/effect"));
    (key == taint || key.is_empty()) && (effect == "NoExecute" || effect.is_empty())
}
