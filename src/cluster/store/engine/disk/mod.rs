//! The engine on disk: a journal of the latest batches over immutable sorted runs, a log-structured merge tree.
//!
//! - A commit appends one frame to the [`journal`] and synchronizes it once. Opening reads the journal, at most about
//!   [`JOURNAL_BYTES`], into memory; the process starts no thread and maps no file.
//! - The first batch, and every one that would make the journal longer, becomes a [`run`], together with everything in the
//!   journal and with the newest runs as long as they are not much larger. So there are few runs, of growing sizes, and a row
//!   is rewritten a logarithmic number of times. Runs of more than some megabytes are merged in portions, an
//!   [`ongoing_merge`], so that no command takes long for it.
//! - The [`run_list`] names the runs, the number of batches in them, and the journal. It is replaced atomically after its
//!   runs and a new journal are durable. No file that the list names is ever written again, except the journal's end.
//! - The runs and journals that the present does not need any more are the [`past`]: the state after any batch can be read,
//!   and compared with another one, as long as [`retention`] keeps it. A commit does nothing for that.
//!
//! Why nothing is lost or half there on a disk that keeps its cache over no power failure and reorders writes: a frame, a
//! run and a list are each synchronized before anything refers to them or is acknowledged, are checked by a CRC, and
//! overwrite nothing that is still needed. `power_cut.rs` tries it.
//!
//! On a full disk a small file, the reserve, gives way to batches that remove about as much as they write.
//!
//! All bytes that are read are checked, so a damaged store is reported and never silently wrong.

mod block;
mod copies;
mod files;
mod journal;
mod merge;
mod ongoing_merge;
mod past;
#[cfg(test)]
mod past_tests;
#[cfg(test)]
mod power_cut;
#[cfg(test)]
pub(crate) mod random;
mod retention;
mod rows;
mod run;
mod run_list;
pub(crate) mod simulated_disk;
#[cfg(test)]
mod tests;
mod write;

use std::collections::BTreeMap;
use std::io;
use std::ops::Bound;
use std::path::{Path, PathBuf};

use self::block::RunError;
use self::files::{Directory, Disk};
use self::journal::Journal;
use self::merge::merge;
use self::ongoing_merge::OngoingMerge;
use self::rows::Row;
use self::run::{Run, Writer};
use self::run_list::RunList;
use self::write::create_reserve;
use super::{Engine, Write};
use crate::store::StoreError;
use crate::store::keys::END;
pub(crate) use past::Past;
pub(crate) use retention::{ImportedRow, NextRow, Retention, RetentionOf};

/// The size in bytes up to which the journal grows. Reading it is most of what opening costs.
const JOURNAL_BYTES: u64 = 1 << 20;

/// A callback that receives the number of batches after each one has become durable.
type Listener = Box<dyn FnMut(u64) + Send>;

/// Rows by key; `None` marks a removed one.
type Rows = BTreeMap<Vec<u8>, Option<Vec<u8>>>;

/// An ordered map in a directory. Keys must be less than [`END`].
pub(crate) struct DiskEngine {
    disk: Box<dyn Disk>,
    /// The directory, for messages.
    path: PathBuf,
    journal: Journal,
    /// The rows in the journal; `None` marks a removed one.
    recent: Rows,
    list: RunList,
    /// True while the file of the list may name a run of a batch that has been reported as failed, because the disk failed
    /// after the file was replaced and again when it was restored.
    is_list_uncertain: bool,
    /// The runs of the list, the newest first.
    runs: Vec<Run>,
    /// The merge that has begun, if there is one.
    merging: Option<OngoingMerge>,
    /// Says what is kept of the past; `None` for nothing.
    retention: Option<RetentionOf>,
    /// True once the merge that an earlier process has begun has been looked for. Only who writes a run does that.
    is_merge_resumed: bool,
    /// The number of batches applied since the directory was created.
    batches: u64,
    /// [`JOURNAL_BYTES`]; less on a simulated disk, so that a test sees many runs.
    pub(crate) journal_bytes: u64,
    /// The last field, so that everything it owns, such as the lock, is dropped after the files have been closed.
    applied: Option<Listener>,
}

impl DiskEngine {
    /// Creates an empty engine in an empty directory.
    ///
    /// # Errors
    /// If the directory cannot be written.
    pub(crate) fn create(path: &Path) -> Result<DiskEngine, StoreError> {
        DiskEngine::create_on(Box::new(Directory::new(path)), path)
    }

    /// Opens an engine to which at least `batches` batches have been applied.
    ///
    /// # Errors
    /// If the files cannot be read, are damaged, or miss batches.
    pub(crate) fn open(path: &Path, batches: u64) -> Result<DiskEngine, StoreError> {
        let engine = DiskEngine::open_on(Box::new(Directory::new(path)), path)?;
        match engine.batches {
            found if found < batches => {
                let reason = format!("the last {} of {batches} commits are missing", batches - found);
                Err(StoreError::damaged(reason).at(path))
            }
            _ => Ok(engine),
        }
    }

    pub(crate) fn create_on(disk: Box<dyn Disk>, path: &Path) -> Result<DiskEngine, StoreError> {
        let create = || {
            Journal::create(&*disk, 0)?;
            create_reserve(&*disk)?;
            RunList::default().write(&*disk)
        };
        create().map_err(|e| StoreError::from_io(path, e))?;
        DiskEngine::open_on(disk, path)
    }

