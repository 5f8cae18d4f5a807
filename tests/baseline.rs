//! Tests of the comparison of instruction counts, which `cargo bench -- --baseline` and the gate print.

#[path = "bench/baseline.rs"]
mod file;

use file::{Baseline, Verdict};

fn baseline(made_with: &str, counts: &[(&str, u64)]) -> Baseline {
    let counts = counts.iter().map(|(name, count)| ((*name).into(), *count)).collect();
    Baseline { made_with: made_with.into(), counts }
}

fn verdicts(before: &Baseline, now: &Baseline) -> Vec<(String, Verdict)> {
    before.compare(now).unwrap_or_default().iter().map(|line| (line.name.clone(), line.verdict())).collect()
}

#[test]
fn a_file_is_read_as_it_was_written() {
    let written = baseline("rustc 1, valgrind 2", &[("apply", 2_000_000), ("get-pods", 7)]);
    assert_eq!(Baseline::parse(&written.to_string()), Ok(written));
}

#[test]
fn a_damaged_file_is_an_error() {
    assert_eq!(Baseline::parse("get-pods 7\n"), Err("no line `made with`".into()));
    let damaged = Baseline::parse("# made with: x\nget-pods many\n");
    assert_eq!(damaged, Err("not a name and a number: get-pods many".into()));
}

#[test]
fn more_than_three_percent_is_a_difference() {
    let before = baseline("x", &[("a", 1_000), ("b", 1_000), ("c", 1_000), ("d", 1_000)]);
    let now = baseline("x", &[("a", 1_030), ("b", 1_031), ("c", 970), ("d", 969)]);
    let expected = [Verdict::Same, Verdict::Worse, Verdict::Same, Verdict::Better];
    assert_eq!(verdicts(&before, &now).into_iter().map(|(_, verdict)| verdict).collect::<Vec<_>>(), expected);
}

#[test]
fn commands_must_be_in_both() {
    let before = baseline("x", &[("gone", 1), ("kept", 1)]);
    let now = baseline("x", &[("kept", 1), ("new", 1)]);
    let expected = [("gone", Verdict::Unknown), ("kept", Verdict::Same), ("new", Verdict::Unknown)];
    assert_eq!(verdicts(&before, &now), expected.map(|(name, verdict)| (name.to_owned(), verdict)));
}

#[test]
fn other_tools_are_not_compared() {
    assert!(baseline("x", &[("a", 1)]).compare(&baseline("y", &[("a", 2)])).is_none());
}

#[test]
fn a_line_shows_the_change() {
    let (before, now) = (baseline("x", &[("get-pods", 2_000_000)]), baseline("x", &[("get-pods", 2_100_000)]));
    let lines = before.compare(&now).unwrap_or_default();
    let texts: Vec<_> = lines.iter().map(ToString::to_string).collect();
    assert_eq!(texts, ["get-pods                  2000000      2100000    +5.00 %  WORSE"]);
}
