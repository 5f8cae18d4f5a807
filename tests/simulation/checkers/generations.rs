//! The generation of objects (`rest/create.go`, `rest/delete.go` and the strategies upstream).

use kctl_base::json::{Map, Value};
use kctl_base::object::{Object, ObjectMeta as _, ValueRead as _};

use super::named;
use crate::harness::cluster::{Change, ChangeKind};

/// The generation is 1 at first, and rises by one with every change of the desired state and with the request for deletion.
/// Other changes, such as those of metadata and status, keep it; so does the binding of a pod.
pub(crate) fn generations_follow_the_desired_state(old: Option<&Object>, change: &Change) -> Vec<String> {
    let new = &change.object;
    if change.kind == ChangeKind::Deleted {
        return Vec::new();
    }
    let wanted = match old {
        None => new.generation().min(1),
        // Kinds without a generation never get one.
        Some(old) if old.generation() == 0 => 0,
        Some(old) => {
            old.generation() + i64::from(is_changed(old, new)) + i64::from(old.is_deleting() != new.is_deleting())
        }
    };
    if new.generation() == wanted {
        return Vec::new();
    }
    vec![format!("{} has generation {} in revision {}, not {wanted}", named(new), new.generation(), change.revision)]
}

/// Returns true if the desired state differs: everything except metadata and status.
fn is_changed(old: &Object, new: &Object) -> bool {
    // The annotations of a Deployment belong to its desired state, except the one that its controller writes as status.
    let annotations = |object: &Object| {
        let mut annotations = object.strings("/metadata/annotations");
        annotations.remove("deployment.kubernetes.io/revision");
        annotations
    };
    let annotated = new.kind() == "Deployment" && annotations(old) != annotations(new);
    annotated || desired(old, new) != desired(new, old)
}

/// The desired state of an object; without the node of a pod that the other version is not bound to.
fn desired(object: &Object, other: &Object) -> Map {
    let fields = object.as_object().cloned().unwrap_or_default();
    let mut fields: Map =
        fields.into_iter().filter(|(key, _)| !["metadata", "status"].contains(&key.as_str())).collect();
    if object.kind() == "Pod"
        && other.str("/spec/nodeName").is_empty()
        && let Some(spec) = fields.get_mut("spec").and_then(Value::as_object_mut)
    {
        spec.remove("nodeName");
    }
    fields
}
