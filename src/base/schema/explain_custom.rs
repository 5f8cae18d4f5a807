//! The output of `kubectl explain` for custom resources, from the schema of their definition.

use std::fmt::Write;

use crate::json::{Map, Value, json};

use super::explain::{
    ExplainError, MAX_ENUM_VALUES, Subject, WIDTH, all_fields, explain, heading, indent, output, wrap,
};

/// The descriptions that the server adds to the schema of every custom resource.
const API_VERSION: &str = "APIVersion defines the versioned schema of this representation of an object. Servers should convert recognized schemas to the latest internal value, and may reject unrecognized values. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#resources";
const KIND: &str = "Kind is a string value representing the REST resource this object represents. Servers may infer this from the endpoint the client submits requests to. Cannot be updated. In CamelCase. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#types-kinds";
const METADATA: &str = "Standard object's metadata. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata";

/// The definition of `metadata`.
pub(super) const OBJECT_META: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";

/// The schema key for the name that is shown as type of `metadata`.
pub(super) const TYPE_NAME: &str = "x-type-name";

/// Explains a custom kind or one of its fields; `schema` is that of its definition.
///
/// # Errors
///
/// Returns an error if the field does not exist.
pub fn explain_custom(subject: &Subject<'_>, schema: &Value) -> Result<String, ExplainError> {
    if let ["metadata", _, ..] = subject.path {
        return explain_metadata(subject);
    }
    let heading = heading(subject);
    let root = with_common_fields(schema);
    let Some((name, names)) = subject.path.split_last() else {
        let body = output(&[description(&root)], |out| fields(out, &root, 1, subject.recursive));
        return Ok(format!("{heading}{body}\n"));
    };
    let owner = names.iter().try_fold(&root, |here, name| property(here, name));
    let Some(field) = owner.and_then(|owner| property(owner, name)) else {
        return Err(ExplainError { heading, message: format!("field \"{name}\" does not exist") });
    };
    let mut body = format!("FIELD: {name} <{}>\n", type_name(field));
    let values = enum_values(field);
    if !values.is_empty() {
        let values: Vec<String> = values.iter().map(|value| format!("\n    {value}")).collect();
        let _ = write!(body, "ENUM:{}", values.concat());
    }
    body.push_str("\n\n");
    body.push_str(&output(&[description(field)], |out| fields(out, field, 1, subject.recursive)));
    Ok(format!("{heading}{body}\n"))
}

/// Explains `metadata`, which is the same as in built-in kinds.
fn explain_metadata(subject: &Subject<'_>) -> Result<String, ExplainError> {
    let known = Subject { group: "", version: "v1", kind: "ConfigMap", ..*subject };
    let (own, other) = (heading(subject), heading(&known));
    match explain(&known) {
        Ok(text) => Ok(text.replacen(&other, &own, 1)),
        Err(error) => Err(ExplainError { heading: own, ..error }),
    }
}

/// Adds the fields that every custom resource has.
pub(super) fn with_common_fields(schema: &Value) -> Value {
    let mut root = schema.clone();
    let mut all = schema.get("properties").and_then(Value::as_object).cloned().unwrap_or_else(Map::new);
    all.insert("apiVersion", json!({"type": "string", "description": API_VERSION}));
    all.insert("kind", json!({"type": "string", "description": KIND}));
    all.insert("metadata", json!({"type": "object", "description": METADATA, TYPE_NAME: "ObjectMeta"}));
    if let Some(root) = root.as_object_mut() {
        root.insert("properties", Value::Object(all));
    }
    root
}

fn description(schema: &Value) -> &str {
    schema.get("description").and_then(Value::as_str).unwrap_or("")
}

/// Returns the schema inside nested lists and maps.
fn innermost(schema: &Value) -> &Value {
    let inner = match schema.get("type").and_then(Value::as_str) {
        Some("array") => schema.get("items"),
        _ => schema.get("additionalProperties").filter(|a| a.is_object()),
    };
    inner.map_or(schema, innermost)
}

fn property<'a>(schema: &'a Value, name: &str) -> Option<&'a Value> {
    innermost(schema).get("properties")?.get(name)
}

