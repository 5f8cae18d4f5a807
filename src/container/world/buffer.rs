//! Bytes between a writer and a reader.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

/// Bytes after which a writer has to wait; one call of a program may write more.
const CAPACITY: usize = 65_536;
/// The same where the reader wants to have everything at once.
const LARGE_CAPACITY: usize = 64 * 1024 * 1024;

/// Who has come to a named pipe.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Named {
    had_reader: bool,
    had_writer: bool,
}

/// The bytes of a pipe, or of the standard input of a session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Buffer {
    bytes: VecDeque<u8>,
    /// Ends of the input that were typed on a terminal, by the number of bytes before each.
    #[serde(default, skip_serializing_if = "VecDeque::is_empty")]
    ends: VecDeque<usize>,
    /// Number of open writing ends.
    pub(crate) writers: u32,
    /// Number of open reading ends.
    pub(crate) readers: u32,
    /// It is a named pipe, to which readers and writers come one after the other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    named: Option<Named>,
    /// The reader waits for the end.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    is_large: bool,
}

impl Buffer {
    /// Creates an empty buffer with one reader.
    pub(crate) fn new(writers: u32) -> Buffer {
        Buffer { bytes: VecDeque::new(), ends: VecDeque::new(), writers, readers: 1, named: None, is_large: false }
    }

    /// Creates the buffer of a named pipe.
    pub(crate) fn named() -> Buffer {
        Buffer { readers: 0, named: Some(Named::default()), ..Buffer::new(0) }
    }

    /// Adds a reader or a writer of a named pipe.
    pub(crate) fn join(&mut self, is_reader: bool) {
        let named = self.named.get_or_insert_default();
        if is_reader {
            self.readers += 1;
            named.had_reader = true;
        } else {
            self.writers += 1;
            named.had_writer = true;
        }
    }

    /// Reports whether what is written may be read: a named pipe keeps it for its first reader.
    pub(crate) fn is_writable(&self) -> bool {
        self.readers > 0 || self.named.is_some_and(|named| !named.had_reader)
    }

    /// Reports whether nobody will use it any more.
    pub(crate) fn is_unused(&self) -> bool {
        self.readers == 0
            && self.writers == 0
            && (self.named.is_none_or(|named| named.had_reader) || self.bytes.is_empty())
    }

    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend(bytes);
    }

    /// Drops what follows the last line end: what a terminal does with a line that is interrupted.
    pub(crate) fn discard_line(&mut self) {
        let kept = self.bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        self.bytes.truncate(kept);
        self.ends.iter_mut().for_each(|end| *end = (*end).min(kept));
    }

    /// Adds an end for one reader, behind which more may come: what Ctrl-D does on a terminal.
    pub(crate) fn push_end(&mut self) {
        self.ends.push_back(self.bytes.len());
    }

    /// Takes at most `limit` bytes; empty at an end, `None` while more may come.
    pub(crate) fn take(&mut self, limit: usize) -> Option<Vec<u8>> {
        if !self.is_readable() {
            return None;
        }
        let before_end = self.ends.front().copied().unwrap_or(self.bytes.len());
        if before_end == 0 {
            self.ends.pop_front();
        }
        let count = before_end.min(limit);
        self.ends.iter_mut().for_each(|end| *end -= count);
        Some(self.bytes.drain(..count).collect())
    }

    /// Reports whether a reader gets bytes or an end.
    pub(crate) fn is_readable(&self) -> bool {
        !self.bytes.is_empty() || self.is_complete()
    }

    /// Reports whether all bytes up to an end are there.
    pub(crate) fn is_complete(&self) -> bool {
        let waits_for_writer = self.named.is_some_and(|named| !named.had_writer);
        self.writers == 0 && !waits_for_writer || !self.ends.is_empty()
    }

    pub(crate) fn is_full(&self) -> bool {
        self.bytes.len() >= if self.is_large { LARGE_CAPACITY } else { CAPACITY }
    }

    /// Lets the writer go on although the reader does not read yet.
    pub(crate) fn grow(&mut self) {
        self.is_large = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_that_was_typed_is_that_of_one_reader() {
        let mut buffer = Buffer::new(1);
        assert_eq!(buffer.take(9), None);
        buffer.push(b"ab");
        buffer.push_end();
        buffer.push(b"c");
        buffer.push_end();
        buffer.push_end();
        let read: Vec<_> = std::iter::from_fn(|| buffer.take(1)).collect();
        assert_eq!(read, [b"a".to_vec(), b"b".to_vec(), vec![], b"c".to_vec(), vec![], vec![]]);
        buffer.writers = 0;
        assert_eq!((buffer.take(1), buffer.take(1)), (Some(vec![]), Some(vec![])));
    }
}
