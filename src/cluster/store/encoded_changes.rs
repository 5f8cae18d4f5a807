//! Changes of an uncommitted command as rows of the log, oldest first.
//!
//! A long command hands over its changes in portions, and goes on while another thread encodes the newest portion.

use std::collections::VecDeque;
use std::sync::Arc;
use std::{panic, thread};

use super::Change;
use super::change_log::LogRow;

/// The rows of changes of consecutive revisions, without the time of the commit.
#[derive(Default)]
pub(super) struct EncodedChanges {
    rows: VecDeque<Vec<u8>>,
    /// The portion after `rows`, which is being encoded.
    ongoing: Option<Portion>,
}

/// Changes that another thread encodes.
struct Portion {
    /// Kept until the thread has ended: two threads that free memory at the same time wait for each other.
    changes: Arc<Vec<Change>>,
    thread: thread::JoinHandle<Vec<Vec<u8>>>,
}

impl EncodedChanges {
    /// The number of changes.
    pub(super) fn len(&self) -> usize {
        self.rows.len() + self.ongoing.as_ref().map_or(0, |portion| portion.changes.len())
    }

    /// Encodes changes, which follow those before.
    pub(super) fn push(&mut self, changes: Vec<Change>) {
        // One thread at a time: a command that makes changes faster than they are encoded waits here.
        self.finish();
        let changes = Arc::new(changes);
        let others = changes.clone();
        match thread::Builder::new().spawn(move || encode(&others)) {
            Ok(thread) => self.ongoing = Some(Portion { changes, thread }),
            // A system that is out of threads only takes longer.
            Err(_) => self.rows.extend(encode(&changes)),
        }
    }

    /// Drops the oldest change, if there is any.
    pub(super) fn pop(&mut self) {
        if self.rows.is_empty() {
            self.finish();
        }
        self.rows.pop_front();
    }

    /// Drops all changes.
    pub(super) fn clear(&mut self) {
        *self = EncodedChanges::default();
    }

    /// The rows of all changes. Waits until they are encoded.
    pub(super) fn rows(&mut self) -> &VecDeque<Vec<u8>> {
        self.finish();
        &self.rows
    }

    /// Waits for the portion that is being encoded, if there is one. A panic of its thread goes on here.
    fn finish(&mut self) {
        if let Some(portion) = self.ongoing.take() {
            match portion.thread.join() {
                Ok(rows) => self.rows.extend(rows),
                Err(payload) => panic::resume_unwind(payload),
            }
        }
    }
}

fn encode(changes: &[Change]) -> Vec<Vec<u8>> {
    changes.iter().map(LogRow::encode).collect()
}
