//! The built-in schema and its tables against the published OpenAPI definitions and discovery documents.

use std::borrow::Cow;

use kctl_base::gvk::split_api_version;
use kctl_base::json::Value;
use kctl_base::object::ValueRead as _;
use kctl_base::patch::merge_keys::{self, ListType, Strategy};
use kctl_base::schema::{Schema, enums};

use crate::recordings::{files, json, openapi_definitions};

/// Every definition has the fields, and the required fields, that the server publishes.
pub(super) fn fields_match_openapi() {
    let definitions = openapi_definitions();
    let schema = Schema::builtin();
    for name in schema.names() {
        let published = &definitions[name];
        let definition = schema.definition(name).expect("a listed definition");
        let fields: Vec<&str> = definition.fields.iter().map(|field| field.name).collect();
        let properties: Vec<&str> =
            published["properties"].as_object().into_iter().flatten().map(|p| p.0.as_str()).collect();
        assert_eq!(fields, properties, "{name}");
        for field in &definition.fields {
            let required = published.list("/required").iter().any(|key| key == field.name);
            assert_eq!(field.required, required, "{name}.{}", field.name);
        }
    }
}

/// Every string field has the enum values that the server publishes.
pub(super) fn enum_values_match_openapi() {
    let definitions = openapi_definitions();
    for name in Schema::builtin().names() {
        for (field, property) in definitions[name]["properties"].as_object().into_iter().flatten() {
            let published = property["enum"].as_array().or_else(|| property["items"]["enum"].as_array());
            let published: Vec<&str> = published.into_iter().flatten().filter_map(Value::as_str).collect();
            assert_eq!(enums::values(name, field), published, "{name}.{field}");
        }
    }
}

/// Patch strategies, list types and map types are those of the `x-kubernetes-*` extensions.
pub(super) fn merge_rules_match_openapi() {
    for (name, definition) in &openapi_definitions() {
        let atomic = extension(definition, "map-type") == Some("atomic");
        assert_eq!(merge_keys::is_atomic_definition(name), atomic, "map type of {name}");
        for (field, property) in definition["properties"].as_object().into_iter().flatten() {
            check_merge_rules(name, field, property);
        }
    }
}

fn check_merge_rules(definition: &str, field: &str, property: &Value) {
    check_strategy(property, &merge_keys::strategy(definition, field), &format!("strategy of {definition} {field}"));
    if property["type"] == "array" {
        let list_type = merge_keys::list_type(definition, field);
        assert_eq!(list_type, published_list_type(property), "list type of {definition} {field}");
    }
    let atomic = extension(property, "map-type").map(|written| written == "atomic");
    assert_eq!(merge_keys::is_atomic_field(definition, field), atomic, "map type of {definition} {field}");
}

fn check_strategy(property: &Value, strategy: &Strategy, about: &str) {
    let published: Vec<&str> = extension(property, "patch-strategy").unwrap_or_default().split(',').collect();
    let merge_key = extension(property, "patch-merge-key").unwrap_or_default();
    assert_eq!(strategy.merge_key, published.contains(&"merge").then_some(merge_key), "{about}");
    assert_eq!(strategy.replace, published == ["replace"], "{about}");
    assert_eq!(strategy.retain_keys, published.contains(&"retainKeys"), "{about}");
}

fn published_list_type(property: &Value) -> ListType {
    match extension(property, "list-type") {
        Some("set") => ListType::Set,
        Some("map") => {
            let keys = property.list("/x-kubernetes-list-map-keys").iter().filter_map(Value::as_str);
            ListType::Map(keys.map(|key| Cow::Owned(key.to_owned())).collect())
        }
        _ => ListType::Atomic,
    }
}

fn extension<'a>(value: &'a Value, name: &str) -> Option<&'a str> {
    value.get(format!("x-kubernetes-{name}")).and_then(Value::as_str)
}

/// Every kind that discovery lists has a definition.
pub(super) fn every_discovered_kind_has_a_definition() {
    for file in files("api/discovery", "") {
        let document = json(&format!("api/discovery/{file}"));
        let (group, version) = split_api_version(document.str("/groupVersion"));
        for resource in document.list("/resources") {
            let or_else = |pointer: &str, default| resource.at(pointer).and_then(Value::as_str).unwrap_or(default);
            let (group, version, kind) =
                (or_else("/group", group), or_else("/version", version), resource.str("/kind"));
            if !kind.ends_with("Options") {
                assert!(Schema::builtin().root(group, version, kind).is_some(), "{group}/{version} {kind}");
            }
        }
    }
}
