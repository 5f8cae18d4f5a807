//! Sets of completion indexes as written in the status, `0-2,5,7,8` (`pkg/controller/job/indexed_job_utils.go`).

use std::fmt;

/// A set of indexes, as ordered intervals with gaps between them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct IndexSet(Vec<(i64, i64)>);

impl IndexSet {
    /// Parses the indexes in a status or a rule. Indexes from `below` on are ignored, and so are parts that are not numbers
    /// (`parseIndexesFromString`).
    pub(super) fn parse(text: &str, below: i64) -> IndexSet {
        let intervals = text.split(',').filter_map(|part| {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            Some((first.trim().parse().ok()?, last.trim().parse().ok()?))
        });
        IndexSet::of_intervals(intervals.map(|(first, last): (i64, i64)| (first, last.min(below - 1))).collect())
    }

    fn of_intervals(mut intervals: Vec<(i64, i64)>) -> IndexSet {
        intervals.retain(|(first, last)| first <= last);
        intervals.sort_unstable();
        let mut merged: Vec<(i64, i64)> = Vec::with_capacity(intervals.len());
        for (first, last) in intervals {
            match merged.last_mut() {
                Some(before) if first <= before.1 + 1 => before.1 = before.1.max(last),
                _ => merged.push((first, last)),
            }
        }
        IndexSet(merged)
    }

    /// Returns this set with some more indexes.
    pub(super) fn with(&self, more: impl IntoIterator<Item = i64>) -> IndexSet {
        let mut intervals = self.0.clone();
        intervals.extend(more.into_iter().map(|index| (index, index)));
        IndexSet::of_intervals(intervals)
    }

    /// Returns the union with another set.
    pub(super) fn union(&self, other: &IndexSet) -> IndexSet {
        IndexSet::of_intervals(self.0.iter().chain(&other.0).copied().collect())
    }

    /// Returns `true` when an index is in the set.
    pub(super) fn contains(&self, index: i64) -> bool {
        let at = self.0.partition_point(|(_, last)| *last < index);
        self.0.get(at).is_some_and(|(first, _)| *first <= index)
    }

    /// Returns the number of indexes.
    pub(super) fn total(&self) -> i64 {
        self.0.iter().map(|(first, last)| last - first + 1).sum()
    }

    /// Returns the number of indexes that are in both sets.
    pub(super) fn common(&self, other: &IndexSet) -> i64 {
        self.total() + other.total() - self.union(other).total()
    }

    /// Returns the first `count` indexes below `below` that are not in the set. Takes time proportional to the number of intervals
    /// and of returned indexes.
    pub(super) fn missing(&self, count: usize, below: i64) -> Vec<i64> {
        let mut found = Vec::new();
        let mut candidate = 0;
        for (first, last) in self.0.iter().copied().chain([(below, below)]) {
            let gap = candidate..first.min(below);
            found.extend(gap.take(count - found.len()));
            candidate = candidate.max(last + 1);
        }
        found
    }
}

/// Writes two consecutive indexes as `1,2` and more as `1-3`.
impl fmt::Display for IndexSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, (first, last)) in self.0.iter().enumerate() {
            let comma = if at == 0 { "" } else { "," };
            match last - first {
                0 => write!(f, "{comma}{first}")?,
                1 => write!(f, "{comma}{first},{last}")?,
                _ => write!(f, "{comma}{first}-{last}")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_are_written_as_intervals() {
        for (text, below, want, total) in [
            ("", 10, "", 0),
            ("0-2", 10, "0-2", 3),
            ("0,1,3,5-7", 10, "0,1,3,5-7", 6),
            ("3,2,1", 10, "1-3", 3),
            ("0-9", 5, "0-4", 5),
            ("x,4", 10, "4", 1),
        ] {
            let indexes = IndexSet::parse(text, below);
            assert_eq!((indexes.to_string().as_str(), indexes.total()), (want, total), "{text}");
        }
    }

    #[test]
    fn sets_find_their_members_and_missing_indexes() {
        let some = IndexSet::parse("1,3-5", 10);
        assert!(some.contains(1) && some.contains(4) && !some.contains(0) && !some.contains(2) && !some.contains(6));
        assert_eq!(some.missing(3, 10), [0, 2, 6]);
        assert_eq!(some.missing(10, 7), [0, 2, 6]);
        assert_eq!(IndexSet::default().missing(2, 5), [0, 1]);
        assert_eq!(some.with([2, 9]).to_string(), "1-5,9");
        assert_eq!(some.common(&IndexSet::parse("4-8", 10)), 2);
    }
}
