//! The journal: the batches that no run holds yet, in the order in which they were committed.
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

/// The name of the file.
pub(super) const FILE: &str = "journal";

/// The first bytes of the file, with the version of its format.
const HEADER: &[u8; 16] = b"kctl journal 1\n\0";

/// The bytes of a frame before its body.
const FRAME_HEADER: usize = 8;

/// The open file.
#[derive(Debug)]
pub(super) struct Journal {
    file: Arc<dyn DiskFile>,
    /// The end of the last whole frame.
    end: u64,
}

impl Journal {
    /// Creates an empty journal.
    ///
    /// # Errors
    /// Those of the disk.
    pub(super) fn create(disk: &dyn Disk) -> io::Result<()> {
        let file = disk.create(FILE)?;
        file.write_at(0, HEADER)?;
        file.sync()
    }

    /// Opens the journal and passes the rows of the batches after number `after` to `each`, the oldest first. Returns the
    /// number of the last batch, or `after`; `None` if the file is no journal.
    ///
    /// # Errors
    /// Those of the disk.
    pub(super) fn open(
        disk: &dyn Disk,
        after: u64,
        each: &mut dyn FnMut(Row<'_>),
    ) -> io::Result<Option<(Journal, u64)>> {
        let file = disk.open(FILE)?;
        let mut bytes = vec![0; file.len()?.try_into().map_err(io::Error::other)?];
        file.read_at(0, &mut bytes)?;
        let Some(mut rest) = bytes.strip_prefix(HEADER.as_slice()) else { return Ok(None) };
        let (mut last, mut end) = (after, HEADER.len());
        while let Some((number, body)) = frame(&mut rest) {
            // Batches that runs hold are left where emptying the journal was interrupted.
            if number > after {
                if number != last + 1 {
                    break;
                }
                decode_all(body, each);
                last = number;
            }
            end = bytes.len() - rest.len();
        }
        Ok(Some((Journal { file, end: end as u64 }, last)))
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

    /// Removes all batches, after runs have come to hold them durably. The journal is then still right if this is undone by
    /// a power failure, because [`Journal::open`] skips them.
    ///
    /// # Errors
    /// Those of the disk.
    pub(super) fn clear(&mut self) -> io::Result<()> {
        self.end = HEADER.len() as u64;
        self.file.truncate(self.end)
    }

    /// The size in bytes of everything that is still valid.
    pub(super) fn len(&self) -> u64 {
        self.end
    }
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
