//! The formats of names, keys, ports and addresses, in the words in which the API server refuses them.
//!
//! Each function answers what is wrong with a text, one sentence each; nothing when it is right.

use std::net::IpAddr;
use std::sync::LazyLock;

use regex::Regex;
use serde_json::{Value, json};

use crate::machinery::field::{self, ErrorList, Path};
use crate::machinery::labels;
use crate::machinery::object::Reading;

pub use crate::machinery::labels::dns_subdomain_problems;

/// Compiles a pattern that is part of this file.
fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("the patterns of this file are valid")
}

/// What is wrong with an RFC 1123 label.
pub fn dns_label_problems(text: &str) -> Vec<String> {
    static LABEL: LazyLock<Regex> = LazyLock::new(|| pattern("^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"));
    let mut problems = Vec::new();
    if text.len() > 63 {
        problems.push("must be no more than 63 characters".into());
    }
    if !LABEL.is_match(text) {
        problems.push(
            "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and \
             end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is \
             '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
                .into(),
        );
    }
    problems
}

/// What is wrong with a key of a ConfigMap or Secret.
pub fn config_key_problems(key: &str) -> Vec<String> {
    static KEY: LazyLock<Regex> = LazyLock::new(|| pattern("^[-._a-zA-Z0-9]+$"));
    let mut problems = Vec::new();
    if key.len() > 253 {
        problems.push("must be no more than 253 characters".into());
    }
    if !KEY.is_match(key) {
        problems.push(
            "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or \
             'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')"
                .into(),
        );
    }
    match key {
        "." => problems.push("must not be '.'".into()),
        ".." => problems.push("must not be '..'".into()),
        _ if key.starts_with("..") => problems.push("must not start with '..'".into()),
        _ => {}
    }
    problems
}

/// What is wrong with a segment of a path, such as the name of a role.
pub fn path_segment_problems(name: &str) -> Vec<String> {
    if name == "." || name == ".." {
        return vec![format!("may not be '{name}'")];
    }
    ['/', '%'].into_iter().filter(|c| name.contains(*c)).map(|c| format!("may not contain '{c}'")).collect()
}

/// What is wrong with the number of a port.
pub fn port_problems(port: i64) -> Vec<String> {
    if (1..=65535).contains(&port) { vec![] } else { vec!["must be between 1 and 65535, inclusive".into()] }
}

/// What is wrong with the name of a port (IANA service name).
pub fn port_name_problems(name: &str) -> Vec<String> {
    let mut problems: Vec<String> = Vec::new();
    if name.len() > 15 {
        problems.push("must be no more than 15 characters".into());
    }
    if !name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-') || name.is_empty() {
        problems.push("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)".into());
    }
    if !name.bytes().any(|b| b.is_ascii_lowercase()) {
        problems.push("must contain at least one letter (a-z)".into());
    }
    if name.contains("--") {
        problems.push("must not contain consecutive hyphens".into());
    }
    if name.starts_with('-') || name.ends_with('-') {
        problems.push("must not begin or end with a hyphen".into());
    }
    problems
}

/// Errors of a port that is a number or a name.
pub fn port_or_name_errors(port: &Value, path: &Path) -> ErrorList {
    let problems = match port {
        Value::String(name) => port_name_problems(name),
        other => port_problems(other.as_i64().unwrap_or(0)),
    };
    problems.iter().map(|p| field::invalid(path, port.clone(), p)).collect()
}

/// Whether a text is an IP address.
pub fn is_ip(text: &str) -> bool {
    text.parse::<IpAddr>().is_ok()
}

/// The sentence for a text that is no IP address.
pub const NOT_AN_IP: &str = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)";

/// The sentence for a text that is no CIDR.
pub const NOT_A_CIDR: &str = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)";

/// Address and length of a CIDR such as `10.0.0.0/8`.
pub fn parse_cidr(text: &str) -> Option<(IpAddr, u32)> {
    let (address, length) = text.split_once('/')?;
    let (address, length): (IpAddr, u32) = (address.parse().ok()?, length.parse().ok()?);
    let max = if address.is_ipv4() { 32 } else { 128 };
    (length <= max).then_some((address, length))
}

/// Whether one network lies in another.
pub fn cidr_contains(outer: (IpAddr, u32), inner: (IpAddr, u32)) -> bool {
    let bits = |address: IpAddr| match address {
        IpAddr::V4(v4) => (u128::from(u32::from(v4)) << 96, 32),
        IpAddr::V6(v6) => (u128::from(v6), 128),
    };
    let ((a, family_a), (b, family_b)) = (bits(outer.0), bits(inner.0));
    let mask = if outer.1 == 0 { 0 } else { u128::MAX << (128 - outer.1) };
    family_a == family_b && inner.1 >= outer.1 && a & mask == b & mask
}

