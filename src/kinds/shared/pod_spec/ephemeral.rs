//! Validation of ephemeral containers (`validateEphemeralContainers` in `pkg/apis/core/validation/validation.go`).

use super::containers::validate_common;
use super::validate::PodFacts;
use kctl_base::field::{ErrorList, Path, duplicate, forbidden, not_found};
use kctl_base::json::Value;
use kctl_base::object::ValueRead;

/// The fields that a container for debugging cannot have.
const FORBIDDEN: [&str; 8] = [
    "lifecycle",
    "livenessProbe",
    "ports",
    "readinessProbe",
    "resizePolicy",
    "resources",
    "restartPolicy",
    "startupProbe",
];
const WHY: &str = "cannot be set for an Ephemeral Container";

/// Validates ephemeral containers; `others` are the names of the other containers.
pub(super) fn validate(errors: &mut ErrorList, path: &Path, spec: &Value, others: &[&str], facts: &PodFacts) {
    let mut names = others.to_vec();
    for (index, container) in spec.list("/ephemeralContainers").iter().enumerate() {
        let here = path.index(index);
        validate_common(errors, &here, container, facts);
        let name = container.str("/name");
        if names.contains(&name) {
            errors.push(duplicate(&here.child("name"), name));
        } else if !name.is_empty() {
            names.push(name);
        }
        let target = container.str("/targetContainerName");
        if !target.is_empty() && !others.contains(&target) {
            errors.push(not_found(&here.child("targetContainerName"), target));
        }
        for field in FORBIDDEN.into_iter().filter(|field| is_set(container.get(field))) {
            errors.push(forbidden(&here.child(field), WHY));
        }
        for (index, mount) in container.list("/volumeMounts").iter().enumerate() {
            for field in ["subPath", "subPathExpr"].into_iter().filter(|field| is_set(mount.get(field))) {
                errors.push(forbidden(&here.child("volumeMounts").index(index).child(field), WHY));
            }
        }
    }
}

fn is_set(value: Option<&Value>) -> bool {
    match value {
        None | Some(Value::Null) => false,
        Some(Value::Object(map)) => !map.is_empty(),
        Some(Value::Array(list)) => !list.is_empty(),
        Some(Value::String(text)) => !text.is_empty(),
        Some(_) => true,
    }
}
