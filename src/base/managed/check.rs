//! Whether an applied configuration fits its types; the refusals are those of the API server.

use super::set::{field_step, show_path};
use super::typed::{Place, Shape};
use crate::go::{type_name, value_syntax, value_text};
use crate::json::{SharedStr, Value};
use crate::patch::{FieldType, Types};
use std::collections::BTreeSet;

/// What does not fit, each with its path; empty when everything does.
pub(super) fn problems(types: &(impl Types + ?Sized), root: &FieldType, config: &Value) -> Vec<String> {
    let mut problems = Vec::new();
    check(types, &Place::root(root), config, &mut Vec::new(), &mut problems);
    problems
}

/// Several problems in one text.
pub(super) fn joined(problems: &[String]) -> String {
    match problems {
        [one] => one.clone(),
        all => all.iter().fold("errors:".to_owned(), |text, problem| format!("{text}\n  {problem}")),
    }
}

fn check(
    types: &(impl Types + ?Sized),
    place: &Place,
    value: &Value,
    path: &mut Vec<SharedStr>,
    problems: &mut Vec<String>,
) {
    let mut refuse = |why: String| problems.push(format!("{}: {why}", show_path(path)));
    match (place.holds(), value) {
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
                path.push(field_step(key));
                check(types, &place.field(types, key), value, path, problems);
                path.pop();
            }
        }
        Value::Array(items) => check_items(types, place, value, items, path, problems),
        _ => {}
    }
}

fn check_items(
    types: &(impl Types + ?Sized),
    place: &Place,
    list: &Value,
    items: &[Value],
    path: &mut Vec<SharedStr>,
    problems: &mut Vec<String>,
) {
    let keyed = matches!(place.shape(list), Shape::Items(_));
    let mut seen = BTreeSet::new();
    for (index, item) in items.iter().enumerate() {
        let step = if keyed { place.item_step(types, item) } else { Some(format!("i:{index}").into()) };
        let Some(step) = step else {
            problems.push(format!("{}: element {index}: {}", show_path(path), nameless(place, item)));
            continue;
        };
        if !seen.insert(step.clone()) {
            let entry = show_path(std::slice::from_ref(&step));
            problems.push(format!("{}: duplicate entries for key {entry}", show_path(path)));
            continue;
        }
        path.push(step);
        check(types, &place.item(types), item, path, problems);
        path.pop();
    }
}

fn nameless(place: &Place, item: &Value) -> String {
    let keys = place.item_keys().iter().map(|key| format!("{key:?}")).collect::<Vec<_>>().join(" ");
    match item {
        Value::Null => "associative list with keys may not have a null element".to_owned(),
        Value::Object(_) => format!(
            "associative list with keys has an element that omits all key fields [{keys}] (and doesn't have default values for any key fields)"
        ),
        _ => "associative list with keys may not have non-map elements".to_owned(),
    }
}
