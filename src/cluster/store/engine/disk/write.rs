//! Writing batches: into the journal, into runs, and on a full disk.

use std::io;
use std::ops::Range;

use super::files::Disk;
use super::journal::Journal;
use super::merge::merge;
use super::ongoing_merge::{self, OngoingMerge};
use super::rows::{self, Row};
use super::run::{Run, Writer};
use super::run_list::RunList;
use super::{DiskEngine, Past, Rows, Write};
use crate::store::StoreError;
use crate::store::engine::Engine as _;
use crate::store::keys::END;

/// A new run takes in the next older one if that is at most this many times as large as what it has taken in so far.
const MERGE_RATIO: u64 = 4;

/// With each run that is written, at most this many times its size, or that of a full journal, is merged. Merging keeps up
/// with writing, because a row is merged about once for every fourfold size of the store.
const PORTION_RATIO: usize = 8;

/// A file that takes up room for the moment at which the disk is full: removing it makes room to remove rows.
pub(super) const RESERVE: &str = "reserve";

/// The size of the reserve: enough to write the rows of a small store once more.
pub(super) const RESERVE_BYTES: usize = 256 << 10;

/// Writes the reserve.
pub(super) fn create_reserve(disk: &dyn Disk) -> io::Result<()> {
    // In an array, the zeros would be in the binary.
    disk.create(RESERVE)?.write_at(0, &vec![0; RESERVE_BYTES])
}

/// The number of bytes more than it removes that a batch may write into the room of the reserve. The deletion of a small object leaves
/// an event and an entry of the change log.
const SHRINK_BYTES_MAX: usize = 4 << 10;

impl DiskEngine {
    /// Makes a batch durable and visible: in the journal, or in a run if the journal has no room for it.
    pub(super) fn write(&mut self, batch: Rows) -> Result<(), (Rows, StoreError)> {
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
        let bytes: usize = batch.iter().map(|(key, value)| rows::encoded_len((key, value.as_deref()))).sum();
        // The first batch has the objects of a new cluster. Few commands need them, and each one reads the whole journal.
        let is_first = self.batches == 0;
        if !is_first && self.journal.len() + bytes as u64 <= self.journal_bytes {
            return self.append(batch, bytes);
        }
        self.resume_merging();
        match self.write_run(batch, self.runs_to_merge(batch)) {
            Ok(()) => {
                self.go_on_merging(bytes);
                Ok(false)
            }
            // A full disk may still have room for the batch alone.
            Err(StoreError::Full { .. }) if !self.is_list_uncertain => self.append(batch, bytes),
            Err(error) => Err(error),
        }
    }

    /// Makes a batch durable on a full disk, for which the past is given up first.
    pub(super) fn write_on_full_disk(&mut self, mut batch: Rows) -> Result<(), StoreError> {
        if self.give_up_past() {
            batch = match self.write(batch) {
                Err((batch, StoreError::Full { .. })) => batch,
                written => return written.map_err(|(_, error)| error),
            };
        }
        self.shrink(batch)
    }

    /// Makes a batch durable on a full disk if it removes about as much as it writes, with the room of the reserve. Then writes
    /// all rows anew, which gives back the room of those that are gone; where even that does not fit, later batches do it.
    fn shrink(&mut self, batch: Rows) -> Result<(), StoreError> {
        let mut before = 0;
        for key in batch.keys() {
            before += self.get(key)?.map_or(0, |value| value.len());
        }
        let after: usize = batch.values().flatten().map(Vec::len).sum();
        if after > before + SHRINK_BYTES_MAX || self.disk.remove(RESERVE).is_err() {
            return Err(StoreError::from_io(&self.path, io::ErrorKind::StorageFull.into()));
        }
        let written = self.write(batch);
        if written.is_ok() {
            self.resume_merging();
            drop(self.write_run(&Rows::new(), self.runs.len()));
            self.give_up_past();
        }
        self.make_reserve();
        written.map_err(|(_, error)| error)
    }

    /// Makes the reserve anew if it is gone. On a disk that is still full this waits for another time.
    pub(super) fn make_reserve(&self) {
        if self.disk.open(RESERVE).is_err() && create_reserve(&*self.disk).is_err() {
            drop(self.disk.remove(RESERVE));
        }
    }

    /// Appends the rows of a batch, which have a size of `bytes` bytes, to the journal.
    fn append(&mut self, batch: &Rows, bytes: usize) -> Result<bool, StoreError> {
        let mut encoded = Vec::with_capacity(bytes);
        batch.iter().for_each(|(key, value)| rows::encode(&mut encoded, (key, value.as_deref())));
        self.journal.append(self.batches + 1, &encoded).map_err(|e| StoreError::from_io(&self.path, e))?;
        self.batches += 1;
        Ok(true)
    }

