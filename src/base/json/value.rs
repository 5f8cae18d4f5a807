//! The value itself: what it is, what can be asked of it and where its parts are.

use std::ops::{Index, IndexMut};

use super::{List, Map, Number, SharedStr};

/// A JSON value. Copies are cheap, whatever their size.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Value {
    /// `null`.
    #[default]
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// An integer of 64 bits, with or without sign, or a float.
    Number(Number),
    /// A text.
    String(SharedStr),
    /// A list.
    Array(List),
    /// A map, in the order of its keys.
    Object(Map),
}

static NULL: Value = Value::Null;

impl Value {
    /// Whether it is `null`.
    pub fn is_null(&self) -> bool {
        matches!(self, Value::Null)
    }

    /// Whether it is a boolean.
    pub fn is_boolean(&self) -> bool {
        matches!(self, Value::Bool(_))
    }

    /// Whether it is a number.
    pub fn is_number(&self) -> bool {
        matches!(self, Value::Number(_))
    }

    /// Whether it is a text.
    pub fn is_string(&self) -> bool {
        matches!(self, Value::String(_))
    }

    /// Whether it is a list.
    pub fn is_array(&self) -> bool {
        matches!(self, Value::Array(_))
    }

    /// Whether it is a map.
    pub fn is_object(&self) -> bool {
        matches!(self, Value::Object(_))
    }

    /// The boolean, if it is one.
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Value::Bool(flag) => Some(*flag),
            _ => None,
        }
    }

    /// The integer, if it is one that fits.
    pub fn as_i64(&self) -> Option<i64> {
        match self {
            Value::Number(number) => number.as_i64(),
            _ => None,
        }
    }

    /// The integer, if it is one that fits.
    pub fn as_u64(&self) -> Option<u64> {
        match self {
            Value::Number(number) => number.as_u64(),
            _ => None,
        }
    }

    /// The number as a float, if it is a number.
    pub fn as_f64(&self) -> Option<f64> {
        match self {
            Value::Number(number) => number.as_f64(),
            _ => None,
        }
    }

    /// The text, if it is one.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    /// The list, if it is one.
    pub fn as_array(&self) -> Option<&Vec<Value>> {
        match self {
            Value::Array(list) => Some(list),
            _ => None,
        }
    }

    /// The list, if it is one, to be changed: it is then no longer shared.
    pub fn as_array_mut(&mut self) -> Option<&mut Vec<Value>> {
        match self {
            Value::Array(list) => Some(list),
            _ => None,
        }
    }

    /// The map, if it is one.
    pub fn as_object(&self) -> Option<&Map> {
        match self {
            Value::Object(map) => Some(map),
            _ => None,
        }
    }

    /// The map, if it is one, to be changed.
    pub fn as_object_mut(&mut self) -> Option<&mut Map> {
        match self {
            Value::Object(map) => Some(map),
            _ => None,
        }
    }

    /// The entry of a map or the item of a list.
    pub fn get(&self, step: impl Step) -> Option<&Value> {
        step.of(self)
    }

    /// The entry of a map or the item of a list, to be changed.
    pub fn get_mut(&mut self, step: impl Step) -> Option<&mut Value> {
        step.of_mut(self)
    }

    /// The value, `null` stays in its place.
    pub fn take(&mut self) -> Value {
        std::mem::take(self)
    }
}

/// What leads from a value to a part of it: a key or a position.
pub trait Step {
    /// The part, if it is there.
    fn of<'a>(&self, value: &'a Value) -> Option<&'a Value>;
    /// The part, if it is there, to be changed.
    fn of_mut<'a>(&self, value: &'a mut Value) -> Option<&'a mut Value>;
    /// The part, made if it is an entry that is missing from a map or from nothing. Panics when there can be no such part.
    fn made<'a>(&self, value: &'a mut Value) -> &'a mut Value;
}

impl Step for str {
    fn of<'a>(&self, value: &'a Value) -> Option<&'a Value> {
        value.as_object()?.get(self)
    }

    fn of_mut<'a>(&self, value: &'a mut Value) -> Option<&'a mut Value> {
        value.as_object_mut()?.get_mut(self)
    }

    fn made<'a>(&self, value: &'a mut Value) -> &'a mut Value {
        if value.is_null() {
            *value = Value::Object(Map::new());
        }
        match value {
            Value::Object(map) => map.slot(self),
            other => panic!("no entry {self:?} in {other}"),
        }
    }
}

macro_rules! steps_as_texts {
    ($($type:ty),*) => {
        $(
            impl Step for $type {
                fn of<'a>(&self, value: &'a Value) -> Option<&'a Value> {
                    self.as_str().of(value)
                }

                fn of_mut<'a>(&self, value: &'a mut Value) -> Option<&'a mut Value> {
                    self.as_str().of_mut(value)
                }

                fn made<'a>(&self, value: &'a mut Value) -> &'a mut Value {
                    self.as_str().made(value)
                }
            }
        )*
    };
}

steps_as_texts!(String, SharedStr);

impl Step for usize {
    fn of<'a>(&self, value: &'a Value) -> Option<&'a Value> {
        value.as_array()?.get(*self)
    }

    fn of_mut<'a>(&self, value: &'a mut Value) -> Option<&'a mut Value> {
        value.as_array_mut()?.get_mut(*self)
    }

    fn made<'a>(&self, value: &'a mut Value) -> &'a mut Value {
        match value {
            Value::Array(list) => &mut list[*self],
            other => panic!("no item {self} in {other}"),
        }
    }
}

impl<S: Step + ?Sized> Step for &S {
    fn of<'a>(&self, value: &'a Value) -> Option<&'a Value> {
        (**self).of(value)
    }

    fn of_mut<'a>(&self, value: &'a mut Value) -> Option<&'a mut Value> {
        (**self).of_mut(value)
    }

    fn made<'a>(&self, value: &'a mut Value) -> &'a mut Value {
        (**self).made(value)
    }
}

/// A part, or `null` where there is none.
impl<S: Step> Index<S> for Value {
    type Output = Value;

    fn index(&self, step: S) -> &Value {
        step.of(self).unwrap_or(&NULL)
    }
}

/// A part, see [`Step::made`].
impl<S: Step> IndexMut<S> for Value {
    fn index_mut(&mut self, step: S) -> &mut Value {
        step.made(self)
    }
}
