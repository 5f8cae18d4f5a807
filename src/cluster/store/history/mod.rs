//! The history of the store: the operations that have made it what it is, the snapshots, and going back to a state of the
//! past.
//!
//! The rows of the history are beside those of the cluster: going back changes them only by adding what has been done. The
//! states themselves are kept by the engine ([`DiskEngine::past`](super::engine::DiskEngine)), which reads here what to keep.

mod compare;
pub(crate) mod export;
mod rows;
#[cfg(test)]
mod tests;
mod touched;

pub use compare::ObjectChange;
pub(crate) use compare::compare;
pub(crate) use rows::{Head, Limits, Redo};
pub use rows::{Operation, OperationKind, Snapshot, Totals};
pub(crate) use touched::Touched;

use std::collections::BTreeMap;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::disk::{NextRow, Past, Retention};
use super::engine::Write;
use super::keys::{self, Key};
use super::{DiskEngine, Engine, Store, StoreError, commit};

/// The names of the [`Key::History`] rows.
const HEAD: &str = "head";
const LIMITS: &str = "limits";

/// The size in bytes of the rows up to which going to another state writes what differs, as any command would. For larger
/// differences the engine goes to the files of that state.
const WRITTEN_MAX: usize = 256 << 10;

/// The differences between the present and another state.
pub(crate) struct Changeset {
    /// The writes that turn the present into that state; `None` if they are too many.
    writes: Option<Vec<Write>>,
    /// The objects that were created, changed and deleted.
    pub(crate) totals: Totals,
}

impl Store {
    /// Returns true if the engine keeps the past.
    pub(crate) fn has_past(&self) -> bool {
        self.batch.engine().disk().is_some()
    }

    /// The number of the last commit; 0 if the engine keeps no past.
    pub(crate) fn position(&self) -> u64 {
        self.batch.engine().disk().map_or(0, DiskEngine::batches)
    }

    /// Returns the objects that have been created, changed and deleted since the store was opened, or since the last call of
    /// [`Store::begin_operation`].
    pub(crate) fn totals(&self) -> Totals {
        self.touched.totals()
    }

    /// Begins to count the objects of an operation.
    pub(crate) fn begin_operation(&mut self) {
        self.touched = Touched::default();
    }

    /// Returns the head of the history; that of an empty one if there is none.
    ///
    /// # Errors
    /// As every method here that reads rows: if the engine fails or a row cannot be decoded.
    pub(crate) fn head(&self) -> Result<Head, StoreError> {
        Ok(self.history_row(&Key::History(HEAD.into()))?.unwrap_or_default())
    }

    /// Returns the limits of the history.
    pub(crate) fn limits(&self) -> Result<Limits, StoreError> {
        Ok(self.history_row(&Key::History(LIMITS.into()))?.unwrap_or_default())
    }

    /// Returns an operation; `None` if it is not kept.
    pub(crate) fn operation(&self, number: u64) -> Result<Option<Operation>, StoreError> {
        self.history_row(&Key::Operation(number))
    }

    /// Returns the operations that are kept, oldest first.
    pub(crate) fn operations(&self) -> Result<Vec<Operation>, StoreError> {
        self.rows_of_history(&keys::operations())
    }

    /// Returns a snapshot; `None` if there is none of that name.
    pub(crate) fn snapshot(&self, name: &str) -> Result<Option<Snapshot>, StoreError> {
        self.history_row(&Key::Snapshot(name.into()))
    }

    /// Returns the snapshots, ordered by name.
    pub(crate) fn snapshots(&self) -> Result<Vec<Snapshot>, StoreError> {
        self.rows_of_history(&keys::snapshots())
    }

    /// Stages an operation with the head that follows from it, and drops the oldest ones beyond the limit.
    pub(crate) fn stage_operation(&mut self, operation: &Operation, mut head: Head) -> Result<(), StoreError> {
        head.newest = operation.number;
        self.put_history(&Key::Operation(operation.number), operation);
        self.drop_old_operations(&mut head)?;
        self.put_history(&Key::History(HEAD.into()), &head);
        Ok(())
    }

