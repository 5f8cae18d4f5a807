//! A map from byte keys with constant-time lookups and ordered range scans.
//!
//! A command looks up single keys far more often than it scans ranges, and descending a tree of long keys with common
//! prefixes is slow. The values are therefore in a hash table; a tree holds only the order of the keys.

use std::collections::BTreeSet;
use std::ops::RangeBounds;
use std::sync::Arc;

use rustc_hash::FxHashMap;

/// An ordered map from bytes to values.
#[derive(Debug)]
pub(super) struct StagedMap<V> {
    values: FxHashMap<Arc<[u8]>, V>,
    order: BTreeSet<Arc<[u8]>>,
}

impl<V> Default for StagedMap<V> {
    fn default() -> StagedMap<V> {
        StagedMap { values: FxHashMap::default(), order: BTreeSet::new() }
    }
}

impl<V> StagedMap<V> {
    /// The number of keys.
    pub(super) fn len(&self) -> usize {
        self.values.len()
    }

    /// The value of a key; `None` for an unknown key.
    pub(super) fn get(&self, key: &[u8]) -> Option<&V> {
        self.values.get(key)
    }

    /// Like [`StagedMap::get`], for changing the value in place.
    pub(super) fn get_mut(&mut self, key: &[u8]) -> Option<&mut V> {
        self.values.get_mut(key)
    }

    /// Returns true if there is a value for the key.
    pub(super) fn contains_key(&self, key: &[u8]) -> bool {
        self.values.contains_key(key)
    }

    /// Sets the value of a key, replacing an earlier one.
    pub(super) fn insert(&mut self, key: Vec<u8>, value: V) {
        if let Some(old) = self.values.get_mut(key.as_slice()) {
            *old = value;
            return;
        }
        let key: Arc<[u8]> = key.into();
        self.order.insert(key.clone());
        self.values.insert(key, value);
    }

    /// Removes a key and its value, if there is one.
    pub(super) fn remove(&mut self, key: &[u8]) {
        if self.values.remove(key).is_some() {
            self.order.remove(key);
        }
    }

    /// The entries of a range in key order.
    pub(super) fn range(&self, range: impl RangeBounds<[u8]>) -> impl Iterator<Item = (&[u8], &V)> {
        // `values` and `order` always hold the same keys.
        self.order.range(range).filter_map(|key| Some((&**key, self.values.get(key)?)))
    }

    /// All entries in key order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&[u8], &V)> {
        self.order.iter().filter_map(|key| Some((&**key, self.values.get(key)?)))
    }

    /// Removes and returns all entries, in key order.
    pub(super) fn drain(&mut self) -> impl Iterator<Item = (Arc<[u8]>, V)> {
        let StagedMap { values, order } = self;
        std::mem::take(order).into_iter().filter_map(|key| {
            let value = values.remove(&key)?;
            Some((key, value))
        })
    }

    /// Removes all entries.
    pub(super) fn clear(&mut self) {
        self.order.clear();
        self.values.clear();
    }
}
