//! Validation of pod updates: images, shorter deadlines, more tolerations, fewer scheduling gates and little else may
//! change (`ValidatePodUpdate` in `pkg/apis/core/validation/validation.go`).

use crate::shared::diff;
use crate::shared::formats::inclusive_range;
use kctl_base::field::{ErrorList, Path, forbidden, invalid};
use kctl_base::json::{Value, json};
use kctl_base::object::{Object, ValueRead, ValueWrite};

/// The mutable fields, as the error lists them.
const UPDATABLE: &str = "`spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)";

pub(super) fn validate_update(new: &Object, old: &Object) -> ErrorList {
    let mut errors = ErrorList::new();
    let path = Path::new("spec");
    let (new_spec, old_spec) = (spec_of(new), spec_of(old));
    for field in ["containers", "initContainers"] {
        if !validate_containers(&mut errors, &path.child(field), new_spec, old_spec, field) {
            return errors;
        }
    }
    if !validate_deadline(&mut errors, &path.child("activeDeadlineSeconds"), new_spec, old_spec) {
        return errors;
    }
    validate_tolerations(&mut errors, &path.child("tolerations"), new_spec, old_spec);
    validate_gates(&mut errors, &path.child("schedulingGates"), new_spec, old_spec);
    let munged = munge(&mut errors, &path, new_spec, old_spec);
    if munged != *old_spec {
        let diff = diff::of_values(old_spec, &munged);
        let why = format!("pod updates may not change fields other than {UPDATABLE}\n{diff}");
        errors.push(forbidden(&path, &why));
    }
    errors
}

fn spec_of(pod: &Object) -> &Value {
    pod.get("spec").unwrap_or(&Value::Null)
}

/// Refuses added or removed containers. Returns false when validation must stop.
fn validate_containers(errors: &mut ErrorList, path: &Path, new: &Value, old: &Value, field: &str) -> bool {
    let list = |spec: &Value| spec.list(&format!("/{field}")).len();
    if list(new) != list(old) {
        errors.push(forbidden(path, "pod updates may not add or remove containers"));
        return false;
    }
    true
}

/// Refuses a longer or removed deadline. Returns false when validation must stop.
fn validate_deadline(errors: &mut ErrorList, path: &Path, new: &Value, old: &Value) -> bool {
    match (new.int("/activeDeadlineSeconds"), old.int("/activeDeadlineSeconds")) {
        (Some(new), _) if !(0..=i64::from(i32::MAX)).contains(&new) => {
            errors.push(invalid(path, new, &inclusive_range(0, i64::from(i32::MAX))));
            return false;
        }
        (Some(new), Some(old)) if old < new => {
            errors.push(invalid(path, new, "must be less than or equal to previous value"));
            return false;
        }
        (None, Some(_)) => {
            errors.push(invalid(path, Value::Null, "must not update from a positive integer to nil value"));
        }
        _ => {}
    }
    true
}

/// Refuses removed or changed tolerations, except for the duration of `NoExecute` tolerations.
fn validate_tolerations(errors: &mut ErrorList, path: &Path, new: &Value, old: &Value) {
    let same_but_time = |left: &Value, right: &Value| {
        ["/key", "/operator", "/value", "/effect"].iter().all(|field| left.str(field) == right.str(field))
    };
    let (new, old) = (new.list("/tolerations"), old.list("/tolerations"));
    let kept = |had: &Value| match had.str("/effect") {
        "NoExecute" => new.iter().any(|toleration| same_but_time(toleration, had)),
        _ => new.contains(had),
    };
    if !old.iter().all(kept) {
        errors.push(forbidden(path, "existing toleration can not be modified except its tolerationSeconds"));
    }
}

/// Refuses new scheduling gates.
fn validate_gates(errors: &mut ErrorList, path: &Path, new: &Value, old: &Value) {
    let old = old.list("/schedulingGates");
    for gate in new.list("/schedulingGates").iter().filter(|gate| !old.contains(gate)) {
        let why = format!("only deletion is allowed, but found new scheduling gate '{}'", gate.str("/name"));
        errors.push(forbidden(path, &why));
    }
}

/// The new spec with all mutable fields as in the old one.
fn munge(errors: &mut ErrorList, path: &Path, new: &Value, old: &Value) -> Value {
    let mut munged = new.clone();
    for field in ["containers", "initContainers"] {
        for (index, container) in munged.items_mut(&format!("/{field}")).enumerate() {
            match old.at(&format!("/{field}/{index}/image")) {
                Some(image) => container.put("/image", image.clone()),
                None => drop(container.remove_at("/image")),
            }
        }
    }
    for field in ["/activeDeadlineSeconds", "/schedulingGates", "/tolerations"] {
        restore(&mut munged, old, field);
    }
    let grace = "/terminationGracePeriodSeconds";
    if old.int(grace).is_some_and(|s| s < 0) && new.int(grace) == Some(1) {
        restore(&mut munged, old, grace);
    }
    if !old.list("/schedulingGates").is_empty() {
        validate_gated(errors, path, &munged, old);
        restore(&mut munged, old, "/nodeSelector");
        restore(&mut munged, old, "/affinity/nodeAffinity");
        if munged.map("/affinity").is_some_and(|a| a.is_empty()) && old.at("/affinity").is_none() {
            munged.remove_at("/affinity");
        }
    }
    munged
}

fn restore(munged: &mut Value, old: &Value, pointer: &str) {
    match old.at(pointer) {
        Some(value) => munged.put(pointer, value.clone()),
        None => drop(munged.remove_at(pointer)),
    }
}

/// Refuses changes of a gated pod other than a narrower node selector and a first node affinity (KEP-3838).
fn validate_gated(errors: &mut ErrorList, path: &Path, new: &Value, old: &Value) {
    let here = path.child("nodeSelector");
    let wanted = new.strings("/nodeSelector");
    for (key, value) in old.strings("/nodeSelector") {
        if wanted.get(&key) != Some(&value) {
            let shown = json!(wanted);
            errors.push(invalid(
                &here,
                shown,
                "only additions to spec.nodeSelector are allowed (no mutations or deletions)",
            ));
            break;
        }
    }
    let (now, before) = (new.at("/affinity/nodeAffinity"), old.at("/affinity/nodeAffinity"));
    if let Some(before) = before
        && now != Some(before)
    {
        let needed = "/requiredDuringSchedulingIgnoredDuringExecution";
        let kept = now.and_then(|n| n.at(needed)).or(Some(&Value::Null));
        if before.at(needed).is_some_and(|b| kept != Some(b)) {
            let place = path.child("affinity").child("nodeAffinity").child(&needed[1..]);
            let why = "no additions/deletions to non-empty NodeSelectorTerms list are allowed";
            errors.push(invalid(&place, kept.cloned().unwrap_or_default(), why));
        }
    }
}
