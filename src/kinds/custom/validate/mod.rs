//! Validation of custom objects against the OpenAPI schema of their definition
//! (`apiextensions-apiserver/pkg/registry/customresource/{strategy,validator}.go`).

mod embedded;
mod formats;
mod lists;
mod values;

use super::schema;
use crate::ScalePaths;
use kctl_base::field::{self, Cause, ErrorList, FieldError, Path};
use kctl_base::json::Value;
use kctl_base::object::{Object, ValueRead};
use kctl_base::order::Order as _;

pub(crate) use formats::is_known as is_known_format;

/// The message for an object whose other errors kept the CEL rules from being evaluated.
const UNCHECKED: &str = "some validation rules were not checked because the object was invalid; correct the existing errors to complete validation";

/// Validates an object. Wrong types come first, then unsupported values, then the other errors of the schema by field;
/// those about the scale subresource, embedded objects and duplicate items follow. What was wrong in the `old` version and
/// has not changed is not an error (ratcheting).
pub(super) fn validate(schema: &Value, scale: Option<ScalePaths>, object: &Object, old: Option<&Object>) -> ErrorList {
    let mut errors = sorted(values::errors(schema, object, old, &Path::root()));
    let pointers = scale.into_iter().flat_map(|scale| [scale.spec_replicas, scale.status_replicas]);
    errors.extend(pointers.filter_map(|pointer| replicas_error(object, pointer)));
    errors.extend(embedded::errors(schema, object));
    let duplicates = lists::errors(schema, object);
    if old.is_none_or(|old| lists::errors(schema, old).is_empty()) {
        errors.extend(duplicates);
    }
    errors.extend(unchecked(schema, &errors));
    errors
}

/// Validates the status of an object; the errors name its fields relative to it.
pub(super) fn validate_status(schema: &Value, scale: Option<ScalePaths>, object: &Object, old: &Object) -> ErrorList {
    let mut errors = ErrorList::new();
    if let (Some(schema), Some(status)) = (schema.at("/properties/status"), object.get("status")) {
        errors = sorted(values::errors(schema, status, old.get("status"), &Path::new("status")));
    }
    errors.extend(scale.and_then(|scale| replicas_error(object, scale.status_replicas)));
    errors.extend(unchecked(schema, &errors));
    errors
}

/// Validates the default of a schema, which is at `path`.
pub(super) fn default_errors(schema: &Value, default: &Value, path: &Path) -> ErrorList {
    sorted(values::errors(schema, default, None, path))
}

/// Passes every part of a value that a schema describes to `visit`, with its schema and path, the outer ones first.
fn walk(schema: &Value, value: &Value, path: &Path, visit: &mut dyn FnMut(&Value, &Value, &Path)) {
    visit(schema, value, path);
    match value {
        Value::Object(fields) => {
            let known = schema.map("/properties");
            let others = schema.get("additionalProperties").filter(|values| values.is_object());
            for (name, inner) in fields {
                match (known.and_then(|known| known.get(name)), others) {
                    (Some(schema), _) => walk(schema, inner, &path.child(name), visit),
                    (None, Some(schema)) => walk(schema, inner, &path.key(name), visit),
                    (None, None) => {}
                }
            }
        }
        Value::Array(items) => {
            let Some(schema) = schema.get("items") else { return };
            for (index, item) in items.iter().enumerate() {
                walk(schema, item, &path.index(index), visit);
            }
        }
        _ => {}
    }
}

fn sorted(mut errors: ErrorList) -> ErrorList {
    errors.order_by_key(|error| match error.cause {
        Cause::TypeInvalid => 0,
        Cause::NotSupported => 1,
        _ => 2,
    });
    errors
}

/// Returns the error that rules were not evaluated, if other errors kept them from it.
fn unchecked(schema: &Value, errors: &[FieldError]) -> Option<FieldError> {
    let is_hidden = errors.iter().any(|e| e.cause.hides_rules()) && schema::has_rules(schema);
    is_hidden.then(|| field::invalid(&Path::root(), Value::Null, UNCHECKED))
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
