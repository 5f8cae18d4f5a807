//! Parts of a description that most kinds have: labels, annotations, lists with one item a line, and the events.
//!
//! The text still has its tabs; the describe printer aligns it.

use std::collections::BTreeMap;

use serde_json::Value;

pub use super::describe::describe_events;
use crate::kinds::Describer;
use crate::machinery::object::{Meta, Object, Reading};

/// The annotation that kubectl keeps for itself and that descriptions leave out.
pub const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// Longest annotation that is shown on the line of its key.
const MAX_ANNOTATION: usize = 140;

/// `Name`, `Namespace` (where there is one), `Labels` and `Annotations`: how most descriptions begin.
pub fn head(object: &Object, out: &mut Describer) {
    out.pair(0, "Name", object.name());
    if !object.namespace().is_empty() {
        out.pair(0, "Namespace", object.namespace());
    }
    labels(object, out);
    annotations(object, out);
}

/// The `Labels:` lines, one label a line.
pub fn labels(object: &Object, out: &mut Describer) {
    label_lines(0, "Labels", &object.labels(), out);
}

/// Pairs under a title, one `key=value` a line, the first beside the title.
pub fn label_lines(level: usize, title: &str, pairs: &BTreeMap<String, String>, out: &mut Describer) {
    let lines: Vec<String> = pairs.iter().map(|(k, v)| format!("{k}={v}")).collect();
    lines_under(level, title, &lines, out);
}

/// Texts under a title, one a line, the first beside the title; `<none>` when there are none.
pub fn lines_under(level: usize, title: &str, lines: &[String], out: &mut Describer) {
    match lines.split_first() {
        None => out.pair(level, title, "<none>"),
        Some((first, rest)) => {
            out.pair(level, title, first);
            for line in rest {
                out.line(level, format!("\t{line}"));
            }
        }
    }
}

/// The `Annotations:` lines. Long ones and those of several lines stand below their key, cut to a readable length.
pub fn annotations(object: &Object, out: &mut Describer) {
    annotation_lines(0, "Annotations", &object.strings("/metadata/annotations"), out);
}

/// Annotations under a title; the one kubectl keeps for itself is left out.
pub fn annotation_lines(level: usize, title: &str, pairs: &BTreeMap<String, String>, out: &mut Describer) {
    let shown: Vec<_> = pairs.iter().filter(|(key, _)| *key != LAST_APPLIED).collect();
    out.write(level, format!("{title}:\t"));
    if shown.is_empty() {
        out.line(0, "<none>");
    }
    for (position, (key, value)) in shown.into_iter().enumerate() {
        if position > 0 {
            out.write(level, "\t");
        }
        let value = value.strip_suffix('\n').unwrap_or(value);
        if value.len() + key.len() + 2 > MAX_ANNOTATION || value.contains('\n') {
            out.line(0, format!("{key}:"));
            for line in value.split('\n') {
                out.line(level, format!("\t  {}", shorten(line, MAX_ANNOTATION - 2)));
            }
        } else {
            out.line(0, format!("{key}: {value}"));
        }
    }
}

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

/// A table of conditions below `Conditions:`; nothing when there are none.
pub fn conditions(object: &Object, out: &mut Describer) {
    let list = object.list("/status/conditions");
    if list.is_empty() {
        return;
    }
    out.line(0, "Conditions:");
    out.line(1, "Type\tStatus\tLastTransitionTime\tReason\tMessage");
    out.line(1, "----\t------\t------------------\t------\t-------");
    for c in list {
        let when = stamp(c, "/lastTransitionTime");
        let (kind, status) = (c.str("/type"), c.str("/status"));
        out.line(1, format!("{kind}\t{status}\t{when}\t{}\t{}", c.str("/reason"), c.str("/message")));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn annotations_are_cut_and_broken() {
        let object = json!({"metadata": {"annotations": {
            LAST_APPLIED: "{}", "a": "1", "b": "x\ny\n", "c": "z".repeat(150),
        }}});
        let mut out = Describer::new();
        annotations(&object, &mut out);
        let want = format!("Annotations:\ta: 1\n\tb:\n\t  x\n\t  y\n\tc:\n\t  {}...\n", "z".repeat(138));
        assert_eq!(out.text(), want);
    }

    #[test]
    fn labels_stand_one_a_line() {
        let mut out = Describer::new();
        labels(&json!({"metadata": {"labels": {"b": "2", "a": "1"}}}), &mut out);
        labels(&json!({}), &mut out);
        assert_eq!(out.text(), "Labels:\ta=1\n\tb=2\nLabels:\t<none>\n");
    }
}
