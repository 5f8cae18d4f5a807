//! The correspondence between names that two clusters have made up.
//!
//! The knowledge is a partition: a set of expected names corresponds to a set of actual ones, as many of them. Rows that are
//! alike except for their names leave open which is which; what is seen later divides the sets. The same name on one side
//! cannot correspond to two on the other, unless objects have been exchanged.

use std::collections::{BTreeMap, BTreeSet};

/// The correspondence of the names of one transcript.
#[derive(Debug, Default)]
pub(super) struct Names {
    /// The set that each name is in.
    expected: BTreeMap<String, usize>,
    actual: BTreeMap<String, usize>,
    /// The number of the next set.
    next: usize,
}

/// Names by the set that they are in; `None` for new ones.
type BySet<'a> = BTreeMap<Option<usize>, Vec<&'a str>>;

impl Names {
    /// Notes that a set of expected names corresponds to a set of actual ones. Returns false, and notes nothing, if that
    /// contradicts what is known.
    pub(super) fn observe(&mut self, expected: &BTreeSet<String>, actual: &BTreeSet<String>) -> bool {
        let expected = by_set(&self.expected, expected);
        let actual = by_set(&self.actual, actual);
        let sizes = |sets: &BySet<'_>| sets.iter().map(|(set, names)| (*set, names.len())).collect::<Vec<_>>();
        if sizes(&expected) != sizes(&actual) {
            return false;
        }
        for (expected, actual) in expected.into_values().zip(actual.into_values()) {
            self.put(&expected, &actual);
        }
        true
    }

    /// Notes that a set of expected names corresponds to a set of actual ones from now on, although others were known to: the
    /// one cluster has kept other objects than the other. Returns false, and notes nothing, if that cannot be, because one of
    /// them shows more new names.
    pub(super) fn exchange(&mut self, expected: &BTreeSet<String>, actual: &BTreeSet<String>) -> bool {
        let (expected_sets, actual_sets) = (by_set(&self.expected, expected), by_set(&self.actual, actual));
        let count =
            |sets: &BySet<'_>| (sets.get(&None).map_or(0, Vec::len), sets.values().map(Vec::len).sum::<usize>());
        if count(&expected_sets) != count(&actual_sets) {
            return false;
        }
        // What is left of the sets that are concerned corresponds, too: there were as many names on both sides.
        let sets: BTreeSet<usize> = expected_sets.keys().chain(actual_sets.keys()).flatten().copied().collect();
        for set in self.expected.values_mut().chain(self.actual.values_mut()).filter(|set| sets.contains(set)) {
            *set = self.next;
        }
        self.next += 1;
        let names = |sets: BySet<'_>| sets.into_values().flatten().map(String::from).collect::<Vec<_>>();
        let (expected, actual) = (names(expected_sets), names(actual_sets));
        self.put(&expected, &actual);
        true
    }

    /// The actual name that corresponds to an expected one; `None` if there is none. From several it chooses one.
    pub(super) fn actual(&mut self, expected: &str) -> Option<String> {
        let set = *self.expected.get(expected)?;
        let (actual, _) = self.actual.iter().find(|(_, other)| **other == set)?;
        let actual = actual.clone();
        self.put(&[expected], &[&actual]);
        Some(actual)
    }

    /// Makes a set of its own of some names of one set.
    fn put(&mut self, expected: &[impl AsRef<str>], actual: &[impl AsRef<str>]) {
        self.expected.extend(expected.iter().map(|name| (name.as_ref().to_string(), self.next)));
        self.actual.extend(actual.iter().map(|name| (name.as_ref().to_string(), self.next)));
        self.next += 1;
    }
}

fn by_set<'a>(known: &BTreeMap<String, usize>, names: &'a BTreeSet<String>) -> BySet<'a> {
    let mut sets = BySet::new();
    for name in names {
        sets.entry(known.get(name).copied()).or_default().push(name);
    }
    sets
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(text: &str) -> BTreeSet<String> {
        text.split(' ').map(String::from).collect()
    }

    fn observe(names: &mut Names, expected: &str, actual: &str) -> bool {
        names.observe(&set(expected), &set(actual))
    }

    #[test]
    fn a_name_corresponds_to_one_name() {
        let mut names = Names::default();
        assert!(observe(&mut names, "a", "A"));
        assert!(observe(&mut names, "a b", "A B"));
        assert!(!observe(&mut names, "a", "B") && !observe(&mut names, "c", "A") && !observe(&mut names, "a c", "A"));
        assert!(observe(&mut names, "b", "B"));
    }

    #[test]
    fn sets_leave_open_which_name_is_which() {
        let mut names = Names::default();
        assert!(observe(&mut names, "a b c d", "A B C D"));
        assert!(observe(&mut names, "a d", "C D"));
        assert!(!observe(&mut names, "a b", "C D"));
        assert!(observe(&mut names, "a b", "C B"));
        assert_eq!(names.actual("a").as_deref(), Some("C"));
        assert_eq!(names.actual("d").as_deref(), Some("D"));
        assert_eq!(names.actual("x"), None);
    }

    #[test]
    fn a_choice_stays() {
        let mut names = Names::default();
        assert!(observe(&mut names, "a b", "A B"));
        assert_eq!(names.actual("b").as_deref(), Some("A"));
        assert!(!observe(&mut names, "a", "A") && observe(&mut names, "a", "B"));
    }

    #[test]
    fn objects_are_exchanged() {
        let mut names = Names::default();
        assert!(observe(&mut names, "a b", "A B") && observe(&mut names, "c d", "C D"));
        assert!(!observe(&mut names, "a c", "C D"));
        assert!(names.exchange(&set("a c"), &set("C D")));
        assert!(observe(&mut names, "b d", "A B") && !observe(&mut names, "a", "A"));
        assert!(!names.exchange(&set("e"), &set("A")) && !names.exchange(&set("a b"), &set("A")));
    }
}
