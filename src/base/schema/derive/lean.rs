//! The lean schema: a line for each root and each definition, so that a single line can be read on its own.
//!
//! Root lines are `group TAB version TAB kind TAB index`, sorted. After an empty line follow the definition lines,
//! sorted by name: `name` and ` TAB field SPACE type` for each field, sorted by name. A `!` before the field marks it
//! as required. The types are `s` string, `i` int32, `l` int64, `f` number, `b` bool, `x` int-or-string, `q` quantity,
//! `t` time, `u` time with microseconds, `y` bytes, `a` anything, `[T` list, `{T` map and `@N` the definition on line
//! N. A line `name TAB =T` is a definition without fields that is an alias of type T.

use std::fmt::Write;

use serde_json::Value;

use super::roots::{Definitions, Roots};

/// Encodes roots and definitions.
pub(super) fn encode(roots: &Roots, definitions: &Definitions) -> Result<String, String> {
    let names: Vec<&str> = definitions.keys().map(String::as_str).collect();
    let mut out = String::new();
    for ((group, version, kind), name) in roots {
        let index = index_of(&names, name)?;
        let _ = writeln!(out, "{group}\t{version}\t{kind}\t{index}");
    }
    out.push('\n');
    for (name, schema) in definitions {
        out.push_str(name);
        match schema.get("properties").and_then(Value::as_object) {
            None => {
                let _ = write!(out, "\t={}", leaf(name, schema));
            }
            Some(properties) => {
                for (field, property) in properties {
                    let mark = if is_required(name, schema, field) { "!" } else { "" };
                    let _ = write!(out, "\t{mark}{field} {}", type_code(definitions, &names, property)?);
                }
            }
        }
        out.push('\n');
    }
    Ok(out)
}

fn index_of(names: &[&str], name: &str) -> Result<usize, String> {
    names.binary_search(&name).map_err(|_| format!("no definition {name}"))
}

/// Returns `true` if the API marks a field as required.
///
/// The crate's marks differ because of its Rust types: the metadata of every kind and the names in references are not
/// required, and one required field is optional.
fn is_required(definition: &str, schema: &Value, field: &str) -> bool {
    const OPTIONAL_NAMES: [&str; 8] = [
        "io.k8s.api.core.v1.ConfigMapEnvSource",
        "io.k8s.api.core.v1.ConfigMapKeySelector",
        "io.k8s.api.core.v1.ConfigMapProjection",
        "io.k8s.api.core.v1.ConfigMapVolumeSource",
        "io.k8s.api.core.v1.LocalObjectReference",
        "io.k8s.api.core.v1.SecretEnvSource",
        "io.k8s.api.core.v1.SecretKeySelector",
        "io.k8s.api.core.v1.SecretProjection",
    ];
    let is_core_event = definition == "io.k8s.api.core.v1.Event";
    if field == "metadata" && !is_core_event || field == "name" && OPTIONAL_NAMES.contains(&definition) {
        return false;
    }
    if (definition, field) == ("io.k8s.api.events.v1.Event", "eventTime") {
        return true;
    }
    schema.get("required").and_then(Value::as_array).is_some_and(|list| list.iter().any(|name| name == field))
}

/// Returns the definition that a property refers to with `$ref`.
pub(super) fn reference(property: &Value) -> Option<&str> {
    property.get("$ref")?.as_str()?.strip_prefix("#/$defs/")
}

fn type_code(definitions: &Definitions, names: &[&str], property: &Value) -> Result<String, String> {
    if let Some(name) = reference(property) {
        let target = definitions.get(name).ok_or_else(|| format!("no definition {name}"))?;
        return match target.get("properties") {
            Some(_) => Ok(format!("@{}", index_of(names, name)?)),
            None => Ok(leaf(name, target).to_owned()),
        };
    }
    let items = property.get("items").map(|items| type_code(definitions, names, items));
    let values = property.get("additionalProperties").map(|values| type_code(definitions, names, values));
    match (items, values) {
        (Some(items), _) => Ok(format!("[{}", items?)),
        (_, Some(values)) => Ok(format!("{{{}", values?)),
        _ => Ok(scalar(property).to_owned()),
    }
}

/// Returns the type of a definition without fields, which mostly is a named scalar.
fn leaf(name: &str, schema: &Value) -> &'static str {
    match name.rsplit('.').next() {
        Some("Quantity") => "q",
        Some("IntOrString") => "x",
        Some("Time") => "t",
        Some("MicroTime") => "u",
        _ => match schema.get("type").and_then(Value::as_str) {
            // `type: object` without properties is either an empty struct or any JSON value.
            Some("object") | None => "a",
            _ => scalar(schema),
        },
    }
}

fn scalar(schema: &Value) -> &'static str {
    let text = |key| schema.get(key).and_then(Value::as_str);
    match (text("type"), text("format")) {
        (Some("string"), Some("byte")) => "y",
        (Some("string"), _) => "s",
        (Some("integer"), Some("int32")) => "i",
        (Some("integer"), _) => "l",
        (Some("number"), _) => "f",
        (Some("boolean"), _) => "b",
        _ => "a",
    }
}
