//! Objects in Go syntax (`%#v`), as error messages of the YAML writer show them.
//!
//! go-yaml reads keys such as `8080` or `true` as numbers and booleans; a map that has one is a `map[interface {}]` in Go.

use std::collections::BTreeSet;

use super::scalar::parse_scalar;
use kctl_base::go;
use kctl_base::json::{SharedStr, Value};
use kctl_base::order::Order as _;

/// Returns whether one of the keys occurs at any depth of a value.
pub(super) fn has_key(value: &Value, keys: &BTreeSet<String>) -> bool {
    match value {
        Value::Object(fields) => fields.iter().any(|(key, inner)| keys.contains(key.as_str()) || has_key(inner, keys)),
        Value::Array(items) => items.iter().any(|item| has_key(item, keys)),
        _ => false,
    }
}

/// Formats a value in Go syntax. `non_string_keys` are the keys that Go does not hold as strings.
pub(super) fn format(value: &Value, non_string_keys: &BTreeSet<String>) -> String {
    match value {
        Value::Object(fields) => {
            let is_non_string = |key: &str| non_string_keys.contains(key);
            // fmt sorts strings first, then numbers, then the rest.
            let rank = |key: &str| match (is_non_string(key), parse_scalar(key)) {
                (false, _) => 0,
                (true, Value::Number(_)) => 1,
                (true, _) => 2,
            };
            let mut keys: Vec<&SharedStr> = fields.keys().collect();
            keys.order_by_key(|key| rank(key));
            let pair = |key: &&SharedStr| {
                let key_syntax = if is_non_string(key) { key.to_string() } else { go::quote(key) };
                format!("{key_syntax}:{}", format(&fields[key.as_str()], non_string_keys))
            };
            let name = if keys.iter().any(|key| is_non_string(key)) { "interface {}" } else { "string" };
            format!("map[{name}]interface {{}}{{{}}}", keys.iter().map(pair).collect::<Vec<_>>().join(", "))
        }
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(|item| format(item, non_string_keys)).collect();
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
    fn non_string_keys_change_the_map_type() {
        let keys = BTreeSet::from(["8080".to_string(), "true".to_string()]);
        let value = json!({"data": {"8080": "x", "true": 1, "z": ["y"]}});
        assert!(has_key(&value, &keys));
        assert_eq!(
            format(&value, &keys),
            r#"map[string]interface {}{"data":map[interface {}]interface {}{"z":[]interface {}{"y"}, 8080:"x", true:1}}"#
        );
    }
}
