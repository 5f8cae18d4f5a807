//! Formats of names, keys, ports and addresses (`k8s.io/apimachinery/pkg/util/validation/validation.go`).
//!
//! Each `*_problems` function returns the messages of the API server about a string, and nothing for a valid one.
//! `shared::rules` turns them into field errors; keys and values of labels are in [`labels`].

use std::net::IpAddr;

pub(crate) use kctl_base::labels::dns_label_1035_problems;
pub use kctl_base::labels::{dns_label_problems, dns_name_problems as dns_subdomain_problems};

const CONFIG_KEY_RULE: &str = "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')";
const ENV_NAME_RULE: &str =
    "a valid environment variable name must consist only of printable ASCII characters other than '='";
const TYPED_ENV_NAME_RULE: &str = "a valid environment variable name must consist of alphabetic characters, digits, '_', '-', or '.', and must not start with a digit (e.g. 'my.env-name',  or 'MY_ENV.NAME',  or 'MyEnvName1', regex used for validation is '[-._a-zA-Z][-._a-zA-Z0-9]*')";
const HEADER_RULE: &str = "a valid HTTP header must consist of alphanumeric characters or '-' (e.g. 'X-Header-Name', regex used for validation is '[-A-Za-z0-9]+')";

fn max_length(max: usize) -> String {
    format!("must be no more than {max} characters")
}

/// Returns `must be between LOW and HIGH, inclusive`.
pub(crate) fn inclusive_range(low: i64, high: i64) -> String {
    format!("must be between {low} and {high}, inclusive")
}

/// Validates the name of a port (IANA service name, RFC 6335).
pub fn port_name_problems(text: &str) -> Vec<String> {
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

/// Validates the number of a port.
pub fn port_problems(number: i64) -> Vec<String> {
    if (1..=65535).contains(&number) { vec![] } else { vec![inclusive_range(1, 65535)] }
}

/// Validates a key of a ConfigMap or Secret.
pub fn config_key_problems(text: &str) -> Vec<String> {
    let mut problems = Vec::new();
    if text.len() > 253 {
        problems.push(max_length(253));
    }
    let good = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c);
    if text.is_empty() || !text.chars().all(good) {
        problems.push(CONFIG_KEY_RULE.to_owned());
    }
    problems.extend(dot_problem(text));
    problems
}

/// Validates a segment of a URL path, such as the name of a Role.
pub fn path_segment_problems(name: &str) -> Vec<String> {
    if name == "." || name == ".." {
        return vec![format!("may not be '{name}'")];
    }
    ['/', '%'].into_iter().filter(|c| name.contains(*c)).map(|c| format!("may not contain '{c}'")).collect()
}

/// Validates the name of an environment variable.
pub(crate) fn env_name_problem(text: &str) -> Option<&'static str> {
    let bad = |c: char| !(' '..='~').contains(&c) || c == '=';
    text.contains(bad).then_some(ENV_NAME_RULE)
}

/// Validates the name of an environment variable on kubectl's command line, which is stricter than the API server.
pub fn typed_env_name_problems(text: &str) -> Vec<String> {
    let mut problems = Vec::new();
    let good = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c);
    if text.is_empty() || text.starts_with(|c: char| c.is_ascii_digit()) || !text.chars().all(good) {
        problems.push(TYPED_ENV_NAME_RULE.to_owned());
    }
    problems.extend(dot_problem(text));
    problems
}

/// The problem of a name that a file system takes for a directory, such as `..`.
fn dot_problem(text: &str) -> Option<String> {
    match text {
        "." | ".." => Some(format!("must not be '{text}'")),
        _ if text.starts_with("..") => Some("must not start with '..'".into()),
        _ => None,
    }
}

/// Validates the name of an HTTP header.
pub(crate) fn http_header_problem(text: &str) -> Option<&'static str> {
    let good = |c: char| c.is_ascii_alphanumeric() || c == '-';
    (text.is_empty() || !text.chars().all(good)).then_some(HEADER_RULE)
}

/// The message about a string that is not an IP address.
pub(crate) const NOT_AN_IP: &str = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)";

/// The message about a string that is not a CIDR.
pub(crate) const NOT_A_CIDR: &str = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)";

/// Returns whether a string is an IP address.
pub(crate) fn is_ip(text: &str) -> bool {
    text.parse::<IpAddr>().is_ok()
}

/// Parses a CIDR such as `10.0.0.0/8` into address and prefix length.
pub fn parse_cidr(text: &str) -> Option<(IpAddr, u32)> {
    let (address, length) = text.split_once('/')?;
    let (address, length): (IpAddr, u32) = (address.parse().ok()?, length.parse().ok()?);
    let max = if address.is_ipv4() { 32 } else { 128 };
    (length <= max).then_some((address, length))
}

/// Returns whether `outer` contains the whole network `inner`.
pub fn cidr_contains(outer: (IpAddr, u32), inner: (IpAddr, u32)) -> bool {
    let bits = |address: IpAddr| match address {
        IpAddr::V4(v4) => (u128::from(u32::from(v4)) << 96, 32),
        IpAddr::V6(v6) => (u128::from(v6), 128),
    };
    let ((a, family_a), (b, family_b)) = (bits(outer.0), bits(inner.0));
    let mask = if outer.1 == 0 { 0 } else { u128::MAX << (128 - outer.1) };
    family_a == family_b && inner.1 >= outer.1 && a & mask == b & mask
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_keys_are_validated() {
        type Rule = fn(&str) -> Vec<String>;
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

    #[test]
    fn port_and_variable_names_are_validated() {
        assert!(port_name_problems("http-1").is_empty());
        assert_eq!(port_name_problems("1").len(), 1);
        assert_eq!(
            port_name_problems("x_y"),
            ["must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)"]
        );
        assert_eq!(port_problems(0), ["must be between 1 and 65535, inclusive"]);
        assert_eq!(env_name_problem("1 2"), None);
        assert!(env_name_problem("a=b").is_some());
        assert!(dns_label_problems("web-1").is_empty());
        assert_eq!(dns_label_problems("Web").len(), 1);
        assert!(config_key_problems("a.b_c").is_empty());
    }
}
