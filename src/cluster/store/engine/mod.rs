//! The key-value engine below the store: reads of one key, ordered scans, atomic batches.
//!
//! An engine knows no objects. [`DiskEngine`] holds the data of a store and its past, and [`MemoryEngine`] that of a cluster
//! that ends with the process; [`SledEngine`] makes the record that other programs can read, and reads the stores
//! of earlier versions. [`OverlayEngine`] keeps in memory what is written over another engine. One test suite runs on each
//! and on a mirror that compares them.

pub(crate) mod disk;
mod memory;
mod overlay;
mod sled;
#[cfg(test)]
pub(super) mod tests;

pub(crate) use disk::DiskEngine;
pub(crate) use memory::MemoryEngine;
pub(crate) use overlay::OverlayEngine;
pub(crate) use sled::SledEngine;

use super::StoreError;

/// One write of a batch: a key with its new value; `None` removes the key.
pub(crate) type Write = (Vec<u8>, Option<Vec<u8>>);

/// A map of bytes to bytes, ordered by key. No key starts with the byte `ff`.
pub(crate) trait Engine: Send {
    /// Returns the value of a key; `None` if there is none.
    ///
    /// # Errors
    /// If the value cannot be read.
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError>;

    /// Passes every pair with `from <= key < to` to `each`, in order, until it returns `false`.
    ///
    /// # Errors
    /// If a pair cannot be read.
    fn scan(&self, from: &[u8], to: &[u8], each: &mut dyn FnMut(&[u8], &[u8]) -> bool) -> Result<(), StoreError>;

    /// Applies all writes or none. Once this returns, they survive a power failure. The last write of a key wins.
    ///
    /// # Errors
    /// If the writes cannot be made durable.
    fn apply(&mut self, batch: Vec<Write>) -> Result<(), StoreError>;

    /// The size of the engine on disk in bytes; 0 in memory.
    ///
    /// # Errors
    /// If the files cannot be examined.
    fn bytes_on_disk(&self) -> Result<u64, StoreError>;

    /// The engine on disk, which also has a past; `None` for every other one.
    fn disk(&self) -> Option<&DiskEngine> {
        None
    }

    /// Like [`Engine::disk`], for changes.
    fn disk_mut(&mut self) -> Option<&mut DiskEngine> {
        None
    }

    /// Takes the engine out on which this one is laid, and leaves an empty one; `None` for an engine of its own.
    fn take_base(&mut self) -> Option<Box<dyn Engine>> {
        None
    }
}
