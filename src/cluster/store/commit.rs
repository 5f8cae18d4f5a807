//! The end of a command: everything staged becomes durable in one batch, or is discarded.

use super::engine::Write;
use super::history::Touched;
use super::keys::Key;
use super::rows::number;
use super::write_batch::WriteBatch;
use super::{Counts, FIRST_REVISION, Store, StoreError};
use kctl_base::sim::Time;

/// The names of the [`Key::Meta`] rows.
const REVISION: &str = "revision";
const LOG_START: &str = "log-start";
const SEQUENCE: &str = "sequence";
const INDEXES: &str = "indexes";

impl Store {
    /// Makes everything staged durable in one atomic batch, and trims the change log. Does nothing if nothing is staged.
    /// `now` is recorded as the time of the changes.
    ///
    /// # Errors
    /// If an earlier call could not stage its write, or the engine fails. Then everything is still staged and the engine is
    /// unchanged.
    pub(crate) fn commit(&mut self, now: Time) -> Result<(), StoreError> {
        if let Some(failure) = self.failure.take() {
            // A write is missing from the batch, so nothing may be committed until the batch is discarded.
            self.failure = Some(StoreError::damaged(format!("an earlier write failed: {failure}")));
            return Err(failure);
        }
        if !self.is_dirty() {
            return Ok(());
        }
        let mut counts = self.staged;
        let mut writes = self.trim(now, &mut counts)?;
        writes.extend(self.pending.writes(counts.log_start, self.committed.revision, now));
        writes.extend(count_rows(self.committed, counts));
        self.batch.commit(writes)?;
        (self.committed, self.staged) = (counts, counts);
        self.index_rows = 0;
        self.pending.clear();
        Ok(())
    }

    /// Discards everything staged.
    pub(crate) fn discard(&mut self) {
        self.batch.discard();
        self.pending.clear();
        self.staged = self.committed;
        self.due_from.clear();
        self.lists.clear();
        self.touched = Touched::default();
        self.failure = None;
        let result = self.update_indexes();
        self.report_at_commit(result);
    }

    /// Returns true if anything is staged.
    pub(crate) fn is_dirty(&self) -> bool {
        let counts = Counts { indexes: self.committed.indexes, ..self.staged };
        self.batch.len() > self.index_rows || counts != self.committed || self.failure.is_some()
    }
}

/// Reads the store's own counters; those of an empty store if there are none.
pub(super) fn read_counts(batch: &WriteBatch) -> Result<Counts, StoreError> {
    let read = |name: &'static str, default: u64| {
        let key = Key::Meta(name.into());
        batch.bytes(&key.encode())?.map_or(Ok(default), |bytes| number(&key, &bytes))
    };
    Ok(Counts {
        revision: read(REVISION, FIRST_REVISION)?,
        log_start: read(LOG_START, FIRST_REVISION + 1)?,
        sequence: read(SEQUENCE, 0)?,
        indexes: read(INDEXES, 0)?,
    })
}

/// Returns the writes for the counters that have changed.
fn count_rows(old: Counts, new: Counts) -> impl Iterator<Item = Write> {
    let numbers = [
        (REVISION, old.revision, new.revision),
        (LOG_START, old.log_start, new.log_start),
        (SEQUENCE, old.sequence, new.sequence),
        (INDEXES, old.indexes, new.indexes),
    ];
    let changed = numbers.into_iter().filter(|(_, old, new)| old != new);
    changed.map(|(name, _, new)| (Key::Meta(name.into()).encode(), Some(new.to_be_bytes().to_vec())))
}
