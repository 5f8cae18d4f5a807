//! Validation rules that fields of many kinds share, with the messages of the API server.
//!
//! Formats of strings are in [`super::formats`], selectors in [`super::selector`].

use super::formats::{dns_label_problems, dns_subdomain_problems, port_name_problems, port_problems};
use kctl_base::field::{ErrorList, Path, invalid, not_supported, required};
use kctl_base::json::Value;
use kctl_base::labels;
use kctl_base::object::ValueRead;

pub(crate) use kctl_base::field::invalid_json;
pub(crate) use kctl_base::intstr::NOT_NEGATIVE;

/// The message about a change of an immutable field.
pub(crate) const IMMUTABLE: &str = "field is immutable";

/// A function of [`super::formats`]: returns the problems of a string.
pub(crate) type Format = fn(&str) -> Vec<String>;

/// Validates a string against a format.
pub(crate) fn check(format: Format, text: &str, path: &Path) -> ErrorList {
    let mut errors = ErrorList::new();
    refuse(&mut errors, path, text, format(text));
    errors
}

/// Adds an `Invalid value` error for each problem.
pub(crate) fn refuse(errors: &mut ErrorList, path: &Path, value: &str, problems: Vec<String>) {
    errors.extend(problems.into_iter().map(|why| invalid(path, value, &why)));
}

/// Validates a string that must be one of a few; `Required value` when it is empty.
pub(crate) fn one_of(text: &str, path: &Path, supported: &[&str]) -> ErrorList {
    match text {
        "" => vec![required(path, "")],
        text if supported.contains(&text) => vec![],
        text => vec![not_supported(path, text, supported)],
    }
}

/// Validates a path that begins with a domain, such as the name of a controller (`IsDomainPrefixedPath`).
pub(crate) fn domain_prefixed_path(text: &str, path: &Path) -> ErrorList {
    const FORMAT: &str = "[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+";
    if text.is_empty() {
        return vec![required(path, "")];
    }
    let Some((domain, rest)) = text.split_once('/').filter(|(domain, rest)| !domain.is_empty() && !rest.is_empty())
    else {
        return vec![invalid(path, text, "must be a domain-prefixed path (such as \"acme.io/foo\")")];
    };
    let mut errors = check(dns_subdomain_problems, domain, path);
    if !rest.chars().all(|c| c.is_ascii_alphanumeric() || "/-._~%!$&'()*+,;=:".contains(c)) {
        errors.push(invalid(path, rest, &format!("Invalid path (regex used for validation is '{FORMAT}')")));
    }
    errors
}

/// Refuses a negative number in a field of `object`; a missing field is valid.
pub(crate) fn non_negative(errors: &mut ErrorList, path: &Path, object: &Value, field: &str) {
    if let Some(number) = object.get(field).and_then(Value::as_i64)
        && number < 0
    {
        errors.push(invalid(&path.child(field), number, NOT_NEGATIVE));
    }
}

/// Validates a port that is given as a number or a port name.
pub(crate) fn port_or_name(errors: &mut ErrorList, path: &Path, port: Option<&Value>) {
    match port {
        Some(Value::String(name)) => refuse(errors, path, name, port_name_problems(name)),
        other => {
            let number = other.and_then(Value::as_i64).unwrap_or(0);
            errors.extend(port_problems(number).iter().map(|why| invalid(path, number, why)));
        }
    }
}

/// Refuses a change of a field: `Invalid value: ...: field is immutable`.
pub(crate) fn immutable(errors: &mut ErrorList, path: &Path, new: Option<&Value>, old: Option<&Value>) {
    let (new, old) = (new.unwrap_or(&Value::Null), old.unwrap_or(&Value::Null));
    if new != old {
        errors.push(invalid(path, new.clone(), IMMUTABLE));
    }
}

/// Like [`immutable`], for the values at a JSON pointer.
pub(crate) fn immutable_at(new: &Value, old: &Value, pointer: &str, path: &Path) -> ErrorList {
    let mut errors = ErrorList::new();
    immutable(&mut errors, path, new.at(pointer), old.at(pointer));
    errors
}

/// Validates a map of labels, such as a node selector: every key and value.
pub(crate) fn label_map(errors: &mut ErrorList, path: &Path, map: Option<&Value>) {
    for (key, value) in map.and_then(Value::as_object).into_iter().flatten() {
        refuse(errors, path, key, labels::key_problems(key));
        let value = value.as_str().unwrap_or_default();
        refuse(errors, path, value, labels::value_problems(value));
    }
}

/// Validates a map of annotations: every key.
pub(crate) fn annotation_map(errors: &mut ErrorList, path: &Path, map: Option<&Value>) {
    for key in map.and_then(Value::as_object).into_iter().flat_map(|m| m.keys()) {
        refuse(errors, path, key, labels::key_problems(&key.to_lowercase()));
    }
}

/// The warning about a name that becomes part of pod names but is not a DNS label.
pub(crate) fn pod_name_warning(object: &Value) -> Option<String> {
    let problems = dns_label_problems(object.str("/metadata/name"));
    (!problems.is_empty()).then(|| {
        format!(
            "metadata.name: this is used in Pod names and hostnames, which can result in surprising behavior; a DNS label is recommended: [{}]",
            problems.join(" ")
        )
    })
}
