//! Validation of custom objects against the OpenAPI schema of their definition
//! (`apiextensions-apiserver/pkg/apiserver/validation/validation.go`, which uses `kube-openapi/pkg/validation`).

use super::schema;
use crate::ScalePaths;
use kctl_base::field::{self, Cause, ErrorList, FieldError, Path};
use kctl_base::json::{Value, json};
use kctl_base::object::{Object, ValueRead};

/// The message for an object whose other errors kept the CEL rules from being evaluated.
const UNCHECKED: &str = "some validation rules were not checked because the object was invalid; correct the existing errors to complete validation";

/// Validates an object: unsupported values come first, the other errors by field, then those about the scale
/// subresource.
pub(super) fn validate(schema: &Value, scale: Option<ScalePaths>, object: &Object) -> ErrorList {
    let mut errors = ErrorList::new();
    value_errors(schema, object, &Path::root(), &mut errors);
    errors.sort_by_key(|e| (e.cause != Cause::NotSupported, e.field.clone()));
    let shape_is_wrong = errors.iter().any(|e| e.cause.hides_rules());
    if let Some(scale) = scale {
        for pointer in [scale.spec_replicas, scale.status_replicas] {
            errors.extend(replicas_error(object, pointer));
        }
    }
    if shape_is_wrong && schema::has_rules(schema) {
        errors.push(field::invalid(&Path::root(), Value::Null, UNCHECKED));
    }
    errors
}

/// Refuses a replica count that is not a non-negative integer.
fn replicas_error(object: &Object, pointer: &str) -> Option<FieldError> {
    let value = object.at(pointer)?;
    let place = pointer.replace('/', ".");
    match value.as_i64() {
        Some(number) if number < 0 => {
            Some(field::invalid(&Path::new(&place), number, "should be a non-negative integer"))
        }
        Some(_) => None,
        None => {
            let shown = value.as_str().map_or_else(|| value.to_string(), String::from);
            let text = format!("{place} accessor error: {shown} is of the type {}, expected int64", go_type(value));
            Some(field::invalid(&Path::new(&place), 0, &text))
        }
    }
}

fn go_type(value: &Value) -> &'static str {
    match value {
        Value::Null => "<nil>",
        Value::Bool(_) => "bool",
        Value::Number(_) => "float64",
        Value::String(_) => "string",
        Value::Array(_) => "[]interface {}",
        Value::Object(_) => "map[string]interface {}",
    }
}

