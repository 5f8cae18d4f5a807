//! The formats of strings that a schema may name (`kube-openapi/pkg/validation/strfmt`).

use crate::shared::formats::{dns_label_problems, dns_subdomain_problems, parse_cidr};
use kctl_base::regexp;
use kctl_base::sim::Time;

/// Formats whose values match a pattern.
const PATTERNS: &[(&str, &str)] = &[
    ("bsonobjectid", "^[0-9A-Fa-f]{24}$"),
    ("hexcolor", "^#?([0-9a-fA-F]{3}|[0-9a-fA-F]{6})$"),
    ("isbn", "^([0-9][- ]?){9}[0-9xX]$|^([0-9][- ]?){12}[0-9]$"),
    ("isbn10", "^([0-9][- ]?){9}[0-9xX]$"),
    ("isbn13", "^([0-9][- ]?){12}[0-9]$"),
    (
        "mac",
        "^[0-9A-Fa-f]{2}([:-][0-9A-Fa-f]{2}){5}$|^([0-9A-Fa-f]{4}[.]){2}[0-9A-Fa-f]{4}$|^[0-9A-Fa-f]{2}([:-][0-9A-Fa-f]{2}){7}$",
    ),
    (
        "rgbcolor",
        "^rgb\\(\\s*(0|[1-9]\\d?|1\\d\\d?|2[0-4]\\d|25[0-5])\\s*,\\s*(0|[1-9]\\d?|1\\d\\d?|2[0-4]\\d|25[0-5])\\s*,\\s*(0|[1-9]\\d?|1\\d\\d?|2[0-4]\\d|25[0-5])\\s*\\)$",
    ),
    ("ssn", "^\\d{3}[- ]?\\d{2}[- ]?\\d{4}$"),
    ("uuid", "(?i)^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$"),
    ("uuid3", "(?i)^[0-9a-f]{8}-?[0-9a-f]{4}-?3[0-9a-f]{3}-?[0-9a-f]{4}-?[0-9a-f]{12}$"),
    ("uuid4", "(?i)^[0-9a-f]{8}-?[0-9a-f]{4}-?4[0-9a-f]{3}-?[89ab][0-9a-f]{3}-?[0-9a-f]{12}$"),
    ("uuid5", "(?i)^[0-9a-f]{8}-?[0-9a-f]{4}-?5[0-9a-f]{3}-?[89ab][0-9a-f]{3}-?[0-9a-f]{12}$"),
    (
        "hostname",
        "^([a-zA-Z0-9\\p{L}]([a-zA-Z0-9\\p{L}-]{0,61}[a-zA-Z0-9\\p{L}])?)(\\.[a-zA-Z0-9\\p{L}]([a-zA-Z0-9\\p{L}-]{0,61}[a-zA-Z0-9\\p{L}])?)*$",
    ),
    ("email", "^[^@\\s<>]+@[^@\\s<>]+$"),
    ("date", "^\\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\\d|3[01])$"),
    ("duration", "^\\s*-?(\\d+(\\.\\d*)?\\s*(ns|us|µs|ms|[a-zA-Z]+)\\s*)+$|^0$"),
];

/// Formats whose values are checked otherwise, or not at all.
const OTHERS: &[&str] = &[
    "byte",
    "cidr",
    "creditcard",
    "datetime",
    "double",
    "float",
    "int32",
    "int64",
    "ipv4",
    "ipv6",
    "k8slongname",
    "k8sshortname",
    "password",
    "uri",
];

/// Formats are compared without hyphens: `date-time` is `datetime`.
fn normalized(format: &str) -> String {
    format.replace('-', "")
}

/// Returns whether the API server knows a format; others have no effect.
pub(crate) fn is_known(format: &str) -> bool {
    let name = normalized(format);
    OTHERS.contains(&&*name) || PATTERNS.iter().any(|(known, _)| *known == name)
}

/// Returns whether a text has a format.
pub(super) fn fits(format: &str, text: &str) -> bool {
    match &*normalized(format) {
        "datetime" => Time::parse(text).is_some(),
        "ipv4" => text.parse::<std::net::Ipv4Addr>().is_ok(),
        "ipv6" => text.parse::<std::net::Ipv6Addr>().is_ok(),
        "cidr" => parse_cidr(text).is_some(),
        "byte" => base64::Engine::decode(&base64::prelude::BASE64_STANDARD, text).is_ok(),
        "uri" => is_request_uri(text),
        "creditcard" => is_credit_card(text),
        "k8sshortname" => dns_label_problems(text).is_empty(),
        "k8slongname" => dns_subdomain_problems(text).is_empty(),
        "date" if kctl_base::sim::Time::parse(&format!("{text}T00:00:00Z")).is_none() => false,
        "hostname" if text.len() > 255 => false,
        name => {
            let known = PATTERNS.iter().find(|(known, _)| *known == name);
            known.is_none_or(|(_, pattern)| regexp::compile(pattern).is_ok_and(|pattern| pattern.is_match(text)))
        }
    }
}

/// Returns whether a text is an absolute URI or an absolute path (Go's `url.ParseRequestURI`).
fn is_request_uri(text: &str) -> bool {
    let has_scheme = text.split_once(':').is_some_and(|(scheme, _)| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b))
    });
    !text.contains(|c: char| c.is_ascii_control() || c == ' ') && (has_scheme || text.starts_with('/'))
}

/// Returns whether a text is the number of a credit card: 13 to 19 digits with the right check digit (Luhn).
fn is_credit_card(text: &str) -> bool {
    let digits: Vec<u32> = text.chars().filter(|c| !matches!(c, ' ' | '-')).filter_map(|c| c.to_digit(10)).collect();
    let sum: u32 = (digits.iter().rev().enumerate())
        .map(|(index, digit)| match (index % 2, digit * 2) {
            (0, _) => *digit,
            (_, double) if double > 9 => double - 9,
            (_, double) => double,
        })
        .sum();
    (13..=19).contains(&digits.len()) && sum.is_multiple_of(10)
}
