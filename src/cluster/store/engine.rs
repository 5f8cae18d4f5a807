//! What the store needs of a key-value engine: reading one key, scanning in order, applying a batch.
//!
//! An engine knows nothing of objects and keeps no history. There are two, [`super::MemoryEngine`] and
//! [`super::SledEngine`]; the tests here run on both and on a mirror of the two.

use super::StoreError;

/// One write of a batch: a key, and the value it gets, or `None` when it goes.
pub type Write = (Vec<u8>, Option<Vec<u8>>);

/// An ordered map of bytes to bytes. The order is that of the keys' bytes; no key starts with the byte `ff`.
pub trait Engine: Send {
    /// The value of a key.
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError>;

    /// Hands every pair with `from <= key < to` to `each`, in order, until it answers `false`.
    fn scan(&self, from: &[u8], to: &[u8], each: &mut dyn FnMut(&[u8], &[u8]) -> bool) -> Result<(), StoreError>;

    /// Applies all writes or none. When this answers, they survive a power cut. Later writes of a key win.
    fn apply(&mut self, batch: Vec<Write>) -> Result<(), StoreError>;

    /// How much disk the engine takes up.
    fn bytes_on_disk(&self) -> u64;
}

#[cfg(test)]
pub(super) mod tests;
