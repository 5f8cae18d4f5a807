//! Conversion of values from and to JSON.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use cel::Value;
use cel::objects::Key;
use chrono::SecondsFormat;

use super::made::fields;
use crate::json::Value as Json;

/// Converts a JSON value without a schema: integers become `int`, strings stay strings.
pub fn from_json(value: &Json) -> Value {
    match value {
        Json::Null => Value::Null,
        Json::Bool(flag) => Value::Bool(*flag),
        Json::Number(number) => {
            number.as_i64().map_or_else(|| Value::Float(number.as_f64().unwrap_or_default()), Value::Int)
        }
        Json::String(text) => Value::String(Arc::new(text.to_string())),
        Json::Array(items) => Value::List(Arc::new(items.iter().map(from_json).collect())),
        Json::Object(map) => {
            let entries: HashMap<String, Value> =
                map.iter().map(|(key, value)| (key.to_string(), from_json(value))).collect();
            entries.into()
        }
    }
}

/// Converts a value to JSON as Kubernetes does: times and bytes become strings.
///
/// # Errors
///
/// Returns a message about a value that JSON cannot express.
pub fn to_json(value: &Value) -> Result<Json, String> {
    Ok(match value {
        Value::Null => Json::Null,
        Value::Bool(flag) => Json::from(*flag),
        Value::Int(number) => Json::from(*number),
        Value::UInt(number) => Json::from(*number),
        Value::Float(number) => Json::from(*number),
        Value::String(text) => Json::from(text.as_str()),
        Value::Bytes(bytes) => Json::from(BASE64_STANDARD.encode(bytes.as_slice())),
        Value::Duration(time) => Json::from(format!("{}s", time.as_seconds_f64())),
        Value::Timestamp(time) => Json::from(time.to_utc().to_rfc3339_opts(SecondsFormat::AutoSi, true)),
        Value::List(items) => Json::Array(items.iter().map(to_json).collect::<Result<Vec<_>, _>>()?.into()),
        Value::Map(entries) => {
            let mut sorted = BTreeMap::new();
            for (key, value) in entries.map.iter() {
                let Key::String(key) = key else { return Err(format!("map key {key} is not a string")) };
                sorted.insert(key.as_str(), to_json(value)?);
            }
            sorted.into_iter().collect()
        }
        Value::Struct(made) => {
            let fields = fields(made).into_iter().map(|(name, field)| Ok((name, to_json(&field)?)));
            fields.collect::<Result<Vec<_>, String>>()?.into_iter().collect()
        }
        other => return Err(format!("unsupported type: {}", other.type_of())),
    })
}