fn json_type(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(n) if n.is_f64() && n.as_f64().is_some_and(|f| f.fract() != 0.0) => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

fn fits(wanted: &str, value: &Value) -> bool {
    let is = json_type(value);
    wanted.is_empty() || wanted == is || (wanted == "number" && is == "integer")
}

fn value_errors(schema: &Value, value: &Value, path: &Path, errors: &mut ErrorList) {
    if value.is_null() && schema.flag("/nullable") {
        return;
    }
    if schema.flag("/x-kubernetes-int-or-string") {
        if !matches!(json_type(value), "integer" | "string") {
            errors.push(wrong_type(path, "integer,string", json_type(value)));
        }
        return;
    }
    let wanted = schema.str("/type");
    if !fits(wanted, value) {
        errors.push(wrong_type(path, wanted, json_type(value)));
        return;
    }
    if let Some(allowed) = schema.get("enum").and_then(Value::as_array)
        && !allowed.contains(value)
    {
        let texts: Vec<String> =
            allowed.iter().map(|v| v.as_str().map_or_else(|| v.to_string(), String::from)).collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        errors.push(field::not_supported(path, value.clone(), &texts));
    }
    match value {
        Value::String(text) => string_errors(schema, text, path, errors),
        Value::Number(number) => number_errors(schema, number.as_f64().unwrap_or(0.0), value, path, errors),
        Value::Array(items) => list_errors(schema, items, path, errors),
        Value::Object(_) => object_errors(schema, value, path, errors),
        _ => {}
    }
    combined_errors(schema, value, path, errors);
}

/// Creates the error `spec.copies: Invalid value: 12: spec.copies in body DETAIL`.
fn in_body(path: &Path, value: Value, detail: &str) -> FieldError {
    field::invalid(path, value, &format!("{path} in body {detail}"))
}

fn wrong_type(path: &Path, wanted: &str, is: &str) -> FieldError {
    let error = in_body(path, json!(is), &format!("must be of type {wanted}: \"{is}\""));
    FieldError { cause: Cause::TypeInvalid, ..error }
}

fn string_errors(schema: &Value, text: &str, path: &Path, errors: &mut ErrorList) {
    let length = text.chars().count();
    if let Some(max) = schema.int("/maxLength").and_then(|n| usize::try_from(n).ok())
        && length > max
    {
        errors.push(field::too_long(path, max));
    }
    if let Some(min) = schema.int("/minLength")
        && (length as i64) < min
    {
        errors.push(in_body(path, json!(text), &format!("should be at least {min} chars long")));
    }
    if let Some(pattern) = schema.get("pattern").and_then(Value::as_str)
        && regex::Regex::new(pattern).is_ok_and(|r| !r.is_match(text))
    {
        errors.push(in_body(path, json!(text), &format!("should match '{pattern}'")));
    }
    let format = schema.str("/format");
    let right = match format {
        "date-time" => kctl_base::sim::Time::parse(text).is_some(),
        "ipv4" => text.parse::<std::net::Ipv4Addr>().is_ok(),
        "ipv6" => text.parse::<std::net::Ipv6Addr>().is_ok(),
        "cidr" => crate::shared::formats::parse_cidr(text).is_some(),
        "uuid" => text.len() == 36 && text.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-'),
        "byte" => base64::Engine::decode(&base64::prelude::BASE64_STANDARD, text).is_ok(),
        _ => true,
    };
    if !right {
        errors.push(in_body(path, json!(text), &format!("must be of type {format}: {}", field::quote(text))));
    }
}

fn number_errors(schema: &Value, number: f64, value: &Value, path: &Path, errors: &mut ErrorList) {
    if let Some(max) = schema.get("maximum").and_then(Value::as_f64) {
        let exclusive = schema.flag("/exclusiveMaximum");
        if number > max || (exclusive && number == max) {
            let or_equal = if exclusive { "" } else { " or equal to" };
            let text = format!("should be less than{or_equal} {}", schema["maximum"]);
            errors.push(in_body(path, value.clone(), &text));
        }
    }
    if let Some(min) = schema.get("minimum").and_then(Value::as_f64) {
        let exclusive = schema.flag("/exclusiveMinimum");
        if number < min || (exclusive && number == min) {
            let or_equal = if exclusive { "" } else { " or equal to" };
            let text = format!("should be greater than{or_equal} {}", schema["minimum"]);
            errors.push(in_body(path, value.clone(), &text));
        }
    }
    if let Some(factor) = schema.get("multipleOf").and_then(Value::as_f64)
        && factor != 0.0
        && (number / factor).fract() != 0.0
    {
        errors.push(in_body(path, value.clone(), &format!("should be a multiple of {}", schema["multipleOf"])));
    }
}

fn list_errors(schema: &Value, items: &[Value], path: &Path, errors: &mut ErrorList) {
    if let Some(max) = schema.int("/maxItems").and_then(|n| usize::try_from(n).ok())
        && items.len() > max
    {
        errors.push(field::too_many(path, items.len(), max));
    }
    if let Some(min) = schema.int("/minItems")
        && (items.len() as i64) < min
    {
        errors.push(in_body(path, json!(items.len()), &format!("should have at least {min} items")));
    }
    let unique = schema.flag("/uniqueItems") || schema.str("/x-kubernetes-list-type") == "set";
    let keys = match schema.str("/x-kubernetes-list-type") {
        "map" => schema.list("/x-kubernetes-list-map-keys"),
        _ => &[],
    };
    for (index, item) in items.iter().enumerate() {
        let same = |other: &Value| {
            let by_key = |k: &Value| k.as_str().is_some_and(|k| other.get(k) == item.get(k));
            if keys.is_empty() { unique && other == item } else { keys.iter().all(by_key) }
        };
        if items[..index].iter().any(same) {
            errors.push(field::duplicate(&path.index(index), item.clone()));
        }
        if let Some(inner) = schema.get("items") {
            value_errors(inner, item, &path.index(index), errors);
        }
    }
}

fn object_errors(schema: &Value, value: &Value, path: &Path, errors: &mut ErrorList) {
    let map = value.as_object().cloned().unwrap_or_default();
    for name in schema.list("/required").iter().filter_map(Value::as_str) {
        if !map.contains_key(name) {
            errors.push(field::required(&path.child(name), ""));
        }
    }
    for (limit, text, is_wrong) in [
        ("maxProperties", "should have at most", (|n, limit| n > limit) as fn(i64, i64) -> bool),
        ("minProperties", "should have at least", |n, limit| n < limit),
    ] {
        if let Some(limit) = schema.get(limit).and_then(Value::as_i64)
            && is_wrong(map.len() as i64, limit)
        {
            errors.push(in_body(path, json!(map.len()), &format!("{text} {limit} properties")));
        }
    }
    for (name, inner) in &map {
        if name == "metadata" && path.to_string() == "<nil>" {
            continue;
        }
        let known = schema.map("/properties").and_then(|m| m.get(name));
        let others = schema.get("additionalProperties").filter(|s| s.is_object());
        if let Some(known) = known {
            value_errors(known, inner, &path.child(name), errors);
        } else if let Some(others) = others {
            value_errors(others, inner, &path.child(name), errors);
        }
    }
}

/// Validates `allOf`, `anyOf`, `oneOf` and `not`.
fn combined_errors(schema: &Value, value: &Value, path: &Path, errors: &mut ErrorList) {
    let matches = |schema: &Value| {
        let mut found = ErrorList::new();
        value_errors(schema, value, path, &mut found);
        found.is_empty()
    };
    for all in schema.list("/allOf") {
        value_errors(all, value, path, errors);
    }
    let refuse = |detail: &str| field::invalid(path, Value::Null, &format!("{path} in body {detail}"));
    let any = schema.list("/anyOf");
    if !any.is_empty() && !any.iter().any(matches) {
        errors.push(refuse("must validate at least one schema (anyOf)"));
    }
    let one = schema.list("/oneOf");
    if !one.is_empty() {
        match one.iter().filter(|s| matches(s)).count() {
            1 => {}
            0 => errors.push(refuse("must validate one and only one schema (oneOf). Found none valid")),
            count => {
                let text = format!("must validate one and only one schema (oneOf). Found {count} valid alternatives");
                errors.push(refuse(&text));
            }
        }
    }
    if schema.get("not").is_some_and(matches) {
        errors.push(refuse("must not validate the schema (not)"));
    }
}
