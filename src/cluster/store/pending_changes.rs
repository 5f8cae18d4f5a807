//! The changes of an uncommitted command, oldest first.
//!
//! Whole versions take memory, and advancing the clock by a year makes a third of a million of them. Only the newest
//! changes and those that the controllers have not observed stay decoded. Older ones are encoded as rows of the log, still
//! without the time of the commit; those that the log would not retain are dropped.

use std::collections::VecDeque;

use super::Change;
use super::change_log::{LogLimits, LogRow};
use super::encoded_changes::EncodedChanges;
use super::engine::Write;
use super::keys::Key;
use super::write_batch::encode_all;
use kctl_base::sim::Time;

/// An uncommitted command keeps this many times the rows that the log retains, for watches that follow it.
const RETAINED_FACTOR: u64 = 10;
/// Changes are encoded when one for every so many of the recent ones is due, which is worth a thread.
const PORTION: u64 = 4;

/// Changes of consecutive revisions.
#[derive(Default)]
pub(super) struct PendingChanges {
    /// The number of changes that have been dropped; they were the oldest.
    dropped: u64,
    /// The encoded changes after the dropped ones.
    encoded: EncodedChanges,
    /// The decoded changes after the encoded ones.
    recent: VecDeque<Change>,
    /// The times at which the controllers had observed everything up to a revision.
    observed: VecDeque<(u64, Time)>,
}

impl PendingChanges {
    /// Adds the change of the next revision.
    pub(super) fn push(&mut self, change: Change) {
        self.recent.push_back(change);
    }

    /// Removes all changes.
    pub(super) fn clear(&mut self) {
        *self = PendingChanges::default();
    }

    /// The revision of the oldest change that was not dropped. `committed` is the last committed revision.
    pub(super) fn first(&self, committed: u64) -> u64 {
        committed + 1 + self.dropped
    }

    /// Records that the controllers have observed everything up to a revision, and encodes or drops old changes.
    pub(super) fn mark_observed(&mut self, revision: u64, now: Time, limits: LogLimits) {
        match self.observed.back_mut() {
            Some((last, at)) if *at == now => *last = revision,
            _ => self.observed.push_back((revision, now)),
        }
        self.drop_old(revision, now, limits);
        if self.recent.len() as u64 > limits.recent + limits.recent / PORTION {
            self.encode_old(revision, limits);
        }
        let at_most = limits.count.max(limits.floor).saturating_mul(RETAINED_FACTOR);
        let mut first = self.recent.front().map_or(revision + 1, |change| change.revision) - self.encoded.len() as u64;
        while self.encoded.len() as u64 > at_most || (self.encoded.len() > 0 && self.is_old(first, now, limits)) {
            self.encoded.pop();
            self.dropped += 1;
            first += 1;
        }
        while self.observed.pop_front_if(|(last, _)| *last < first).is_some() {}
    }

    /// Drops the changes up to a revision that the log would not retain, but for the recent ones.
    fn drop_old(&mut self, revision: u64, now: Time, limits: LogLimits) {
        while self.recent.len() as u64 > limits.recent
            && let Some(oldest) = self.recent.front()
            && oldest.revision <= revision
            && self.is_old(oldest.revision, now, limits)
        {
            self.recent.pop_front();
            self.dropped += self.encoded.len() as u64 + 1;
            self.encoded.clear();
        }
    }

    /// Encodes the changes up to a revision, but for the recent ones.
    fn encode_old(&mut self, revision: u64, limits: LogLimits) {
        let mut old = Vec::new();
        while self.recent.len() as u64 > limits.recent
            && let Some(change) = self.recent.pop_front_if(|change| change.revision <= revision)
        {
            old.push(change);
        }
        self.encoded.push(old);
    }

    /// Returns true if the log does not retain a revision at a time.
    fn is_old(&self, revision: u64, now: Time, limits: LogLimits) -> bool {
        self.observed_at(revision).is_some_and(|at| at + limits.age < now)
    }

    /// The time at which the controllers had observed a revision.
    fn observed_at(&self, revision: u64) -> Option<Time> {
        let index = self.observed.partition_point(|(last, _)| *last < revision);
        self.observed.get(index).map(|(_, at)| *at)
    }

    /// The changes after a revision; `None` unless all of them are still decoded.
    pub(super) fn recent_since(&self, revision: u64) -> Option<impl Iterator<Item = &Change>> {
        let first = self.recent.front()?.revision;
        let from = usize::try_from((revision + 1).checked_sub(first)?).ok()?;
        Some(self.recent.iter().skip(from))
    }

    /// The decoded changes.
    pub(super) fn recent(&self) -> impl DoubleEndedIterator<Item = &Change> {
        self.recent.iter()
    }

    /// The encoded changes after a revision, with their revisions. `committed` is the last committed revision.
    pub(super) fn rows_since(&mut self, revision: u64, committed: u64) -> impl Iterator<Item = (u64, &Vec<u8>)> {
        (self.first(committed)..).zip(self.encoded.rows()).filter(move |(of, _)| *of > revision)
    }

    /// The log rows from the revision `start` on, with `at` as the time of their commit.
    pub(super) fn writes(&mut self, start: u64, committed: u64, at: Time) -> impl Iterator<Item = Write> {
        let recent: Vec<&Change> = self.recent.iter().collect();
        let recent = encode_all(&recent, |_, change| LogRow::encode(change));
        let rows = (self.first(committed)..).zip(self.encoded.rows().iter().cloned().chain(recent));
        rows.filter(move |(revision, _)| *revision >= start).map(move |(revision, mut row)| {
            LogRow::stamp(&mut row, at);
            (Key::Change(revision).encode(), Some(row))
        })
    }
}
