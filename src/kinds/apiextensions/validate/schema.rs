//! The schema of a version: what may stand in it, the lists and maps it describes, and its CEL rules
//! (`ValidateCustomResourceDefinitionOpenAPISchema`).

use super::structural;
use crate::custom::{defaults, is_known_format, rules};
use kctl_base::field::{self, ErrorList, Path};
use kctl_base::json::{Value, json};
use kctl_base::object::ValueRead;

/// The types that a schema may have.
const TYPES: &[&str] = &["array", "boolean", "integer", "number", "object", "string"];

/// Fields that no schema may have, with the word for them in the error.
const UNSUPPORTED: &[&str] = &["id", "additionalItems", "patternProperties", "definitions", "dependencies", "$ref"];

/// Validates the schema of a version, which has the status subresource or not.
pub(super) fn errors(schema: &Value, has_status: bool, path: &Path) -> ErrorList {
    let mut errors = ErrorList::new();
    errors.extend(root_error(schema, path).filter(|_| has_status));
    if schema.flag("/nullable") {
        errors.push(field::forbidden(&path.child("nullable"), "nullable cannot be true at the root"));
    }
    let mut checks = ErrorList::new();
    if !has_unsupported(schema) {
        checks = structural::errors(schema, path);
        if checks.is_empty() {
            checks = defaults::errors(schema, path);
        }
    }
    let mut walk = Walk { costs: (checks.is_empty() && !has_unsupported(schema)).then(rules::Costs::default) };
    errors.extend(checks);
    let place = Place { is_root: true, in_metadata: false, forbidden_default: None, changes: rules::Place::root() };
    let found = walk.visit(schema, path, &place);
    errors.extend(found.schema);
    errors.extend(found.rules);
    errors.extend(walk.costs.map(|costs| costs.total_errors(path)).unwrap_or_default());
    errors
}

/// Refuses fields at the root that would be lost when the schema of the status is taken out of it.
fn root_error(schema: &Value, path: &Path) -> Option<field::FieldError> {
    const FORBIDDEN: &[&str] = &[
        "additionalProperties",
        "allOf",
        "anyOf",
        "default",
        "enum",
        "maxProperties",
        "minProperties",
        "not",
        "oneOf",
        "x-kubernetes-embedded-resource",
        "x-kubernetes-int-or-string",
        "x-kubernetes-map-type",
    ];
    const ALLOWED: &str = "[Description Type Format Title Maximum ExclusiveMaximum Minimum ExclusiveMinimum MaxLength MinLength Pattern MaxItems MinItems UniqueItems MultipleOf Required Items Properties ExternalDocs Example XPreserveUnknownFields XValidations]";
    match schema.str("/type") {
        "" | "object" => {}
        other => {
            let text =
                "only \"object\" is allowed as the type at the root of the schema if the status subresource is enabled";
            return Some(field::invalid(&path.child("type"), other, text));
        }
    }
    let text =
        format!("only {ALLOWED} fields are allowed at the root of the schema if the status subresource is enabled");
    let is_set = |name: &&&str| schema.get(name).is_some_and(|value| *value != Value::Bool(false));
    FORBIDDEN.iter().find(is_set).map(|_| field::invalid(path, schema.clone(), &text))
}

fn has_unsupported(schema: &Value) -> bool {
    any(schema, &mut |schema| UNSUPPORTED.iter().any(|name| schema.get(name).is_some()) || schema["items"].is_array())
}

/// Returns whether a schema, or one in it, has a default.
pub(super) fn has_defaults(schema: &Value) -> bool {
    any(schema, &mut |schema| schema.get("default").is_some())
}

/// Returns whether a schema, or one in it, satisfies a predicate.
fn any(schema: &Value, is_wanted: &mut dyn FnMut(&Value) -> bool) -> bool {
    let lists = ["allOf", "anyOf", "oneOf"].into_iter().flat_map(|name| schema.get(name).and_then(Value::as_array));
    let single = ["items", "additionalProperties", "not"].into_iter().filter_map(|name| schema.get(name));
    let fields = schema.get("properties").and_then(Value::as_object).into_iter().flatten().map(|(_, inner)| inner);
    is_wanted(schema) || lists.flatten().chain(single).chain(fields).any(|inner| any(inner, is_wanted))
}

