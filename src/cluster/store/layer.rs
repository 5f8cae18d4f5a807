//! Values by their keys: found at once by a key, and in the order of the keys by a range.
//!
//! A command asks for single keys far more often than for ranges, and walking down a tree of long keys that begin alike is
//! slow. So the values are in a hash table, and a tree knows only the order.

use std::collections::BTreeSet;
use std::ops::RangeBounds;
use std::sync::Arc;

use rustc_hash::FxHashMap;

/// A map from bytes to values.
#[derive(Debug)]
pub(super) struct Layer<V> {
    values: FxHashMap<Arc<[u8]>, V>,
    order: BTreeSet<Arc<[u8]>>,
}

impl<V> Default for Layer<V> {
    fn default() -> Layer<V> {
        Layer { values: FxHashMap::default(), order: BTreeSet::new() }
    }
}

impl<V> Layer<V> {
    /// How many keys there are.
    pub(super) fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether there is none.
    pub(super) fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// The value of a key.
    pub(super) fn get(&self, key: &[u8]) -> Option<&V> {
        self.values.get(key)
    }

    /// The value of a key, to be changed.
    pub(super) fn get_mut(&mut self, key: &[u8]) -> Option<&mut V> {
        self.values.get_mut(key)
    }

    /// Whether there is a key.
    pub(super) fn contains_key(&self, key: &[u8]) -> bool {
        self.values.contains_key(key)
    }

    /// Sets the value of a key.
    pub(super) fn insert(&mut self, key: Vec<u8>, value: V) {
        if let Some(old) = self.values.get_mut(key.as_slice()) {
            *old = value;
            return;
        }
        let key: Arc<[u8]> = key.into();
        self.order.insert(key.clone());
        self.values.insert(key, value);
    }

    /// Removes a key.
    pub(super) fn remove(&mut self, key: &[u8]) {
        if self.values.remove(key).is_some() {
            self.order.remove(key);
        }
    }

    /// The keys of a range and their values, in order.
    pub(super) fn range(&self, range: impl RangeBounds<[u8]>) -> impl Iterator<Item = (&[u8], &V)> {
        // Both know the same keys.
        self.order.range(range).filter_map(|key| Some((&**key, self.values.get(key)?)))
    }

    /// All keys and their values, in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&[u8], &V)> {
        self.order.iter().filter_map(|key| Some((&**key, self.values.get(key)?)))
    }

    /// All keys and their values, in no order.
    pub(super) fn drain(&mut self) -> impl Iterator<Item = (Arc<[u8]>, V)> {
        self.order.clear();
        self.values.drain()
    }

    /// Removes everything.
    pub(super) fn clear(&mut self) {
        self.order.clear();
        self.values.clear();
    }
}
