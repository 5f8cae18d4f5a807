//! Structural schemas: every level specifies a type, and logical junctors only restrict what is specified outside of them
//! (`apiextensions-apiserver/pkg/apiserver/schema/validation.go`).

use kctl_base::field::{self, ErrorList, Path};
use kctl_base::json::{Value, json};
use kctl_base::object::ValueRead;
use kctl_base::regexp;

/// Where a schema stands.
#[derive(Clone, Copy, PartialEq)]
enum Level {
    Root,
    Item,
    Field,
}

/// Validates that a schema is structural; the errors are sorted by their text, as upstream sorts them.
pub(super) fn errors(schema: &Value, path: &Path) -> ErrorList {
    let mut errors = ErrorList::new();
    invariants(schema, Level::Root, path, &mut errors);
    completeness(schema, path, &mut errors);
    errors.sort_by_cached_key(ToString::to_string);
    errors
}

/// Returns the schemas directly inside of a schema that are not part of a junctor.
fn inner<'a>(schema: &'a Value, path: &Path) -> Vec<(Path, &'a Value, Level)> {
    let fields = schema.map("/properties").into_iter().flatten();
    let mut all: Vec<_> =
        fields.map(|(name, inner)| (path.child("properties").key(name), inner, Level::Field)).collect();
    for (name, level) in [("items", Level::Item), ("additionalProperties", Level::Field)] {
        all.extend(schema.get(name).filter(|s| s.is_object()).map(|inner| (path.child(name), inner, level)));
    }
    all
}

fn invariants(schema: &Value, level: Level, path: &Path, errors: &mut ErrorList) {
    let is_embedded = schema.flag("/x-kubernetes-embedded-resource");
    if schema.str("/type") == "array" && schema.get("items").is_none() {
        errors.push(field::required(&path.child("items"), "must be specified"));
    }
    for (path, schema, level) in inner(schema, path) {
        invariants(schema, level, &path, errors);
    }
    let others = path.child("additionalProperties");
    if schema.get("additionalProperties").is_some() && level == Level::Root {
        errors.push(field::forbidden(&others, "must not be used at the root"));
    }
    extension_errors(schema, path, errors);
    junctor_errors(schema, has_int_or_string_any_of(schema), path, errors);
    type_errors(schema, level, path, errors);
    if is_embedded && schema.get("additionalProperties").is_some() {
        errors.push(field::forbidden(&others, "must not be used if x-kubernetes-embedded-resource is set"));
    }
    if level == Level::Root || is_embedded {
        metadata_errors(schema, level, path, errors);
    }
    let is_free = schema.flag("/x-kubernetes-preserve-unknown-fields");
    if is_embedded && !is_free && schema.map("/properties").is_none_or(|fields| fields.is_empty()) {
        let text =
            "must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields";
        errors.push(field::required(&path.child("properties"), text));
    }
}

fn extension_errors(schema: &Value, path: &Path, errors: &mut ErrorList) {
    if !schema.flag("/x-kubernetes-int-or-string") {
        return;
    }
    for name in ["x-kubernetes-preserve-unknown-fields", "x-kubernetes-embedded-resource"] {
        if schema.flag(&format!("/{name}")) {
            let text = "must be false if x-kubernetes-int-or-string is true";
            errors.push(field::invalid(&path.child(name), true, text));
        }
    }
}

fn type_errors(schema: &Value, level: Level, path: &Path, errors: &mut ErrorList) {
    let path = path.child("type");
    let of = schema.str("/type");
    let is_free = schema.flag("/x-kubernetes-int-or-string") || schema.flag("/x-kubernetes-preserve-unknown-fields");
    if schema.flag("/x-kubernetes-embedded-resource") && of != "object" {
        let text = "must be object if x-kubernetes-embedded-resource is true";
        errors.push(if of.is_empty() { field::required(&path, text) } else { field::invalid(&path, of, text) });
    } else if of.is_empty() && !is_free {
        let what = match level {
            Level::Root => "must not be empty at the root",
            Level::Item => "must not be empty for specified array items",
            Level::Field => "must not be empty for specified object fields",
        };
        errors.push(field::required(&path, what));
    }
    if level == Level::Root && !of.is_empty() && of != "object" {
        errors.push(field::invalid(&path, of, "must be object at the root"));
    }
}

/// Restricts the schemas of `kind`, `apiVersion` and `metadata` of a resource.
fn metadata_errors(schema: &Value, level: Level, path: &Path, errors: &mut ErrorList) {
    let Some(fields) = schema.map("/properties") else { return };
    let place = |name: &str| path.child("properties").key(name);
    for (name, wanted) in [("kind", "string"), ("apiVersion", "string"), ("metadata", "object")] {
        if let Some(of) = fields.get(name).map(|inner| inner.str("/type")).filter(|of| *of != wanted) {
            errors.push(field::invalid(&place(name).child("type"), of, &format!("must be {wanted}")));
        }
    }
    let Some(metadata) = fields.get("metadata").filter(|_| level == Level::Root) else { return };
    let is_restricted = metadata.as_object().into_iter().flatten().any(|(name, value)| match &**name {
        "type" | "default" => false,
        "properties" => {
            value.as_object().into_iter().flatten().any(|(name, _)| name != "name" && name != "generateName")
        }
        _ => *value != Value::Bool(false),
    });
    if is_restricted {
        let text = "must not specify anything other than name and generateName, but metadata is implicitly specified";
        errors.push(field::forbidden(&place("metadata"), text));
    }
}

