//! Name, labels, annotations and owner at the top of a description.
//!
//! Lines still contain their tabs; the describe printer aligns them.

use std::collections::BTreeMap;

use super::format::shorten;
use crate::PrefixWriter;
use kctl_base::managed::LAST_APPLIED;
use kctl_base::object::{Object, ObjectMeta, ValueRead};

/// Length in bytes above which an annotation is printed below its key.
const MAX_ANNOTATION: usize = 140;

/// Writes `Name` and, for namespaced objects, `Namespace`.
pub(crate) fn name_and_namespace(object: &Object, out: &mut PrefixWriter) {
    out.pair(0, "Name", object.name());
    if !object.namespace().is_empty() {
        out.pair(0, "Namespace", object.namespace());
    }
}

/// Writes name, namespace, labels and annotations: the beginning of most descriptions.
pub(crate) fn head(object: &Object, out: &mut PrefixWriter) {
    name_and_namespace(object, out);
    labels(object, out);
    annotations(object, out);
}

/// Writes the `Labels:` lines, one for each label.
pub(crate) fn labels(object: &Object, out: &mut PrefixWriter) {
    label_lines(0, "Labels", &object.labels(), out);
}

/// Writes pairs under a title as `key=value`, one on each line, the first next to the title.
pub(crate) fn label_lines(level: usize, title: &str, pairs: &BTreeMap<String, String>, out: &mut PrefixWriter) {
    let lines: Vec<String> = pairs.iter().map(|(k, v)| format!("{k}={v}")).collect();
    titled_lines(level, title, &lines, out);
}

/// Writes lines under a title, the first next to the title; `<none>` for an empty list.
pub(crate) fn titled_lines(level: usize, title: &str, lines: &[String], out: &mut PrefixWriter) {
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

/// Writes the `Annotations:` lines (`printAnnotationsMultiline`). Long values and values of several lines are printed
/// below their key and shortened.
pub(crate) fn annotations(object: &Object, out: &mut PrefixWriter) {
    annotation_lines(0, "Annotations", &object.strings("/metadata/annotations"), out);
}

/// Writes annotations under a title, without kubectl's last-applied configuration.
pub(crate) fn annotation_lines(level: usize, title: &str, pairs: &BTreeMap<String, String>, out: &mut PrefixWriter) {
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

/// Writes `Controlled By:` when the object has a controller.
pub(crate) fn controlled_by(object: &Object, out: &mut PrefixWriter) {
    if let Some(owner) = object.controller_of() {
        out.pair(0, "Controlled By", format!("{}/{}", owner.kind, owner.name));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kctl_base::json::json;

    #[test]
    fn long_annotations_are_shortened_and_wrapped() {
        let object = json!({"metadata": {"annotations": {
            LAST_APPLIED: "{}", "a": "1", "b": "x\ny\n", "c": "z".repeat(150),
        }}});
        let mut out = PrefixWriter::new();
        annotations(&object, &mut out);
        let want = format!("Annotations:\ta: 1\n\tb:\n\t  x\n\t  y\n\tc:\n\t  {}...\n", "z".repeat(138));
        assert_eq!(out.text(), want);
    }

    #[test]
    fn labels_are_printed_one_on_each_line() {
        let mut out = PrefixWriter::new();
        labels(&json!({"metadata": {"labels": {"b": "2", "a": "1"}}}), &mut out);
        labels(&json!({}), &mut out);
        assert_eq!(out.text(), "Labels:\ta=1\n\tb=2\nLabels:\t<none>\n");
    }
}
