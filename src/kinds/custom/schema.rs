//! Defaulting and pruning with a structural schema
//! (`apiextensions-apiserver/pkg/apiserver/schema/{defaulting,pruning}`).

use kctl_base::json::Value;
use kctl_base::object::ValueRead;
use kctl_base::patch::{FieldType, Types};
use kctl_base::schema::Schema;

use super::field_types::OBJECT_META;

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

/// Returns the paths of the fields of a value that its schema does not know.
pub(super) fn unknown_in_value(schema: &Value, value: &Value) -> Vec<String> {
    let mut unknown = Vec::new();
    walk_unknown(schema, &mut value.clone(), "", false, &mut unknown);
    unknown
}

/// Removes the fields of embedded metadata that the metadata of objects does not have.
fn prune_metadata(metadata: &mut Value, place: &str, unknown: &mut Vec<String>) {
    let Some(fields) = metadata.as_object_mut() else { return };
    let is_known = |name: &str| Schema::builtin().field(OBJECT_META, name) != FieldType::Unknown;
    let gone: Vec<_> = fields.iter().map(|(name, _)| name.clone()).filter(|name| !is_known(name)).collect();
    for name in gone {
        fields.remove(&name);
        unknown.push(format!("{place}.{name}"));
    }
}

fn walk_unknown(schema: &Value, value: &mut Value, place: &str, root: bool, unknown: &mut Vec<String>) {
    let keeps = schema.is_null() || schema.flag("/x-kubernetes-preserve-unknown-fields");
    match value {
        Value::Object(map) => {
            let is_embedded = schema.flag("/x-kubernetes-embedded-resource");
            let mut gone = Vec::new();
            for (name, inner) in map.iter_mut() {
                let here = if place.is_empty() { name.to_string() } else { format!("{place}.{name}") };
                if (root || is_embedded) && COMMON.contains(&name.as_str()) {
                    if is_embedded && &**name == "metadata" {
                        prune_metadata(inner, &here, unknown);
                    }
                    continue;
                }
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
