//! Decoding of objects by the schema as the API server does it: unknown fields are dropped and reported, unset zero
//! values dropped, scalars put into canonical form, and values of the wrong type refused.
//!
//! There are two decoders with the same rules and different messages: [`decode`] is for request bodies
//! (`sigs.k8s.io/json`), [`convert`] for the result of a strategic merge patch (apimachinery,
//! `pkg/runtime/converter.go`). Neither sets defaults or validates.

use thiserror::Error;

use super::{
    Definition, Schema, Type, Width,
    enums::{go_struct, go_type},
    scalars::{Precision, canonical_base64, canonical_time},
    shape::{is_forgotten, zero_of},
};

use crate::go::quote;
use crate::json::{Map, Value, kind_name};
use crate::order::Order as _;

/// Converts a quantity to its canonical form, or returns an error message.
pub type Canonical = fn(&str) -> Result<String, String>;

/// A decoded object.
#[derive(Debug, Clone, PartialEq)]
pub struct Decoded {
    /// The object without unknown fields and unset zero values.
    pub value: Value,
    /// A message such as `unknown field "spec.replica"` for each dropped field, in the order of the server.
    pub unknown: Vec<String>,
}

/// The error message of the server's decoder.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct DecodeError(pub String);

/// The largest number of unknown fields that the server reports.
const MAX_UNKNOWN: usize = 100;

/// Decodes a request body as an object of the definition `root`.
///
/// # Errors
///
/// Returns the first error of the server's decoder.
pub fn decode(schema: &Schema, root: &str, value: Value, quantity: Canonical) -> Result<Decoded, DecodeError> {
    Decoder::new(schema, quantity, Source::Body).run(root, value)
}

/// Decodes the result of a strategic merge patch as an object of the definition `root`; unknown fields are sorted.
///
/// # Errors
///
/// Returns the first error of the server's converter.
pub fn convert(schema: &Schema, root: &str, value: Value, quantity: Canonical) -> Result<Decoded, DecodeError> {
    let mut decoded = Decoder::new(schema, quantity, Source::Merge).run(root, value)?;
    decoded.unknown.order();
    Ok(decoded)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source {
    Body,
    Merge,
}

/// The field of a value, which determines the name of its Go type.
#[derive(Debug, Clone, Copy)]
struct FieldRef {
    definition: &'static str,
    field: &'static str,
}

struct Decoder<'a> {
    schema: &'a Schema,
    quantity: Canonical,
    source: Source,
    /// The path with indexes and map keys, as in messages about unknown fields.
    path: String,
    /// The field names alone, as in messages about types.
    fields: Vec<&'static str>,
    /// The definition that the last of `fields` belongs to.
    owner: Option<&'static str>,
    /// The first type error, after which the JSON decoder continues.
    first_error: Option<DecodeError>,
    unknown: Vec<String>,
}

