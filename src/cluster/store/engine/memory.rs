//! An engine in memory, which lasts as long as the process: for tests and experiments.

use std::collections::BTreeMap;
use std::ops::Bound;

use super::{Engine, Write};
use crate::store::StoreError;

/// An ordered map in memory.
#[derive(Clone, Debug, Default)]
pub(crate) struct MemoryEngine {
    rows: BTreeMap<Vec<u8>, Vec<u8>>,
}

impl MemoryEngine {
    /// Creates an empty engine.
    pub(crate) fn new() -> MemoryEngine {
        MemoryEngine::default()
    }
}

impl Engine for MemoryEngine {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.rows.get(key).cloned())
    }

    fn scan(&self, from: &[u8], to: &[u8], each: &mut dyn FnMut(&[u8], &[u8]) -> bool) -> Result<(), StoreError> {
        if from >= to {
            return Ok(());
        }
        for (key, value) in self.rows.range::<[u8], _>((Bound::Included(from), Bound::Excluded(to))) {
            if !each(key, value) {
                break;
            }
        }
        Ok(())
    }

    fn apply(&mut self, batch: Vec<Write>) -> Result<(), StoreError> {
        for (key, value) in batch {
            match value {
                Some(value) => self.rows.insert(key, value),
                None => self.rows.remove(&key),
            };
        }
        Ok(())
    }

    fn bytes_on_disk(&self) -> Result<u64, StoreError> {
        Ok(0)
    }
}
