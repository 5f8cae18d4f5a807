//! Access to JSON values by pointer.

use std::collections::BTreeMap;

use crate::json::{Map, Value, json, tokens, unescaped};
use crate::sim::Time;

/// Reads JSON values by pointer; missing and empty values are the same.
pub trait ValueRead {
    /// Returns the string at a JSON pointer, or the empty string.
    fn str(&self, pointer: &str) -> &str;
    /// Returns the integer at a JSON pointer.
    fn int(&self, pointer: &str) -> Option<i64>;
    /// Returns `true` if the value at a JSON pointer is `true`.
    fn flag(&self, pointer: &str) -> bool;
    /// Returns the list at a JSON pointer, or an empty one.
    fn list(&self, pointer: &str) -> &[Value];
    /// Returns the map at a JSON pointer.
    fn map(&self, pointer: &str) -> Option<&Map>;
    /// Returns the value at a JSON pointer; `None` if it is missing or null.
    fn at(&self, pointer: &str) -> Option<&Value>;
    /// Returns the timestamp at a JSON pointer; `None` if it is missing or not RFC 3339.
    fn time(&self, pointer: &str) -> Option<Time>;
    /// Returns the map of strings at a JSON pointer without its other values.
    fn strings(&self, pointer: &str) -> BTreeMap<String, String>;
}

impl ValueRead for Value {
    #[inline]
    fn str(&self, pointer: &str) -> &str {
        self.pointer(pointer).and_then(Value::as_str).unwrap_or("")
    }

    #[inline]
    fn int(&self, pointer: &str) -> Option<i64> {
        self.pointer(pointer).and_then(Value::as_i64)
    }

    #[inline]
    fn flag(&self, pointer: &str) -> bool {
        self.pointer(pointer).and_then(Value::as_bool).unwrap_or(false)
    }

    #[inline]
    fn list(&self, pointer: &str) -> &[Value] {
        self.pointer(pointer).and_then(Value::as_array).map_or(&[], Vec::as_slice)
    }

    #[inline]
    fn map(&self, pointer: &str) -> Option<&Map> {
        self.pointer(pointer).and_then(Value::as_object)
    }

    #[inline]
    fn at(&self, pointer: &str) -> Option<&Value> {
        self.pointer(pointer).filter(|v| !v.is_null())
    }

    #[inline]
    fn time(&self, pointer: &str) -> Option<Time> {
        self.pointer(pointer).and_then(Value::as_str).and_then(Time::parse)
    }

    fn strings(&self, pointer: &str) -> BTreeMap<String, String> {
        let pairs = self.map(pointer).into_iter().flatten();
        pairs.filter_map(|(k, v)| Some((k.to_string(), v.as_str()?.to_string()))).collect()
    }
}

/// Writes JSON values by pointer; missing maps on the path are created.
pub trait ValueWrite {
    /// Sets the value at a JSON pointer of map keys (no list indexes).
    fn put(&mut self, pointer: &str, value: impl Into<Value>);
    /// Sets the value at a JSON pointer if it is missing or null.
    fn put_default(&mut self, pointer: &str, value: impl Into<Value>);
    /// Removes and returns the value at a JSON pointer; maps that become empty stay.
    fn remove_at(&mut self, pointer: &str) -> Option<Value>;
    /// Returns the map at a JSON pointer for changing it; anything else there is replaced by an empty map.
    fn map_mut(&mut self, pointer: &str) -> &mut Map;
    /// Returns the list at a JSON pointer for changing it; anything else there is replaced by an empty list.
    fn list_mut(&mut self, pointer: &str) -> &mut Vec<Value>;
    /// Iterates over the items of the list at a JSON pointer for changing them; creates nothing.
    fn items_mut(&mut self, pointer: &str) -> std::slice::IterMut<'_, Value>;
}

/// Returns the value at `pointer`, after creating the maps on the path and inserting `null` if it is missing.
fn at_or_insert<'a>(root: &'a mut Value, pointer: &str) -> &'a mut Value {
    let mut here = root;
    for key in tokens(pointer).into_iter().flatten() {
        if !here.is_object() {
            *here = Value::Object(Map::new());
        }
        here = match here {
            Value::Object(map) => map.get_or_insert_null(&key),
            _ => unreachable!("made a map above"),
        };
    }
    here
}

impl ValueWrite for Value {
    fn put(&mut self, pointer: &str, value: impl Into<Value>) {
        *at_or_insert(self, pointer) = value.into();
    }

    fn put_default(&mut self, pointer: &str, value: impl Into<Value>) {
        if self.at(pointer).is_none() {
            self.put(pointer, value);
        }
    }

    fn remove_at(&mut self, pointer: &str) -> Option<Value> {
        let (parent, key) = pointer.rsplit_once('/')?;
        self.pointer_mut(parent)?.as_object_mut()?.remove(&unescaped(key))
    }

    fn map_mut(&mut self, pointer: &str) -> &mut Map {
        let here = at_or_insert(self, pointer);
        if !here.is_object() {
            *here = Value::Object(Map::new());
        }
        match here {
            Value::Object(map) => map,
            _ => unreachable!("made a map above"),
        }
    }

    fn list_mut(&mut self, pointer: &str) -> &mut Vec<Value> {
        let here = at_or_insert(self, pointer);
        if !here.is_array() {
            *here = json!([]);
        }
        match here {
            Value::Array(list) => list,
            _ => unreachable!("made a list above"),
        }
    }

    fn items_mut(&mut self, pointer: &str) -> std::slice::IterMut<'_, Value> {
        match self.pointer_mut(pointer) {
            Some(Value::Array(list)) => list.iter_mut(),
            _ => [].iter_mut(),
        }
    }
}