/// Returns whether `anyOf` only repeats that a value is an integer or a string.
fn has_int_or_string_any_of(schema: &Value) -> bool {
    schema.get("anyOf").is_some_and(|any| *any == json!([{"type": "integer"}, {"type": "string"}]))
}

/// Returns the schemas of the junctors of a schema, with their paths.
fn junctors<'a>(schema: &'a Value, path: &Path) -> Vec<(Path, &'a Value)> {
    let lists = ["allOf", "anyOf", "oneOf"].into_iter().flat_map(|name| {
        let schemas = schema.get(name).and_then(Value::as_array).into_iter().flatten().enumerate();
        schemas.map(move |(index, inner)| (path.child(name).index(index), inner))
    });
    lists.chain(schema.get("not").map(|inner| (path.child("not"), inner))).collect()
}

fn junctor_errors(schema: &Value, skips_any_of: bool, path: &Path, errors: &mut ErrorList) {
    let any_of = path.child("anyOf").to_string();
    let repeats_type = |at: &Path| {
        let is_first = *at == path.child("allOf").index(0);
        is_first && schema.get("allOf").and_then(|all| all.as_array()?.first()).is_some_and(has_int_or_string_any_of)
    };
    for (at, inner) in junctors(schema, path) {
        if !(skips_any_of && at.to_string().starts_with(&any_of)) {
            nested_errors(inner, repeats_type(&at), &at, errors);
        }
    }
    if let Some(pattern) = schema.get("pattern").and_then(Value::as_str)
        && let Err(why) = regexp::compile(pattern)
    {
        let text = format!("must be a valid regular expression, but isn't: {why}");
        errors.push(field::invalid(&path.child("pattern"), pattern, &text));
    }
}

/// Validates a schema inside of a junctor, which may only restrict values.
fn nested_errors(schema: &Value, skips_any_of: bool, path: &Path, errors: &mut ErrorList) {
    const EMPTY: &str = "must be empty to be structural";
    const UNDEFINED: &str = "must be undefined to be structural";
    const FALSE: &str = "must be false to be structural";
    junctor_errors(schema, skips_any_of, path, errors);
    let fields = schema.map("/properties").into_iter().flatten();
    let fields = fields.map(|(name, inner)| (path.child("properties").key(name), inner));
    let items = schema.get("items").map(|inner| (path.child("items"), inner));
    for (path, inner) in fields.chain(items) {
        nested_errors(inner, false, &path, errors);
    }
    for (name, text) in [
        ("type", EMPTY),
        ("additionalProperties", UNDEFINED),
        ("default", UNDEFINED),
        ("title", EMPTY),
        ("description", EMPTY),
        ("nullable", FALSE),
        ("x-kubernetes-preserve-unknown-fields", FALSE),
        ("x-kubernetes-embedded-resource", FALSE),
        ("x-kubernetes-int-or-string", FALSE),
        ("x-kubernetes-list-map-keys", EMPTY),
        ("x-kubernetes-list-type", UNDEFINED),
        ("x-kubernetes-map-type", UNDEFINED),
        ("x-kubernetes-validations", EMPTY),
    ] {
        let is_set = |value: &Value| text != FALSE || *value == Value::Bool(true);
        if schema.get(name).is_some_and(is_set) {
            errors.push(field::forbidden(&path.child(name), text));
        }
    }
}

/// Requires that what a junctor mentions is specified outside of it too.
fn completeness(schema: &Value, path: &Path, errors: &mut ErrorList) {
    for (at, nested) in junctors(schema, path) {
        nested_completeness(nested, schema, path, &at, errors);
    }
    for (path, schema, _) in inner(schema, path) {
        completeness(schema, &path, errors);
    }
}

fn nested_completeness(nested: &Value, schema: &Value, path: &Path, at: &Path, errors: &mut ErrorList) {
    for (at, deeper) in junctors(nested, at) {
        nested_completeness(deeper, schema, path, &at, errors);
    }
    let items = nested.get("items").map(|inner| (inner, schema.get("items"), path.child("items"), at.child("items")));
    let fields = nested.map("/properties").into_iter().flatten().map(|(name, inner)| {
        let place = |path: &Path| path.child("properties").key(name);
        (inner, schema.map("/properties").and_then(|fields| fields.get(name)), place(path), place(at))
    });
    for (inner, specified, path, at) in fields.chain(items) {
        match specified {
            None => errors.push(field::required(&path, &format!("because it is defined in {at}"))),
            Some(specified) => nested_completeness(inner, specified, &path, &at, errors),
        }
    }
}
