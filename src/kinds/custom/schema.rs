//! Defaulting and pruning with a structural schema
//! (`apiextensions-apiserver/pkg/apiserver/schema/{defaulting,pruning}`).

use kctl_base::json::Value;
use kctl_base::object::ValueRead;

/// Fields of every object, which a schema need not list.
pub(super) const COMMON: [&str; 3] = ["apiVersion", "kind", "metadata"];

/// Sets the defaults of missing fields, recursively.
pub(super) fn set_defaults(schema: &Value, value: &mut Value) {
    match value {
        Value::Object(map) => {
            for (name, inner) in schema.map("/properties").into_iter().flatten() {
                let missing = match map.get(name) {
                    None => true,
                    Some(Value::Null) => !inner.flag("/nullable"),
                    Some(_) => false,
                };
                if let Some(default) = inner.get("default").filter(|_| missing) {
                    map.insert(name.clone(), default.clone());
                }
                if let Some(value) = map.get_mut(name) {
                    set_defaults(inner, value);
                }
            }
            if let Some(inner) = schema.get("additionalProperties").filter(|s| s.is_object()) {
                let known = schema.map("/properties");
                for (_, value) in map.iter_mut().filter(|(k, _)| known.is_none_or(|m| !m.contains_key(k))) {
                    set_defaults(inner, value);
                }
            }
        }
        Value::Array(items) => {
            if let Some(inner) = schema.get("items") {
                items.iter_mut().for_each(|item| set_defaults(inner, item));
            }
        }
        _ => {}
    }
}

/// Removes the fields that the schema does not know and returns their paths, as the errors of strict decoding name
/// them.
pub(super) fn prune(schema: &Value, object: &mut Value) -> Vec<String> {
    let mut unknown = Vec::new();
    walk_unknown(schema, object, "", true, &mut unknown);
    unknown
}

fn walk_unknown(schema: &Value, value: &mut Value, place: &str, root: bool, unknown: &mut Vec<String>) {
    let keeps = schema.is_null() || schema.flag("/x-kubernetes-preserve-unknown-fields");
    match value {
        Value::Object(map) => {
            let root = root || schema.flag("/x-kubernetes-embedded-resource");
            let mut gone = Vec::new();
            for (name, inner) in map.iter_mut() {
                if root && COMMON.contains(&name.as_str()) {
                    continue;
                }
                let here = if place.is_empty() { name.to_string() } else { format!("{place}.{name}") };
                let others = schema.get("additionalProperties").filter(|s| **s != Value::Bool(false));
                let known = schema.map("/properties").and_then(|m| m.get(name)).or(others);
                match known {
                    Some(Value::Bool(_)) => {}
                    Some(inner_schema) => walk_unknown(inner_schema, inner, &here, false, unknown),
                    None if keeps => {}
                    None => {
                        unknown.push(here);
                        gone.push(name.clone());
                    }
                }
            }
            for name in gone {
                map.remove(&name);
            }
        }
        Value::Array(items) => {
            if let Some(inner) = schema.get("items") {
                for (index, item) in items.iter_mut().enumerate() {
                    walk_unknown(inner, item, &format!("{place}[{index}]"), false, unknown);
                }
            }
        }
        _ => {}
    }
}

/// Returns whether a schema contains CEL rules at any level.
pub(super) fn has_rules(schema: &Value) -> bool {
    match schema {
        Value::Object(map) => map.contains_key("x-kubernetes-validations") || map.values().any(has_rules),
        Value::Array(list) => list.iter().any(has_rules),
        _ => false,
    }
}
