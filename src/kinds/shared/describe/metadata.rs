//! Name, labels and annotations at the head of a description, and lists with one item a line.
//!
//! The text still has its tabs; the describe printer aligns it.

use std::collections::BTreeMap;

use super::texts::shorten;
use crate::PrefixWriter;
use kctl_base::managed::LAST_APPLIED;
use kctl_base::object::{Object, ObjectMeta, ValueRead};

/// Longest annotation that is shown on the line of its key.
const MAX_ANNOTATION: usize = 140;

/// `Name`, and `Namespace` where there is one.
pub fn identity(object: &Object, out: &mut PrefixWriter) {
    out.pair(0, "Name", object.name());
    if !object.namespace().is_empty() {
        out.pair(0, "Namespace", object.namespace());
    }
}

/// What it is called, `Labels` and `Annotations`: how most descriptions begin.
pub fn head(object: &Object, out: &mut PrefixWriter) {
    identity(object, out);
    labels(object, out);
    annotations(object, out);
}

/// The `Labels:` lines, one label a line.
pub fn labels(object: &Object, out: &mut PrefixWriter) {
    label_lines(0, "Labels", &object.labels(), out);
}

/// Pairs under a title, one `key=value` a line, the first beside the title.
pub fn label_lines(level: usize, title: &str, pairs: &BTreeMap<String, String>, out: &mut PrefixWriter) {
    let lines: Vec<String> = pairs.iter().map(|(k, v)| format!("{k}={v}")).collect();
    lines_under(level, title, &lines, out);
}

/// Texts under a title, one a line, the first beside the title; `<none>` when there are none.
pub fn lines_under(level: usize, title: &str, lines: &[String], out: &mut PrefixWriter) {
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
pub fn annotations(object: &Object, out: &mut PrefixWriter) {
    annotation_lines(0, "Annotations", &object.strings("/metadata/annotations"), out);
}

/// Annotations under a title; the one kubectl keeps for itself is left out.
pub fn annotation_lines(level: usize, title: &str, pairs: &BTreeMap<String, String>, out: &mut PrefixWriter) {
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

/// `Controlled By:` when there is a managing owner.
pub fn controlled_by(object: &Object, out: &mut PrefixWriter) {
    if let Some(owner) = object.controller_of() {
        out.pair(0, "Controlled By", format!("{}/{}", owner.kind, owner.name));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kctl_base::json::json;

    #[test]
    fn annotations_are_cut_and_broken() {
        let object = json!({"metadata": {"annotations": {
            LAST_APPLIED: "{}", "a": "1", "b": "x\ny\n", "c": "z".repeat(150),
        }}});
        let mut out = PrefixWriter::new();
        annotations(&object, &mut out);
        let want = format!("Annotations:\ta: 1\n\tb:\n\t  x\n\t  y\n\tc:\n\t  {}...\n", "z".repeat(138));
        assert_eq!(out.text(), want);
    }

    #[test]
    fn labels_stand_one_a_line() {
        let mut out = PrefixWriter::new();
        labels(&json!({"metadata": {"labels": {"b": "2", "a": "1"}}}), &mut out);
        labels(&json!({}), &mut out);
        assert_eq!(out.text(), "Labels:\ta=1\n\tb=2\nLabels:\t<none>\n");
    }
}
