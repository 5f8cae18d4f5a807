//! Key ranges in which the engine is known to have no rows.
//!
//! The engine does not change while a command runs, and most of what controllers scan for is new and only staged. A range
//! that one scan found empty need not be scanned again. Single keys are looked for here only in long commands: looking up a
//! few in the engine is cheaper than finding the successor of each.

use std::collections::BTreeMap;
use std::ops::Bound;

/// Empty ranges by their end: each maps the row that ends the range to the lowest key from which no row precedes it.
#[derive(Debug, Default)]
pub(super) struct EmptyRanges(BTreeMap<Vec<u8>, Vec<u8>>);

impl EmptyRanges {
    /// Returns true if the range is known to be empty.
    pub(super) fn contains(&self, from: &[u8], to: &[u8]) -> bool {
        let next = self.0.range::<[u8], _>((Bound::Included(to), Bound::Unbounded)).next();
        next.is_some_and(|(_, start)| start.as_slice() <= from)
    }

    /// Returns true if a key is known to be absent.
    pub(super) fn contains_key(&self, key: &[u8]) -> bool {
        let next = self.0.range::<[u8], _>((Bound::Excluded(key), Bound::Unbounded)).next();
        next.is_some_and(|(_, start)| start.as_slice() <= key)
    }

    /// Records that no row lies between `from` and `end`, which is a row or a bound above all rows.
    pub(super) fn insert(&mut self, from: &[u8], end: Vec<u8>) {
        let start = self.0.entry(end).or_insert_with(|| from.to_vec());
        if from < start.as_slice() {
            *start = from.to_vec();
        }
    }

    /// Forgets all ranges; required when the engine changes.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_range_covers_the_ranges_inside_it() {
        let mut ranges = EmptyRanges::default();
        ranges.insert(b"d", b"m".to_vec());
        ranges.insert(b"k", b"m".to_vec());
        ranges.insert(b"t", b"\xff".to_vec());
        let covered = |from: &[u8], to: &[u8]| ranges.contains(from, to);
        assert!(covered(b"d", b"m") && covered(b"e", b"f") && covered(b"u", b"v"));
        assert!(!covered(b"c", b"e") && !covered(b"l", b"n") && !covered(b"m", b"o") && !covered(b"s", b"v"));
        let absent = |key: &[u8]| ranges.contains_key(key);
        assert!(absent(b"d") && absent(b"lzz") && absent(b"t") && !absent(b"c") && !absent(b"m") && !absent(b"s"));
        ranges.clear();
        assert!(!ranges.contains(b"e", b"f"));
    }
}
