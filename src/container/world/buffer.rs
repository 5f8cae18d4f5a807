//! Bytes between a writer and a reader.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

/// Bytes after which a writer has to wait; one call of a program may write more.
const CAPACITY: usize = 65_536;

/// The bytes of a pipe, or of the standard input of a session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Buffer {
    bytes: VecDeque<u8>,
    /// Number of open writing ends.
    pub(crate) writers: u32,
    /// Number of open reading ends.
    pub(crate) readers: u32,
}

impl Buffer {
    /// Creates an empty buffer with one reader.
    pub(crate) fn new(writers: u32) -> Buffer {
        Buffer { bytes: VecDeque::new(), writers, readers: 1 }
    }

    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend(bytes);
    }

    /// Takes at most `limit` bytes; empty at the end, `None` while more may come.
    pub(crate) fn take(&mut self, limit: usize) -> Option<Vec<u8>> {
        if self.bytes.is_empty() && self.writers > 0 {
            return None;
        }
        let count = self.bytes.len().min(limit);
        Some(self.bytes.drain(..count).collect())
    }

    /// Reports whether a reader gets bytes or the end.
    pub(crate) fn is_readable(&self) -> bool {
        !self.bytes.is_empty() || self.writers == 0
    }

    pub(crate) fn is_full(&self) -> bool {
        self.bytes.len() >= CAPACITY
    }
}
