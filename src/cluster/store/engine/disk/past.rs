//! States of the past: the runs that were listed when a journal began, with the first batches of that journal.

use std::ops::Bound;
use std::path::{Path, PathBuf};

use super::journal::{self, Journal};
use super::merge::{Merged, merge};
use super::rows::Row;
use super::run::Run;
use super::run_list::{RunList, Segment};
use super::{DiskEngine, Rows, RunError, damaged_file, failed_open};
use crate::store::StoreError;
use crate::store::engine::{Engine, Write};

/// A state that an engine had after one of its batches, or an imported one. It can only be read.
#[derive(Debug)]
pub(crate) struct Past {
    /// The directory of the engine.
    path: PathBuf,
    /// The rows above the runs.
    pub(super) recent: Rows,
    /// The numbers of the runs, the newest first.
    pub(super) numbers: Vec<u64>,
    runs: Vec<Run>,
}

/// A callback that receives a key with the values of two states, which differ; `None` where there is none. Returns `false`
/// to end.
type EachDifference<'a> = &'a mut dyn FnMut(&[u8], Option<&[u8]>, Option<&[u8]>) -> bool;

impl DiskEngine {
    /// Opens the state after a batch; `None` if it is no longer kept, or lies in the future.
    ///
    /// # Errors
    /// If its files cannot be read or are damaged.
    pub(in crate::store) fn past(&self, batch: u64) -> Result<Option<Past>, StoreError> {
        let present = self.list.present(self.batches);
        // A batch that became a run ends a segment and begins the next one, which needs no journal for it.
        let mut segments = self.list.past.iter().chain([&present]);
        let found = segments.rfind(|segment| (segment.first..=segment.last).contains(&batch));
        found.map(|segment| self.open_past(segment, batch)).transpose()
    }

    /// Opens the imported state that a run holds; `None` if there is none.
    ///
    /// # Errors
    /// If the file cannot be read or is damaged.
    pub(in crate::store) fn imported(&self, run: u64) -> Result<Option<Past>, StoreError> {
        if !self.list.imports.contains(&run) {
            return Ok(None);
        }
        let runs = self.open_runs(&[run])?;
        Ok(Some(Past { path: self.path.clone(), recent: Rows::new(), numbers: vec![run], runs }))
    }

    fn open_past(&self, segment: &Segment, batch: u64) -> Result<Past, StoreError> {
        let mut recent = Rows::new();
        if batch > segment.first {
            let name = journal::name(segment.journal);
            let range = (segment.first, batch);
            let read = Journal::read(&*self.disk, segment.journal, range, &mut |(key, value)| {
                recent.insert(key.to_vec(), value.map(<[u8]>::to_vec));
            });
            if read.map_err(|e| failed_open(&self.path, &name, e))? != Some(batch) {
                return Err(damaged_file(&self.path, &name));
            }
        }
        let runs = self.open_runs(&segment.runs)?;
        Ok(Past { path: self.path.clone(), recent, numbers: segment.runs.clone(), runs })
    }

    pub(super) fn open_runs(&self, numbers: &[u64]) -> Result<Vec<Run>, StoreError> {
        numbers.iter().map(|run| open_run(&*self.disk, &self.path, *run)).collect()
    }
}

/// Opens a run of the engine in a directory.
pub(super) fn open_run(disk: &dyn super::Disk, path: &Path, run: u64) -> Result<Run, StoreError> {
    let name = RunList::name(run);
    Run::open(disk, &name).map_err(|e| match e {
        RunError::Corrupt => damaged_file(path, &name),
        RunError::Io(e) => failed_open(path, &name, e),
    })
}

impl Past {
    /// Passes the keys with `from <= key < to` whose values differ from those of another state to `each`, in order, with the
    /// value here and there. What two states of one engine share is not read.
    ///
    /// # Errors
    /// If either cannot be read.
    pub(in crate::store) fn differences(
        &self,
        other: &Past,
        from: &[u8],
        to: &[u8],
        each: EachDifference<'_>,
    ) -> Result<(), StoreError> {
        let shared = self.count_shared(other);
        let mut here = self.rows_above(shared, from)?;
        let mut there = other.rows_above(shared, from)?;
        while let Some(key) = [here.key(), there.key()].into_iter().flatten().min().map(<[u8]>::to_vec) {
            if key.as_slice() >= to {
                break;
            }
            let (old, new) = (self.take(&mut here, &key)?, other.take(&mut there, &key)?);
            let below = match (&old, &new) {
                (Some(_), Some(_)) => None,
                _ => self.get_below(shared, &key)?,
            };
            let (old, new) = (old.as_ref().unwrap_or(&below), new.as_ref().unwrap_or(&below));
            if old != new && !each(&key, old.as_deref(), new.as_deref()) {
                break;
            }
        }
        Ok(())
    }

    /// The number of the oldest runs that both have. Runs of different engines are never the same.
    fn count_shared(&self, other: &Past) -> usize {
        let pairs = self.numbers.iter().rev().zip(other.numbers.iter().rev());
        pairs.take_while(|(here, there)| self.path == other.path && here == there).count()
    }

    /// The rows from `from` on that are not in the oldest `shared` runs.
    fn rows_above(&self, shared: usize, from: &[u8]) -> Result<Merged<'_>, StoreError> {
        let recent = self.recent.range::<[u8], _>((Bound::Included(from), Bound::Unbounded));
        let runs = &self.runs[..self.runs.len() - shared];
        Merged::new(vec![recent], runs, from).map_err(|e| self.failed(e))
    }

    /// Moves past the row of a key if that is the current one, and returns its value.
    fn take(&self, rows: &mut Merged<'_>, key: &[u8]) -> Result<Option<Option<Vec<u8>>>, StoreError> {
        if rows.key() != Some(key) {
            return Ok(None);
        }
        let value = rows.row().map(|(_, value)| value.map(<[u8]>::to_vec));
        rows.advance().map_err(|e| self.failed(e))?;
        Ok(value)
    }

    /// The value of a key in the oldest `shared` runs.
    fn get_below(&self, shared: usize, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        for run in &self.runs[self.runs.len() - shared..] {
            if let Some(value) = run.get(key).map_err(|e| self.failed(e))? {
                return Ok(value);
            }
        }
        Ok(None)
    }

    fn failed(&self, error: RunError) -> StoreError {
        super::failed_read(&self.path, error)
    }
}

impl Engine for Past {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        match self.recent.get(key) {
            Some(value) => Ok(value.clone()),
            None => self.get_below(self.runs.len(), key),
        }
    }

    fn scan(&self, from: &[u8], to: &[u8], each: &mut dyn FnMut(&[u8], &[u8]) -> bool) -> Result<(), StoreError> {
        if from >= to {
            return Ok(());
        }
        let recent = self.recent.range::<[u8], _>((Bound::Included(from), Bound::Excluded(to)));
        let mut each = |(key, value): Row<'_>| value.is_none_or(|value| each(key, value));
        merge(vec![recent], &self.runs, from, to, &mut each).map_err(|e| self.failed(e))
    }

    /// Fails: the past does not change.
    fn apply(&mut self, _: Vec<Write>) -> Result<(), StoreError> {
        Err(StoreError::from_io(&self.path, std::io::ErrorKind::ReadOnlyFilesystem.into()))
    }

    fn bytes_on_disk(&self) -> Result<u64, StoreError> {
        Ok(self.runs.iter().map(Run::len).sum())
    }
}
