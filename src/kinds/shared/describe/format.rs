//! Formatting of single values in descriptions.

use std::collections::BTreeMap;

use kctl_base::json::Value;
use kctl_base::object::{Object, ValueRead};

/// Shortens a string to `max` bytes, never inside a character, and marks the cut with dots.
pub(crate) fn shorten(text: &str, max: usize) -> String {
    if text.len() <= max {
        return text.to_string();
    }
    let end = (0..=max).rev().find(|&i| text.is_char_boundary(i)).unwrap_or(0);
    format!("{}...", &text[..end])
}

/// Formats labels as `key=value,key=value`, or `<none>`.
pub(crate) fn format_labels(pairs: &BTreeMap<String, String>) -> String {
    let list: Vec<String> = pairs.iter().map(|(k, v)| format!("{k}={v}")).collect();
    if list.is_empty() { "<none>".into() } else { list.join(",") }
}

/// Formats a list of strings as Go's `%v` does: `[a b]`.
pub(crate) fn go_list(list: &[Value]) -> String {
    let texts: Vec<&str> = list.iter().filter_map(Value::as_str).collect();
    format!("[{}]", texts.join(" "))
}

/// Joins the strings of a list.
pub(crate) fn joined(list: &[Value], separator: &str) -> String {
    let texts: Vec<&str> = list.iter().filter_map(Value::as_str).collect();
    texts.join(separator)
}

/// Returns `text`, or `otherwise` when `text` is empty.
pub(crate) fn non_empty_or<'a>(text: &'a str, otherwise: &'a str) -> &'a str {
    if text.is_empty() { otherwise } else { text }
}

/// Formats the timestamp at a JSON pointer; a missing one as Go's zero time.
pub(crate) fn stamp(object: &Object, pointer: &str) -> String {
    object.time(pointer).map_or_else(|| "Mon, 01 Jan 0001 00:00:00 +0000".into(), |t| t.rfc1123())
}
