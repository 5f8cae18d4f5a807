//! Merges actual output into the expected one: expected lines that still match stay.

use super::actual::ActualLine;
use super::expectation::ExpectedLine;

/// The largest number of pairs of lines that are compared. Beyond it, everything between the lines that the outputs have in
/// common at their beginning and end is replaced.
const MOST_PAIRS: usize = 20_000_000;

/// A line of the merged output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Merged {
    /// The expected line at a position.
    Expected(usize),
    /// The actual line at a position.
    Actual(usize),
}

/// Merges the lines of a step. The result has as few differences from the expected lines as possible; it is all of them, and
/// nothing else, if the output is the expected one.
pub(super) fn merge(
    expected: &[ExpectedLine],
    actual: &[ActualLine],
    matches: &dyn Fn(usize, usize) -> bool,
) -> Vec<Merged> {
    let shorter = expected.len().min(actual.len());
    let same = |a: usize, b: usize| !expected[a].is_any() && matches(a, b);
    let head = (0..shorter).take_while(|at| same(*at, *at)).count();
    let from_end = |at: &usize| same(expected.len() - 1 - at, actual.len() - 1 - at);
    let tail = (0..shorter - head).take_while(from_end).count();
    let (rows, columns) = (expected.len() - head - tail, actual.len() - head - tail);
    let mut merged: Vec<Merged> = (0..head).map(Merged::Expected).collect();
    if rows.saturating_mul(columns) <= MOST_PAIRS {
        let is_any = |row: usize| expected[head + row].is_any();
        let middle = align(rows, columns, &is_any, &|row, column| same(head + row, head + column));
        merged.extend(middle.into_iter().map(|line| match line {
            Merged::Expected(at) => Merged::Expected(head + at),
            Merged::Actual(at) => Merged::Actual(head + at),
        }));
    } else {
        merged.extend((head..head + columns).map(Merged::Actual));
    }
    merged.extend((expected.len() - tail..expected.len()).map(Merged::Expected));
    merged
}

/// A step of an alignment, from its end.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Move {
    /// The two lines match.
    Match,
    /// The expected line, for any number of lines, stands for this actual one.
    Absorb,
    /// The expected line, for any number of lines, stands for no more.
    Pass,
    /// The actual line is there instead of the expected one.
    Replace,
    /// The expected line is not there.
    Remove,
    /// The actual line is new.
    Insert,
}

/// Aligns `rows` expected with `columns` actual lines by dynamic programming over the number of lines that are
/// replaced, removed or new.
fn align(
    rows: usize,
    columns: usize,
    is_any: &dyn Fn(usize) -> bool,
    matches: &dyn Fn(usize, usize) -> bool,
) -> Vec<Merged> {
    let width = columns + 1;
    let mut moves = vec![Move::Insert; (rows + 1) * width];
    // The costs of the alignments of the first lines: of the row above, and of the present one.
    let mut above: Vec<u32> = (0..width).map(|column| column as u32).collect();
    let mut costs = above.clone();
    for row in 1..=rows {
        let any = is_any(row - 1);
        for column in 0..width {
            let mut best = match any {
                true => (above[column], Move::Pass),
                false => (above[column] + 1, Move::Remove),
            };
            if column > 0 {
                let insert = (costs[column - 1] + u32::from(!any), if any { Move::Absorb } else { Move::Insert });
                best = if insert.0 < best.0 { insert } else { best };
                if !any && above[column - 1] < best.0 {
                    best = (above[column - 1] + 1, Move::Replace);
                }
                if !any && above[column - 1] <= best.0 && matches(row - 1, column - 1) {
                    best = (above[column - 1], Move::Match);
                }
            }
            costs[column] = best.0;
            moves[row * width + column] = best.1;
        }
        std::mem::swap(&mut above, &mut costs);
    }
    follow(rows, columns, &moves)
}

/// Follows the moves from the last lines to the first ones.
fn follow(rows: usize, columns: usize, moves: &[Move]) -> Vec<Merged> {
    let (mut row, mut column) = (rows, columns);
    let mut merged = Vec::new();
    while row > 0 || column > 0 {
        match moves[row * (columns + 1) + column] {
            Move::Match => {
                (row, column) = (row - 1, column - 1);
                merged.push(Merged::Expected(row));
            }
            Move::Pass => {
                row -= 1;
                merged.push(Merged::Expected(row));
            }
            Move::Absorb => column -= 1,
            Move::Remove => row -= 1,
            Move::Replace => {
                (row, column) = (row - 1, column - 1);
                merged.push(Merged::Actual(column));
            }
            Move::Insert => {
                column -= 1;
                merged.push(Merged::Actual(column));
            }
        }
    }
    merged.reverse();
    merged
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The merged lines, with `+` before those that are new.
    fn merged(expected: &str, actual: &str) -> String {
        let lines = |text: &str| if text.is_empty() { vec![] } else { text.split(' ').map(String::from).collect() };
        let expected: Vec<ExpectedLine> =
            lines(expected).iter().map(|line| ExpectedLine::parse(&line.replace('~', " ")).expect("a line")).collect();
        let actual =
            ActualLine::of_output(lines(actual).iter().map(|l| format!("{l}\n")).collect::<String>().as_bytes());
        let merged = merge(&expected, &actual, &|a, b| expected[a].matches(&actual[b]));
        let text = |line: &Merged| match line {
            Merged::Expected(at) => expected[*at].text.replace(' ', "~"),
            Merged::Actual(at) => format!("+{}", actual[*at].text),
        };
        merged.iter().map(text).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn matching_lines_stay() {
        for (expected, actual, result) in [
            ("a b c", "a b c", "a b c"),
            ("", "", ""),
            ("", "a", "+a"),
            ("a", "", ""),
            ("a b c", "a x c", "a +x c"),
            ("a b c", "b", "b"),
            ("a b*~(glob) c", "x bc y", "+x b*~(glob) +y"),
            ("a a", "a", "a"),
        ] {
            assert_eq!(merged(expected, actual), result, "{expected} / {actual}");
        }
    }

    #[test]
    fn dots_stand_for_any_number_of_lines() {
        for (expected, actual, result) in [
            ("...", "", "..."),
            ("...", "a b", "..."),
            ("a ... d", "a b c d", "a ... d"),
            ("a ... d", "a d", "a ... d"),
            ("... d", "d x d", "... d"),
            ("a ... d ...", "a b d e", "a ... d ..."),
            ("a ... d", "x b d", "+x ... d"),
            ("... ...", "a", "... ..."),
        ] {
            assert_eq!(merged(expected, actual), result, "{expected} / {actual}");
        }
    }

    #[test]
    fn outputs_of_any_size_are_merged() {
        let lines = |sign: char| (0..6000).map(|at| format!("{sign}{at}")).collect::<Vec<_>>().join(" ");
        let result = merged(&format!("a {} z", lines('b')), &format!("a {} z", lines('c')));
        assert!(result.starts_with("a +c0 +c1 ") && result.ends_with(" +c5999 z"));
    }
}
