//! Validation that volumes and claims share (`pkg/apis/core/validation/validation.go`).

use crate::shared::formats::dns_subdomain_problems;
use crate::shared::rules::check;
use kctl_base::field::{self, ErrorList, Path};
use kctl_base::json::Value;
use kctl_base::object::{Object, ValueRead};
use kctl_base::quantity::Quantity;

/// The access modes.
const MODES: &[&str] = &["ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"];

/// Validates access modes; `missing` is the message when there are none.
pub(in crate::core) fn mode_errors(object: &Object, spec: &Path, missing: &str) -> ErrorList {
    let path = spec.child("accessModes");
    let modes = object.list("/spec/accessModes");
    let mut errors = ErrorList::new();
    if modes.is_empty() {
        errors.push(field::required(&path, missing));
    }
    for mode in modes.iter().filter(|m| !MODES.contains(&m.as_str().unwrap_or(""))) {
        errors.push(field::not_supported(&path, mode.clone(), MODES));
    }
    if modes.len() > 1 && modes.iter().any(|m| m == "ReadWriteOncePod") {
        errors.push(field::forbidden(&path, "may not use ReadWriteOncePod with other access modes"));
    }
    errors
}

/// Refuses a quantity that is not positive.
pub(in crate::core) fn positive_errors(value: &Value, path: &Path) -> ErrorList {
    match Quantity::from_value(value) {
        Ok(amount) if amount.signum() <= 0 => {
            vec![field::invalid(path, amount.to_string(), "must be greater than zero")]
        }
        _ => ErrorList::new(),
    }
}

pub(super) fn capacity_errors(object: &Object, path: &Path) -> ErrorList {
    let capacity = object.map("/spec/capacity").cloned().unwrap_or_default();
    if capacity.is_empty() {
        return vec![field::required(path, "")];
    }
    let mut errors = ErrorList::new();
    if capacity.len() > 1 || !capacity.contains_key("storage") {
        errors.push(field::not_supported(path, Value::Object(capacity.clone()), &["storage"]));
    }
    for (name, value) in &capacity {
        let here = path.key(name);
        if let Ok(amount) = Quantity::from_value(value)
            && amount.signum() < 0
        {
            errors.push(field::invalid(&here, amount.to_string(), "must be greater than or equal to 0"));
        }
        errors.extend(positive_errors(value, &here));
    }
    errors
}

pub(in crate::core) fn class_errors(object: &Object, spec: &Path) -> ErrorList {
    match object.str("/spec/storageClassName") {
        "" => ErrorList::new(),
        name => check(dns_subdomain_problems, name, &spec.child("storageClassName")),
    }
}

pub(in crate::core) fn volume_mode_errors(object: &Object, spec: &Path) -> ErrorList {
    match object.str("/spec/volumeMode") {
        "" | "Block" | "Filesystem" => ErrorList::new(),
        mode => vec![field::not_supported(&spec.child("volumeMode"), mode, &["Block", "Filesystem"])],
    }
}