    /// Makes a batch durable in a new run, together with the rows of the journal and of the newest runs.
    fn write_run(&mut self, batch: &Rows, merged: usize) -> Result<(), StoreError> {
        let run = self.list.next;
        let written = self.merge_into(&RunList::name(run), batch, merged);
        let mut list = self.list.clone();
        list.runs.splice(0..merged, [run]);
        // A run of old rows only is no batch.
        list.batches = self.batches + u64::from(!batch.is_empty());
        self.begin_segment(written, list)?;
        self.replace_runs(run, 0..merged)?;
        self.make_reserve();
        Ok(())
    }

    /// Makes a state of the past the present one, with rows that are laid over it, as one batch. Its runs are not copied.
    ///
    /// # Errors
    /// If the state cannot be read or the disk fails; then nothing has changed.
    pub(in crate::store) fn go_to(&mut self, past: &Past, over: Vec<Write>) -> Result<(), StoreError> {
        if self.is_list_uncertain {
            self.restore_list().map_err(|e| StoreError::from_io(&self.path, e))?;
        }
        self.resume_merging();
        let run = self.list.next;
        let written = self.write_over(&RunList::name(run), past, &over.into_iter().collect());
        let runs = [run].into_iter().chain(past.numbers.iter().copied()).collect();
        self.begin_segment(written, RunList { runs, batches: self.batches + 1, ..self.list.clone() })?;
        self.runs = self.open_runs(&self.list.runs)?;
        self.forget_replaced();
        if let Some(applied) = &mut self.applied {
            applied(self.batches);
        }
        Ok(())
    }