    /// Stages new limits, and drops the operations that exceed them.
    pub(crate) fn stage_limits(&mut self, limits: Limits) -> Result<(), StoreError> {
        self.put_history(&Key::History(LIMITS.into()), &limits);
        let mut head = self.head()?;
        self.drop_old_operations(&mut head)?;
        self.put_history(&Key::History(HEAD.into()), &head);
        Ok(())
    }

    /// Stages a snapshot, or its removal.
    pub(crate) fn stage_snapshot(&mut self, name: &str, snapshot: Option<&Snapshot>) {
        let key = Key::Snapshot(name.into());
        match snapshot {
            Some(snapshot) => self.put_history(&key, snapshot),
            None => self.batch.remove(key.encode()),
        }
    }

    /// Opens the state after a commit; `None` if it is not kept.
    ///
    /// # Errors
    /// If its files cannot be read.
    pub(crate) fn past(&self, position: u64) -> Result<Option<Past>, StoreError> {
        self.batch.engine().disk().map_or(Ok(None), |disk| disk.past(position))
    }

    /// Opens the state of a snapshot; `None` if it is not kept.
    ///
    /// # Errors
    /// If its files cannot be read.
    pub(crate) fn past_of(&self, snapshot: &Snapshot) -> Result<Option<Past>, StoreError> {
        match (snapshot.import, self.batch.engine().disk()) {
            (Some(run), Some(disk)) => disk.imported(run),
            (None, _) => self.past(snapshot.position),
            (Some(_), None) => Ok(None),
        }
    }

    /// Compares the committed state with another one, except for the history.
    ///
    /// # Errors
    /// If one of them cannot be read.
    pub(crate) fn difference(&self, past: &Past) -> Result<Changeset, StoreError> {
        let (mut writes, mut bytes, mut totals) = (Vec::new(), 0, Totals::default());
        if let Some(present) = self.past(self.position())? {
            present.differences(past, &[], &keys::history().0, &mut |key, old, new| {
                if keys::is_object(key) {
                    totals.count(old.is_some(), new.is_some());
                }
                bytes += key.len() + new.map_or(0, <[u8]>::len);
                match bytes <= WRITTEN_MAX {
                    true => writes.push((key.to_vec(), new.map(<[u8]>::to_vec))),
                    false => writes.clear(),
                }
                true
            })?;
        }
        Ok(Changeset { writes: (bytes <= WRITTEN_MAX).then_some(writes), totals })
    }

    /// Makes another state the present one, together with the rows that are staged: only those of the history may be.
    ///
    /// # Errors
    /// If the engine fails; then nothing has changed.
    pub(crate) fn restore(&mut self, past: &Past, difference: Changeset) -> Result<(), StoreError> {
        match difference.writes {
            Some(writes) => self.batch.commit(writes)?,
            None => {
                let history = self.history_over(past)?;
                if let Some(disk) = self.batch.engine_mut().disk_mut() {
                    disk.go_to(past, history)?;
                }
            }
        }
        self.batch.forget();
        self.committed = commit::read_counts(&self.batch)?;
        self.discard();
        Ok(())
    }

    /// The writes that give another state the rows of the present history, with those that are staged.
    fn history_over(&self, past: &Past) -> Result<Vec<Write>, StoreError> {
        let (from, to) = keys::history();
        let mut rows = BTreeMap::new();
        past.scan(&from, &to, &mut |key, _| rows.insert(key.to_vec(), None).is_none())?;
        self.batch.scan(&(from, to), &mut |key, value| {
            rows.insert(key.to_vec(), Some(value.to_vec()));
            true
        })?;
        Ok(rows.into_iter().collect())
    }

    /// Commits staged rows of the history, and removes what need no longer be kept.
    ///
    /// # Errors
    /// If the engine fails; then nothing is staged any more.
    pub(crate) fn commit_history(&mut self) -> Result<(), StoreError> {
        self.batch.commit(Vec::new()).inspect_err(|_| self.discard())?;
        self.batch.engine_mut().disk_mut().map_or(Ok(()), DiskEngine::trim_past)
    }

