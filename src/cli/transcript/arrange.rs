//! The order of lines that mean the same in any order.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use super::likeness::{Normal, constant};

/// A command that prints rows, perhaps with names made up by chance, in whose order they then are.
static ROWS: LazyLock<Regex> = LazyLock::new(|| constant(r"\bget\b"));
/// The formats that print no rows.
static NO_ROWS: LazyLock<Regex> = LazyLock::new(|| constant(r"-o ?=?(?:yaml|json)\b"));
/// A normalized row of an event; those of one instant come in any order.
static EVENT: LazyLock<Regex> = LazyLock::new(|| constant(r"^(?:\s*|<age>.*?)(?:Normal|Warning)\s"));

/// Returns whether a command prints rows of objects, in the order of their names.
pub(super) fn prints_rows(command: &str) -> bool {
    ROWS.is_match(command) && !NO_ROWS.is_match(command)
}

/// Returns the positions of the actual lines of a command in the order of the expected ones, as far as their order means
/// nothing: rows with made-up names, and neighbouring events.
pub(super) fn arrange(command: &str, expected: &[Normal], actual: &[Normal]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..actual.len()).collect();
    let has_names = |lines: &[Normal]| lines.iter().any(Normal::has_names);
    if prints_rows(command) && has_names(expected) && has_names(actual) {
        // The header stays.
        arrange_range(expected, 1..expected.len(), actual, &mut order, 1..actual.len());
    }
    let in_order: Vec<&Normal> = order.iter().map(|at| &actual[*at]).collect();
    let runs = runs_of_events(&in_order).into_iter();
    for (run, expected_run) in runs.zip(runs_of_events(&expected.iter().collect::<Vec<_>>())) {
        arrange_range(expected, expected_run, actual, &mut order, run);
    }
    order
}

/// The positions of lines that are events without others between them.
fn runs_of_events(lines: &[&Normal]) -> Vec<Range<usize>> {
    let mut runs: Vec<Range<usize>> = Vec::new();
    for at in (0..lines.len()).filter(|at| EVENT.is_match(&lines[*at].text)) {
        match runs.last_mut() {
            Some(run) if run.end == at => run.end = at + 1,
            _ => runs.push(at..at + 1),
        }
    }
    runs
}

/// Brings a part of an order of lines into that of a part of the expected lines. Lines that are not expected come last.
fn arrange_range(
    expected: &[Normal],
    expected_part: Range<usize>,
    actual: &[Normal],
    order: &mut [usize],
    part: Range<usize>,
) {
    let Some(order) = order.get_mut(part) else { return };
    let mut unused: BTreeMap<&str, VecDeque<usize>> = BTreeMap::new();
    for at in order.iter() {
        unused.entry(&actual[*at].text).or_default().push_back(*at);
    }
    let expected = expected.get(expected_part).unwrap_or_default();
    let found: Vec<usize> =
        expected.iter().filter_map(|line| unused.get_mut(line.text.as_str())?.pop_front()).collect();
    let others: Vec<usize> = order.iter().copied().filter(|at| !found.contains(at)).collect();
    order.iter_mut().zip(found.into_iter().chain(others)).for_each(|(place, at)| *place = at);
}

#[cfg(test)]
mod tests {
    use super::super::likeness::normalize;
    use super::*;

    #[test]
    fn rows_with_random_names_and_events_come_in_any_order() {
        let order = |command: &str, expected: &[&str], actual: &[&str]| {
            let normals = |lines: &[&str]| lines.iter().map(|line| normalize(line)).collect::<Vec<_>>();
            arrange(command, &normals(expected), &normals(actual))
        };
        let (expected, actual) = (["NAME", "a-bbbbb 1", "a-ccccc 2"], ["NAME", "a-xxxxx 2", "a-zzzzz 1"]);
        assert_eq!(order("kubectl get pods", &expected, &actual), [0, 2, 1]);
        assert_eq!(order("kubectl get pods -o yaml", &expected, &actual), [0, 1, 2]);
        assert_eq!(order("kubectl describe pods", &expected, &actual), [0, 1, 2]);
        let (expected, actual) = (["NAME", "a 1", "b 2"], ["NAME", "b 2", "a 1"]);
        assert_eq!(order("kubectl get pods", &expected, &actual), [0, 1, 2]);
        let expected = ["Events:", "  Normal  A  5s", "  Warning  B  5s", "x", "  Normal C"];
        let actual = ["Events:", "  Warning  B  7s", "  Normal  A  7s", "x", "  Normal C"];
        assert_eq!(order("kubectl describe pods", &expected, &actual), [0, 2, 1, 3, 4]);
    }
}
