//! Strict decoding of JSON into Go structs (`encoding/json` with `DisallowUnknownFields`), for its error messages.
//!
//! Field names match in any case, null leaves a field unset, and of several errors the first in the order of the field
//! names is reported. The structs of kustomize are in [`super::go_types`].

use kctl_base::json::{self, Map, Value, json, kind_name};

/// The Go type of a field.
#[derive(Clone, Copy)]
pub(super) enum Type {
    String,
    /// `interface {}`.
    Any,
    /// A named string type of the package `types`.
    Named(&'static str),
    Bool,
    /// An integer type by its name, such as `int64`.
    Int(&'static str),
    /// A map from strings to values of one type.
    Map(&'static Type),
    List(&'static Type),
    Struct(&'static Struct),
}

/// A Go struct: its fields by name, and its embedded structs.
pub(super) struct Struct {
    pub(super) name: &'static str,
    pub(super) fields: &'static [(&'static str, Type)],
    pub(super) embedded: &'static [&'static Struct],
}

impl Type {
    /// Returns the name as Go prints it, such as `map[string]string`.
    fn go_name(self) -> String {
        match self {
            Type::Any => "interface {}".into(),
            Type::String => "string".into(),
            Type::Named(name) => format!("types.{name}"),
            Type::Bool => "bool".into(),
            Type::Int(name) => name.into(),
            Type::Map(values) => format!("map[string]{}", values.go_name()),
            Type::List(items) => format!("[]{}", items.go_name()),
            Type::Struct(fields) => format!("types.{}", fields.name),
        }
    }
}

/// Checks a value against a struct and returns it with canonical field names and without nulls.
///
/// # Errors
/// The message of Go's decoder.
pub(super) fn decode(value: &Value, root: &'static Struct) -> Result<Value, String> {
    let Value::Object(fields) = value else {
        return match value {
            Value::Null => Ok(Value::Object(Map::new())),
            other => {
                Err(format!("json: cannot unmarshal {} into Go value of type types.{}", kind_name(other), root.name))
            }
        };
    };
    let mut decoder = Decoder { error: None };
    let decoded = decoder.fields(fields, root, &Position { parent: root.name, path: Vec::new() });
    match decoder.error {
        Some(error) => Err(format!("json: {error}")),
        None => Ok(decoded),
    }
}

/// The position of a value: the innermost struct around it and the path of field names from the root.
#[derive(Clone)]
struct Position {
    parent: &'static str,
    path: Vec<&'static str>,
}

struct Decoder {
    /// The first error.
    error: Option<String>,
}

impl Decoder {
    /// Records an error unless there is one already.
    fn record(&mut self, error: String) {
        self.error.get_or_insert(error);
    }

    fn fields(&mut self, fields: &Map, parent: &'static Struct, position: &Position) -> Value {
        let mut decoded = Map::new();
        for (key, value) in fields {
            match find_field(parent, key) {
                None => self.record(format!("unknown field {}", kctl_base::field::quote(key))),
                Some((embedded, name, field_type)) => {
                    let mut inner = Position { parent: parent.name, path: position.path.clone() };
                    inner.path.extend(embedded);
                    inner.path.push(name);
                    if let Some(value) = self.value(value, field_type, &inner) {
                        decoded.insert(name, value);
                    }
                }
            }
        }
        Value::Object(decoded)
    }

    fn value(&mut self, value: &Value, expected: Type, position: &Position) -> Option<Value> {
        match (expected, value) {
            (_, Value::Null) => None,
            (Type::Any, value) => Some(value.clone()),
            (Type::String | Type::Named(_), Value::String(_)) | (Type::Bool, Value::Bool(_)) => Some(value.clone()),
            (Type::Int(_), Value::Number(number)) if number.is_i64() => Some(value.clone()),
            (Type::Map(values), Value::Object(fields)) => {
                let pairs = fields.iter().map(|(k, v)| (k.clone(), self.value(v, *values, position)));
                Some(Value::Object(pairs.map(|(k, v)| (k, v.unwrap_or_else(|| zero(*values)))).collect()))
            }
            (Type::List(items), Value::Array(list)) => {
                Some(list.iter().map(|v| self.value(v, *items, position).unwrap_or_else(|| zero(*items))).collect())
            }
            (Type::Struct(inner), Value::Object(fields)) => Some(self.fields(fields, inner, position)),
            (expected, found) => {
                let found = match (expected, found) {
                    (Type::Int(_), Value::Number(number)) => format!("number {}", json::number_text(number)),
                    (_, other) => kind_name(other).into(),
                };
                let Position { parent, path } = position;
                self.record(format!(
                    "cannot unmarshal {found} into Go struct field {parent}.{} of type {}",
                    path.join("."),
                    expected.go_name()
                ));
                None
            }
        }
    }
}

/// Returns the zero value of a type: what null means in a list or a map.
fn zero(of: Type) -> Value {
    match of {
        Type::Any => Value::Null,
        Type::String | Type::Named(_) => "".into(),
        Type::Bool => false.into(),
        Type::Int(_) => 0.into(),
        Type::Map(_) | Type::Struct(_) => Value::Object(Map::new()),
        Type::List(_) => json!([]),
    }
}

/// Finds a field by its name in any case. Returns the embedded structs on the way, the canonical name and the type.
fn find_field(parent: &'static Struct, key: &str) -> Option<(Vec<&'static str>, &'static str, Type)> {
    let own = parent.fields.iter().find(|(name, _)| name.eq_ignore_ascii_case(key));
    if let Some((name, field_type)) = own {
        return Some((Vec::new(), name, *field_type));
    }
    parent.embedded.iter().find_map(|inner| {
        let (mut embedded, name, field_type) = find_field(inner, key)?;
        embedded.insert(0, inner.name);
        Some((embedded, name, field_type))
    })
}
