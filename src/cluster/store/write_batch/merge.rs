//! Scanning the engine and the staged rows as one ordered sequence.

use std::cell::RefCell;
use std::ops::Bound;

use super::Staged;
use super::empty_ranges::EmptyRanges;
use super::staged_map::StagedMap;
use crate::store::keys::{self, Range};
use crate::store::{Engine, StoreError};

/// A row found by a merged scan.
pub(super) enum Row<'a> {
    /// Staged by this command.
    Staged(&'a Staged),
    /// Stored in the engine.
    Stored(&'a [u8]),
}

/// The two sources of a merged scan.
pub(super) struct Merge<'a> {
    /// The committed rows.
    pub(super) engine: &'a dyn Engine,
    /// Ranges that need no scan of the engine.
    pub(super) empty: &'a RefCell<EmptyRanges>,
    /// The staged rows; `None` for a row that is removed.
    pub(super) staged: &'a StagedMap<Option<Staged>>,
}

impl Merge<'_> {
    /// Passes the rows of a range to `each` in key order until it returns `false`. A staged row replaces the stored one.
    pub(super) fn scan(
        &self,
        (from, to): &Range,
        each: &mut dyn FnMut(&[u8], Row<'_>) -> bool,
    ) -> Result<(), StoreError> {
        if from >= to {
            return Ok(());
        }
        let bounds = (Bound::Included(from.as_slice()), Bound::Excluded(to.as_slice()));
        let mut staged = self.staged.range(bounds).peekable();
        let mut go_on = true;
        self.scan_engine(from, to, &mut |key, stored| {
            while let Some((before, row)) = staged.next_if(|(next, _)| go_on && *next < key) {
                go_on = row.as_ref().is_none_or(|row| each(before, Row::Staged(row)));
            }
            if !go_on {
                return false;
            }
            go_on = match staged.next_if(|(next, _)| *next == key) {
                Some((_, Some(row))) => each(key, Row::Staged(row)),
                Some((_, None)) => true,
                None => each(key, Row::Stored(stored)),
            };
            go_on
        })?;
        for (key, row) in staged {
            if !go_on {
                break;
            }
            go_on = row.as_ref().is_none_or(|row| each(key, Row::Staged(row)));
        }
        Ok(())
    }

    /// Scans the engine, unless the range is known to be empty, and remembers a range that turns out to be.
    fn scan_engine(
        &self,
        from: &[u8],
        to: &[u8],
        each: &mut dyn FnMut(&[u8], &[u8]) -> bool,
    ) -> Result<(), StoreError> {
        if self.empty.borrow().contains(from, to) {
            return Ok(());
        }
        let (mut found, mut next) = (false, None);
        // Scans past `to`, up to the next row, because the whole gap up to there can be remembered.
        self.engine.scan(from, keys::END, &mut |key, stored| {
            if key >= to {
                next = Some(key.to_vec());
                return false;
            }
            found = true;
            each(key, stored)
        })?;
        if !found {
            self.empty.borrow_mut().insert(from, next.unwrap_or_else(|| keys::END.to_vec()));
        }
        Ok(())
    }
}
