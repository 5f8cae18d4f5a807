//! A merge of runs that is too large for one command and is done in portions.
//!
//! The merged rows go to a file beside the runs. After each portion, the place at which the next one continues is written to
//! a second file, so that the next process can go on. No reader sees the merged rows before all are there and their file
//! takes the name of a run. A portion that a power failure undoes is made again, and writes the same bytes.

use std::io;

use super::block::RunError;
use super::files::Disk;
use super::merge::merge;
use super::rows::{self, take_u32, take_u64};
use super::run::{Run, Writer};
use crate::store::keys::END;

/// The name of the file of the merged rows.
pub(super) const FILE: &str = "merging";

/// The name of the file that says where to continue.
const STATE_FILE: &str = "merging.state";

/// The name under which a new state is written before it replaces the old one.
const NEW_STATE_FILE: &str = "merging.state.new";

/// The first bytes of the state, with the version of its format.
const TITLE: &[u8] = b"kctl merge 1\n";

/// A merge that has begun.
#[derive(Debug)]
pub(super) struct OngoingMerge {
    /// The numbers of the runs that are merged, the newest first. They are neighbors in the list.
    pub(super) inputs: Vec<u64>,
    /// True if there is no run below them, so that removed rows have nothing to hide.
    drops_removed: bool,
    /// The least key that has not been merged yet.
    from: Vec<u8>,
    writer: Writer,
}

impl OngoingMerge {
    /// Begins a merge.
    ///
    /// # Errors
    /// Those of the disk.
    pub(super) fn begin(disk: &dyn Disk, inputs: Vec<u64>, drops_removed: bool) -> io::Result<OngoingMerge> {
        OngoingMerge::remove_files(disk);
        // The state of an earlier merge must not come back beside the new file.
        disk.sync()?;
        Ok(OngoingMerge { inputs, drops_removed, from: Vec::new(), writer: Writer::create(disk, FILE)? })
    }

    /// Returns the merge that an earlier process has begun; `None` if there is none, or its files are not usable.
    pub(super) fn resume(disk: &dyn Disk) -> Option<OngoingMerge> {
        let file = disk.open(STATE_FILE).ok()?;
        let mut bytes = vec![0; file.len().ok()?.try_into().ok()?];
        file.read_at(0, &mut bytes).ok()?;
        let (state, crc) = bytes.split_last_chunk()?;
        if crc32fast::hash(state) != u32::from_le_bytes(*crc) {
            return None;
        }
        let mut rest = state.strip_prefix(TITLE)?;
        let count = take_u32(&mut rest)?;
        let inputs = (0..count).map(|_| take_u64(&mut rest)).collect::<Option<_>>()?;
        let drops_removed = take_u32(&mut rest)? == 1;
        let (from, _) = rows::decode(&mut rest)?;
        let writer = Writer::resume(disk, FILE, rest)?;
        Some(OngoingMerge { inputs, drops_removed, from: from.to_vec(), writer })
    }

    /// Removes the files of a merge, if there are any.
    pub(super) fn remove_files(disk: &dyn Disk) {
        for name in [STATE_FILE, NEW_STATE_FILE, FILE] {
            // A file that stays takes room, until the next merge writes it anew.
            drop(disk.remove(name));
        }
    }

    /// Merges rows of the inputs, in the order of their keys, until they amount to some bytes or none is left; then returns
    /// true, and the file is complete and durable.
    ///
    /// # Errors
    /// If an input cannot be read, or the disk fails.
    pub(super) fn go_on(&mut self, disk: &dyn Disk, inputs: &[Run], bytes: usize) -> Result<bool, RunError> {
        let OngoingMerge { from, writer, drops_removed, .. } = self;
        let (mut merged, mut written, mut last) = (0, Ok(()), None);
        merge(Vec::new(), inputs, from, END, &mut |(key, value)| {
            if value.is_some() || !*drops_removed {
                written = writer.add((key, value));
            }
            merged += key.len() + value.map_or(0, <[u8]>::len);
            if merged >= bytes {
                last = Some(key.to_vec());
            }
            written.is_ok() && last.is_none()
        })?;
        written?;
        let Some(mut next) = last else {
            self.writer.finish()?;
            return Ok(true);
        };
        // The least key after it.
        next.push(0);
        self.from = next;
        self.save(disk)?;
        Ok(false)
    }

    /// Makes what has been merged durable, and then the place at which to continue.
    fn save(&mut self, disk: &dyn Disk) -> io::Result<()> {
        let count = u32::try_from(self.inputs.len()).map_err(io::Error::other)?;
        let mut state = [TITLE, &count.to_le_bytes()].concat();
        self.inputs.iter().for_each(|input| state.extend(input.to_le_bytes()));
        state.extend(u32::from(self.drops_removed).to_le_bytes());
        rows::encode(&mut state, (&self.from, None));
        self.writer.suspend(&mut state)?;
        let crc = crc32fast::hash(&state);
        state.extend(crc.to_le_bytes());
        let file = disk.create(NEW_STATE_FILE)?;
        file.write_at(0, &state)?;
        file.sync()?;
        disk.rename(NEW_STATE_FILE, STATE_FILE)
    }
}
