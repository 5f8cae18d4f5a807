//! Name, labels and annotations at the head of a description.

use std::collections::BTreeMap;

use crate::kinds::Describer;
use crate::machinery::object::{Meta, Object, Reading};

/// The longest line of an annotation that is shown whole.
const LONGEST: usize = 140;
/// Annotations that are not shown.
const HIDDEN: &[&str] = &["kubectl.kubernetes.io/last-applied-configuration"];

/// Name and namespace.
pub fn head(object: &Object, out: &mut Describer) {
    out.pair(0, "Name", object.name());
    out.pair(0, "Namespace", object.namespace());
}

/// `Labels:` with one label a line; `<none>` without any.
pub fn labels(object: &Object, out: &mut Describer) {
    map_lines("", "Labels", &object.labels(), out);
}

/// A titled map with one `key=value` a line; the title may carry its own indentation.
pub fn map_lines(indent: &str, title: &str, map: &BTreeMap<String, String>, out: &mut Describer) {
    out.write(0, format!("{indent}{title}:\t"));
    if map.is_empty() {
        return out.line(0, "<none>");
    }
    for (index, (key, value)) in map.iter().enumerate() {
        let lead = if index == 0 { String::new() } else { format!("{indent}\t") };
        out.line(0, format!("{lead}{key}={value}"));
    }
}

/// `Annotations:` with one annotation a line.
pub fn annotations(object: &Object, out: &mut Describer) {
    annotation_lines("Annotations", &object.strings("/metadata/annotations"), out);
}

/// A titled map of annotations: long ones and those of several lines stand below their key, cut at 140 characters.
pub fn annotation_lines(title: &str, map: &BTreeMap<String, String>, out: &mut Describer) {
    let shown: Vec<_> = map.iter().filter(|(key, _)| !HIDDEN.contains(&key.as_str())).collect();
    out.write(0, format!("{title}:\t"));
    if shown.is_empty() {
        return out.line(0, "<none>");
    }
    for (index, (key, value)) in shown.into_iter().enumerate() {
        let lead = if index == 0 { "" } else { "\t" };
        let value = value.strip_suffix('\n').unwrap_or(value);
        if value.len() + key.len() + 2 <= LONGEST && !value.contains('\n') {
            out.line(0, format!("{lead}{key}: {value}"));
            continue;
        }
        out.line(0, format!("{lead}{key}:"));
        for line in value.split('\n') {
            out.line(0, format!("\t  {}", shorten(line, LONGEST - 2)));
        }
    }
}

/// Cuts a text after `max` bytes (at the character before, if that is inside one).
fn shorten(text: &str, max: usize) -> String {
    if text.len() <= max {
        return text.to_owned();
    }
    let end = (0..=max).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    format!("{}...", &text[..end])
}

/// `Controlled By:` when there is a managing owner.
pub fn controlled_by(object: &Object, out: &mut Describer) {
    if let Some(owner) = object.controller_of() {
        out.pair(0, "Controlled By", format!("{}/{}", owner.kind, owner.name));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn long_annotations_are_cut_below_their_key() {
        let long = "x".repeat(200);
        let object = json!({"metadata": {"annotations": {
            "a": "short", "b": long, "kubectl.kubernetes.io/last-applied-configuration": "{}"
        }}});
        let mut out = Describer::new();
        annotations(&object, &mut out);
        assert_eq!(out.text(), format!("Annotations:\ta: short\n\tb:\n\t  {}...\n", "x".repeat(138)));
    }
}
