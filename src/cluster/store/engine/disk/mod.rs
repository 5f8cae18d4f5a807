//! The engine on disk: a journal of the latest batches over immutable sorted runs, a log-structured merge tree.
//!
//! - A commit appends one frame to the [`journal`] and synchronizes it once. Opening reads the journal, at most about
//!   [`JOURNAL_BYTES`], into memory; the process starts no thread and maps no file.
//! - A batch that would make the journal longer becomes a [`run`], together with everything in the journal and with the
//!   newest runs as long as they are not much larger. So there are few runs, of growing sizes, and a row is rewritten a
//!   logarithmic number of times.
//! - The [`run_list`] names the runs and the number of batches in them. It is replaced atomically after its runs are
//!   durable; the journal is emptied after that. No file that the list names is ever written again.
//!
//! Why nothing is lost or half there on a disk that keeps its cache over no power failure and reorders writes: a frame, a
//! run and a list are each synchronized before anything refers to them or is acknowledged, are checked by a CRC, and
//! overwrite nothing that is still needed. `power_cut.rs` tries it.
//!
//! All bytes that are read are checked, so a damaged store is reported and never silently wrong.

mod files;
mod journal;
mod merge;
#[cfg(test)]
mod power_cut;
mod rows;
mod run;
mod run_list;
#[cfg(test)]
pub(crate) mod simulated_disk;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::io;
use std::ops::Bound;
use std::path::{Path, PathBuf};

use self::files::{Directory, Disk};
use self::journal::Journal;
use self::merge::merge;
use self::rows::Row;
use self::run::{Run, RunError, Writer};
use self::run_list::RunList;
use super::{Engine, Write};
use crate::store::StoreError;
use crate::store::keys::END;

/// The size in bytes up to which the journal grows. Reading it is most of what opening costs.
const JOURNAL_BYTES: u64 = 1 << 20;

/// A new run takes in the next older one if that is at most this many times as large as what it has taken in so far.
const MERGE_RATIO: u64 = 4;

/// A file that takes up room for the moment at which the disk is full: removing it makes room to remove rows.
const RESERVE: &str = "reserve";