    /// Writes the rows that a state of the past has above its runs into a file, with rows laid over them.
    fn write_over(&self, name: &str, past: &Past, over: &Rows) -> Result<(), StoreError> {
        let failed = |e| StoreError::from_io(&self.path, e);
        let mut writer = Writer::create(&*self.disk, name).map_err(failed)?;
        let mut written = Ok(());
        let mut each = |row: Row<'_>| {
            written = writer.add(row);
            written.is_ok()
        };
        let memory = [over, &past.recent].map(|rows| rows.range::<[u8], _>(..));
        merge(memory.into(), &[], &[], END, &mut each).map_err(|e| self.failed(e))?;
        written.and_then(|()| writer.finish()).map_err(failed)
    }

    /// Makes a list with the next run, whose file has been `written`, the one that counts, with a new journal.
    fn begin_segment(&mut self, written: Result<(), StoreError>, mut list: RunList) -> Result<(), StoreError> {
        list.next += 2;
        let prepared =
            written.and_then(|()| self.begin_journal(&mut list).map_err(|e| StoreError::from_io(&self.path, e)));
        // Even files that come to nothing keep their numbers, which the file of the list may name.
        self.list.next += 2;
        let journal = prepared.inspect_err(|_| drop(self.restore_list()))?;
        self.batches = self.replace_list(list).map_err(|e| StoreError::from_io(&self.path, e))?;
        // From here on the batch is durable.
        self.recent.clear();
        if let Some(journal) = journal {
            self.journal = journal;
        }
        Ok(())
    }

    /// Begins the journal after the next run, unless the present one is empty still, and makes the present a part of the
    /// past.
    fn begin_journal(&self, list: &mut RunList) -> io::Result<Option<Journal>> {
        let journal = match self.journal.is_empty() {
            true => None,
            false => {
                list.journal = list.next - 1;
                Some(Journal::create(&*self.disk, list.journal)?)
            }
        };
        self.retire_present(list)?;
        Ok(journal)
    }

    /// Opens a run that stands in the place of others.
    fn replace_runs(&mut self, run: u64, replaced: Range<usize>) -> Result<(), StoreError> {
        let run = Run::open(&*self.disk, &RunList::name(run)).map_err(|e| self.failed(e))?;
        self.runs.splice(replaced, [run]);
        self.forget_replaced();
        Ok(())
    }

    /// Removes the files that the list has come not to name, and gives up a merge of runs that have been replaced.
    fn forget_replaced(&mut self) {
        if self.merging.as_ref().is_some_and(|merging| self.place_of(merging).is_none()) {
            self.give_up_merging();
        }
        // Makes room, and is tried again with the next run.
        drop(self.remove_leftovers());
    }

    /// Makes a list the one that counts, durably; returns the number of its batches.
    pub(super) fn replace_list(&mut self, list: RunList) -> io::Result<u64> {
        self.is_list_uncertain = true;
        // The error to report is the first one. What fails here is tried again by the next batch.
        list.write(&*self.disk).inspect_err(|_| drop(self.restore_list()))?;
        self.is_list_uncertain = false;
        self.list = list;
        Ok(self.list.batches)
    }

    /// Does a portion of the merge of large runs, or begins one that is due, after `written` bytes have become a run. What
    /// fails here fails no batch: these are durable already, and a run that is damaged is reported to those who read it.
    fn go_on_merging(&mut self, written: usize) {
        let portion = written.max(self.portion_bytes()) * PORTION_RATIO;
        if let Err(error) = self.merge_portion(portion) {
            tracing::warn!(%error, "runs are not merged");
            self.give_up_merging();
        }
    }

    /// Finds the merge that an earlier process has begun.
    fn resume_merging(&mut self) {
        if !std::mem::replace(&mut self.is_merge_resumed, true) {
            self.merging = OngoingMerge::resume(&*self.disk).filter(|merging| self.place_of(merging).is_some());
        }
    }

    fn merge_portion(&mut self, bytes: usize) -> Result<(), StoreError> {
        if self.merging.is_none() {
            let count = self.count_mergeable(0, None);
            if count < 2 {
                return Ok(());
            }
            let inputs = self.list.runs[..count].to_vec();
            let begun = OngoingMerge::begin(&*self.disk, inputs, count == self.runs.len());
            self.merging = Some(begun.map_err(|e| StoreError::from_io(&self.path, e))?);
        }
        let Some(mut merging) = self.merging.take() else { return Ok(()) };
        let Some(place) = self.place_of(&merging) else { return Ok(()) };
        let is_complete = merging.go_on(&*self.disk, &self.runs[place.clone()], bytes).map_err(|e| self.failed(e))?;
        if !is_complete {
            self.merging = Some(merging);
            return Ok(());
        }
        let run = self.list.next;
        self.list.next += 1;
        let name = RunList::name(run);
        self.disk.rename(ongoing_merge::FILE, &name).map_err(|e| StoreError::from_io(&self.path, e))?;
        let mut list = self.list.clone();
        list.replace_merged(&merging.inputs, run);
        self.trim_or_keep(&mut list).map_err(|e| StoreError::from_io(&self.path, e))?;
        self.replace_list(list).map_err(|e| StoreError::from_io(&self.path, e))?;
        self.replace_runs(run, place)?;
        OngoingMerge::remove_files(&*self.disk);
        Ok(())
    }

    /// The place of the runs that are being merged among all runs; `None` if they are not there any more.
    pub(super) fn place_of(&self, merging: &OngoingMerge) -> Option<Range<usize>> {
        let first = self.list.runs.iter().position(|run| Some(run) == merging.inputs.first())?;
        let place = first..first + merging.inputs.len();
        (self.list.runs.get(place.clone())? == merging.inputs).then_some(place)
    }

    fn give_up_merging(&mut self) {
        self.merging = None;
        OngoingMerge::remove_files(&*self.disk);
    }

    /// The size in bytes of what is merged at once with a journal that has become a run.
    fn portion_bytes(&self) -> usize {
        usize::try_from(self.journal_bytes).unwrap_or(usize::MAX)
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

    /// The number of runs that a new one takes in: only so much that it takes no time, and none that is being merged.
    fn runs_to_merge(&self, batch: &Rows) -> usize {
        let row_bytes = |(key, value): (&Vec<u8>, &Option<Vec<u8>>)| key.len() + value.as_ref().map_or(0, Vec::len);
        let size = self.journal.len() + batch.iter().map(row_bytes).sum::<usize>() as u64;
        let limit = size.max(self.journal_bytes) * PORTION_RATIO as u64;
        let merging = self.merging.as_ref().and_then(|merging| self.place_of(merging));
        self.count_mergeable(size, Some(limit)).min(merging.map_or(usize::MAX, |place| place.start))
    }

    /// The number of the newest runs of which each is not much larger than those before it with `size` bytes more, as long as
    /// all have at most `limit` bytes.
    fn count_mergeable(&self, mut size: u64, limit: Option<u64>) -> usize {
        let fits = |run: &&Run| {
            let fits = size == 0 || run.len() <= size * MERGE_RATIO;
            size += run.len();
            fits && limit.is_none_or(|limit| size <= limit)
        };
        self.runs.iter().take_while(fits).count()
    }

    /// Removes runs that are not in the list.
    pub(super) fn remove_leftovers(&self) -> io::Result<()> {
        let (names, past) = (self.disk.names()?, self.list.names_of_past());
        let mut leftovers = names.iter().filter(|name| self.list.is_leftover(name, &past));
        leftovers.try_for_each(|name| self.disk.remove(name))
    }
}