/// Returns the warnings about formats that have no effect, each once.
pub(super) fn format_warnings(schema: &Value, warnings: &mut Vec<String>) {
    any(schema, &mut |schema| {
        let format = schema.str("/format");
        let text = format!("unrecognized format {}", field::quote(format));
        if !format.is_empty() && !is_known_format(format) && !warnings.contains(&text) {
            warnings.push(text);
        }
        false
    });
}

/// Returns the schema of a field by its path, such as `.spec.a['b']`.
///
/// # Errors
/// Why there is none.
pub(super) fn at_field_path<'a>(schema: &'a Value, place: &str) -> Result<&'a Value, String> {
    let mut found = schema;
    let mut rest = place;
    while !rest.is_empty() {
        let name = match rest.strip_prefix("['").and_then(|rest| rest.split_once("']")) {
            Some((name, after)) => {
                rest = after;
                name
            }
            None => {
                let Some(field) = rest.strip_prefix('.') else {
                    return Err("expected [ or . but got: ".to_owned() + &rest[..rest.len().min(1)]);
                };
                let end = field.find(['.', '[']).unwrap_or(field.len());
                rest = &field[end..];
                &field[..end]
            }
        };
        let known = found.get("properties").and_then(|fields| fields.get(name));
        let values = found.get("additionalProperties").filter(|values| values.is_object());
        found = known.or(values).ok_or("does not refer to a valid field")?;
    }
    Ok(found)
}

/// Where a schema stands, as far as the schemas above it decide what it may contain.
#[derive(Clone)]
struct Place {
    is_root: bool,
    /// True for a part of the metadata of a resource.
    in_metadata: bool,
    /// Why there may be no default; `None` where there may.
    forbidden_default: Option<String>,
    changes: rules::Place,
}

/// The errors of a schema and of those in it.
#[derive(Default)]
struct Found {
    schema: ErrorList,
    rules: ErrorList,
}

impl Found {
    fn extend(&mut self, other: Found) {
        self.schema.extend(other.schema);
        self.rules.extend(other.rules);
    }
}

struct Walk {
    /// The costs of the rules; `None` where a schema is not fit for rules.
    costs: Option<rules::Costs>,
}

impl Walk {
    fn visit(&mut self, schema: &Value, path: &Path, place: &Place) -> Found {
        let mut found = Found { schema: field_errors(schema, path, place), rules: ErrorList::new() };
        self.visit_values(schema, path, place, &mut found);
        self.visit_fields(schema, path, place, &mut found);
        self.visit_junctors(schema, path, place, &mut found);
        if let Some(items) = schema.get("items").filter(|items| items.is_object()) {
            let changes = place.changes.items(schema, path);
            found.extend(self.visit(items, &path.child("items"), &Place { is_root: false, changes, ..place.clone() }));
        }
        found.schema.extend(collection_errors(schema, path));
        found.schema.extend(rules::text_errors(schema, path, |field| at_field_path(schema, field).is_ok()));
        if let Some(costs) = self.costs.as_mut().filter(|_| found.schema.is_empty()) {
            found.rules.extend(rules::definition_errors(schema, path, place.is_root, &place.changes, costs));
        }
        found
    }

    fn visit_values(&mut self, schema: &Value, path: &Path, place: &Place, found: &mut Found) {
        let Some(values) = schema.get("additionalProperties").filter(|values| **values != Value::Bool(true)) else {
            return;
        };
        let at = path.child("additionalProperties");
        if schema.map("/properties").is_some_and(|fields| !fields.is_empty()) {
            found.schema.push(field::forbidden(&at, "additionalProperties and properties are mutual exclusive"));
        }
        if values.is_object() {
            let mut inner = Place { is_root: false, changes: place.changes.values(schema), ..place.clone() };
            if place.in_metadata {
                inner.forbidden_default = Some("inside additionalProperties applying to object metadata".to_owned());
            }
            found.extend(self.visit(values, &at, &inner));
        }
    }

