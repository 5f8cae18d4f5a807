//! Rules that fields of many kinds share: what a check adds to the errors of an object, with the API server's words.
//!
//! What a text has to lookup like is in [`super::formats`], selectors are in [`super::selector`].

use super::formats::{dns_label_problems, port_name_problems, port_problems};
use kctl_base::field::{ErrorList, FieldError, Path, invalid, not_supported, required};
use kctl_base::json::Value;
use kctl_base::labels;
use kctl_base::object::ValueRead;

pub use kctl_base::intstr::NOT_NEGATIVE;

/// The complaint about a changed value that must stay.
pub const IMMUTABLE: &str = "field is immutable";

/// A format of texts: answers what is wrong with one.
pub type Format = fn(&str) -> Vec<String>;

/// Errors of one text under a format.
pub fn check(format: Format, text: &str, path: &Path) -> ErrorList {
    let mut errors = ErrorList::new();
    refuse(&mut errors, path, text, format(text));
    errors
}

/// Adds an `Invalid value` for each problem.
pub fn refuse(errors: &mut ErrorList, path: &Path, value: &str, problems: Vec<String>) {
    errors.extend(problems.into_iter().map(|why| invalid(path, value, &why)));
}

/// Errors of a text that must be one of a few; `Required value` when it is empty.
pub fn one_of(text: &str, path: &Path, supported: &[&str]) -> ErrorList {
    match text {
        "" => vec![required(path, "")],
        text if supported.contains(&text) => vec![],
        text => vec![not_supported(path, text, supported)],
    }
}

/// Refuses a number below zero at a field of `object`; a missing field is fine.
pub fn non_negative(errors: &mut ErrorList, path: &Path, object: &Value, field: &str) {
    if let Some(number) = object.get(field).and_then(Value::as_i64)
        && number < 0
    {
        errors.push(invalid(&path.child(field), number, NOT_NEGATIVE));
    }
}

/// Refuses a port that is neither a number nor a name as ports have them.
pub fn port_or_name(errors: &mut ErrorList, path: &Path, port: Option<&Value>) {
    match port {
        Some(Value::String(name)) => refuse(errors, path, name, port_name_problems(name)),
        other => {
            let number = other.and_then(Value::as_i64).unwrap_or(0);
            errors.extend(port_problems(number).iter().map(|why| invalid(path, number, why)));
        }
    }
}

/// Refuses a change of the value at a field: `Invalid value: ...: field is immutable`.
pub fn immutable(errors: &mut ErrorList, path: &Path, new: Option<&Value>, old: Option<&Value>) {
    let (new, old) = (new.unwrap_or(&Value::Null), old.unwrap_or(&Value::Null));
    if new != old {
        errors.push(invalid(path, new.clone(), IMMUTABLE));
    }
}

/// The error for a value at a pointer that must not change: nothing when it did not.
pub fn immutable_at(new: &Value, old: &Value, pointer: &str, path: &Path) -> ErrorList {
    let mut errors = ErrorList::new();
    immutable(&mut errors, path, new.at(pointer), old.at(pointer));
    errors
}

/// The complaints about labels (also node selectors): every key and value by its rule.
pub fn label_map(errors: &mut ErrorList, path: &Path, map: Option<&Value>) {
    for (key, value) in map.and_then(Value::as_object).into_iter().flatten() {
        refuse(errors, path, key, labels::key_problems(key));
        let value = value.as_str().unwrap_or_default();
        refuse(errors, path, value, labels::value_problems(value));
    }
}

/// The complaints about annotations: every key by its rule.
pub fn annotation_map(errors: &mut ErrorList, path: &Path, map: Option<&Value>) {
    for key in map.and_then(Value::as_object).into_iter().flat_map(|m| m.keys()) {
        refuse(errors, path, key, labels::key_problems(&key.to_lowercase()));
    }
}

/// An `Invalid value` whose value is shown as a text that is already JSON, for values whose fields Go orders its own way.
pub fn invalid_json(path: &Path, json: &str, detail: &str) -> FieldError {
    let mut error = invalid(path, Value::Null, detail);
    error.body = format!("Invalid value: {json}: {detail}");
    error
}

/// The warning about an object whose name ends up in the names of pods and is no DNS label.
pub fn pod_name_warning(object: &Value) -> Option<String> {
    let problems = dns_label_problems(object.str("/metadata/name"));
    (!problems.is_empty()).then(|| {
        format!(
            "metadata.name: this is used in Pod names and hostnames, which can result in surprising behavior; a DNS label is recommended: [{}]",
            problems.join(" ")
        )
    })
}