    /// Keeps a state whose rows `next` returns in the order of their keys, and returns the number by which
    /// [`Snapshot::import`] names it.
    ///
    /// # Errors
    /// Those of `next`, and if the engine keeps no past or fails.
    pub(crate) fn import(&mut self, next: NextRow<'_>) -> Result<u64, StoreError> {
        let none = || StoreError::damaged("a store in memory keeps no snapshots");
        self.batch.engine_mut().disk_mut().ok_or_else(none)?.import(next)
    }

    fn drop_old_operations(&mut self, head: &mut Head) -> Result<(), StoreError> {
        let kept = self.limits()?.operations;
        while head.oldest <= head.newest && head.newest - head.oldest >= kept {
            self.batch.remove(Key::Operation(head.oldest).encode());
            head.oldest += 1;
        }
        Ok(())
    }

    fn history_row<T: DeserializeOwned>(&self, key: &Key) -> Result<Option<T>, StoreError> {
        let bytes = self.batch.bytes(&key.encode())?;
        bytes.map(|bytes| decode(key, &bytes)).transpose()
    }

    fn rows_of_history<T: DeserializeOwned>(&self, range: &keys::Range) -> Result<Vec<T>, StoreError> {
        let mut found = Vec::new();
        self.batch.scan(range, &mut |key, value| {
            found.push(Key::decode(key).and_then(|key| decode(&key, value)));
            true
        })?;
        found.into_iter().collect()
    }

    fn put_history(&mut self, key: &Key, value: &impl Serialize) {
        // Numbers and strings can always be written as JSON into memory.
        self.batch.put(key.encode(), serde_json::to_vec(value).unwrap_or_default());
    }
}

fn decode<T: DeserializeOwned>(key: &Key, bytes: &[u8]) -> Result<T, StoreError> {
    kctl_base::json::from_slice(bytes).map_err(|e| StoreError::unreadable(key, e))
}

/// Checks that a row of the history can be decoded.
pub(super) fn check(key: &Key, bytes: &[u8]) -> Result<(), StoreError> {
    match key {
        Key::Operation(_) => decode::<Operation>(key, bytes).map(drop),
        Key::Snapshot(_) => decode::<Snapshot>(key, bytes).map(drop),
        Key::History(name) if name == HEAD => decode::<Head>(key, bytes).map(drop),
        Key::History(name) if name == LIMITS => decode::<Limits>(key, bytes).map(drop),
        other => Err(StoreError::damaged(format!("{other} is among the rows of the history"))),
    }
}

fn row<T: DeserializeOwned>(engine: &dyn Engine, key: &Key) -> Result<Option<T>, StoreError> {
    engine.get(&key.encode())?.map(|bytes| decode(key, &bytes)).transpose()
}

/// Returns what the rows of an engine say is to be kept of its past: what the oldest operation began with, and the snapshots.
///
/// # Errors
/// If the engine fails or a row cannot be decoded.
pub(crate) fn retention(engine: &dyn Engine) -> Result<Retention, StoreError> {
    let head: Head = row(engine, &Key::History(HEAD.into()))?.unwrap_or_default();
    let limits: Limits = row(engine, &Key::History(LIMITS.into()))?.unwrap_or_default();
    let oldest: Option<Operation> = row(engine, &Key::Operation(head.oldest))?;
    let mut retention = Retention {
        from: oldest.map_or(u64::MAX, |operation| operation.before),
        bytes: limits.bytes,
        ..Retention::default()
    };
    let (from, to) = keys::snapshots();
    let mut failure = None;
    engine.scan(&from, &to, &mut |key, value| {
        match Key::decode(key).and_then(|key| decode::<Snapshot>(&key, value)) {
            Ok(Snapshot { import: Some(run), .. }) => drop(retention.imports.insert(run)),
            Ok(snapshot) => drop(retention.pinned.insert(snapshot.position)),
            Err(error) => failure = Some(error),
        }
        failure.is_none()
    })?;
    failure.map_or(Ok(retention), Err)
}
