//! A journal: batches in the order in which they were committed. The last one has those that no run holds yet; when they
//! become a run, an empty journal takes its place.
//!
//! The file is a header and frames. A frame is the length of its body, the CRC-32 of the body, and the body: the number of
//! the batch and its [rows](super::rows). A batch is durable once its frame has been written and the file synchronized, so
//! a commit costs one append and one synchronization.
//!
//! Reading ends at the first frame that is not whole or does not continue the numbers: what a power failure, or the end of
//! the process, left of a batch that was never acknowledged. It is cut off before the next frame is written, and nothing
//! behind it is ever taken for a frame.

use std::io;
use std::sync::Arc;

use super::files::{Disk, DiskFile};
use super::rows::{self, Row, take_u32, take_u64};

/// The name of the first journal, and the prefix of those of the others.
pub(super) const FILE: &str = "journal";

/// The first bytes of the file, with the version of its format.
const HEADER: &[u8; 16] = b"kctl journal 1\n\0";

/// The bytes of a frame before its body.
const FRAME_HEADER: usize = 8;

/// The name of the file of a journal.
pub(super) fn name(number: u64) -> String {
    match number {
        0 => FILE.into(),
        number => format!("{FILE}-{number}"),
    }
}

/// Returns true for a name that has the form of that of a journal.
pub(super) fn is_journal(name: &str) -> bool {
    name.strip_prefix(FILE).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
}

/// The open file.
#[derive(Debug)]
pub(super) struct Journal {
    file: Arc<dyn DiskFile>,
    /// The end of the last whole frame.
    end: u64,
}

/// The part of a journal that has been read.
struct Replayed {
    file: Arc<dyn DiskFile>,
    /// The number of the last batch.
    last: u64,
    /// The end of its frame.
    end: u64,
}

impl Journal {
    /// Creates an empty journal.
    ///
    /// # Errors
    /// Those of the disk.
    pub(super) fn create(disk: &dyn Disk, number: u64) -> io::Result<Journal> {
        let file = disk.create(&name(number))?;
        file.write_at(0, HEADER)?;
        file.sync()?;
        Ok(Journal { file, end: HEADER.len() as u64 })
    }

    /// Opens a journal and passes the rows of the batches after number `after` to `each`, the oldest first. Returns the
    /// number of the last batch, or `after`; `None` if the file is no journal.
    ///
    /// # Errors
    /// Those of the disk.
    pub(super) fn open(
        disk: &dyn Disk,
        number: u64,
        after: u64,
        each: &mut dyn FnMut(Row<'_>),
    ) -> io::Result<Option<(Journal, u64)>> {
        let replayed = replay(disk, number, after, u64::MAX, each)?;
        Ok(replayed.map(|Replayed { file, last, end }| (Journal { file, end }, last)))
    }

    /// Passes the rows of the batches after number `after`, up to number `until`, to `each`, the oldest first. Returns the
    /// number of the last one, or `after`; `None` if the file is no journal.
    ///
    /// # Errors
    /// Those of the disk.
    pub(super) fn read(
        disk: &dyn Disk,
        number: u64,
        (after, until): (u64, u64),
        each: &mut dyn FnMut(Row<'_>),
    ) -> io::Result<Option<u64>> {
        Ok(replay(disk, number, after, until, each)?.map(|replayed| replayed.last))
    }

    /// Returns true if the journal has no batch.
    pub(super) fn is_empty(&self) -> bool {
        self.end == HEADER.len() as u64
    }

    /// Appends a batch, which is durable once this returns.
    ///
    /// # Errors
    /// Those of the disk; then the journal is as before.
    pub(super) fn append(&mut self, number: u64, encoded_rows: &[u8]) -> io::Result<()> {
        let body = [&number.to_le_bytes(), encoded_rows].concat();
        let length = u32::try_from(body.len()).map_err(io::Error::other)?;
        let frame = [&length.to_le_bytes(), &crc32fast::hash(&body).to_le_bytes(), body.as_slice()].concat();
        if self.file.len()? > self.end {
            self.file.truncate(self.end)?;
        }
        let written = self.file.write_at(self.end, &frame).and_then(|()| self.file.sync());
        if written.is_err() {
            // Otherwise the next process might find a batch that has been reported as failed. If this fails too, it may.
            drop(self.file.truncate(self.end));
        }
        written?;
        self.end += frame.len() as u64;
        Ok(())
    }

    /// The size in bytes of everything that is still valid.
    pub(super) fn len(&self) -> u64 {
        self.end
    }
}

fn replay(
    disk: &dyn Disk,
    number: u64,
    after: u64,
    until: u64,
    each: &mut dyn FnMut(Row<'_>),
) -> io::Result<Option<Replayed>> {
    let file = disk.open(&name(number))?;
    let mut bytes = vec![0; file.len()?.try_into().map_err(io::Error::other)?];
    file.read_at(0, &mut bytes)?;
    let Some(mut rest) = bytes.strip_prefix(HEADER.as_slice()) else { return Ok(None) };
    let (mut last, mut end) = (after, HEADER.len());
    while let Some((number, body)) = frame(&mut rest) {
        // A journal of the earlier format has batches that runs hold where emptying it was interrupted.
        if number > after {
            if number != last + 1 || number > until {
                break;
            }
            decode_all(body, each);
            last = number;
        }
        end = bytes.len() - rest.len();
    }
    Ok(Some(Replayed { file, last, end: end as u64 }))
}

/// Takes a frame off the front and returns its number and the bytes of its rows; `None` if it is not whole.
fn frame<'a>(rest: &mut &'a [u8]) -> Option<(u64, &'a [u8])> {
    let mut bytes = *rest;
    let (length, crc) = (take_u32(&mut bytes)?, take_u32(&mut bytes)?);
    let (mut body, _) = bytes.split_at_checked(length as usize)?;
    if crc32fast::hash(body) != crc {
        return None;
    }
    let number = take_u64(&mut body)?;
    *rest = &rest[FRAME_HEADER + length as usize..];
    Some((number, body))
}

fn decode_all(mut body: &[u8], each: &mut dyn FnMut(Row<'_>)) {
    while let Some(row) = rows::decode(&mut body) {
        each(row);
    }
}
