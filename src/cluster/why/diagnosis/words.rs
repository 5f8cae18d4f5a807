//! Phrases that several diagnoses use.

use kctl_base::json::Value;
use kctl_base::object::Object;
use kctl_base::sim::Time;

/// Returns `1 pod`, `3 pods`.
pub(super) fn count(number: i64, noun: &str) -> String {
    match number {
        1 => format!("1 {noun}"),
        _ => format!("{number} {noun}s"),
    }
}

/// Returns `is` or `are` for a number of things.
pub(super) fn are(number: i64) -> &'static str {
    if number == 1 { "is" } else { "are" }
}

/// Returns `has` or `have` for a number of things.
pub(super) fn have(number: i64) -> &'static str {
    if number == 1 { "has" } else { "have" }
}

/// Returns the line that names the next attempt; empty when there is none.
pub(super) fn next_try(at: Option<Time>) -> String {
    at.map_or_else(String::new, |at| format!("the next try is at {}", at.rfc3339()))
}

/// Returns a map as `a=b,c=d`.
pub(super) fn pairs<'a>(map: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    map.into_iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(",")
}

/// Returns a value as a reader writes it: strings without quotes.
pub(super) fn value(value: &Value) -> String {
    match value {
        Value::String(text) => text.to_string(),
        other => other.to_string(),
    }
}

/// Returns the condition of a type with a status.
pub(super) fn condition_with<'a>(object: &'a Object, kind: &str, status: &str) -> Option<&'a Value> {
    use kctl_base::object::{ValueRead, condition};
    condition(object, kind).filter(|condition| condition.str("/status") == status)
}