impl<'a> Decoder<'a> {
    fn new(schema: &'a Schema, quantity: Canonical, source: Source) -> Decoder<'a> {
        Decoder {
            schema,
            quantity,
            source,
            path: String::new(),
            fields: Vec::new(),
            owner: None,
            first_error: None,
            unknown: Vec::new(),
        }
    }

    fn run(mut self, root: &str, value: Value) -> Result<Decoded, DecodeError> {
        let definition = self.schema.definition(root).ok_or_else(|| DecodeError(format!("no definition {root}")))?;
        let at = FieldRef { definition: definition.name, field: "" };
        let value = self.value(&Type::Object(definition.name), at, value)?;
        match self.first_error {
            Some(error) => Err(error),
            None => Ok(Decoded { value, unknown: self.unknown }),
        }
    }

    fn value(&mut self, ty: &Type, at: FieldRef, value: Value) -> Result<Value, DecodeError> {
        match (ty, value) {
            (Type::Any, value) => Ok(value),
            (_, Value::Null) => Ok(zero_of(ty)),
            (Type::Object(name), Value::Object(entries)) => match self.schema.definition(name) {
                Some(definition) => self.object(definition, entries),
                None => Ok(Value::Object(entries)),
            },
            (Type::Map(values), Value::Object(entries)) => self.map(values, at, entries),
            (Type::List(items), Value::Array(values)) => self.list(items, at, values.into_vec()),
            (Type::String, Value::String(text)) => Ok(Value::String(text)),
            (Type::Bool, Value::Bool(value)) => Ok(Value::Bool(value)),
            (Type::Number, Value::Number(number)) => Ok(Value::Number(number)),
            (Type::Integer(width), Value::Number(number)) => self.integer(*width, at, Value::Number(number)),
            (Type::Bytes, Value::String(text)) => self.bytes(&text),
            (Type::IntOrString, value) => self.int_or_string(value),
            (Type::Quantity, value) => self.quantity(value),
            (Type::Time, value) => self.time(value, Precision::Seconds),
            (Type::MicroTime, value) => self.time(value, Precision::Micros),
            (ty, value) => self.wrong_type(ty, at, &value),
        }
    }

    fn object(&mut self, definition: &'a Definition, entries: Map) -> Result<Value, DecodeError> {
        let mut kept = Map::new();
        let (length, owner) = (self.path.len(), self.owner);
        for (key, value) in entries {
            self.push_key(&key);
            match definition.field(&key) {
                None => self.unknown_field(),
                Some(_) if value.is_null() => {}
                Some(field) => {
                    self.fields.push(field.name);
                    self.owner = Some(definition.short_name());
                    let at = FieldRef { definition: definition.name, field: field.name };
                    let value = self.value(&field.ty, at, value)?;
                    if !is_forgotten(definition, field, &value) {
                        kept.insert(key, value);
                    }
                    self.fields.pop();
                    self.owner = owner;
                }
            }
            self.path.truncate(length);
        }
        Ok(Value::Object(kept))
    }

    fn map(&mut self, values: &Type, at: FieldRef, entries: Map) -> Result<Value, DecodeError> {
        let mut kept = Map::new();
        let length = self.path.len();
        for (key, value) in entries {
            // The converter omits map keys in paths.
            if self.source == Source::Body {
                self.push_key(&key);
            }
            let value = self.value(values, at, value)?;
            kept.insert(key, value);
            self.path.truncate(length);
        }
        Ok(Value::Object(kept))
    }

    fn list(&mut self, items: &Type, at: FieldRef, values: Vec<Value>) -> Result<Value, DecodeError> {
        let mut kept = Vec::with_capacity(values.len());
        let length = self.path.len();
        for (index, value) in values.into_iter().enumerate() {
            self.path.push_str(&format!("[{index}]"));
            kept.push(self.value(items, at, value)?);
            self.path.truncate(length);
        }
        Ok(Value::from(kept))
    }

    fn integer(&mut self, width: Width, at: FieldRef, value: Value) -> Result<Value, DecodeError> {
        let name = go_name(&Type::Integer(width), at);
        match (value.as_i64(), value.as_f64(), self.source) {
            (Some(number), _, Source::Body) if fits(width, number) => Ok(Value::from(number)),
            (Some(number), _, Source::Merge) => Ok(Value::from(narrow(width, number))),
            (None, Some(number), Source::Merge) if number.fract() == 0.0 => {
                Ok(Value::from(narrow(width, number as i64)))
            }
            (_, _, Source::Merge) => Err(DecodeError(format!("cannot convert float64 to {name}"))),
            _ => self.record_error(self.cannot_unmarshal(&format!("number {value}"), &name)),
        }
    }

    fn bytes(&mut self, text: &str) -> Result<Value, DecodeError> {
        match (canonical_base64(text), self.source) {
            (Ok(text), _) => Ok(Value::from(text)),
            (Err(error), Source::Body) => self.record_error(DecodeError(error)),
            (Err(error), Source::Merge) => Err(DecodeError(format!("error decoding from json: {error}"))),
        }
    }

    fn int_or_string(&mut self, value: Value) -> Result<Value, DecodeError> {
        let fits = value.as_i64().is_some_and(|number| fits(Width::I32, number));
        match &value {
            Value::String(_) => Ok(value),
            Value::Number(_) if fits => Ok(value),
            Value::Number(number) => Err(self.cannot_unmarshal(&format!("number {number}"), "int32")),
            _ => Err(self.cannot_unmarshal(kind_name(&value), "int32")),
        }
    }

    fn quantity(&mut self, value: Value) -> Result<Value, DecodeError> {
        let canonical = match &value {
            Value::String(text) => (self.quantity)(text.trim()),
            other => (self.quantity)(&other.to_string()),
        };
        canonical.map(Value::from).map_err(DecodeError)
    }

    fn time(&mut self, value: Value, precision: Precision) -> Result<Value, DecodeError> {
        match &value {
            Value::String(text) => canonical_time(text, precision).map(Value::from).map_err(DecodeError),
            other => Err(self.cannot_unmarshal(kind_name(other), "string")),
        }
    }

    fn wrong_type(&mut self, ty: &Type, at: FieldRef, value: &Value) -> Result<Value, DecodeError> {
        match self.source {
            Source::Body => self.record_error(self.cannot_unmarshal(kind_name(value), &go_name(ty, at))),
            Source::Merge => Err(DecodeError(cannot_restore(ty, at, value))),
        }
    }

    /// Records the first error and continues as if the field were not set.
    fn record_error(&mut self, error: DecodeError) -> Result<Value, DecodeError> {
        self.first_error.get_or_insert(error);
        Ok(Value::Null)
    }

    fn cannot_unmarshal(&self, what: &str, name: &str) -> DecodeError {
        DecodeError(match (self.source, self.owner) {
            (Source::Body, Some(owner)) => {
                format!(
                    "json: cannot unmarshal {what} into Go struct field {owner}.{} of type {name}",
                    self.fields.join(".")
                )
            }
            _ => format!("json: cannot unmarshal {what} into Go value of type {name}"),
        })
    }

    fn push_key(&mut self, key: &str) {
        if !self.path.is_empty() {
            self.path.push('.');
        }
        self.path.push_str(key);
    }

    fn unknown_field(&mut self) {
        let text = format!("unknown field {}", quote(&self.path));
        if self.unknown.len() < MAX_UNKNOWN && !self.unknown.contains(&text) {
            self.unknown.push(text);
        }
    }
}

fn fits(width: Width, number: i64) -> bool {
    width == Width::I64 || i32::try_from(number).is_ok()
}

/// The converter truncates integers that are out of range.
fn narrow(width: Width, number: i64) -> i64 {
    match width {
        Width::I32 => i64::from(number as i32),
        Width::I64 => number,
    }
}

/// Returns the name of the Go type that a JSON value is decoded to.
fn go_kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "invalid",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "float64",
        Value::Number(_) => "int64",
        Value::String(_) => "string",
        Value::Array(_) => "slice",
        Value::Object(_) => "map",
    }
}

