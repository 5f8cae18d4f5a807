//! The types of the fields of a custom kind, which server-side apply merges by: its schema as a structured-merge-diff
//! schema (`kube-openapi/pkg/schemaconv/openapi.go`).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use kctl_base::json::Value;
use kctl_base::object::ValueRead;
use kctl_base::patch::merge_keys::ListType;
use kctl_base::patch::{FieldSchema, FieldType, Types};
use kctl_base::schema::Schema;

/// The definition of `metadata`, which a schema need not describe.
pub(super) const OBJECT_META: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";

/// The schema of a version as [`Types`]. The definition of an object is the JSON pointer to its schema; all other names
/// are those of built-in definitions.
pub(super) struct FieldTypes {
    schema: Value,
    cache: Mutex<HashMap<(String, String), Arc<FieldSchema>>>,
}

impl FieldTypes {
    pub(super) fn new(schema: Value) -> FieldTypes {
        FieldTypes { schema, cache: Mutex::default() }
    }

    /// Returns the type of the objects.
    pub(super) fn root(&self) -> FieldType {
        match self.schema.is_null() {
            true => FieldType::Any,
            false => FieldType::Object("".into()),
        }
    }

    /// Returns the schema at a pointer; `None` for the name of a built-in definition.
    fn at(&self, definition: &str) -> Option<&Value> {
        self.schema.pointer(definition)
    }

    /// Returns whether fields that a schema does not list are allowed, which the schemas inside of it inherit.
    fn preserves(&self, definition: &str) -> bool {
        let ends = definition.match_indices('/').map(|(end, _)| end).chain([definition.len()]);
        let flags = ends.filter_map(|end| self.at(&definition[..end]));
        flags.into_iter().any(|schema| schema.flag("/x-kubernetes-preserve-unknown-fields"))
    }

    fn type_at(&self, pointer: &str) -> FieldType {
        let Some(schema) = self.at(pointer) else { return FieldType::Unknown };
        match schema.str("/type") {
            "object" => self.object_at(schema, pointer),
            "array" => FieldType::List(Box::new(self.type_at(&format!("{pointer}/items")))),
            "boolean" => FieldType::Boolean,
            "integer" | "number" => FieldType::Number,
            "string" if schema.str("/format").is_empty() => FieldType::String,
            _ => FieldType::Any,
        }
    }

    fn object_at(&self, schema: &Value, pointer: &str) -> FieldType {
        let is_listed = schema.map("/properties").is_some_and(|fields| !fields.is_empty());
        if is_listed || schema.flag("/x-kubernetes-embedded-resource") {
            return FieldType::Object(pointer.to_owned().into());
        }
        match schema.get("additionalProperties") {
            Some(values) if values.is_object() => {
                FieldType::Map(Box::new(self.type_at(&format!("{pointer}/additionalProperties"))))
            }
            _ => FieldType::Any,
        }
    }
}

impl Types for FieldTypes {
    fn field(&self, definition: &str, field: &str) -> FieldType {
        let Some(schema) = self.at(definition) else { return Schema::builtin().field(definition, field) };
        let is_resource = definition.is_empty() || schema.flag("/x-kubernetes-embedded-resource");
        match field {
            "metadata" if is_resource => return FieldType::Object(OBJECT_META.into()),
            "apiVersion" | "kind" if is_resource => return FieldType::String,
            _ => {}
        }
        let place = format!("{definition}/properties/{}", escape(field));
        let found = self.type_at(&place);
        let values = schema.get("additionalProperties");
        match (found, values) {
            (FieldType::Unknown, Some(values)) if values.is_object() => {
                self.type_at(&format!("{definition}/additionalProperties"))
            }
            (FieldType::Unknown, Some(Value::Bool(true))) => FieldType::Any,
            (FieldType::Unknown, _) if self.preserves(definition) => FieldType::Any,
            (found, _) => found,
        }
    }

    fn field_schema(&self, definition: &str, field: &str) -> Arc<FieldSchema> {
        if self.at(definition).is_none() {
            return Schema::builtin().field_schema(definition, field);
        }
        let mut cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (definition.to_owned(), field.to_owned());
        cache.entry(key).or_insert_with(|| Arc::new(FieldSchema::of(self, definition, field))).clone()
    }

    fn list_type(&self, definition: &str, field: &str) -> ListType {
        let Some(schema) = self.at(definition) else { return Schema::builtin().list_type(definition, field) };
        let Some(list) = schema.map("/properties").and_then(|fields| fields.get(field)) else {
            return ListType::Atomic;
        };
        match list.str("/x-kubernetes-list-type") {
            "set" => ListType::Set,
            "map" => {
                let keys = list.list("/x-kubernetes-list-map-keys").iter().filter_map(Value::as_str);
                ListType::Map(keys.map(|key| key.to_owned().into()).collect())
            }
            _ => ListType::Atomic,
        }
    }

    fn is_atomic(&self, definition: &str, field: &str, field_type: &FieldType) -> bool {
        let Some(schema) = self.at(definition) else {
            return Schema::builtin().is_atomic(definition, field, field_type);
        };
        let inner = schema.map("/properties").and_then(|fields| fields.get(field));
        inner.is_some_and(|inner| inner.str("/x-kubernetes-map-type") == "atomic")
    }

    fn is_atomic_object(&self, definition: &str) -> bool {
        match self.at(definition) {
            Some(schema) => schema.str("/x-kubernetes-map-type") == "atomic",
            None => Schema::builtin().is_atomic_object(definition),
        }
    }

    fn key_default(&self, item_definition: &str, key: &str) -> Option<Value> {
        match self.at(item_definition) {
            Some(schema) => schema.map("/properties")?.get(key)?.get("default").cloned(),
            None => Schema::builtin().key_default(item_definition, key),
        }
    }
}

/// Escapes a field name for a JSON pointer (RFC 6901).
fn escape(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests {
    use super::*;
    use kctl_base::json::json;

    fn types() -> FieldTypes {
        FieldTypes::new(json!({"type": "object", "properties": {"spec": {"type": "object", "properties": {
            "tags": {"type": "array", "x-kubernetes-list-type": "set", "items": {"type": "string"}},
            "parts": {"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name", "side"],
                "items": {"type": "object", "properties": {"name": {"type": "string"}, "side": {"type": "string", "default": "left"}}}},
            "atom": {"type": "object", "x-kubernetes-map-type": "atomic", "additionalProperties": {"type": "string"}},
            "a/b": {"type": "integer"},
            "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": true, "properties": {"known": {"type": "object", "properties": {"x": {"type": "string"}}}}},
        }}}}))
    }

    #[test]
    fn the_schema_decides_how_fields_merge() {
        let types = types();
        let spec = "/properties/spec";
        assert_eq!(types.field("", "spec"), FieldType::Object(spec.into()));
        assert_eq!(types.field("", "metadata"), FieldType::Object(OBJECT_META.into()));
        assert_eq!(types.list_type(spec, "tags"), ListType::Set);
        assert_eq!(types.list_type(spec, "parts"), ListType::Map(vec!["name".into(), "side".into()]));
        assert_eq!(types.key_default("/properties/spec/properties/parts/items", "side"), Some(json!("left")));
        assert!(types.field_schema(spec, "atom").atomic);
        assert_eq!(types.field(spec, "a/b"), FieldType::Number);
        assert_eq!(types.field(spec, "nope"), FieldType::Unknown);
        let known = "/properties/spec/properties/free/properties/known";
        assert_eq!(types.field(known, "other"), FieldType::Any, "what preserves unknown fields does so at all depths");
    }
}