    pub(crate) fn open_on(disk: Box<dyn Disk>, path: &Path) -> Result<DiskEngine, StoreError> {
        let opening = |name: &str| {
            let name = name.to_string();
            move |e: io::Error| failed_open(path, &name, e)
        };
        let list = RunList::read(&*disk).map_err(opening(run_list::FILE))?;
        let list = list.ok_or_else(|| damaged_file(path, run_list::FILE))?;
        let mut recent = BTreeMap::new();
        let mut each = |(key, value): Row<'_>| {
            recent.insert(key.to_vec(), value.map(<[u8]>::to_vec));
        };
        let name = journal::name(list.journal);
        let journal = Journal::open(&*disk, list.journal, list.batches, &mut each).map_err(opening(&name))?;
        let (journal, batches) = journal.ok_or_else(|| damaged_file(path, &name))?;
        let runs = list.runs.iter().map(|run| past::open_run(&*disk, path, *run)).collect::<Result<_, _>>()?;
        let (path, journal_bytes) = (path.to_path_buf(), JOURNAL_BYTES);
        Ok(DiskEngine {
            disk,
            path,
            journal,
            recent,
            list,
            is_list_uncertain: false,
            runs,
            merging: None,
            retention: None,
            is_merge_resumed: false,
            batches,
            journal_bytes,
            applied: None,
        })
    }

    /// The number of batches applied since the directory was created.
    pub(in crate::store) fn batches(&self) -> u64 {
        self.batches
    }

    /// Sets a callback that receives the number of batches after each one has become durable.
    pub(in crate::store) fn on_apply(&mut self, applied: impl FnMut(u64) + Send + 'static) {
        self.applied = Some(Box::new(applied));
    }

    /// Fills an empty engine with all rows of another one, as a single run, and continues a counter of batches.
    ///
    /// # Errors
    /// If the other engine cannot be read, or the disk fails.
    pub(in crate::store) fn copy_from(&mut self, from: &dyn Engine, batches: u64) -> Result<(), StoreError> {
        let failed = |e| StoreError::from_io(&self.path, e);
        let list = RunList { batches, next: 2, runs: vec![1], ..RunList::default() };
        let name = RunList::name(1);
        let mut writer = Writer::create(&*self.disk, &name).map_err(failed)?;
        let mut written = Ok(());
        from.scan(&[], END, &mut |key, value| {
            written = writer.add((key, Some(value)));
            written.is_ok()
        })?;
        written.and_then(|()| writer.finish()).and_then(|()| list.write(&*self.disk)).map_err(failed)?;
        self.runs = vec![Run::open(&*self.disk, &name).map_err(|e| self.failed(e))?];
        (self.list, self.batches) = (list, batches);
        Ok(())
    }

    fn failed(&self, error: RunError) -> StoreError {
        failed_read(&self.path, error)
    }
}

/// The error for a run that cannot be read.
fn failed_read(path: &Path, error: RunError) -> StoreError {
    match error {
        RunError::Io(error) => StoreError::from_io(path, error),
        RunError::Corrupt => StoreError::damaged("one of its runs is damaged").at(path),
    }
}

/// The error for a file that is not what was written.
fn damaged_file(path: &Path, name: &str) -> StoreError {
    StoreError::damaged(format!("its file {name:?} is damaged")).at(path)
}

/// The error for a file that cannot be opened or read to its end.
fn failed_open(path: &Path, name: &str, error: io::Error) -> StoreError {
    match error.kind() {
        io::ErrorKind::NotFound => StoreError::damaged(format!("its file {name:?} is missing")).at(path),
        _ => StoreError::from_io(path, error),
    }
}

impl Engine for DiskEngine {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        if let Some(value) = self.recent.get(key) {
            return Ok(value.clone());
        }
        for run in &self.runs {
            if let Some(value) = run.get(key).map_err(|e| self.failed(e))? {
                return Ok(value);
            }
        }
        Ok(None)
    }

    fn scan(&self, from: &[u8], to: &[u8], each: &mut dyn FnMut(&[u8], &[u8]) -> bool) -> Result<(), StoreError> {
        if from >= to {
            return Ok(());
        }
        let recent = self.recent.range::<[u8], _>((Bound::Included(from), Bound::Excluded(to)));
        let mut each = |(key, value): Row<'_>| value.is_none_or(|value| each(key, value));
        merge(vec![recent], &self.runs, from, to, &mut each).map_err(|e| self.failed(e))
    }

    fn apply(&mut self, writes: Vec<Write>) -> Result<(), StoreError> {
        // The last write of a key wins.
        let batch: Rows = writes.into_iter().collect();
        if batch.is_empty() {
            return Ok(());
        }
        match self.write(batch) {
            Ok(()) => {}
            Err((batch, StoreError::Full { .. })) => self.write_on_full_disk(batch)?,
            Err((_, error)) => return Err(error),
        }
        if let Some(applied) = &mut self.applied {
            applied(self.batches);
        }
        Ok(())
    }

    fn bytes_on_disk(&self) -> Result<u64, StoreError> {
        let past = self.bytes_of_past().map_err(|e| StoreError::from_io(&self.path, e))?;
        Ok(self.journal.len() + self.runs.iter().map(Run::len).sum::<u64>() + past)
    }

    fn disk(&self) -> Option<&DiskEngine> {
        Some(self)
    }

    fn disk_mut(&mut self) -> Option<&mut DiskEngine> {
        Some(self)
    }
}
