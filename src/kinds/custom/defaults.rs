//! Validation of the defaults in a schema (`apiextensions-apiserver/pkg/apiserver/schema/defaulting/validation.go`).

use super::{rules, schema, validate};
use kctl_base::field::{self, ErrorList, Path};
use kctl_base::json::Value;
use kctl_base::object::ValueRead;

/// Validates each default of a schema as it stands, without the defaults inside of it: it must have only known fields and
/// satisfy the schema and its rules. Values of maps have no defaults.
pub(crate) fn errors(schema: &Value, path: &Path) -> ErrorList {
    let mut errors = ErrorList::new();
    visit(schema, path, true, &mut errors);
    errors
}

fn visit(schema: &Value, path: &Path, is_resource: bool, errors: &mut ErrorList) {
    if let Some(default) = schema.get("default").filter(|default| !default.is_null()) {
        default_errors(schema, default, &path.child("default"), errors);
    }
    if let Some(items) = schema.get("items").filter(|items| items.is_object()) {
        visit(items, &path.child("items"), false, errors);
    }
    for (name, inner) in schema.map("/properties").into_iter().flatten() {
        let is_common = schema::COMMON.contains(&&**name);
        if is_common && (is_resource || schema.flag("/x-kubernetes-embedded-resource")) {
            continue;
        }
        visit(inner, &path.child("properties").key(name), false, errors);
    }
}

fn default_errors(schema: &Value, default: &Value, path: &Path, errors: &mut ErrorList) {
    if !schema::unknown_in_value(schema, default).is_empty() {
        errors.push(field::invalid(path, default.clone(), "must not have unknown fields"));
    }
    let found = validate::default_errors(schema, default, path);
    match found.is_empty() {
        true => errors.extend(rules::evaluate_at(schema, default, path)),
        false => errors.extend(found),
    }
}
