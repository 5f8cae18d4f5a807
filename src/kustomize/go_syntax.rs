//! An object as Go prints it in an error message, keys that are no text included.

use std::collections::BTreeSet;

use super::values::scalar_of;
use kctl_base::go;
use kctl_base::json::{SharedStr, Value};

/// Whether one of the keys is in an object or in what it holds.
pub(super) fn has_key(value: &Value, keys: &BTreeSet<String>) -> bool {
    match value {
        Value::Object(fields) => fields.iter().any(|(key, inner)| keys.contains(key.as_str()) || has_key(inner, keys)),
        Value::Array(items) => items.iter().any(|item| has_key(item, keys)),
        _ => false,
    }
}

/// The value in Go's syntax, where a map with other keys than texts is one of anything.
pub(super) fn show(value: &Value, other_keys: &BTreeSet<String>) -> String {
    match value {
        Value::Object(fields) => {
            let is_other = |key: &str| other_keys.contains(key);
            // Texts come first, then numbers, then the rest.
            let rank = |key: &str| match (is_other(key), scalar_of(key)) {
                (false, _) => 0,
                (true, Value::Number(_)) => 1,
                (true, _) => 2,
            };
            let mut keys: Vec<&SharedStr> = fields.keys().collect();
            keys.sort_by_key(|key| rank(key));
            let pair = |key: &&SharedStr| {
                let shown = if is_other(key) { key.to_string() } else { go::quote(key) };
                format!("{shown}:{}", show(&fields[key.as_str()], other_keys))
            };
            let name = if keys.iter().any(|key| is_other(key)) { "interface {}" } else { "string" };
            format!("map[{name}]interface {{}}{{{}}}", keys.iter().map(pair).collect::<Vec<_>>().join(", "))
        }
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(|item| show(item, other_keys)).collect();
            format!("[]interface {{}}{{{}}}", items.join(", "))
        }
        other => go::value_syntax(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kctl_base::json::json;

    #[test]
    fn other_keys_make_another_map() {
        let keys = BTreeSet::from(["8080".to_string(), "true".to_string()]);
        let value = json!({"data": {"8080": "x", "true": 1, "z": ["y"]}});
        assert!(has_key(&value, &keys));
        assert_eq!(
            show(&value, &keys),
            r#"map[string]interface {}{"data":map[interface {}]interface {}{"z":[]interface {}{"y"}, 8080:"x", true:1}}"#
        );
    }
}
