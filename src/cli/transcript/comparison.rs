//! Compares the output of a step with the expected one, literally or as of another cluster.

use std::collections::{BTreeMap, BTreeSet};

use super::actual::ActualLine;
use super::arrange;
use super::expectation::ExpectedLine;
use super::likeness::{self, Normal};
use super::merge::{Merged, merge};
use super::names::Names;

/// A way to compare output.
#[derive(Debug)]
pub(super) enum Comparison {
    /// Line by line.
    Literal,
    /// Modulo what differs between clusters, with the names that correspond so far.
    LikeCluster(Names),
}

impl Comparison {
    /// Returns a command in which the names of the other cluster are those of this one.
    pub(super) fn translate(&mut self, command: &str) -> String {
        match self {
            Comparison::Literal => command.into(),
            Comparison::LikeCluster(names) => likeness::rename(command, &mut |name| names.actual(name)),
        }
    }

    /// Merges the output of a command into the expected one.
    pub(super) fn merge(&mut self, command: &str, expected: &[ExpectedLine], actual: &[ActualLine]) -> Vec<String> {
        let Comparison::LikeCluster(names) = self else {
            let merged = merge(expected, actual, &|row, column| expected[row].matches(&actual[column]));
            return texts(&merged, expected, actual);
        };
        let expected_normals: Vec<Normal> = expected.iter().map(|line| likeness::normalize(&line.text)).collect();
        let normals: Vec<Normal> = actual.iter().map(|line| likeness::normalize(&line.plain())).collect();
        let order = arrange::arrange(command, &expected_normals, &normals);
        let actual: Vec<ActualLine> = order.iter().map(|at| actual[*at].clone()).collect();
        let normals: Vec<Normal> = order.iter().map(|at| normals[*at].clone()).collect();
        let matches = |row: usize, column: usize| {
            expected_normals[row].text == normals[column].text || expected[row].matches(&actual[column])
        };
        let mut merged = merge(expected, &actual, &matches);
        if merged.iter().copied().eq((0..expected.len()).map(Merged::Expected)) {
            merged = with_names(merged, names, arrange::prints_rows(command), &expected_normals, &normals);
        }
        texts(&merged, expected, &actual)
    }
}

fn texts(merged: &[Merged], expected: &[ExpectedLine], actual: &[ActualLine]) -> Vec<String> {
    let text = |line: &Merged| match line {
        Merged::Expected(at) => expected[*at].text.clone(),
        Merged::Actual(at) => actual[*at].text.clone(),
    };
    merged.iter().map(text).collect()
}

/// Checks the names in lines that are alike otherwise. Lines whose names are used in another way are not. Which of several
/// objects that are alike a controller has kept is chance: rows say anew which suffix stands for which.
fn with_names(
    mut merged: Vec<Merged>,
    names: &mut Names,
    are_rows: bool,
    expected: &[Normal],
    actual: &[Normal],
) -> Vec<Merged> {
    let actual_groups = groups(actual);
    for (text, expected_lines) in groups(expected) {
        let Some(actual_lines) = actual_groups.get(text).filter(|lines| lines.len() == expected_lines.len()) else {
            continue;
        };
        let agree = (0..expected[expected_lines[0]].names.len()).all(|place| {
            let of_place = |normals: &'_ [Normal], lines: &[usize]| -> BTreeSet<String> {
                lines.iter().map(|line| normals[*line].names[place].text.clone()).collect()
            };
            let (expected_names, actual_names) = (of_place(expected, &expected_lines), of_place(actual, actual_lines));
            let is_suffix = expected[expected_lines[0]].names[place].is_suffix;
            names.observe(&expected_names, &actual_names)
                || (are_rows && is_suffix && names.exchange(&expected_names, &actual_names))
        });
        if !agree {
            for (row, column) in expected_lines.iter().zip(actual_lines) {
                merged[*row] = Merged::Actual(*column);
            }
        }
    }
    merged
}

