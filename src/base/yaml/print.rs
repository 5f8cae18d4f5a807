//! Objects as kubectl prints them in YAML: encoded as JSON, which is then read as YAML (`sigs.k8s.io/yaml`, `JSONToYAML`).

use super::{Dialect, to_json_in, to_yaml};
use crate::json::{Value, to_compact};

/// A line break of YAML that JSON leaves in strings.
const NEXT_LINE: char = '\u{85}';

/// Returns the YAML of an object. U+0085 in its strings and keys ends a line there, which is read as a blank.
pub fn print(object: &Value) -> String {
    match has_line_breaks(object) {
        // The text comes from an object, so it can be read again.
        true => to_json_in(&to_compact(object), Dialect::Yaml11)
            .map_or_else(|_| to_yaml(object), |loaded| to_yaml(&loaded.value)),
        false => to_yaml(object),
    }
}

fn has_line_breaks(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains(NEXT_LINE),
        Value::Array(items) => items.iter().any(has_line_breaks),
        Value::Object(fields) => fields.iter().any(|(key, value)| key.contains(NEXT_LINE) || has_line_breaks(value)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::json;

    #[test]
    fn a_next_line_becomes_a_blank() {
        let cases = [
            (json!({"k": "x\u{85}y"}), "k: x y\n"),
            (json!({"k": "x\u{85}\u{85}y"}), "k: |-\n  x\n  y\n"),
            (json!({"a\u{85}b": ["c\u{85}d"]}), "a b:\n- c d\n"),
            (json!({"k": "plain\ntext"}), "k: |-\n  plain\n  text\n"),
        ];
        for (object, expected) in cases {
            assert_eq!(print(&object), expected, "{object}");
        }
    }
}
