//! What `awk` keeps between records.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::value::Value;

/// Most elements of all arrays together.
const MAX_ELEMENTS: usize = 1_000_000;

/// Variables, arrays and the record.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Memory {
    pub(super) variables: BTreeMap<String, Value>,
    arrays: BTreeMap<String, Array>,
    elements: usize,
    /// The record and its fields.
    pub(super) record: String,
    pub(super) fields: Vec<String>,
    /// Rules with a range that has begun.
    pub(super) ranges: Vec<usize>,
    /// The seed that `srand` has set.
    #[serde(default)]
    pub(super) seed: f64,
    pub(super) code: i32,
}

/// The elements of an array with the order in which they were made.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Array {
    elements: BTreeMap<String, (u64, Value)>,
    next: u64,
}

impl Memory {
    pub(super) fn length(&self, array: &str) -> usize {
        self.arrays.get(array).map_or(0, |array| array.elements.len())
    }

    pub(super) fn is_array(&self, name: &str) -> bool {
        self.arrays.contains_key(name)
    }

    pub(super) fn contains(&self, array: &str, key: &str) -> bool {
        self.arrays.get(array).is_some_and(|array| array.elements.contains_key(key))
    }

    /// Returns an element, which is created if it does not exist.
    ///
    /// # Errors
    /// A message when there are too many.
    pub(super) fn element(&mut self, array: &str, key: &str) -> Result<&mut Value, String> {
        let found = self.arrays.entry(array.to_owned()).or_default();
        if !found.elements.contains_key(key) {
            self.elements += 1;
            if self.elements > MAX_ELEMENTS {
                return Err("out of memory".to_owned());
            }
            found.next += 1;
        }
        let next = found.next;
        Ok(&mut found.elements.entry(key.to_owned()).or_insert((next, Value::Unset)).1)
    }

    pub(super) fn remove(&mut self, array: &str, key: &str) {
        if self.arrays.get_mut(array).is_some_and(|array| array.elements.remove(key).is_some()) {
            self.elements -= 1;
        }
    }

    /// Makes an array empty.
    pub(super) fn clear(&mut self, array: &str) {
        self.forget(array);
        self.arrays.insert(array.to_owned(), Array::default());
    }

    /// Removes an array.
    pub(super) fn forget(&mut self, array: &str) {
        if let Some(array) = self.arrays.remove(array) {
            self.elements -= array.elements.len();
        }
    }

    /// Returns the indices in the order in which they were made.
    pub(super) fn keys(&self, array: &str) -> Vec<String> {
        let Some(array) = self.arrays.get(array) else { return Vec::new() };
        let mut keys: Vec<(u64, &String)> = array.elements.iter().map(|(key, (order, _))| (*order, key)).collect();
        keys.sort_unstable();
        keys.into_iter().map(|(_, key)| key.clone()).collect()
    }
}