/// A rule for texts: answers what is wrong with one.
pub type Rule = fn(&str) -> Vec<String>;

/// Errors of one text under a rule.
pub fn check(rule: Rule, text: &str, path: &Path) -> ErrorList {
    rule(text).iter().map(|problem| field::invalid(path, text, problem)).collect()
}

/// Errors of a map of labels (a plain selector).
pub fn label_map_errors(object: &Value, pointer: &str, path: &Path) -> ErrorList {
    let mut errors = ErrorList::new();
    for (key, value) in object.strings(pointer) {
        errors.extend(check(labels::key_problems, &key, path));
        errors.extend(check(labels::value_problems, &value, path));
    }
    errors
}

/// Errors of a LabelSelector object.
pub fn label_selector_errors(selector: &Value, path: &Path) -> ErrorList {
    let mut errors = label_map_errors(selector, "/matchLabels", &path.child("matchLabels"));
    for (index, expression) in selector.list("/matchExpressions").iter().enumerate() {
        let here = path.child("matchExpressions").index(index);
        let (operator, values) = (expression.str("/operator"), expression.list("/values"));
        match operator {
            "In" | "NotIn" if values.is_empty() => errors
                .push(field::required(&here.child("values"), "must be specified when `operator` is 'In' or 'NotIn'")),
            "Exists" | "DoesNotExist" if !values.is_empty() => errors.push(field::forbidden(
                &here.child("values"),
                "may not be specified when `operator` is 'Exists' or 'DoesNotExist'",
            )),
            "In" | "NotIn" | "Exists" | "DoesNotExist" => {}
            other => errors.push(field::invalid(&here.child("operator"), other, "not a valid selector operator")),
        }
        errors.extend(check(labels::key_problems, expression.str("/key"), &here.child("key")));
        for (i, value) in values.iter().enumerate() {
            errors.extend(check(labels::value_problems, value.as_str().unwrap_or(""), &here.child("values").index(i)));
        }
    }
    errors
}

/// The error for a field that must not change: nothing when it did not.
pub fn immutable(new: &Value, old: &Value, pointer: &str, path: &Path) -> ErrorList {
    let (new, old) = (new.at(pointer), old.at(pointer));
    if new == old {
        return ErrorList::new();
    }
    vec![field::invalid(path, new.cloned().unwrap_or(Value::Null), "field is immutable")]
}

/// Errors of a text that must be one of a few; `Required value` when it is empty.
pub fn one_of(text: &str, path: &Path, supported: &[&str]) -> ErrorList {
    match text {
        "" => vec![field::required(path, "")],
        text if supported.contains(&text) => vec![],
        text => vec![field::not_supported(path, text, supported)],
    }
}

/// The error for a number below zero.
pub fn non_negative(number: i64, path: &Path) -> ErrorList {
    if number < 0 { vec![field::invalid(path, json!(number), "must be greater than or equal to 0")] } else { vec![] }
}

/// The short forms of access modes: `RWO,ROX`.
pub fn access_modes(modes: &[Value]) -> String {
    let order =
        [("ReadWriteOnce", "RWO"), ("ReadOnlyMany", "ROX"), ("ReadWriteMany", "RWX"), ("ReadWriteOncePod", "RWOP")];
    let has = |name: &str| modes.iter().any(|m| m == name);
    let short: Vec<&str> = order.iter().filter(|(name, _)| has(name)).map(|(_, short)| *short).collect();
    short.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_judged() {
        let cases: &[(Rule, &str, usize)] = &[
            (dns_label_problems, "my-name", 0),
            (dns_label_problems, "My", 1),
            (config_key_problems, ".dockerconfigjson", 0),
            (config_key_problems, "..", 1),
            (config_key_problems, "bad key!", 1),
            (path_segment_problems, "system:node", 0),
            (path_segment_problems, "a/b%", 2),
            (port_name_problems, "http", 0),
            (port_name_problems, "x_y", 1),
        ];
        for (rule, text, count) in cases {
            assert_eq!(rule(text).len(), *count, "{text}");
        }
    }

    #[test]
    fn networks_contain_networks() {
        let net = |text| parse_cidr(text).expect("a network");
        assert!(cidr_contains(net("10.0.0.0/8"), net("10.1.0.0/16")));
        assert!(!cidr_contains(net("10.0.0.0/8"), net("11.0.0.0/16")));
        assert!(!cidr_contains(net("10.1.0.0/16"), net("10.0.0.0/8")));
        assert!(parse_cidr("10.0.0.0/33").is_none());
    }
}
