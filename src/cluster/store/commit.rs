//! The end of a command: everything staged becomes durable in one batch, or goes.

use super::engine::Write;
use super::keys::Key;
use super::overlay::Overlay;
use super::rows::number;
use super::{Counts, FIRST_REVISION, Store, StoreError};
use kctl_base::sim::Time;

/// The names of the rows that hold the store's own numbers.
const REVISION: &str = "revision";
const LOG_START: &str = "log-start";
const SEQUENCE: &str = "sequence";

impl Store {
    /// Makes everything staged durable, in one atomic batch, and trims the change log. Does nothing when nothing is staged.
    /// After a failure everything is still staged and the engine is as it was.
    pub fn commit(&mut self, now: Time) -> Result<(), StoreError> {
        if let Some(failure) = self.failure.take() {
            // What could not be staged is missing, so nothing may be committed until it is all discarded.
            self.failure = Some(StoreError::damaged(format!("an earlier failure: {failure}")));
            return Err(failure);
        }
        if !self.is_dirty() {
            return Ok(());
        }
        let mut counts = self.staged;
        let mut batch = self.trim(now, &mut counts)?;
        batch.extend(self.pending.writes(counts.log_start, self.committed.revision, now));
        batch.extend(count_rows(self.committed, counts));
        self.overlay.commit(batch)?;
        (self.committed, self.staged) = (counts, counts);
        self.pending.clear();
        Ok(())
    }

    /// Gives up everything staged.
    pub fn discard(&mut self) {
        self.overlay.discard();
        self.pending.clear();
        self.staged = self.committed;
        self.due_from.clear();
        self.lists.clear();
        self.failure = None;
    }

    /// Whether anything is staged.
    pub fn is_dirty(&self) -> bool {
        !self.overlay.is_empty() || self.staged != self.committed || self.failure.is_some()
    }
}

/// Reads the store's own numbers; those of an empty store when there are none.
pub(super) fn read_counts(overlay: &Overlay) -> Result<Counts, StoreError> {
    let read = |name: &'static str, or: u64| {
        let key = Key::Meta(name.into());
        overlay.bytes(&key.encode())?.map_or(Ok(or), |bytes| number(&key, &bytes))
    };
    Ok(Counts {
        revision: read(REVISION, FIRST_REVISION)?,
        log_start: read(LOG_START, FIRST_REVISION + 1)?,
        sequence: read(SEQUENCE, 0)?,
    })
}

/// The rows of the numbers that have changed.
fn count_rows(old: Counts, new: Counts) -> impl Iterator<Item = Write> {
    let numbers = [
        (REVISION, old.revision, new.revision),
        (LOG_START, old.log_start, new.log_start),
        (SEQUENCE, old.sequence, new.sequence),
    ];
    let changed = numbers.into_iter().filter(|(_, old, new)| old != new);
    changed.map(|(name, _, new)| (Key::Meta(name.into()).encode(), Some(new.to_be_bytes().to_vec())))
}
