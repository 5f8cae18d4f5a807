//! Trials: what is written in one is committed to memory only, and is gone with its end.

use super::commit;
use super::{Cause, Store, StoreError};

impl Store {
    /// Begins a trial: commits stay in memory from now on. What is staged is discarded.
    pub(crate) fn begin_trial(&mut self) {
        self.discard();
        self.batch.cover();
    }

    /// Ends the trial: the store is as it was when the trial began. Does nothing outside of one.
    ///
    /// # Errors
    /// If the engine fails or the store's counters cannot be read.
    pub(crate) fn end_trial(&mut self) -> Result<(), StoreError> {
        self.batch.uncover();
        self.committed = commit::read_counts(&self.batch)?;
        self.cause = Cause::default();
        self.discard();
        Ok(())
    }
}
