//! Conversion between YAML scalars and strings, and the test for empty nodes (`kyaml/yaml/rnode.go`).

use kctl_base::json::{self, Value};
use kctl_base::yaml::{self, Dialect};

/// Returns a scalar as it is written in a document; maps, lists and null give the empty string.
pub(super) fn scalar_to_string(value: &Value) -> String {
    match value {
        Value::String(text) => text.to_string(),
        Value::Number(number) => json::number_text(number),
        Value::Bool(flag) => flag.to_string(),
        _ => String::new(),
    }
}

/// Parses a plain scalar: `1` is a number, `true` a boolean, everything else a string.
pub(super) fn parse_scalar(text: &str) -> Value {
    let plain =
        !text.is_empty() && !text.contains([':', '#', '\n', '[', '{', '*', '&', '!', '"', '\'', '|', '>', '%', '@']);
    let loaded = plain.then(|| yaml::to_json_in(text, Dialect::Core).ok()).flatten();
    loaded.map(|l| l.value).filter(|v| !v.is_object() && !v.is_array()).unwrap_or_else(|| text.into())
}

/// Returns whether a value is null, or a map or list without entries (`IsNilOrEmpty`).
pub(super) fn is_nil_or_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Object(fields) => fields.is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kctl_base::json::json;

    #[test]
    fn scalars_are_parsed_by_their_form() {
        for (text, expected) in [
            ("1", json!(1)),
            ("1.5", json!(1.5)),
            ("true", json!(true)),
            ("null", json!(null)),
            ("", json!("")),
            ("a: b", json!("a: b")),
            ("web", json!("web")),
        ] {
            assert_eq!(parse_scalar(text), expected, "{text}");
        }
        assert_eq!(scalar_to_string(&json!(1.0)), "1");
        assert_eq!(scalar_to_string(&json!([1])), "");
    }

    #[test]
    fn empty_strings_are_not_empty_nodes() {
        let all = [json!(null), json!({}), json!([]), json!(""), json!(0), json!([null])];
        assert_eq!(all.map(|value| is_nil_or_empty(&value)), [true, true, true, false, false, false]);
    }
}
