//! Many futures of a transcript: one run for each seed of a range, in which durations and orders are left to chance.
//!
//! What commands print depends on the time that things take, so only exit codes are compared. A command that breaks an
//! invariant has one of its own.

use std::ops::RangeInclusive;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use super::actual::exit_code;
use super::format::Transcript;
use super::junit::{self, Case, Suite};
use super::report::describe_stop;
use super::request::{Report, Request, Verdict};
use super::run::{Outcome, run};
use super::sandbox::Sandboxes;
use super::step::Step;
use crate::CliResult;
use kctl_base::order::Order as _;

/// Why a future does not hold.
#[derive(Debug, PartialEq, Eq)]
struct Failure {
    seed: u64,
    /// The number of the line with the command.
    line: usize,
    /// A sentence without a full stop.
    reason: String,
    /// What the command printed.
    output: String,
}

/// The seeds that a text names: `7..12`, with both ends; `None` for any other text.
pub(crate) fn parse_seeds(text: &str) -> Option<RangeInclusive<u64>> {
    let (first, last) = text.split_once("..")?;
    let (first, last) = (first.parse().ok()?, last.parse().ok()?);
    (first <= last).then_some(first..=last)
}

/// Runs a transcript once for each seed, several at the same time. `on_run` is called after each run.
///
/// # Errors
/// A sandbox cannot be created, or the shell cannot be started.
pub(super) fn check(
    request: &Request,
    seeds: &RangeInclusive<u64>,
    (path, transcript): (&Path, &Transcript),
    sandboxes: &Sandboxes,
    on_run: &mut dyn FnMut(),
) -> CliResult<Report> {
    let next = AtomicU64::new(*seeds.start());
    let (sender, receiver) = mpsc::channel();
    let mut failures = Vec::new();
    let mut result = Ok(());
    std::thread::scope(|scope| {
        for _ in 0..request.jobs.max(1) {
            let (sender, next) = (sender.clone(), &next);
            scope.spawn(move || {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    // Fails only after an error, which ends the run.
                    if !seeds.contains(&seed)
                        || sender.send(of_seed(request, seed, (path, transcript), sandboxes)).is_err()
                    {
                        return;
                    }
                }
            });
        }
        drop(sender);
        for failure in &receiver {
            match failure {
                Ok(failure) => failures.extend(failure),
                Err(error) => {
                    result = Err(error);
                    break;
                }
            }
            on_run();
        }
        drop(receiver);
    });
    result?;
    failures.order_by_key(|failure: &Failure| failure.seed);
    Ok(report(path, transcript, seeds, &failures))
}

/// Runs a transcript in one future; returns why it does not hold there.
fn of_seed(
    request: &Request,
    seed: u64,
    (path, transcript): (&Path, &Transcript),
    sandboxes: &Sandboxes,
) -> CliResult<Option<Failure>> {
    let mut settings = transcript.settings.clone();
    settings.set_chance(seed);
    let outcome = run(path, transcript, &settings, sandboxes, &request.options)?;
    Ok(failure(transcript, &outcome, seed, request.options.timeout))
}

/// The first step that did not end as it must.
fn failure(transcript: &Transcript, outcome: &Outcome, seed: u64, timeout: Duration) -> Option<Failure> {
    for (step, done) in transcript.steps.iter().zip(&outcome.steps) {
        let expected = expected_code(transcript, step);
        if done.code != expected {
            let command = step.command.lines().next().unwrap_or_default();
            let reason = format!("`{command}` ended with {} instead of {expected}", done.code);
            return Some(Failure { seed, line: step.line, reason, output: done.actual.clone() });
        }
    }
    let stop = outcome.stop.as_ref()?;
    Some(Failure { seed, line: stop.line, reason: describe_stop(stop, timeout), output: String::new() })
}

fn expected_code(transcript: &Transcript, step: &Step) -> i32 {
    transcript.expected(step).last().and_then(|line| exit_code(line)).unwrap_or(0)
}

fn report(path: &Path, transcript: &Transcript, seeds: &RangeInclusive<u64>, failures: &[Failure]) -> Report {
    let name = path.display().to_string();
    let all = seeds.end() - seeds.start() + 1;
    let text = match failures.first() {
        None => format!("{name}: all {all} futures hold\n"),
        Some(first) => describe(&name, all, failures.len(), first),
    };
    let verdict = match failures.first() {
        None => junit::Verdict::Passed,
        Some(_) => junit::Verdict::Failed(text.clone()),
    };
    let case = Case {
        name: format!("futures {}..{}", seeds.start(), seeds.end()),
        elapsed: Duration::ZERO,
        verdict,
        output: String::new(),
    };
    Report {
        verdict: if failures.is_empty() { Verdict::Agrees } else { Verdict::Differs },
        steps: transcript.steps.len(),
        diff: text,
        messages: Vec::new(),
        suite: Suite { name: name.clone(), cases: vec![case] },
        name,
    }
}

/// What is known about futures that do not hold.
fn describe(name: &str, all: u64, failed: usize, first: &Failure) -> String {
    let Failure { seed, line, reason, output } = first;
    let held = all - failed as u64;
    let mut text = format!("{name}: {held} of {all} futures hold; the first that does not is that of seed {seed}:\n");
    text += &format!("{name}:{line}: {reason}\n");
    // The exit code is in the sentence above.
    for line in output.lines().filter(|line| exit_code(line).is_none()) {
        text += format!("    {line}").trim_end();
        text += "\n";
    }
    text + &format!("to repeat it: kctl test --seed {seed}..{seed} {name}\n")
}

#[cfg(test)]
mod tests {
    use super::super::format::Format;
    use super::super::run::{StepOutcome, Stop};
    use super::*;

    fn transcript() -> Transcript {
        Transcript::parse(Format::Cram, b"  $ one\n  a\n  $ two\n  [1]\n").expect("a transcript")
    }

    fn outcome(codes: &[i32], stop: Option<Stop>) -> Outcome {
        let done = |code: &i32| StepOutcome {
            actual: format!("x\n[{code}]\n"),
            code: *code,
            output: Vec::new(),
            elapsed: Duration::ZERO,
        };
        Outcome { steps: codes.iter().map(done).collect(), stop }
    }

    #[test]
    fn seeds_are_a_range_with_both_ends() {
        let texts = ["1..3", "7..7", "3..1", "7", "a..b", "1..", "..3", "1..=3"];
        assert_eq!(texts.map(parse_seeds), [Some(1..=3), Some(7..=7), None, None, None, None, None, None]);
    }

    #[test]
    fn exit_codes_decide() {
        let transcript = transcript();
        let of = |codes: &[i32]| failure(&transcript, &outcome(codes, None), 9, Duration::ZERO);
        assert_eq!(of(&[0, 1]), None);
        let failure = of(&[0, 4]).expect("another exit code");
        assert_eq!((failure.seed, failure.line, failure.reason.as_str()), (9, 3, "`two` ended with 4 instead of 1"));
        let want = "x.t: 8 of 10 futures hold; the first that does not is that of seed 9:\n\
                    x.t:3: `two` ended with 4 instead of 1\n    x\nto repeat it: kctl test --seed 9..9 x.t\n";
        assert_eq!(describe("x.t", 10, 2, &failure), want);
    }

    #[test]
    fn a_step_that_does_not_end_fails() {
        let stop = Stop { line: 1, next: Some(3), is_exit: true };
        let failure = failure(&transcript(), &outcome(&[0], Some(stop)), 1, Duration::ZERO).expect("a failure");
        assert_eq!(failure.line, 1);
    }
}