    fn visit_fields(&mut self, schema: &Value, path: &Path, place: &Place, found: &mut Found) {
        for (name, inner) in schema.map("/properties").into_iter().flatten() {
            let mut below = Place { is_root: false, changes: place.changes.field(schema, path), ..place.clone() };
            let is_resource = place.is_root || schema.flag("/x-kubernetes-embedded-resource");
            if is_resource && matches!(&**name, "metadata" | "kind" | "apiVersion") {
                below.in_metadata = true;
                if place.is_root {
                    below.forbidden_default = Some(format!("in top-level {name}"));
                }
            }
            found.extend(self.visit(inner, &path.child("properties").key(name), &below));
        }
    }

    fn visit_junctors(&mut self, schema: &Value, path: &Path, place: &Place, found: &mut Found) {
        let place = Place { is_root: false, ..place.clone() };
        let costs = self.costs.take();
        if let Some(not) = schema.get("not") {
            found.extend(self.visit(not, &path.child("not"), &place));
        }
        for name in ["allOf", "oneOf", "anyOf"] {
            for (index, inner) in schema.list(&format!("/{name}")).iter().enumerate() {
                found.extend(self.visit(inner, &path.child(name).index(index), &place));
            }
        }
        self.costs = costs;
    }
}

/// Validates the fields of one schema by themselves.
fn field_errors(schema: &Value, path: &Path, place: &Place) -> ErrorList {
    let of = schema.str("/type");
    let mut errors = ErrorList::new();
    if !of.is_empty() && !TYPES.contains(&of) {
        errors.push(field::not_supported(&path.child("type"), of, TYPES));
    }
    if let Some(reason) = place.forbidden_default.as_ref().filter(|_| schema.get("default").is_some()) {
        errors.push(field::forbidden(&path.child("default"), &format!("must not be set {reason}")));
    }
    for name in UNSUPPORTED.iter().filter(|name| schema.get(name).is_some()) {
        errors.push(field::forbidden(&path.child(name), &format!("{name} is not supported")));
    }
    if of == "null" {
        let text = "type cannot be set to null, use nullable as an alternative";
        errors.push(field::forbidden(&path.child("type"), text));
    }
    if schema["items"].is_array() {
        errors.push(field::forbidden(&path.child("items"), "items must be a schema object and not an array"));
    }
    if place.in_metadata && schema.flag("/x-kubernetes-embedded-resource") {
        let text = "must not be used inside of resource meta";
        errors.push(field::forbidden(&path.child("x-kubernetes-embedded-resource"), text));
    }
    if schema.flag("/uniqueItems") {
        let text = "uniqueItems cannot be set to true since the runtime complexity becomes quadratic";
        errors.push(field::forbidden(&path.child("uniqueItems"), text));
    }
    errors
}

/// Validates the extensions about maps and lists.
fn collection_errors(schema: &Value, path: &Path) -> ErrorList {
    let mut errors = ErrorList::new();
    if schema.get("x-kubernetes-preserve-unknown-fields") == Some(&Value::Bool(false)) {
        let path = path.child("x-kubernetes-preserve-unknown-fields");
        errors.push(field::invalid(&path, false, "must be true or undefined"));
    }
    for (extension, wanted, supported) in [
        ("x-kubernetes-map-type", "object", &["atomic", "granular"][..]),
        ("x-kubernetes-list-type", "array", &["atomic", "set", "map"][..]),
    ] {
        let Some(value) = schema.get(extension).and_then(Value::as_str) else { continue };
        let text = format!("must be {wanted} if {extension} is specified");
        match schema.str("/type") {
            "" => errors.push(field::required(&path.child("type"), &text)),
            of if of != wanted => errors.push(field::invalid(&path.child("type"), of, &text)),
            _ if value == "set" => errors.extend(set_error(schema, path)),
            _ => {}
        }
        if !supported.contains(&value) {
            let shown: Vec<&str> = {
                let mut sorted = supported.to_vec();
                sorted.sort_unstable();
                sorted
            };
            errors.push(field::not_supported(&path.child(extension), value, &shown));
        }
    }
    errors.extend(map_errors(schema, path));
    errors.extend(item_errors(schema, path));
    errors
}

