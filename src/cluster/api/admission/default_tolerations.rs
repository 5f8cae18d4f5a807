//! DefaultTolerationSeconds: a pod stays five minutes on a node that is not ready or unreachable.

use super::{Admission, Result};
use kctl_base::json::{Value, json};
use kctl_base::object::{ValueRead, ValueWrite};

/// The taints that are tolerated for a while, and for how many seconds.
const TAINTS: &[&str] = &["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"];
const SECONDS: i64 = 300;

pub(super) fn admit(admission: &mut Admission<'_>) -> Result<()> {
    // On updates too: a patch that replaces the list gets them back.
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

/// Returns whether the pod says itself how it stands to the taint.
fn covers(toleration: &Value, taint: &str) -> bool {
    let (key, effect) = (toleration.str("/key"), toleration.str("/effect"));
    (key == taint || key.is_empty()) && (effect == "NoExecute" || effect.is_empty())
}
