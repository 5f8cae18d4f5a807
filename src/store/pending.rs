//! The changes of a command that is not committed yet, newest last.
//!
//! Whole versions take room, and a command that lets a year pass makes half a million of them. So only changes that the
//! controllers have not seen yet are kept as they are; the others are already rows of the log, without the instant of the
//! commit. Of a command that makes far more rows than the log will hold, the oldest are dropped before.

use std::collections::VecDeque;

use super::Change;
use super::changes::LogRow;
use super::engine::Write;
use super::keys::Key;
use crate::sim::Time;

/// Changes of consecutive revisions.
#[derive(Default)]
pub(super) struct Pending {
    /// How many of the oldest changes have been dropped.
    dropped: u64,
    /// Encoded log rows.
    rows: VecDeque<Vec<u8>>,
    fresh: VecDeque<Change>,
}

impl Pending {
    /// Adds the change of the next revision.
    pub(super) fn push(&mut self, change: Change) {
        self.fresh.push_back(change);
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        *self = Pending::default();
    }

    /// The revision of the oldest change that is still known, after everything up to `committed`.
    pub(super) fn first(&self, committed: u64) -> u64 {
        committed + 1 + self.dropped
    }

    /// Turns the changes up to a revision into rows, and keeps `at_most` of these.
    pub(super) fn settle(&mut self, revision: u64, at_most: u64) {
        while self.fresh.front().is_some_and(|change| change.revision <= revision) {
            self.rows.extend(self.fresh.pop_front().map(|change| LogRow::encode(&change)));
        }
        while self.rows.len() as u64 > at_most {
            self.rows.pop_front();
            self.dropped += 1;
        }
    }

    /// The changes after a revision, when all of them are still as they are.
    pub(super) fn fresh_since(&self, revision: u64) -> Option<Vec<Change>> {
        let first = self.fresh.front()?;
        (first.revision <= revision + 1).then(|| self.fresh.iter().filter(|c| c.revision > revision).cloned().collect())
    }

    /// The changes that are still as they are.
    pub(super) fn fresh(&self) -> impl DoubleEndedIterator<Item = &Change> {
        self.fresh.iter()
    }

    /// The rows after a revision and their revisions, after everything up to `committed`.
    pub(super) fn rows_since(&self, revision: u64, committed: u64) -> impl Iterator<Item = (u64, &Vec<u8>)> {
        (self.first(committed)..).zip(&self.rows).filter(move |(of, _)| *of > revision)
    }

    /// The log rows from a revision on, written at an instant.
    pub(super) fn writes(&self, start: u64, committed: u64, at: Time) -> impl Iterator<Item = Write> {
        let fresh = self.fresh.iter().map(LogRow::encode);
        let rows = (self.first(committed)..).zip(self.rows.iter().cloned().chain(fresh));
        rows.filter(move |(revision, _)| *revision >= start).map(move |(revision, mut row)| {
            LogRow::stamp(&mut row, at);
            (Key::Change(revision).encode(), Some(row))
        })
    }
}
