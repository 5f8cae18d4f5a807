//! Validation of an applied configuration against the schema, with the messages of structured-merge-diff
//! (`typed/validate.go`).

use super::set::{field_element, format_path};
use super::typed::{Shape, TypeRef};
use crate::go::{type_name, value_syntax, value_text};
use crate::json::{SharedStr, Value};
use crate::patch::{FieldType, Types};
use std::collections::BTreeSet;

/// Returns the schema errors, each with its path.
pub(super) fn validate(types: &(impl Types + ?Sized), root: &FieldType, config: &Value) -> Vec<String> {
    let mut problems = Vec::new();
    check(types, &TypeRef::root(root), config, &mut Vec::new(), &mut problems);
    problems
}

/// Joins errors as `typed.ValidationErrors` does.
pub(super) fn join_errors(problems: &[String]) -> String {
    match problems {
        [one] => one.clone(),
        all => all.iter().fold("errors:".to_owned(), |text, problem| format!("{text}\n  {problem}")),
    }
}

fn check(
    types: &(impl Types + ?Sized),
    ty: &TypeRef,
    value: &Value,
    path: &mut Vec<SharedStr>,
    problems: &mut Vec<String>,
) {
    let mut refuse = |why: String| problems.push(format!("{}: {why}", format_path(path)));
    match (ty.field_type(), value) {
        (_, Value::Null) => return,
        (FieldType::Unknown, _) => return refuse("field not declared in schema".to_owned()),
        (FieldType::String, other) if !other.is_string() => {
            return refuse(format!("expected string, got &value.valueUnstructured{{Value:{}}}", value_syntax(other)));
        }
        (FieldType::Number, other) if !other.is_number() => {
            return refuse(format!("expected numeric (int or float), got {}", type_name(other)));
        }
        (FieldType::Boolean, other) if !other.is_boolean() => {
            return refuse(format!("expected boolean, got &{{{}}}", value_text(other)));
        }
        (FieldType::List(_), other) if !other.is_array() => {
            return refuse(format!("expected list, got &{{{}}}", value_text(other)));
        }
        (FieldType::Object(_) | FieldType::Map(_), other) if !other.is_object() => {
            return refuse(format!("expected map, got &{{{}}}", value_text(other)));
        }
        _ => {}
    }
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                path.push(field_element(key));
                check(types, &ty.field(types, key), value, path, problems);
                path.pop();
            }
        }
        Value::Array(items) => check_items(types, ty, value, items, path, problems),
        _ => {}
    }
}

fn check_items(
    types: &(impl Types + ?Sized),
    ty: &TypeRef,
    list: &Value,
    items: &[Value],
    path: &mut Vec<SharedStr>,
    problems: &mut Vec<String>,
) {
    let keyed = matches!(ty.shape(list), Shape::Items(_));
    let mut seen = BTreeSet::new();
    for (index, item) in items.iter().enumerate() {
        let element = if keyed { ty.item_element(types, item) } else { Some(format!("i:{index}").into()) };
        let Some(element) = element else {
            problems.push(format!("{}: element {index}: {}", format_path(path), key_error(ty, item)));
            continue;
        };
        if !seen.insert(element.clone()) {
            let entry = format_path(std::slice::from_ref(&element));
            problems.push(format!("{}: duplicate entries for key {entry}", format_path(path)));
            continue;
        }
        path.push(element);
        check(types, &ty.item(types), item, path, problems);
        path.pop();
    }
}

fn key_error(ty: &TypeRef, item: &Value) -> String {
    let keys = ty.item_keys().iter().map(|key| format!("{key:?}")).collect::<Vec<_>>().join(" ");
    match item {
        Value::Null => "associative list with keys may not have a null element".to_owned(),
        Value::Object(_) => format!(
            "associative list with keys has an element that omits all key fields [{keys}] (and doesn't have default values for any key fields)"
        ),
        _ => "associative list with keys may not have non-map elements".to_owned(),
    }
}
