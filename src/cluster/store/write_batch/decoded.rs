//! The objects of the engine that have been decoded, within a bound of memory.

use std::sync::Arc;

use kctl_base::object::Object;
use rustc_hash::FxHashMap;

/// The size in bytes of the rows whose objects are kept, some 12,000 pods. An object takes about twenty times the memory of
/// its row, so this bounds the memory of a command that commits in portions at about 300 MiB, whatever the size of the store;
/// within a portion objects are staged, not kept here.
pub(super) const BYTES_MAX: usize = 14 << 20;

/// Decoded objects by key. Never iterated, so the order of the map cannot be observed.
#[derive(Default)]
pub(super) struct Decoded {
    objects: FxHashMap<Arc<[u8]>, Kept>,
    /// The sum of all [`Kept::bytes`].
    bytes: usize,
}

struct Kept {
    object: Arc<Object>,
    /// The size of the row.
    bytes: usize,
}

impl Decoded {
    /// The object of a key; `None` if it is not kept.
    pub(super) fn get(&self, key: &[u8]) -> Option<Arc<Object>> {
        Some(self.objects.get(key)?.object.clone())
    }

    /// Keeps the object of a row of `bytes` bytes. Drops all others if they would exceed the bound: who reads that much reads
    /// through it in order, and would find none of the objects that another choice had kept.
    pub(super) fn insert(&mut self, key: Arc<[u8]>, object: Arc<Object>, bytes: usize) {
        self.remove(&key);
        if self.bytes + bytes > BYTES_MAX {
            *self = Decoded::default();
        }
        self.bytes += bytes;
        self.objects.insert(key, Kept { object, bytes });
    }

    /// Drops the object of a key, if it is kept.
    pub(super) fn remove(&mut self, key: &[u8]) {
        if let Some(old) = self.objects.remove(key) {
            self.bytes -= old.bytes;
        }
    }

    /// The size of the rows whose objects are kept, in bytes.
    #[cfg(test)]
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }
}