/// The positions of lines by their text.
fn groups(lines: &[Normal]) -> BTreeMap<&str, Vec<usize>> {
    let mut groups: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (at, line) in lines.iter().enumerate().filter(|(_, line)| !line.names.is_empty()) {
        groups.entry(&line.text).or_default().push(at);
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    fn merged(comparison: &mut Comparison, command: &str, expected: &str, actual: &str) -> Vec<String> {
        let expected: Vec<ExpectedLine> =
            expected.lines().map(|line| ExpectedLine::parse(line).expect("a line")).collect();
        comparison.merge(command, &expected, &ActualLine::of_output(actual.as_bytes()))
    }

    #[test]
    fn literal_output_is_compared_literally() {
        let output = merged(&mut Comparison::Literal, "a", "x-bbbbb\n5s\n* (glob)\n", "x-ccccc\n5s\nz\n");
        assert_eq!(output, ["x-ccccc", "5s", "* (glob)"]);
    }

    #[test]
    fn another_cluster_has_other_names_and_times() {
        let mut like = Comparison::LikeCluster(Names::default());
        let get = "kubectl get pods";
        let (expected, actual) =
            ("N  AGE\nw-bbbbb 5s\nw-ccccc 9s\nw-ddddd 7s\n", "N AGE\nw-xxxxx 5s\nw-zzzzz 5s\nw-22222 5s\n");
        assert_eq!(merged(&mut like, get, expected, actual), expected.lines().collect::<Vec<_>>());
        // Any of the three, but from then on this one.
        let command = like.translate("kubectl delete pod w-ccccc");
        assert_eq!(command, "kubectl delete pod w-22222");
        assert_eq!(
            merged(&mut like, &command, "pod \"w-ccccc\" gone", "pod \"w-22222\" gone\n"),
            ["pod \"w-ccccc\" gone"]
        );
        assert_eq!(
            merged(&mut like, &command, "pod \"w-ccccc\" gone", "pod \"w-xxxxx\" gone\n"),
            ["pod \"w-xxxxx\" gone"]
        );
        assert_eq!(merged(&mut like, get, "N\nw-ccccc 1\n", "N\nw-22222 2\n"), ["N", "w-22222 2"]);
    }

    #[test]
    fn which_of_several_pods_is_left_is_chance() {
        let mut like = Comparison::LikeCluster(Names::default());
        let get = "kubectl get pods";
        for (expected, actual) in [
            ("N\nw-bbbbb\n", "N\nw-xxxxx\n"),
            ("N\nw-bbbbb\nw-ccccc\n", "N\nw-xxxxx\nw-zzzzz\n"),
            ("N\nw-bbbbb\n", "N\nw-zzzzz\n"),
        ] {
            assert_eq!(merged(&mut like, get, expected, actual), expected.lines().collect::<Vec<_>>());
        }
        assert_eq!(like.translate("kubectl logs w-bbbbb"), "kubectl logs w-zzzzz");
        // A pod that is not new has not been replaced.
        assert_eq!(merged(&mut like, get, "N\nw-ddddd\n", "N\nw-xxxxx\n"), ["N", "w-xxxxx"]);
    }

    #[test]
    fn control_characters_are_what_they_are() {
        let mut like = Comparison::LikeCluster(Names::default());
        assert_eq!(merged(&mut like, "a", "a\x07 5s\n", "a\x07 9s\n"), ["a\x07 5s"]);
        assert_eq!(merged(&mut Comparison::Literal, "a", "a\x07\n", "a\x07\n"), ["a\x07"]);
    }

    #[test]
    fn patterns_and_dots_still_match() {
        let mut like = Comparison::LikeCluster(Names::default());
        let expected = "N\n...\nw-bbbbb 5s\na* (glob)\n";
        let output = merged(&mut like, "kubectl describe pods", expected, "N\nx\ny\nw-xxxxx 7s\nab\n");
        assert_eq!(output, expected.lines().collect::<Vec<_>>());
    }
}
