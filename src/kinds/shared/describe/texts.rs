//! Values as the texts that descriptions have for them.

use std::collections::BTreeMap;

use kctl_base::json::Value;
use kctl_base::object::{Object, ValueRead};

/// Cuts a text to `max` bytes (never inside a character) and marks the cut with dots.
pub fn shorten(text: &str, max: usize) -> String {
    if text.len() <= max {
        return text.to_string();
    }
    let end = (0..=max).rev().find(|&i| text.is_char_boundary(i)).unwrap_or(0);
    format!("{}...", &text[..end])
}

/// `key=value,key=value`, or `<none>`.
pub fn format_labels(pairs: &BTreeMap<String, String>) -> String {
    let list: Vec<String> = pairs.iter().map(|(k, v)| format!("{k}={v}")).collect();
    if list.is_empty() { "<none>".into() } else { list.join(",") }
}

/// A list of texts as Go prints it: `[a b]`.
pub fn go_list(list: &[Value]) -> String {
    let texts: Vec<&str> = list.iter().filter_map(Value::as_str).collect();
    format!("[{}]", texts.join(" "))
}

/// The texts of a list, joined.
pub fn joined(list: &[Value], separator: &str) -> String {
    let texts: Vec<&str> = list.iter().filter_map(Value::as_str).collect();
    texts.join(separator)
}

/// The text, or a stand-in for an empty one.
pub fn or<'a>(text: &'a str, otherwise: &'a str) -> &'a str {
    if text.is_empty() { otherwise } else { text }
}

/// A timestamp at a pointer as descriptions print it; Go's zero time when it is missing.
pub fn stamp(object: &Object, pointer: &str) -> String {
    object.time(pointer).map_or_else(|| "Mon, 01 Jan 0001 00:00:00 +0000".into(), |t| t.rfc1123())
}