fn enum_values(schema: &Value) -> Vec<String> {
    let values = schema.get("enum").and_then(Value::as_array).into_iter().flatten();
    values.map(|value| value.as_str().map_or_else(|| value.to_string(), String::from)).collect()
}

fn type_name(schema: &Value) -> String {
    if let Some(name) = schema.get(TYPE_NAME).and_then(Value::as_str) {
        return name.into();
    }
    match schema.get("type").and_then(Value::as_str) {
        Some("array") => format!("[]{}", schema.get("items").map_or_else(|| "Object".into(), type_name)),
        Some("object") | None => match schema.get("additionalProperties").filter(|a| a.is_object()) {
            Some(inner) => format!("map[string]{}", type_name(inner)),
            None => "Object".into(),
        },
        Some(simple) => simple.into(),
    }
}

fn fields(out: &mut String, schema: &Value, level: usize, recursive: bool) {
    let owner = innermost(schema);
    let required = owner.get("required").and_then(Value::as_array);
    for (name, field) in owner.get("properties").and_then(Value::as_object).into_iter().flatten() {
        let space = " ".repeat(2 * level);
        let must = required.is_some_and(|r| r.iter().any(|n| n.as_str() == Some(name)));
        let _ = write!(out, "{space}{name}\t<{}>{}", type_name(field), if must { " -required-" } else { "" });
        let values = enum_values(field);
        if !values.is_empty() {
            let more = if values.len() > MAX_ENUM_VALUES { ", ...." } else { "" };
            let few = values.iter().take(MAX_ENUM_VALUES).map(String::as_str).collect::<Vec<_>>().join(", ");
            let _ = write!(out, "\n{space}enum: {few}{more}");
        }
        out.push('\n');
        if recursive && field.get(TYPE_NAME).is_some() {
            all_fields(out, OBJECT_META, level + 1);
        } else if recursive {
            fields(out, field, level + 1, true);
        } else {
            let text = Some(description(field)).filter(|t| !t.is_empty()).unwrap_or("<no description>");
            let _ = write!(out, "{}\n\n", indent(&wrap(text, WIDTH + 2 - 2 * level), 2 * level + 2));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_fields_of_metadata_are_listed() {
        let subject = Subject { group: "example.com", version: "v1", kind: "Backup", path: &[], recursive: true };
        let text = explain_custom(&subject, &json!({"type": "object"})).unwrap();
        let owners = "  metadata\t<ObjectMeta>\n    annotations\t<map[string]string>\n";
        assert!(
            text.contains(owners)
                && text.contains("    ownerReferences\t<[]OwnerReference>\n      apiVersion\t<string> -required-\n"),
            "{text}"
        );
    }

    #[test]
    fn custom_kinds_are_explained_like_built_in_ones() {
        let schema = json!({"type": "object", "description": "A backup.", "required": ["spec"], "properties": {
            "spec": {"type": "object", "required": ["when"], "properties": {
                "when": {"type": "string", "description": "When to run."},
                "tags": {"type": "array", "items": {"type": "string"}},
                "target": {"type": "string", "enum": ["disk", "tape"]}}}}});
        let subject = |path: &'static [&'static str]| Subject {
            group: "example.com",
            version: "v1",
            kind: "Backup",
            path,
            recursive: false,
        };
        let text = explain_custom(&subject(&["spec"]), &schema).unwrap();
        assert_eq!(
            text,
            "GROUP:      example.com\nKIND:       Backup\nVERSION:    v1\n\nFIELD: spec <Object>\n\n\nDESCRIPTION:\n    <empty>\n\nFIELDS:\n  tags\t<[]string>\n    <no description>\n\n  target\t<string>\n  enum: disk, tape\n    <no description>\n\n  when\t<string> -required-\n    When to run.\n\n\n"
                .replace("<empty>\n\n", "<empty>\n")
        );
        let error = explain_custom(&subject(&["spec", "nope"]), &schema).unwrap_err();
        assert_eq!(error.message, "field \"nope\" does not exist");
        assert!(
            explain_custom(&subject(&["metadata", "name"]), &schema).unwrap().starts_with("GROUP:      example.com\n")
        );
    }
}
