//! Sets of completion indexes as the API writes them: `1,3-5,7`.

use std::collections::BTreeSet;
use std::fmt;

/// A set of completion indexes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Indexes(BTreeSet<i64>);

impl Indexes {
    /// Reads `1,3-5,7`; what can not be read, or is not below `completions`, is left out.
    pub(super) fn parse(text: &str, completions: i64) -> Indexes {
        let range = |part: &str| -> Option<std::ops::RangeInclusive<i64>> {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            Some(first.parse().ok()?..=last.parse::<i64>().ok()?.min(completions - 1))
        };
        Indexes(text.split(',').filter_map(range).flatten().collect())
    }

    /// How many there are.
    pub(super) fn len(&self) -> i64 {
        i64::try_from(self.0.len()).unwrap_or(i64::MAX)
    }

    pub(super) fn has(&self, index: i64) -> bool {
        self.0.contains(&index)
    }

    pub(super) fn insert(&mut self, index: i64) {
        self.0.insert(index);
    }

    /// How many are in both.
    pub(super) fn common(&self, other: &Indexes) -> i64 {
        i64::try_from(self.0.intersection(&other.0).count()).unwrap_or(i64::MAX)
    }
}

impl fmt::Display for Indexes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.0.iter().copied().peekable();
        let mut first_part = true;
        while let Some(first) = rest.next() {
            let mut last = first;
            while let Some(next) = rest.next_if_eq(&(last + 1)) {
                last = next;
            }
            let comma = if first_part { "" } else { "," };
            first_part = false;
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
    fn texts_are_read_and_written() {
        for (text, count, again) in [
            ("", 0, ""),
            ("0", 1, "0"),
            ("0,1", 2, "0,1"),
            ("0-2", 3, "0-2"),
            ("0,1,2,4,6-8", 7, "0-2,4,6-8"),
            ("7-12", 3, "7-9"),
            ("12,x,3", 1, "3"),
        ] {
            let indexes = Indexes::parse(text, 10);
            assert_eq!((indexes.len(), indexes.to_string().as_str()), (count, again), "{text}");
        }
    }

    #[test]
    fn sets_are_compared() {
        let (one, other) = (Indexes::parse("0-4", 10), Indexes::parse("3-9", 10));
        assert_eq!(one.common(&other), 2);
        assert!(one.has(4) && !one.has(5));
    }
}
