//! The published OpenAPI definitions as types for patches: an implementation of [`Types`] without the built-in schema.

use kctl_base::gvk::split_api_version;
use kctl_base::json::{Map, Value, json};
use kctl_base::object::ObjectMeta as _;
use kctl_base::patch::{FieldType, Types};

use crate::recordings::openapi_definitions;

/// All built-in types, as published.
pub(super) struct OpenApiTypes {
    definitions: Map,
}

impl OpenApiTypes {
    /// Reads the recorded definitions.
    pub(super) fn load() -> OpenApiTypes {
        OpenApiTypes { definitions: openapi_definitions() }
    }

    /// Returns the type of an object by its apiVersion and kind; `None` for custom resources.
    pub(super) fn root_of(&self, object: &Value) -> Option<FieldType> {
        let (group, version) = split_api_version(object.api_version());
        let gvk = json!({"group": group, "version": version, "kind": object.kind()});
        let is_named = |definition: &Value| {
            let names = definition["x-kubernetes-group-version-kind"].as_array();
            names.is_some_and(|names| names.contains(&gvk))
        };
        let (name, _) = self.definitions.iter().find(|(_, definition)| is_named(definition))?;
        Some(FieldType::Object(name.to_string().into()))
    }

    fn type_of(&self, schema: &Value) -> FieldType {
        if let Some(reference) = schema["$ref"].as_str() {
            let name = reference.trim_start_matches("#/definitions/");
            let has_fields = self.definitions[name].get("properties").is_some();
            return if has_fields { FieldType::Object(name.to_owned().into()) } else { FieldType::Any };
        }
        match (schema["type"].as_str(), schema["format"].as_str()) {
            (Some("string"), Some("int-or-string")) => FieldType::Any,
            (Some("string"), _) => FieldType::String,
            (Some("integer" | "number"), _) => FieldType::Number,
            (Some("boolean"), _) => FieldType::Boolean,
            (Some("array"), _) => FieldType::List(Box::new(self.type_of(&schema["items"]))),
            (Some("object"), _) if schema.get("additionalProperties").is_some() => {
                FieldType::Map(Box::new(self.type_of(&schema["additionalProperties"])))
            }
            _ => FieldType::Any,
        }
    }
}

impl Types for OpenApiTypes {
    fn field(&self, definition: &str, field: &str) -> FieldType {
        let property = self.definitions.get(definition).and_then(|content| content["properties"].get(field));
        property.map_or(FieldType::Unknown, |schema| self.type_of(schema))
    }
}
