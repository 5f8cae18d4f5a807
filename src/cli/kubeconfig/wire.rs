//! The form in which Go writes a kubeconfig: without empty fields, entries sorted by name, and JSON in the order of the structs.

use super::types::{CONFIG, Struct, Type};
use kctl_base::json::{Map, Value, json, to_compact};
use kctl_base::object::{ValueRead, ValueWrite};
use kctl_base::order::Order as _;

/// Returns the content of a file in the form in which it is written. Unknown fields are dropped.
pub(super) fn canonical(config: &Value) -> Value {
    let mut config = struct_value(config, &CONFIG);
    config.put("/apiVersion", "v1");
    config.put("/kind", "Config");
    config
}

fn struct_value(value: &Value, of: &Struct) -> Value {
    let mut fields = Map::new();
    for field in of.fields {
        let value = value_of(value.get(field.name).unwrap_or(&Value::Null), &field.kind);
        let given = match field.kind {
            Type::Pointer(_) => !value.is_null(),
            _ => !is_empty(&value),
        };
        if field.always || given {
            fields.insert(field.name, value);
        }
    }
    Value::Object(fields)
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::String(text) => text.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => false,
    }
}

fn value_of(value: &Value, kind: &Type) -> Value {
    match (kind, value) {
        (Type::Text, Value::Null) => "".into(),
        (Type::Switch, Value::Null) => false.into(),
        (Type::Bytes, Value::String(text)) => text.replace(['\r', '\n'], "").into(),
        (Type::Struct(of), value) => struct_value(value, of),
        (Type::Pointer(of), Value::Object(_)) => struct_value(value, of),
        (Type::List(_) | Type::Named(_), Value::Array(items)) if items.is_empty() => Value::Null,
        (Type::List(kind), Value::Array(items)) => list(items.iter().map(|item| value_of(item, kind))),
        (Type::Named(of), Value::Array(items)) => {
            let mut items: Vec<Value> = items.iter().map(|item| struct_value(item, of)).collect();
            items.order_by(|a, b| a.str("/name").cmp(b.str("/name")));
            items.dedup_by(|later, first| later.str("/name") == first.str("/name"));
            list(items.into_iter())
        }
        _ => value.clone(),
    }
}

fn list(items: impl Iterator<Item = Value>) -> Value {
    json!(items.collect::<Vec<Value>>())
}

/// Returns a configuration as indented JSON, the fields in the order of Go's structs.
pub(super) fn to_json(config: &Value) -> String {
    let mut text = String::new();
    write(config, &Type::Struct(&CONFIG), 0, &mut text);
    text
}

fn write(value: &Value, kind: &Type, depth: usize, text: &mut String) {
    let of = match kind {
        Type::Struct(of) | Type::Pointer(of) | Type::Named(of) => Some(*of),
        _ => None,
    };
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            let mut entries: Vec<(&str, &Value)> = fields.iter().map(|(name, value)| (name.as_str(), value)).collect();
            let place = |name: &str| of.and_then(|of| of.fields.iter().position(|field| field.name == name));
            entries.order_by_key(|(name, _)| place(name));
            let kind_of = |name: &str| match (kind, place(name), of) {
                (_, Some(at), Some(of)) => &of.fields[at].kind,
                _ => &Type::Any,
            };
            let lines =
                entries.iter().map(|(name, value)| (format!("{}: ", to_compact(&json!(name))), *value, kind_of(name)));
            write_block(['{', '}'], lines, depth, text);
        }
        Value::Array(items) if !items.is_empty() => {
            let of_struct;
            let item = match (kind, of) {
                (Type::List(item), _) => *item,
                (_, Some(of)) => {
                    of_struct = Type::Struct(of);
                    &of_struct
                }
                _ => &Type::Any,
            };
            write_block(['[', ']'], items.iter().map(|value| (String::new(), value, item)), depth, text);
        }
        scalar => text.push_str(&to_compact(scalar)),
    }
}

fn write_block<'a>(
    brackets: [char; 2],
    lines: impl Iterator<Item = (String, &'a Value, &'a Type)>,
    depth: usize,
    text: &mut String,
) {
    text.push(brackets[0]);
    let mut separator = "";
    for (label, value, kind) in lines {
        text.push_str(separator);
        text.push('\n');
        text.push_str(&"    ".repeat(depth + 1));
        text.push_str(&label);
        write(value, kind, depth + 1, text);
        separator = ",";
    }
    text.push('\n');
    text.push_str(&"    ".repeat(depth));
    text.push(brackets[1]);
}
