//! Values during execution: JSON data, Go's own `int`, and the missing value that prints as `<no value>`.

use std::borrow::Cow;

use crate::go;
use crate::json::Value;

/// A value during execution.
#[derive(Debug, Clone)]
pub(super) enum Val<'v> {
    /// The value of a missing key.
    Missing,
    /// An element of a map or list, whose static type in Go is `interface {}`.
    Inner(Cow<'v, Value>),
    /// A value with a concrete static type; never null.
    Known(Cow<'v, Value>),
    /// A constant, length or index.
    Int(i64),
}

impl<'v> Val<'v> {
    pub(super) fn of(value: impl Into<Value>) -> Self {
        Self::Known(Cow::Owned(value.into()))
    }

    /// Unwraps `interface {}`; null becomes a missing value.
    pub(super) fn unwrapped(self) -> Self {
        match self {
            Self::Inner(value) if value.is_null() => Self::Missing,
            Self::Inner(value) => Self::Known(value),
            other => other,
        }
    }

    /// Returns the value as JSON; a missing one is null.
    pub(super) fn json(&self) -> Cow<'_, Value> {
        match self {
            Self::Missing => Cow::Owned(Value::Null),
            Self::Inner(value) | Self::Known(value) => Cow::Borrowed(value),
            Self::Int(int) => Cow::Owned((*int).into()),
        }
    }

    pub(super) fn as_str(&self) -> Option<&str> {
        match self {
            Self::Inner(value) | Self::Known(value) => value.as_str(),
            Self::Missing | Self::Int(_) => None,
        }
    }

    /// Returns a Go integer; JSON floats are none, even integral ones.
    pub(super) fn as_int(&self) -> Option<i64> {
        match self {
            Self::Int(int) => Some(*int),
            Self::Inner(value) | Self::Known(value) => value.as_i64(),
            Self::Missing => None,
        }
    }

    pub(super) fn is_nil(&self) -> bool {
        self.json().is_null()
    }

    /// Returns the name of the static type.
    pub(super) fn static_type(&self) -> &'static str {
        if matches!(self, Self::Inner(_)) { "interface {}" } else { self.type_name() }
    }

    /// Returns the name of the dynamic type.
    pub(super) fn type_name(&self) -> &'static str {
        if matches!(self, Self::Int(_)) { "int" } else { go::type_name(&self.json()) }
    }

    /// Returns `true` if the value is neither empty nor zero.
    pub(super) fn is_true(&self) -> bool {
        match self.json().as_ref() {
            Value::Null => false,
            Value::Bool(flag) => *flag,
            Value::Number(number) => number.as_f64() != Some(0.0),
            Value::String(text) => !text.is_empty(),
            Value::Array(items) => !items.is_empty(),
            Value::Object(fields) => !fields.is_empty(),
        }
    }

    /// Formats the value as an action prints it.
    pub(super) fn text(&self) -> String {
        if self.is_nil() { "<no value>".to_owned() } else { go::value_text(&self.json()) }
    }

    /// Returns the value of a map key.
    pub(super) fn field(&self, name: &str) -> Option<Val<'v>> {
        match self {
            Self::Inner(Cow::Borrowed(value)) | Self::Known(Cow::Borrowed(value)) => {
                value.as_object()?.get(name).map(|value| Self::Inner(Cow::Borrowed(value)))
            }
            _ => self.json().as_object()?.get(name).cloned().map(|value| Self::Inner(Cow::Owned(value))),
        }
    }

    /// Returns the elements of a list or map, in key order, with their index or key.
    pub(super) fn elements(&self) -> Vec<(Val<'v>, Val<'v>)> {
        match self {
            Self::Inner(Cow::Borrowed(value)) | Self::Known(Cow::Borrowed(value)) => match value {
                Value::Array(items) => {
                    let items = items.iter().map(|item| Self::Inner(Cow::Borrowed(item)));
                    items.enumerate().map(|(index, item)| (Self::Int(index as i64), item)).collect()
                }
                Value::Object(fields) => fields
                    .iter()
                    .map(|(key, item)| (Self::of(key.as_str()), Self::Inner(Cow::Borrowed(item))))
                    .collect(),
                _ => Vec::new(),
            },
            Self::Inner(Cow::Owned(value)) | Self::Known(Cow::Owned(value)) => match value {
                Value::Array(items) => {
                    let items = items.iter().map(|item| Self::Inner(Cow::Owned(item.clone())));
                    items.enumerate().map(|(index, item)| (Self::Int(index as i64), item)).collect()
                }
                _ => Vec::new(),
            },
            Self::Missing | Self::Int(_) => Vec::new(),
        }
    }
}
