//! The description of kinds without a [`crate::Describer`]: every field with a readable label (`genericDescriber` in
//! `kubectl/pkg/describe/describe.go`).

use crate::shared::describe::{annotations, describe_events, labels};
use crate::{Lookup, PrefixWriter};
use kctl_base::json::{SharedStr, Value};
use kctl_base::object::{Object, ObjectMeta};
use kctl_base::order::Order as _;

/// Fields that are printed at the top already, or not at all.
const SKIPPED: &[&str] =
    &[".metadata.managedFields", ".metadata.name", ".metadata.namespace", ".metadata.labels", ".metadata.annotations"];

/// Words that are printed in capitals.
const ACRONYMS: &[&str] = &["API", "URL", "UID", "GUID"];

/// Writes the description of any object.
pub fn describe(object: &Object, lookup: &dyn Lookup, out: &mut PrefixWriter) {
    out.pair(0, "Name", object.name());
    out.pair(0, "Namespace", object.namespace());
    labels(object, out);
    annotations(object, out);
    content(object, 0, "", out);
    describe_events(lookup, object, out);
}

fn content(value: &Value, level: usize, place: &str, out: &mut PrefixWriter) {
    let mut fields: Vec<(&SharedStr, &Value)> = value.as_object().into_iter().flatten().collect();
    fields.order_by_key(|(name, _)| name.as_str());
    for (name, value) in fields {
        let here = format!("{place}.{name}");
        if SKIPPED.contains(&here.as_str()) {
            continue;
        }
        match value {
            Value::Object(_) => {
                out.line(level, format!("{}:", label(name)));
                content(value, level + 1, &here, out);
            }
            Value::Array(items) => {
                out.line(level, format!("{}:", label(name)));
                for item in items {
                    match item {
                        Value::Object(_) => content(item, level + 1, &here, out),
                        other => out.line(level + 1, text(other)),
                    }
                }
            }
            other => out.pair(level, &label(name), text(other)),
        }
    }
}

/// Formats a value as Go's `%v` does.
fn text(value: &Value) -> String {
    match value {
        Value::Null => "<nil>".into(),
        Value::String(text) => text.to_string(),
        Value::Number(number) => {
            number.as_i64().map_or_else(|| float(number.as_f64().unwrap_or(0.0)), |n| n.to_string())
        }
        Value::Array(items) => format!("[{}]", items.iter().map(text).collect::<Vec<_>>().join(" ")),
        Value::Object(map) => {
            let pairs: Vec<String> = map.iter().map(|(k, v)| format!("{k}:{}", text(v))).collect();
            format!("map[{}]", pairs.join(" "))
        }
        other => other.to_string(),
    }
}

/// Formats a float as Go does: with an exponent when it is very large or very small.
fn float(number: f64) -> String {
    let exponent = if number == 0.0 { 0.0 } else { number.abs().log10().floor() };
    if !(-4.0..21.0).contains(&exponent) {
        let text = format!("{number:e}");
        let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        let (sign, digits) = exponent.strip_prefix('-').map_or(('+', exponent), |d| ('-', d));
        return format!("{mantissa}e{sign}{digits:0>2}");
    }
    number.to_string()
}

/// Turns `creationTimestamp` into `Creation Timestamp`; names with characters other than letters and dashes stay
/// unchanged (`smartLabelFor`).
fn label(field: &str) -> String {
    if field.chars().any(|c| !c.is_alphabetic() && c != '-') {
        return field.into();
    }
    let parts = merge_acronyms(split_words(field));
    let words: Vec<String> = parts
        .into_iter()
        .map(|part| {
            let upper = part.to_uppercase();
            if ACRONYMS.contains(&upper.as_str()) {
                upper
            } else if part.to_lowercase() == part {
                title(&part)
            } else {
                part
            }
        })
        .collect();
    words.join(" ")
}

/// Capitalises the first letter of a word.
fn title(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

/// Splits a camel-case name, also before the last capital of several: `PDFLoader` into `PDF` and `Loader` (the Go
/// module `fatih/camelcase`).
fn split_words(field: &str) -> Vec<String> {
    let class = |c: char| match c {
        c if c.is_lowercase() => 1,
        c if c.is_uppercase() => 2,
        _ => 4,
    };
    let mut runs: Vec<String> = Vec::new();
    let mut last = 0;
    for c in field.chars() {
        match runs.last_mut() {
            Some(run) if class(c) == last => run.push(c),
            _ => runs.push(c.to_string()),
        }
        last = class(c);
    }
    for i in 0..runs.len().saturating_sub(1) {
        let starts = |word: &str, rule: fn(char) -> bool| word.chars().next().is_some_and(rule);
        if starts(&runs[i], char::is_uppercase)
            && starts(&runs[i + 1], char::is_lowercase)
            && let Some(capital) = runs[i].pop()
        {
            runs[i + 1].insert(0, capital);
        }
    }
    runs.retain(|run| !run.is_empty());
    runs
}

/// Joins a run of capitals and the capitalised word after it, so that `IPs` and `CIDRs` stay together.
fn merge_acronyms(parts: Vec<String>) -> Vec<String> {
    let mut merged = Vec::with_capacity(parts.len());
    let mut parts = parts.into_iter().peekable();
    while let Some(part) = parts.next() {
        let capitals = part.len() >= 2 && part.chars().all(|c| !c.is_alphabetic() || c.is_uppercase());
        let follows = |next: &String| next.chars().next().is_some_and(char::is_uppercase);
        match parts.next_if(|next| capitals && follows(next)) {
            Some(next) => merged.push(part + &next),
            None => merged.push(part),
        }
    }
    merged
}

#[cfg(test)]
mod tests {
    use super::*;
    use kctl_base::json::json;

    #[test]
    fn labels_are_readable() {
        let cases = [
            ("creationTimestamp", "Creation Timestamp"),
            ("uid", "UID"),
            ("apiVersion", "API Version"),
            ("$patch", "$patch"),
            ("podCIDRs", "Pod CIDRs"),
            ("kubernetes.io/x", "kubernetes.io/x"),
            ("ownerReferences", "Owner References"),
        ];
        for (field, want) in cases {
            assert_eq!(label(field), want);
        }
    }

    #[test]
    fn nested_fields_are_indented() {
        let object = json!({
            "apiVersion": "example.com/v1", "kind": "Backup",
            "metadata": {"name": "nightly", "namespace": "default", "generation": 1, "managedFields": []},
            "spec": {"copies": 3, "tags": ["a", "b"], "parts": [{"x": null}], "ratio": 1.5},
        });
        let mut out = PrefixWriter::new();
        content(&object, 0, "", &mut out);
        let want = "API Version:\texample.com/v1\nKind:\tBackup\nMetadata:\n  Generation:\t1\nSpec:\n  Copies:\t3\n  Parts:\n    \
                    X:\t<nil>\n  Ratio:\t1.5\n  Tags:\n    a\n    b\n";
        assert_eq!(out.text(), want);
    }
}