/// Requires that the items of a set are compared as a whole.
fn set_error(schema: &Value, path: &Path) -> Option<field::FieldError> {
    let items = schema.get("items")?;
    let text = "must be atomic as item of a list with x-kubernetes-list-type=set";
    let shown = items.get("x-kubernetes-list-type").cloned().unwrap_or(Value::Null);
    let extension = match items.str("/type") {
        "array" if !matches!(items.str("/x-kubernetes-list-type"), "" | "atomic") => "x-kubernetes-list-type",
        "object" if items.str("/x-kubernetes-map-type") != "atomic" => "x-kubernetes-map-type",
        _ => return None,
    };
    Some(field::invalid(&path.child("items").child(extension), shown, text))
}

/// Validates the keys of a list of type `map`.
fn map_errors(schema: &Value, path: &Path) -> ErrorList {
    let keys = schema.list("/x-kubernetes-list-map-keys");
    let (type_path, keys_path) = (path.child("x-kubernetes-list-type"), path.child("x-kubernetes-list-map-keys"));
    let mut errors = ErrorList::new();
    let text = "must be map if x-kubernetes-list-map-keys is non-empty";
    match schema.str("/x-kubernetes-list-type") {
        "map" => {}
        _ if keys.is_empty() => return errors,
        "" => return vec![field::required(&type_path, text)],
        other => return vec![field::invalid(&type_path, other, text)],
    }
    if keys.is_empty() {
        errors.push(field::required(&keys_path, "must not be empty if x-kubernetes-list-type is map"));
    }
    let Some(items) = schema.get("items") else {
        errors.push(field::required(&path.child("items"), "must have a schema if x-kubernetes-list-type is map"));
        return errors;
    };
    if items.str("/type") != "object" {
        let text = "must be object if parent array's x-kubernetes-list-type is map";
        errors.push(field::invalid(&path.child("items").child("type"), items.str("/type"), text));
        return errors;
    }
    for (index, key) in keys.iter().enumerate() {
        let name = key.as_str().unwrap_or_default();
        match items["properties"].get(name).map(|inner| inner.str("/type")) {
            None => {
                errors.push(field::invalid(&keys_path, json!(keys), "entries must all be names of item properties"));
            }
            Some("array" | "object") => {
                let path = path.child("items").child("properties").key(name).child("type");
                let text = "must be a scalar type if parent array's x-kubernetes-list-type is map";
                errors.push(field::invalid(&path, items.str("/type"), text));
            }
            Some(_) => {}
        }
        if keys[..index].contains(key) {
            errors.push(field::invalid(&keys_path, json!(keys), "must not contain duplicate entries"));
        }
    }
    errors
}

/// Requires that items of sets and maps, and the keys of maps, are always there (`validateMapListKeysMapSet`).
fn item_errors(schema: &Value, path: &Path) -> ErrorList {
    let list_type = schema.str("/x-kubernetes-list-type");
    let Some(items) = schema.get("items").filter(|_| matches!(list_type, "set" | "map")) else {
        return ErrorList::new();
    };
    let path = path.child("items");
    let mut errors = ErrorList::new();
    if items.flag("/nullable") {
        let text = format!("cannot be nullable when x-kubernetes-list-type is {list_type}");
        errors.push(field::forbidden(&path.child("nullable"), &text));
    }
    let keys = if list_type == "map" { schema.list("/x-kubernetes-list-map-keys") } else { &[] };
    for key in keys.iter().filter_map(Value::as_str) {
        let Some(inner) = items["properties"].get(key) else { continue };
        let path = path.child("properties").key(key);
        let is_required = items.list("/required").iter().any(|name| name.as_str() == Some(key));
        if !is_required && inner.get("default").is_none() {
            let text =
                "this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property";
            errors.push(field::required(&path.child("default"), text));
        }
        if inner.flag("/nullable") {
            let text = "this property is in x-kubernetes-list-map-keys, so it cannot be nullable";
            errors.push(field::forbidden(&path.child("nullable"), text));
        }
    }
    errors
}
