//! The values of rows of the engine that have been decoded, within a bound of memory.

use std::sync::Arc;

use rustc_hash::FxHashMap;

/// The size in bytes of the rows whose objects are kept, some 12,000 pods. An object takes about twenty times the memory of
/// its row, so this bounds the memory of a command that commits in portions at about 300 MiB, whatever the size of the store;
/// within a portion objects are staged, not kept here.
pub(super) const OBJECT_BYTES_MAX: usize = 14 << 20;
/// The size in bytes of the other rows whose values are kept. The states of some thousand pods are read and changed again
/// with every step of their lives. Such a value takes a few times the memory of its row.
pub(super) const VALUE_BYTES_MAX: usize = 6 << 20;

/// Decoded values by key. Never iterated, so the order of the map cannot be observed.
pub(super) struct Decoded<V> {
    values: FxHashMap<Arc<[u8]>, Kept<V>>,
    /// The sum of all [`Kept::bytes`], and its bound.
    bytes: usize,
    bytes_max: usize,
}

struct Kept<V> {
    value: V,
    /// The size of the row.
    bytes: usize,
}

impl<V> Decoded<V> {
    /// Creates a cache of the values of rows of at most `bytes_max` bytes.
    pub(super) fn new(bytes_max: usize) -> Decoded<V> {
        Decoded { values: FxHashMap::default(), bytes: 0, bytes_max }
    }

    /// The value of a key; `None` if it is not kept.
    pub(super) fn get(&self, key: &[u8]) -> Option<&V> {
        Some(&self.values.get(key)?.value)
    }

    /// Keeps the value of a row of `bytes` bytes. Drops all others if they would exceed the bound: who reads that much reads
    /// through it in order, and would find none of the values that another choice had kept.
    pub(super) fn insert(&mut self, key: Arc<[u8]>, value: V, bytes: usize) {
        self.remove(&key);
        if self.bytes + bytes > self.bytes_max {
            self.clear();
        }
        self.bytes += bytes;
        self.values.insert(key, Kept { value, bytes });
    }

    /// Drops the value of a key, if it is kept.
    pub(super) fn remove(&mut self, key: &[u8]) {
        if let Some(old) = self.values.remove(key) {
            self.bytes -= old.bytes;
        }
    }

    /// Drops all values.
    pub(super) fn clear(&mut self) {
        *self = Decoded::new(self.bytes_max);
    }

    /// The size of the rows whose values are kept, in bytes.
    #[cfg(test)]
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }
}
