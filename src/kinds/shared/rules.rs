//! Rules for names, ports and numbers that validation of many fields shares, with the API server's words.

use serde_json::Value;

use crate::machinery::field::{ErrorList, FieldError, Path, invalid};
use crate::machinery::labels;
use crate::machinery::object::Reading;

const LABEL_RULE: &str = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const SUBDOMAIN_RULE: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const CONFIG_KEY_RULE: &str = "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')";
const ENV_NAME_RULE: &str =
    "a valid environment variable name must consist only of printable ASCII characters other than '='";
const TYPED_ENV_NAME_RULE: &str = "a valid environment variable name must consist of alphabetic characters, digits, '_', '-', or '.', and must not start with a digit (e.g. 'my.env-name',  or 'MY_ENV.NAME',  or 'MyEnvName1', regex used for validation is '[-._a-zA-Z][-._a-zA-Z0-9]*')";
const HEADER_RULE: &str = "a valid HTTP header must consist of alphanumeric characters or '-' (e.g. 'X-Header-Name', regex used for validation is '[-A-Za-z0-9]+')";

/// The complaint about a number below zero.
pub const NOT_NEGATIVE: &str = "must be greater than or equal to 0";
/// The complaint about a changed value that must stay.
pub const IMMUTABLE: &str = "field is immutable";

/// `must be no more than N characters`.
pub fn max_length(max: usize) -> String {
    format!("must be no more than {max} characters")
}

/// `must be between LOW and HIGH, inclusive`.
pub fn inclusive_range(low: i64, high: i64) -> String {
    format!("must be between {low} and {high}, inclusive")
}

fn is_label(text: &str) -> bool {
    let good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    text.starts_with(good) && text.ends_with(good) && text.chars().all(|c| good(c) || c == '-')
}

/// What is wrong with an RFC 1123 label of at most 63 characters.
pub fn dns_label(text: &str) -> Vec<String> {
    let mut problems = Vec::new();
    if text.len() > 63 {
        problems.push(max_length(63));
    }
    if !is_label(text) {
        problems.push(LABEL_RULE.to_owned());
    }
    problems
}

/// What is wrong with an RFC 1123 subdomain of at most 253 characters.
pub fn dns_subdomain(text: &str) -> Vec<String> {
    let mut problems = Vec::new();
    if text.len() > 253 {
        problems.push(max_length(253));
    }
    if !text.split('.').all(is_label) {
        problems.push(SUBDOMAIN_RULE.to_owned());
    }
    problems
}

/// What is wrong with the name of a port.
pub fn port_name(text: &str) -> Vec<String> {
    let mut problems = Vec::new();
    if text.len() > 15 {
        problems.push(max_length(15));
    }
    if text.is_empty() || !text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-') {
        problems.push("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)".into());
    }
    if !text.chars().any(|c| c.is_ascii_lowercase()) {
        problems.push("must contain at least one letter (a-z)".into());
    }
    if text.contains("--") {
        problems.push("must not contain consecutive hyphens".into());
    }
    if text.starts_with('-') || text.ends_with('-') {
        problems.push("must not begin or end with a hyphen".into());
    }
    problems
}

/// What is wrong with the number of a port.
pub fn port_number(number: i64) -> Option<String> {
    (!(1..=65535).contains(&number)).then(|| inclusive_range(1, 65535))
}

/// What is wrong with the key of a ConfigMap or Secret.
pub fn config_key(text: &str) -> Vec<String> {
    let mut problems = Vec::new();
    if text.len() > 253 {
        problems.push(max_length(253));
    }
    let good = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c);
    if text.is_empty() || !text.chars().all(good) {
        problems.push(CONFIG_KEY_RULE.to_owned());
    }
    problems.extend(dotted(text));
    problems
}

/// What is wrong with the name of an environment variable.
pub fn env_name(text: &str) -> Option<&'static str> {
    let bad = |c: char| !(' '..='~').contains(&c) || c == '=';
    text.contains(bad).then_some(ENV_NAME_RULE)
}

/// What is wrong with the name of an environment variable that a person types; stricter than what the server takes.
pub fn typed_env_name(text: &str) -> Vec<String> {
    let mut problems = Vec::new();
    let good = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c);
    if text.is_empty() || text.starts_with(|c: char| c.is_ascii_digit()) || !text.chars().all(good) {
        problems.push(TYPED_ENV_NAME_RULE.to_owned());
    }
    problems.extend(dotted(text));
    problems
}

/// Names that a file system reads as a folder.
fn dotted(text: &str) -> Option<String> {
    match text {
        "." | ".." => Some(format!("must not be '{text}'")),
        _ if text.starts_with("..") => Some("must not start with '..'".into()),
        _ => None,
    }
}

/// What is wrong with the name of an HTTP header.
pub fn http_header(text: &str) -> Option<&'static str> {
    let good = |c: char| c.is_ascii_alphanumeric() || c == '-';
    (text.is_empty() || !text.chars().all(good)).then_some(HEADER_RULE)
}

/// Adds an `Invalid value` for each problem.
pub fn refuse(errors: &mut ErrorList, path: &Path, value: &str, problems: Vec<String>) {
    errors.extend(problems.into_iter().map(|why| invalid(path, value, &why)));
}

/// Refuses a number below zero at a field of `object`; a missing field is fine.
pub fn non_negative(errors: &mut ErrorList, path: &Path, object: &Value, field: &str) {
    if let Some(number) = object.get(field).and_then(Value::as_i64)
        && number < 0
    {
        errors.push(invalid(&path.child(field), number, NOT_NEGATIVE));
    }
}

/// Refuses a change of the value at a field: `Invalid value: ...: field is immutable`.
pub fn immutable(errors: &mut ErrorList, path: &Path, new: Option<&Value>, old: Option<&Value>) {
    let (new, old) = (new.unwrap_or(&Value::Null), old.unwrap_or(&Value::Null));
    if new != old {
        errors.push(invalid(path, new.clone(), IMMUTABLE));
    }
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
    let problems = dns_label(object.str("/metadata/name"));
    (!problems.is_empty()).then(|| {
        format!(
            "metadata.name: this is used in Pod names and hostnames, which can result in surprising behavior; a DNS label is recommended: [{}]",
            problems.join(" ")
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_ports_and_variables() {
        assert!(port_name("http-1").is_empty());
        assert_eq!(port_name("1").len(), 1);
        assert_eq!(port_name("x_y"), ["must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)"]);
        assert_eq!(port_number(0).as_deref(), Some("must be between 1 and 65535, inclusive"));
        assert_eq!(env_name("1 2"), None);
        assert!(env_name("a=b").is_some());
        assert!(dns_label("web-1").is_empty());
        assert_eq!(dns_label("Web").len(), 1);
        assert!(config_key("a.b_c").is_empty());
    }
}
