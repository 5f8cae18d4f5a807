//! The changes of a command that is not committed yet, newest last.
//!
//! Whole versions take room, and a command that lets a year pass makes a third of a million of them. So only the newest are
//! kept as they are, and those that the controllers have not seen yet; older ones become rows of the log, without the
//! instant of the commit, unless the log would have no place for them any more.

use std::collections::VecDeque;

use super::Change;
use super::changes::{LogLimits, LogRow};
use super::engine::Write;
use super::keys::Key;
use kctl_base::sim::Time;

/// A command that is not committed keeps so many times the rows that the log will hold: who watches it wants to see them.
const STAGED: u64 = 10;

/// Changes of consecutive revisions.
#[derive(Default)]
pub(super) struct Pending {
    /// How many of the oldest changes have been dropped.
    dropped: u64,
    /// Encoded log rows.
    rows: VecDeque<Vec<u8>>,
    /// The changes after them.
    recent: VecDeque<Change>,
    /// When the controllers had seen everything up to a revision.
    seen: VecDeque<(u64, Time)>,
}

impl Pending {
    /// Adds the change of the next revision.
    pub(super) fn push(&mut self, change: Change) {
        self.recent.push_back(change);
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        *self = Pending::default();
    }

    /// The revision of the oldest change that is still known, after everything up to `committed`.
    pub(super) fn first(&self, committed: u64) -> u64 {
        committed + 1 + self.dropped
    }

    /// The controllers have seen everything up to a revision.
    pub(super) fn settle(&mut self, revision: u64, now: Time, limits: LogLimits) {
        match self.seen.back_mut() {
            Some((last, at)) if *at == now => *last = revision,
            _ => self.seen.push_back((revision, now)),
        }
        let is_old = |at: Option<Time>| at.is_some_and(|at| at + limits.age < now);
        while self.recent.len() as u64 > limits.recent
            && let Some(change) = self.recent.pop_front_if(|change| change.revision <= revision)
        {
            if is_old(self.seen_at(change.revision)) {
                self.dropped += self.rows.len() as u64 + 1;
                self.rows.clear();
            } else {
                self.rows.push_back(LogRow::encode(&change));
            }
        }
        let at_most = limits.count.max(limits.floor).saturating_mul(STAGED);
        let mut first = self.recent.front().map_or(revision + 1, |change| change.revision) - self.rows.len() as u64;
        while self.rows.len() as u64 > at_most || (!self.rows.is_empty() && is_old(self.seen_at(first))) {
            self.rows.pop_front();
            self.dropped += 1;
            first += 1;
        }
        while self.seen.pop_front_if(|(last, _)| *last < first).is_some() {}
    }

    /// When the controllers had seen a revision.
    fn seen_at(&self, revision: u64) -> Option<Time> {
        let index = self.seen.partition_point(|(last, _)| *last < revision);
        self.seen.get(index).map(|(_, at)| *at)
    }

    /// The changes after a revision, when all of them are still as they are.
    pub(super) fn recent_since(&self, revision: u64) -> Option<Vec<Change>> {
        let first = self.recent.front()?.revision;
        let from = usize::try_from((revision + 1).checked_sub(first)?).ok()?;
        Some(self.recent.iter().skip(from).cloned().collect())
    }

    /// The changes that are still as they are.
    pub(super) fn recent(&self) -> impl DoubleEndedIterator<Item = &Change> {
        self.recent.iter()
    }

    /// The rows after a revision and their revisions, after everything up to `committed`.
    pub(super) fn rows_since(&self, revision: u64, committed: u64) -> impl Iterator<Item = (u64, &Vec<u8>)> {
        (self.first(committed)..).zip(&self.rows).filter(move |(of, _)| *of > revision)
    }

    /// The log rows from a revision on, written at an instant.
    pub(super) fn writes(&self, start: u64, committed: u64, at: Time) -> impl Iterator<Item = Write> {
        let recent = self.recent.iter().map(LogRow::encode);
        let rows = (self.first(committed)..).zip(self.rows.iter().cloned().chain(recent));
        rows.filter(move |(revision, _)| *revision >= start).map(move |(revision, mut row)| {
            LogRow::stamp(&mut row, at);
            (Key::Change(revision).encode(), Some(row))
        })
    }
}
