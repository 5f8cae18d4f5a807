//! DefaultTolerationSeconds: lets a pod stay on a node that is not ready or unreachable for five minutes
//! (`plugin/pkg/admission/defaulttolerationseconds`).

use std::sync::LazyLock;

use super::{Admission, Result};
use kctl_base::json::{Value, json};
use kctl_base::object::{ValueRead, ValueWrite};

/// The default tolerations, which all pods share.
static TOLERATIONS: LazyLock<[Value; 2]> = LazyLock::new(|| {
    ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"]
        .map(|taint| json!({"effect": "NoExecute", "key": taint, "operator": "Exists", "tolerationSeconds": 300}))
});

/// Adds the default tolerations to a pod.
pub(super) fn admit(admission: &mut Admission<'_>) -> Result<()> {
    // On updates too: an update that replaces the list gets them back.
    if admission.kind.names().resource() != "pods" {
        return Ok(());
    }
    let present = admission.new.list("/spec/tolerations");
    let is_missing = |default: &&Value| !present.iter().any(|t| covers(t, default.str("/key")));
    let missing: Vec<Value> = TOLERATIONS.iter().filter(is_missing).cloned().collect();
    if !missing.is_empty() {
        admission.new.list_mut("/spec/tolerations").extend(missing);
    }
    Ok(())
}

/// Returns whether a toleration of the pod already covers the taint.
fn covers(toleration: &Value, taint: &str) -> bool {
    let (key, effect) = (toleration.str("/key"), toleration.str("/effect"));
    (key == taint || key.is_empty()) && (effect == "NoExecute" || effect.is_empty())
}
