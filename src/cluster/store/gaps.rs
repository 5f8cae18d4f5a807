//! Where the engine has no rows.
//!
//! While a command runs, the engine stays as it is, and most of what controllers look for is new and only staged. Where a
//! scan has found nothing up to some row, no other scan need look again. Points are not remembered here: a single key is
//! found faster than its neighbour.

use std::collections::BTreeMap;
use std::ops::Bound;

/// Ranges without rows: each by the row that ends it, with the lowest key from which on there is nothing before that row.
#[derive(Debug, Default)]
pub(super) struct Gaps(BTreeMap<Vec<u8>, Vec<u8>>);

impl Gaps {
    /// Whether it is known that a range has no rows.
    pub(super) fn cover(&self, from: &[u8], to: &[u8]) -> bool {
        let next = self.0.range::<[u8], _>((Bound::Included(to), Bound::Unbounded)).next();
        next.is_some_and(|(_, start)| start.as_slice() <= from)
    }

    /// Notes that there is nothing from a key up to a row, or up to a bound above all rows.
    pub(super) fn learn(&mut self, from: &[u8], end: Vec<u8>) {
        let start = self.0.entry(end).or_insert_with(|| from.to_vec());
        if from < start.as_slice() {
            *start = from.to_vec();
        }
    }

    /// Forgets everything: the engine has changed.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gap_covers_what_lies_in_it() {
        let mut gaps = Gaps::default();
        gaps.learn(b"d", b"m".to_vec());
        gaps.learn(b"k", b"m".to_vec());
        gaps.learn(b"t", b"\xff".to_vec());
        let covered = |from: &[u8], to: &[u8]| gaps.cover(from, to);
        assert!(covered(b"d", b"m") && covered(b"e", b"f") && covered(b"u", b"v"));
        assert!(!covered(b"c", b"e") && !covered(b"l", b"n") && !covered(b"m", b"o") && !covered(b"s", b"v"));
        gaps.clear();
        assert!(!gaps.cover(b"e", b"f"));
    }
}
