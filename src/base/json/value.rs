//! The value type, its accessors and indexing.

use std::ops::{Index, IndexMut};

use super::{List, Map, Number, SharedStr};

/// A JSON value. Cloning is cheap for any size, because strings, lists and maps are shared.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub enum Value {
    /// `null`.
    #[default]
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A 64-bit integer, signed or unsigned, or a float.
    Number(Number),
    /// A string.
    String(SharedStr),
    /// A list.
    Array(List),
    /// A map, sorted by key.
    Object(Map),
}

static NULL: Value = Value::Null;

impl Value {
    /// Returns `true` for `null`.
    #[inline]
    pub fn is_null(&self) -> bool {
        matches!(self, Value::Null)
    }

    /// Returns `true` for a boolean.
    #[inline]
    pub fn is_boolean(&self) -> bool {
        matches!(self, Value::Bool(_))
    }

    /// Returns `true` for a number.
    #[inline]
    pub fn is_number(&self) -> bool {
        matches!(self, Value::Number(_))
    }

    /// Returns `true` for a string.
    #[inline]
    pub fn is_string(&self) -> bool {
        matches!(self, Value::String(_))
    }

    /// Returns `true` for a list.
    #[inline]
    pub fn is_array(&self) -> bool {
        matches!(self, Value::Array(_))
    }

    /// Returns `true` for a map.
    #[inline]
    pub fn is_object(&self) -> bool {
        matches!(self, Value::Object(_))
    }

    /// Returns the boolean, or `None` for other types.
    #[inline]
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Value::Bool(flag) => Some(*flag),
            _ => None,
        }
    }

    /// Returns the integer, or `None` for other types, floats and integers out of range.
    #[inline]
    pub fn as_i64(&self) -> Option<i64> {
        match self {
            Value::Number(number) => number.as_i64(),
            _ => None,
        }
    }

    /// Returns the integer, or `None` for other types, floats and integers out of range.
    #[inline]
    pub fn as_u64(&self) -> Option<u64> {
        match self {
            Value::Number(number) => number.as_u64(),
            _ => None,
        }
    }

    /// Returns the number as a float, or `None` for other types.
    #[inline]
    pub fn as_f64(&self) -> Option<f64> {
        match self {
            Value::Number(number) => number.as_f64(),
            _ => None,
        }
    }

    /// Returns the string, or `None` for other types.
    #[inline]
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    /// Returns the list, or `None` for other types.
    #[inline]
    pub fn as_array(&self) -> Option<&Vec<Value>> {
        match self {
            Value::Array(list) => Some(list),
            _ => None,
        }
    }

    /// Returns the list for changing it, which copies it if it is shared.
    #[inline]
    pub fn as_array_mut(&mut self) -> Option<&mut Vec<Value>> {
        match self {
            Value::Array(list) => Some(list),
            _ => None,
        }
    }

    /// Returns the map, or `None` for other types.
    #[inline]
    pub fn as_object(&self) -> Option<&Map> {
        match self {
            Value::Object(map) => Some(map),
            _ => None,
        }
    }

    /// Returns the map for changing it; its entries are copied on the first change if they are shared.
    #[inline]
    pub fn as_object_mut(&mut self) -> Option<&mut Map> {
        match self {
            Value::Object(map) => Some(map),
            _ => None,
        }
    }

    /// Returns the value of a key in a map or at a position in a list.
    #[inline]
    pub fn get(&self, index: impl ValueIndex) -> Option<&Value> {
        index.index_into(self)
    }

    /// Returns the value of a key in a map or at a position in a list for changing it.
    #[inline]
    pub fn get_mut(&mut self, index: impl ValueIndex) -> Option<&mut Value> {
        index.index_into_mut(self)
    }

    /// Takes the value and leaves `null` in its place.
    #[inline]
    pub fn take(&mut self) -> Value {
        std::mem::take(self)
    }
}

/// A map key or list position; the counterpart of `serde_json::value::Index`.
pub trait ValueIndex {
    /// Returns the value at this index.
    fn index_into<'a>(&self, value: &'a Value) -> Option<&'a Value>;
    /// Returns the value at this index for changing it.
    fn index_into_mut<'a>(&self, value: &'a mut Value) -> Option<&'a mut Value>;
    /// Returns the value at this index for changing it; a missing key is inserted as `null`, and `null` becomes a map.
    ///
    /// # Panics
    ///
    /// Panics if the value is of another type or a position is out of bounds.
    fn index_or_insert<'a>(&self, value: &'a mut Value) -> &'a mut Value;
}

impl ValueIndex for str {
    #[inline]
    fn index_into<'a>(&self, value: &'a Value) -> Option<&'a Value> {
        value.as_object()?.get(self)
    }

    #[inline]
    fn index_into_mut<'a>(&self, value: &'a mut Value) -> Option<&'a mut Value> {
        value.as_object_mut()?.get_mut(self)
    }

    #[inline]
    fn index_or_insert<'a>(&self, value: &'a mut Value) -> &'a mut Value {
        if value.is_null() {
            *value = Value::Object(Map::new());
        }
        match value {
            Value::Object(map) => map.get_or_insert_null(self),
            other => panic!("no entry {self:?} in {other}"),
        }
    }
}

macro_rules! index_by_string {
    ($($type:ty),*) => {
        $(
            impl ValueIndex for $type {
                fn index_into<'a>(&self, value: &'a Value) -> Option<&'a Value> {
                    self.as_str().index_into(value)
                }

                fn index_into_mut<'a>(&self, value: &'a mut Value) -> Option<&'a mut Value> {
                    self.as_str().index_into_mut(value)
                }

                fn index_or_insert<'a>(&self, value: &'a mut Value) -> &'a mut Value {
                    self.as_str().index_or_insert(value)
                }
            }
        )*
    };
}

index_by_string!(String, SharedStr);

impl ValueIndex for usize {
    #[inline]
    fn index_into<'a>(&self, value: &'a Value) -> Option<&'a Value> {
        value.as_array()?.get(*self)
    }

    #[inline]
    fn index_into_mut<'a>(&self, value: &'a mut Value) -> Option<&'a mut Value> {
        value.as_array_mut()?.get_mut(*self)
    }

    #[inline]
    fn index_or_insert<'a>(&self, value: &'a mut Value) -> &'a mut Value {
        match value {
            Value::Array(list) => &mut list[*self],
            other => panic!("no item {self} in {other}"),
        }
    }
}

impl<S: ValueIndex + ?Sized> ValueIndex for &S {
    #[inline]
    fn index_into<'a>(&self, value: &'a Value) -> Option<&'a Value> {
        (**self).index_into(value)
    }

    #[inline]
    fn index_into_mut<'a>(&self, value: &'a mut Value) -> Option<&'a mut Value> {
        (**self).index_into_mut(value)
    }

    #[inline]
    fn index_or_insert<'a>(&self, value: &'a mut Value) -> &'a mut Value {
        (**self).index_or_insert(value)
    }
}

/// Returns `null` for an index that does not exist.
impl<S: ValueIndex> Index<S> for Value {
    type Output = Value;

    #[inline]
    fn index(&self, index: S) -> &Value {
        index.index_into(self).unwrap_or(&NULL)
    }
}

/// Inserts missing keys, see [`ValueIndex::index_or_insert`].
impl<S: ValueIndex> IndexMut<S> for Value {
    #[inline]
    fn index_mut(&mut self, index: S) -> &mut Value {
        index.index_or_insert(self)
    }
}
