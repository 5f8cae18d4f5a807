//! The documentation of definitions and fields as compressed JSON: `{definition: [text, {field: [text, type]}]}`.
//!
//! The type is present only where the lean schema does not have it: the name of the definition that a field refers to,
//! directly or through lists and maps.

use miniz_oxide::deflate::compress_to_vec;
use serde_json::{Map, Value, json};

use crate::{lean::reference, roots::Definitions};

const LEVEL: u8 = 9;

/// Encodes the documentation.
pub(crate) fn encode(definitions: &Definitions) -> Result<Vec<u8>, serde_json::Error> {
    let texts: Map<String, Value> =
        definitions.iter().map(|(name, schema)| (name.clone(), definition(schema))).collect();
    Ok(compress_to_vec(&serde_json::to_vec(&texts)?, LEVEL))
}

fn definition(schema: &Value) -> Value {
    let fields: Map<String, Value> = schema
        .get("properties")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
        .map(|(name, property)| (name.clone(), json!([text(property), target(property)])))
        .collect();
    json!([text(schema), fields])
}

fn text(schema: &Value) -> &str {
    schema.get("description").and_then(Value::as_str).unwrap_or_default()
}

fn target(property: &Value) -> Option<&str> {
    let inner = || property.get("items").or_else(|| property.get("additionalProperties"));
    reference(property).or_else(|| target(inner()?))
}
