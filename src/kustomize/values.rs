//! What stands in a document as kustomize sees it: scalars as texts, texts as scalars, and what counts as nothing.

use kctl_base::json::{self, Value};
use kctl_base::yaml::{self, Dialect};

/// The text of a scalar as it stands in a document, or the empty string.
pub(super) fn scalar_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.to_string(),
        Value::Number(number) => json::number_text(number),
        Value::Bool(flag) => flag.to_string(),
        _ => String::new(),
    }
}

/// A scalar of the type that its text has in a document.
pub(super) fn scalar_of(text: &str) -> Value {
    let plain =
        !text.is_empty() && !text.contains([':', '#', '\n', '[', '{', '*', '&', '!', '"', '\'', '|', '>', '%', '@']);
    let loaded = plain.then(|| yaml::to_json_in(text, Dialect::Core).ok()).flatten();
    loaded.map(|l| l.value).filter(|v| !v.is_object() && !v.is_array()).unwrap_or_else(|| text.into())
}

/// Whether a value says nothing: null, or a map or a list without anything in it.
pub(super) fn is_nothing(value: &Value) -> bool {
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
    fn a_text_is_read_as_the_scalar_it_shows() {
        for (text, expected) in [
            ("1", json!(1)),
            ("1.5", json!(1.5)),
            ("true", json!(true)),
            ("null", json!(null)),
            ("", json!("")),
            ("a: b", json!("a: b")),
            ("web", json!("web")),
        ] {
            assert_eq!(scalar_of(text), expected, "{text}");
        }
        assert_eq!(scalar_text(&json!(1.0)), "1");
        assert_eq!(scalar_text(&json!([1])), "");
    }

    #[test]
    fn empty_maps_and_lists_say_nothing_and_empty_texts_something() {
        let all = [json!(null), json!({}), json!([]), json!(""), json!(0), json!([null])];
        assert_eq!(all.map(|value| is_nothing(&value)), [true, true, true, false, false, false]);
    }
}
