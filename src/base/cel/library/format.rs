//! Named formats of strings (`library/format.go`).

use std::sync::Arc;

use cel::Value;
use cel::objects::Opaque;

use super::{Of, Overload, opaque, overload, text, url};
use crate::cel::optional;
use crate::labels::{dns_label_1035_problems, dns_label_problems, dns_name_problems, key_problems, value_problems};
use crate::regexp;

pub(super) const FORMAT: &str = "kubernetes.NamedFormat";

const ARG: Of = Of::Opaque(FORMAT);

/// Declares the function of a format: `format.uuid()`.
macro_rules! named {
    ($name:literal) => {
        overload!(false, $name, [] => ARG, |_| Format::named(&$name["format.".len()..]).map(value).ok_or_else(String::new))
    };
}

pub(super) const OVERLOADS: &[Overload] = &[
    overload!(false, "format.named", [Of::Text] => Of::Optional(&ARG), |args| {
        Ok(optional(Format::named(text(args, 0)).map(value)))
    }),
    overload!(true, "validate", [ARG, Of::Text] => Of::Optional(&Of::Texts), |args| {
        let problems = opaque::<Format>(args, 0)?.problems(text(args, 1));
        Ok(optional((!problems.is_empty()).then(|| problems.into())))
    }),
    named!("format.dns1123Label"),
    named!("format.dns1123Subdomain"),
    named!("format.dns1035Label"),
    named!("format.qualifiedName"),
    named!("format.dns1123LabelPrefix"),
    named!("format.dns1123SubdomainPrefix"),
    named!("format.dns1035LabelPrefix"),
    named!("format.labelValue"),
    named!("format.uri"),
    named!("format.uuid"),
    named!("format.byte"),
    named!("format.date"),
    named!("format.datetime"),
];

/// A format.
#[derive(Debug, PartialEq, Eq)]
struct Format {
    name: &'static str,
}

impl Opaque for Format {
    fn runtime_type_name(&self) -> &str {
        FORMAT
    }
}

fn value(format: Format) -> Value {
    Value::Opaque(Arc::new(format))
}

impl Format {
    /// Returns the format with this name.
    fn named(name: &str) -> Option<Format> {
        let mut names = OVERLOADS.iter().filter_map(|overload| overload.name.strip_prefix("format."));
        names.find(|known| *known == name && name != "named").map(|name| Format { name })
    }

    /// Returns the messages about a text; none if it has the format.
    fn problems(&self, text: &str) -> Vec<String> {
        match self.name {
            "dns1123Label" => dns_label_problems(text),
            "dns1123Subdomain" => dns_name_problems(text),
            "dns1035Label" => dns_label_1035_problems(text),
            "dns1123LabelPrefix" => dns_label_problems(&completed(text)),
            "dns1123SubdomainPrefix" => dns_name_problems(&completed(text)),
            "dns1035LabelPrefix" => dns_label_1035_problems(&completed(text)),
            "qualifiedName" => key_problems(text),
            "labelValue" => value_problems(text),
            "uri" => url::request_uri_error(text).into_iter().collect(),
            "uuid" => unless(matches(UUID, text), "does not match the UUID format"),
            "byte" => unless(matches(BASE64, text), "invalid base64"),
            "date" => unless(is_date(text), "invalid date"),
            _ => unless(is_date_time(text), "invalid datetime"),
        }
    }
}

/// The patterns of kube-openapi, `pkg/validation/strfmt`, and of govalidator.
const UUID: &str = "(?i)^[0-9A-F]{8}-?[0-9A-F]{4}-?[0-9A-F]{4}-?[0-9A-F]{4}-?[0-9A-F]{12}$";
const BASE64: &str = "^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{4})$";
const TIME: &str = "^([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](.[0-9]+)?(z|[+-][0-9]{2}:[0-9]{2})$";

/// Replaces a dash at the end of a prefix, which may be followed by more (`maskTrailingDash`).
fn completed(prefix: &str) -> String {
    match prefix.strip_suffix('-') {
        Some(rest) if !rest.is_empty() => {
            let kept: String = rest.chars().take(rest.chars().count() - 1).collect();
            format!("{kept}a")
        }
        _ => prefix.to_owned(),
    }
}

fn unless(is_valid: bool, problem: &str) -> Vec<String> {
    if is_valid { Vec::new() } else { vec![problem.to_owned()] }
}

fn matches(pattern: &str, text: &str) -> bool {
    regexp::compile(pattern).is_ok_and(|pattern| pattern.is_match(text))
}

fn is_date(text: &str) -> bool {
    text.len() == 10 && chrono::NaiveDate::parse_from_str(text, "%Y-%m-%d").is_ok()
}

fn is_date_time(text: &str) -> bool {
    let lower = text.to_lowercase();
    lower.split_once('t').is_some_and(|(date, time)| is_date(date) && matches(TIME, time))
}