fn go_name(ty: &Type, at: FieldRef) -> String {
    match ty {
        Type::Object(name) => go_struct(name),
        Type::List(items) => format!("[]{}", go_name(items, at)),
        Type::Map(values) if **values == Type::Quantity && at.definition.contains(".core.v1.") => {
            "v1.ResourceList".to_owned()
        }
        Type::Map(values) => format!("map[string]{}", go_name(values, at)),
        Type::String => go_type(at.definition, at.field).to_owned(),
        Type::Integer(Width::I32) => "int32".to_owned(),
        Type::Integer(Width::I64) => "int64".to_owned(),
        Type::Number => "float64".to_owned(),
        Type::Bool => "bool".to_owned(),
        Type::IntOrString => "intstr.IntOrString".to_owned(),
        Type::Quantity => "resource.Quantity".to_owned(),
        Type::Time => "v1.Time".to_owned(),
        Type::MicroTime => "v1.MicroTime".to_owned(),
        Type::Bytes => "[]uint8".to_owned(),
        Type::Any => "interface {}".to_owned(),
    }
}

fn cannot_restore(ty: &Type, at: FieldRef, value: &Value) -> String {
    let kind = go_kind(value);
    match ty {
        Type::Object(_) => format!("cannot restore struct from: {kind}"),
        Type::Map(_) => format!("cannot restore map from {kind}"),
        Type::List(_) | Type::Bytes => format!("cannot restore slice from {kind}"),
        // Go can convert integers to strings (as code points), hence another message.
        Type::String if kind == "int64" => format!("cannot convert int64 to {}", go_name(ty, at)),
        Type::String => "unrecognized type: string".to_owned(),
        other => format!("unrecognized type: {}", go_name(other, at)),
    }
}

#[cfg(test)]
mod tests;
