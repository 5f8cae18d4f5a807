//! Which states of the past are kept, and for how long their files are.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use super::run_list::{RunList, Segment};
use super::write::RESERVE;
use super::{DiskEngine, Writer};
use crate::store::StoreError;
use crate::store::engine::Engine;

/// The part of the past that is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Retention {
    /// The number of the batch from which on states are kept.
    pub(crate) from: u64,
    /// The size in bytes up to which files are kept that the present does not need.
    pub(crate) bytes: u64,
    /// The numbers of batches whose states are kept in any case.
    pub(crate) pinned: BTreeSet<u64>,
    /// The numbers of the runs of imported states that are kept.
    pub(crate) imports: BTreeSet<u64>,
}

/// A row that is imported: its key and its value.
pub(crate) type ImportedRow = (Vec<u8>, Vec<u8>);

/// Returns one row after the other; `None` at the end.
pub(crate) type NextRow<'a> = &'a mut dyn FnMut() -> Result<Option<ImportedRow>, StoreError>;

/// Finds out from the rows of an engine what is to be kept.
pub(crate) type RetentionOf = fn(&dyn Engine) -> Result<Retention, StoreError>;

impl DiskEngine {
    /// Sets how the engine finds out what it is to keep of its past. Without this it keeps nothing.
    pub(in crate::store) fn set_retention(&mut self, retention: RetentionOf) {
        self.retention = Some(retention);
    }

    /// Removes what need not be kept of the past any more.
    ///
    /// # Errors
    /// If the rows that say so cannot be read, or the disk fails.
    pub(in crate::store) fn trim_past(&mut self) -> Result<(), StoreError> {
        let mut list = self.list.clone();
        self.trim(&mut list, &self.read_retention()?).map_err(|e| StoreError::from_io(&self.path, e))?;
        if list == self.list {
            return Ok(());
        }
        self.replace_list(list).and_then(|_| self.remove_leftovers()).map_err(|e| StoreError::from_io(&self.path, e))
    }

    /// Keeps a state of another store, whose rows `next` returns in the order of their keys until it returns `None`, and
    /// returns the number of its run.
    ///
    /// # Errors
    /// Those of `next`, or if the disk fails.
    pub(in crate::store) fn import(&mut self, next: NextRow<'_>) -> Result<u64, StoreError> {
        let run = self.list.next;
        let mut list = self.list.clone();
        list.next += 1;
        list.imports.push(run);
        self.list.next = list.next;
        let failed = |e| StoreError::from_io(&self.path, e);
        let mut writer = Writer::create(&*self.disk, &RunList::name(run)).map_err(failed)?;
        while let Some((key, value)) = next()? {
            writer.add((&key, Some(&value))).map_err(failed)?;
        }
        writer.finish().map_err(failed)?;
        self.replace_list(list).map_err(|e| StoreError::from_io(&self.path, e))?;
        Ok(run)
    }

    /// Adds the present to the past of a list, as that before the next batch, and drops what need not be kept.
    pub(super) fn retire_present(&self, list: &mut RunList) -> io::Result<()> {
        if self.batches > 0 {
            list.past.push(self.list.present(self.batches));
        }
        self.trim_or_keep(list)
    }

    /// Drops what need not be kept from a list.
    pub(super) fn trim_or_keep(&self, list: &mut RunList) -> io::Result<()> {
        let retention = self.read_retention().unwrap_or_else(|error| {
            // A row that cannot be read must not cost what it would have kept.
            tracing::warn!(%error, "the past is not trimmed");
            let imports = list.imports.iter().copied().collect();
            Retention { bytes: u64::MAX, imports, ..Retention::default() }
        });
        self.trim(list, &retention)
    }

    /// Gives up everything but pinned states, for room on a full disk; returns true if that made some.
    pub(super) fn give_up_past(&mut self) -> bool {
        let Ok(retention) = self.read_retention() else { return false };
        let mut list = self.list.clone();
        let trimmed = self.trim(&mut list, &Retention { from: u64::MAX, ..retention });
        if trimmed.is_err() || list.past == self.list.past {
            return false;
        }
        let mut replaced = self.replace_list(list.clone());
        if replaced.is_err() {
            // The list itself needs some room.
            drop(self.disk.remove(RESERVE));
            replaced = self.replace_list(list);
        }
        // What stays is tried again with the next run.
        drop(self.remove_leftovers());
        self.make_reserve();
        replaced.is_ok()
    }

    /// The size in bytes of the files that only the past needs.
    pub(super) fn bytes_of_past(&self) -> io::Result<u64> {
        self.list.names_of_past().iter().map(|name| self.size(name)).sum()
    }

    /// The size of a file in bytes. One that is missing, which only those notice who read that part of the past, has none.
    fn size(&self, name: &str) -> io::Result<u64> {
        match self.disk.open(name) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(0),
            file => file?.len(),
        }
    }

    fn read_retention(&self) -> Result<Retention, StoreError> {
        self.retention.map_or(Ok(Retention::default()), |retention| retention(self))
    }

    /// Drops segments that are not needed, and then the oldest ones as long as their files are too large together.
    fn trim(&self, list: &mut RunList, keep: &Retention) -> io::Result<()> {
        let is_pinned = |segment: &Segment| keep.pinned.range(segment.first..=segment.last).next().is_some();
        list.imports.retain(|run| keep.imports.contains(run));
        let is_needed = self.retention.is_some();
        list.past.retain(|segment| is_pinned(segment) || is_needed && segment.last >= keep.from);
        let mut sizes: BTreeMap<String, u64> = BTreeMap::new();
        for name in list.names_of_past() {
            let size = self.size(&name)?;
            sizes.insert(name, size);
        }
        let bytes = |list: &RunList| list.names_of_past().iter().filter_map(|name| sizes.get(name)).sum::<u64>();
        while bytes(list) > keep.bytes
            && let Some(oldest) = list.past.iter().position(|segment| !is_pinned(segment))
        {
            list.past.remove(oldest);
        }
        Ok(())
    }
}