/// The size of the reserve: enough to write the rows of a small store once more.
const RESERVE_BYTES: usize = 256 << 10;

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
    /// The number of batches applied since the directory was created.
    batches: u64,
    /// [`JOURNAL_BYTES`]; less in tests, which then see many runs.
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
        let list = RunList::default();
        let create = || {
            let journal = Journal::create(&*disk)?;
            disk.create(RESERVE)?.write_at(0, &[0; RESERVE_BYTES])?;
            list.write(&*disk)?;
            Ok(journal)
        };
        let journal = create().map_err(|e| StoreError::from_io(path, e))?;
        let (path, recent) = (path.to_path_buf(), BTreeMap::new());
        Ok(DiskEngine {
            disk,
            path,
            journal,
            recent,
            list,
            is_list_uncertain: false,
            runs: Vec::new(),
            batches: 0,
            journal_bytes: JOURNAL_BYTES,
            applied: None,
        })
    }

    pub(crate) fn open_on(disk: Box<dyn Disk>, path: &Path) -> Result<DiskEngine, StoreError> {
        let opening = |name: &'static str| move |e: io::Error| failed_open(path, name, e);
        let damaged = |name: &str| StoreError::damaged(format!("its file {name:?} is damaged")).at(path);
        let list = RunList::read(&*disk).map_err(opening(run_list::FILE))?.ok_or_else(|| damaged(run_list::FILE))?;
        let mut recent = BTreeMap::new();
        let mut each = |(key, value): Row<'_>| {
            recent.insert(key.to_vec(), value.map(<[u8]>::to_vec));
        };
        let journal = Journal::open(&*disk, list.batches, &mut each).map_err(opening(journal::FILE))?;
        let (journal, batches) = journal.ok_or_else(|| damaged(journal::FILE))?;
        let open_run = |run: &u64| {
            let name = RunList::name(*run);
            Run::open(&*disk, &name).map_err(|e| match e {
                RunError::Corrupt => damaged(&name),
                RunError::Io(e) => failed_open(path, &name, e),
            })
        };
        let runs = list.runs.iter().map(open_run).collect::<Result<_, _>>()?;
        let (path, journal_bytes) = (path.to_path_buf(), JOURNAL_BYTES);
        Ok(DiskEngine {
            disk,
            path,
            journal,
            recent,
            list,
            is_list_uncertain: false,
            runs,
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
        let list = RunList { batches, next: 2, runs: vec![1] };
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

    /// Makes a batch durable and visible: in the journal, or in a run if the journal has no room for it.
    fn write(&mut self, batch: Rows) -> Result<(), (Rows, StoreError)> {
        match self.write_to_disk(&batch) {
            Ok(in_journal) => {
                if in_journal {
                    self.recent.extend(batch);
                }
                Ok(())
            }
            Err(error) => Err((batch, error)),
        }
    }

    /// Makes a batch durable; returns true if it is in the journal, whose rows are kept in memory.
    fn write_to_disk(&mut self, batch: &Rows) -> Result<bool, StoreError> {
        if self.is_list_uncertain {
            self.restore_list().map_err(|e| StoreError::from_io(&self.path, e))?;
        }
        let mut encoded = Vec::new();
        batch.iter().for_each(|(key, value)| rows::encode(&mut encoded, (key, value.as_deref())));
        if self.journal.len() + encoded.len() as u64 <= self.journal_bytes {
            return self.append(&encoded);
        }
        match self.write_run(batch, self.runs_to_merge(batch)) {
            // A full disk may still have room for the batch alone.
            Err(StoreError::Full { .. }) if !self.is_list_uncertain => self.append(&encoded),
            written => written.map(|()| false),
        }
    }

    /// Makes a batch durable on a full disk if it makes the store smaller, with the room of the reserve. Then writes all rows
    /// anew, which gives back the room of those that are gone; where even that does not fit, later batches do it.
    fn shrink(&mut self, batch: Rows) -> Result<(), StoreError> {
        let mut before = 0;
        for key in batch.keys() {
            before += self.get(key)?.map_or(0, |value| value.len());
        }
        let after: usize = batch.values().flatten().map(Vec::len).sum();
        let removed = if after < before { self.disk.remove(RESERVE) } else { Err(io::ErrorKind::StorageFull.into()) };
        removed.map_err(|e| StoreError::from_io(&self.path, e))?;
        let written = self.write(batch);
        if written.is_ok() {
            drop(self.write_run(&Rows::new(), self.runs.len()));
        }
        self.make_reserve();
        written.map_err(|(_, error)| error)
    }

    /// Makes the reserve anew if it is gone. On a disk that is still full this waits for another time.
    fn make_reserve(&self) {
        if self.disk.open(RESERVE).is_err() {
            let made = self.disk.create(RESERVE).and_then(|file| file.write_at(0, &[0; RESERVE_BYTES]));
            if made.is_err() {
                drop(self.disk.remove(RESERVE));
            }
        }
    }

    /// Appends the rows of a batch to the journal.
    fn append(&mut self, encoded: &[u8]) -> Result<bool, StoreError> {
        self.journal.append(self.batches + 1, encoded).map_err(|e| StoreError::from_io(&self.path, e))?;
        self.batches += 1;
        Ok(true)
    }

    /// Makes a batch durable in a new run, together with the rows of the journal and of the newest runs.
    fn write_run(&mut self, batch: &Rows, merged: usize) -> Result<(), StoreError> {
        let (number, name) = (self.list.next, RunList::name(self.list.next));
        let kept = self.list.runs[merged..].iter().copied();
        let runs = std::iter::once(number).chain(kept).collect();
        // A run of old rows only is no batch.
        let batches = self.batches + u64::from(!batch.is_empty());
        let list = RunList { batches, next: number + 1, runs };
        // Even a run that comes to nothing keeps its number, which the file of the list may name.
        self.list.next += 1;
        let written = self.merge_into(&name, batch, merged).and_then(|()| {
            self.is_list_uncertain = true;
            list.write(&*self.disk).map_err(|e| StoreError::from_io(&self.path, e))
        });
        if let Err(error) = written {
            // The error to report is the first one. What fails here is tried again by the next batch.
            drop(self.restore_list());
            return Err(error);
        }
        self.is_list_uncertain = false;
        // From here on the batch is durable.
        (self.list, self.batches) = (list, batches);
        self.recent.clear();
        self.runs.drain(..merged);
        self.runs.insert(0, Run::open(&*self.disk, &name).map_err(|e| self.failed(e))?);
        // Both only make room, and are tried again: with the next batch, and with the next run.
        drop((self.journal.clear(), self.remove_leftovers()));
        self.make_reserve();
        Ok(())
    }

    /// Makes the list of the runs that this engine uses the one on the disk again, and then removes the other runs, whose
    /// room another attempt may need.
    fn restore_list(&mut self) -> io::Result<()> {
        if self.is_list_uncertain {
            self.list.write(&*self.disk)?;
            self.is_list_uncertain = false;
        }
        self.remove_leftovers()
    }

    /// Writes the rows of a batch, of the journal, and of the newest `merged` runs into a file.
    fn merge_into(&self, name: &str, batch: &Rows, merged: usize) -> Result<(), StoreError> {
        let io_failed = |e| StoreError::from_io(&self.path, e);
        let mut writer = Writer::create(&*self.disk, name).map_err(io_failed)?;
        // Below the oldest run there is nothing that a removed row could hide.
        let drop_removed = merged == self.runs.len();
        let mut written = Ok(());
        let mut each = |(key, value): Row<'_>| {
            if value.is_some() || !drop_removed {
                written = writer.add((key, value));
            }
            written.is_ok()
        };
        let memory = [batch, &self.recent].map(|rows| rows.range::<[u8], _>(..));
        merge(memory.into(), &self.runs[..merged], &[], END, &mut each).map_err(|e| self.failed(e))?;
        written.and_then(|()| writer.finish()).map_err(io_failed)
    }

    /// The number of runs that a new one takes in.
    fn runs_to_merge(&self, batch: &Rows) -> usize {
        let row_bytes = |(key, value): (&Vec<u8>, &Option<Vec<u8>>)| key.len() + value.as_ref().map_or(0, Vec::len);
        let mut size = self.journal.len() + batch.iter().map(row_bytes).sum::<usize>() as u64;
        let fits = |run: &&Run| {
            let fits = run.len() <= size * MERGE_RATIO;
            size += run.len();
            fits
        };
        self.runs.iter().take_while(fits).count()
    }

    /// Removes runs that are not in the list.
    fn remove_leftovers(&self) -> io::Result<()> {
        let names = self.disk.names()?;
        names.iter().filter(|name| self.list.is_leftover(name)).try_for_each(|name| self.disk.remove(name))
    }

    fn failed(&self, error: RunError) -> StoreError {
        match error {
            RunError::Io(error) => StoreError::from_io(&self.path, error),
            RunError::Corrupt => StoreError::damaged("one of its runs is damaged").at(&self.path),
        }
    }
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
            Err((batch, StoreError::Full { .. })) => self.shrink(batch)?,
            Err((_, error)) => return Err(error),
        }
        if let Some(applied) = &mut self.applied {
            applied(self.batches);
        }
        Ok(())
    }

    fn bytes_on_disk(&self) -> Result<u64, StoreError> {
        Ok(self.journal.len() + self.runs.iter().map(Run::len).sum::<u64>())
    }
}
