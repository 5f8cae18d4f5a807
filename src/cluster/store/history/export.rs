//! A snapshot as a file: `kctl snapshot export` writes it and `kctl snapshot import` reads it.
//!
//! The file begins with the line `kctl snapshot 1`, whose number is the version of the format. After it come frames: the length
//! of the body in bytes and the CRC-32 of the body, both 32-bit numbers with the least significant byte first, and the body.
//!
//! - The body of the first frame is a JSON object, the [`Header`].
//! - The bodies of the following frames are rows: the length of the key, the length of the value (both 32-bit numbers), the
//!   key and the value. The keys are in ascending order. They are those of [`keys`], without those of the history.
//! - The last frame has an empty body. Nothing follows it.
//!
//! Later versions of the program read this version. An unknown version, a file that ends early, bytes that do not fit their
//! checksum and rows out of order are refused.

use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::super::StoreError;
use super::super::disk::ImportedRow;
use super::super::engine::Engine;
use super::{Key, Past, keys};
use kctl_base::sim::Time;

/// The first line without the version.
const TITLE: &str = "kctl snapshot ";

/// The version of the format.
const VERSION: &str = "1";

/// The size in bytes from which a frame is complete.
const FRAME_BYTES: usize = 64 << 10;

/// The largest frame that is read: a single row may be as large as an object may.
const FRAME_BYTES_MAX: usize = 256 << 20;

/// The description of its state in a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Header {
    /// The time of the cluster.
    pub(crate) time: Time,
    /// The newest revision.
    pub(crate) revision: u64,
}

/// Writes a state.
///
/// # Errors
/// If the state cannot be read; errors of the writer are those of the file at `path`.
pub(crate) fn write(past: &Past, header: &Header, path: &Path, to: &mut dyn Write) -> Result<(), StoreError> {
    let failed = |e| StoreError::from_io(path, e);
    to.write_all(format!("{TITLE}{VERSION}\n").as_bytes()).map_err(failed)?;
    // Numbers can always be written as JSON into memory.
    frame(to, &serde_json::to_vec(header).unwrap_or_default()).map_err(failed)?;
    let (mut body, mut written) = (Vec::new(), Ok(()));
    past.scan(&[], &keys::history().0, &mut |key, value| {
        for part in [key, value] {
            // The server refuses objects that are far smaller than 4 GiB.
            body.extend(u32::try_from(part.len()).unwrap_or(u32::MAX).to_le_bytes());
        }
        body.extend(key);
        body.extend(value);
        if body.len() >= FRAME_BYTES {
            written = frame(to, &body);
            body.clear();
        }
        written.is_ok()
    })?;
    written.map_err(failed)?;
    if !body.is_empty() {
        frame(to, &body).map_err(failed)?;
    }
    frame(to, &[]).map_err(failed)
}

fn frame(to: &mut dyn Write, body: &[u8]) -> io::Result<()> {
    let length = u32::try_from(body.len()).map_err(io::Error::other)?;
    to.write_all(&length.to_le_bytes())?;
    to.write_all(&crc32fast::hash(body).to_le_bytes())?;
    to.write_all(body)
}

/// Reads the rows of a file one after the other.
pub(crate) struct Reader<R> {
    from: R,
    path: PathBuf,
    /// The rest of the frame at work.
    rows: std::vec::IntoIter<u8>,
    /// The last key.
    last: Vec<u8>,
}

impl<R: Read> Reader<R> {
    /// Begins to read; errors name the file at `path`.
    ///
    /// # Errors
    /// If the file cannot be read or is not an export of this version.
    pub(crate) fn new(mut from: R, path: &Path) -> Result<(Reader<R>, Header), StoreError> {
        let refused = |reason: &str| StoreError::NotASnapshot { path: path.to_path_buf(), reason: reason.into() };
        let mut title = [0; TITLE.len()];
        let read = from.read_exact(&mut title);
        if read.is_err() || title != *TITLE.as_bytes() {
            return Err(refused("it does not begin like one"));
        }
        let mut version = String::new();
        loop {
            let mut byte = [0];
            from.read_exact(&mut byte).map_err(|_| refused("it ends early"))?;
            match byte[0] {
                b'\n' => break,
                digit if digit.is_ascii_digit() && version.len() < 9 => version.push(digit.into()),
                _ => return Err(refused("its first line is damaged")),
            }
        }
        if version != VERSION {
            return Err(refused(&format!("its format is {version}, and this program supports {VERSION}: update kctl")));
        }
        let mut reader = Reader { from, path: path.to_path_buf(), rows: Vec::new().into_iter(), last: Vec::new() };
        let header = reader.frame()?;
        let header = serde_json::from_slice(&header).map_err(|_| refused("its header is damaged"))?;
        Ok((reader, header))
    }

    /// Returns the next row; `None` after the last one.
    ///
    /// # Errors
    /// If the file cannot be read, is damaged or ends early.
    pub(crate) fn next_row(&mut self) -> Result<Option<ImportedRow>, StoreError> {
        if self.rows.as_slice().is_empty() {
            let body = self.frame()?;
            if body.is_empty() {
                let ends_here = matches!(self.from.read(&mut [0]), Ok(0));
                return if ends_here { Ok(None) } else { Err(self.refused("it goes on after its end")) };
            }
            self.rows = body.into_iter();
        }
        let row = take_row(&mut self.rows).ok_or_else(|| self.refused("a row is damaged"))?;
        let is_next = row.0 > self.last && row.0 < keys::history().0 && Key::decode(&row.0).is_ok();
        if !is_next {
            return Err(self.refused("its rows are not in order"));
        }
        self.last.clone_from(&row.0);
        Ok(Some(row))
    }

    fn frame(&mut self) -> Result<Vec<u8>, StoreError> {
        let mut head = [0; 8];
        self.read(&mut head)?;
        let number = |bytes: &[u8]| bytes.iter().rev().fold(0u32, |n, byte| n << 8 | u32::from(*byte));
        let (length, crc) = (number(&head[..4]) as usize, number(&head[4..]));
        if length > FRAME_BYTES_MAX {
            return Err(self.refused("it is damaged"));
        }
        // A damaged length must not allocate more than the file has.
        let mut body = Vec::new();
        let read = (&mut self.from).take(length as u64).read_to_end(&mut body);
        read.map_err(|e| StoreError::from_io(&self.path, e))?;
        match body.len() == length && crc32fast::hash(&body) == crc {
            true => Ok(body),
            false if body.len() < length => Err(self.refused("it ends early")),
            false => Err(self.refused("it is damaged")),
        }
    }

    fn read(&mut self, buffer: &mut [u8]) -> Result<(), StoreError> {
        self.from.read_exact(buffer).map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => self.refused("it ends early"),
            _ => StoreError::from_io(&self.path, error),
        })
    }

    fn refused(&self, reason: &str) -> StoreError {
        StoreError::NotASnapshot { path: self.path.clone(), reason: reason.into() }
    }
}

/// Takes a row off the front; `None` if it is not whole.
fn take_row(bytes: &mut std::vec::IntoIter<u8>) -> Option<ImportedRow> {
    let mut length = || {
        let number = bytes.as_slice().first_chunk::<4>().map(|bytes| u32::from_le_bytes(*bytes))?;
        bytes.nth(3)?;
        usize::try_from(number).ok()
    };
    let (key, value) = (length()?, length()?);
    if bytes.len() < key.checked_add(value)? {
        return None;
    }
    let mut take = |count: usize| bytes.by_ref().take(count).collect::<Vec<u8>>();
    Some((take(key), take(value)))
}
