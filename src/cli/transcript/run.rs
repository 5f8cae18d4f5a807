//! Runs a transcript and merges what its commands print into what it expects.

use std::ffi::OsString;
use std::path::Path;
use std::time::{Duration, Instant};

use super::actual::{ActualLine, exit_code};
use super::comparison::Comparison;
use super::expectation::ExpectedLine;
use super::format::Transcript;
use super::names::Names;
use super::sandbox::Sandboxes;
use super::session::{End, Session};
use super::settings::Settings;
use super::step::Step;
use crate::{CliError, CliResult};

/// The options of a run.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    /// The shell.
    pub(crate) shell: OsString,
    /// The longest real time of a step.
    pub(crate) timeout: Duration,
    /// True to compare modulo what differs between clusters.
    pub(crate) like_cluster: bool,
}

/// The result of a transcript.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// The results of the steps that ran, from the first one on.
    pub(crate) steps: Vec<StepOutcome>,
    /// Why the others did not run, or the last one did not end.
    pub(crate) stop: Option<Stop>,
}

/// The result of a step.
#[derive(Debug)]
pub(crate) struct StepOutcome {
    /// Its output, as a transcript shows it.
    pub(crate) actual: String,
    /// Its exit code.
    pub(crate) code: i32,
    /// The output to expect from now on; the lines of the transcript if they still match.
    pub(crate) output: Vec<String>,
    /// The real time that it took.
    pub(crate) elapsed: Duration,
}

/// Why a transcript did not run to its end.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Stop {
    /// The number of the line with the last command.
    pub(crate) line: usize,
    /// The number of the line with the next command; `None` if that one was the last.
    pub(crate) next: Option<usize>,
    /// True if the command has ended the shell, false if it did not end in time.
    pub(crate) is_exit: bool,
}

impl Outcome {
    /// The lines of output of the steps that ran.
    pub(crate) fn outputs(&self) -> Vec<Vec<String>> {
        self.steps.iter().map(|step| step.output.clone()).collect()
    }
}

/// Runs a transcript once with settings, in a sandbox of its own.
///
/// # Errors
/// The sandbox cannot be created, or the shell cannot be started.
pub(crate) fn run(
    file: &Path,
    transcript: &Transcript,
    settings: &Settings,
    sandboxes: &Sandboxes,
    options: &Options,
) -> CliResult<Outcome> {
    // A store that the transcript itself describes is left to it.
    let is_prepared = !Settings::are_named_in(&transcript.text());
    let sandbox = sandboxes.create(file, settings, is_prepared)?;
    let failed = |e| CliError::io(format!("run {}", options.shell.to_string_lossy()), e);
    let mut session = Session::start(&options.shell, &sandbox).map_err(failed)?;
    let mut comparison = match options.like_cluster {
        true => Comparison::LikeCluster(Names::default()),
        false => Comparison::Literal,
    };
    let mut outcome = Outcome { steps: Vec::new(), stop: None };
    for (number, step) in transcript.steps.iter().enumerate() {
        let start = Instant::now();
        let ran = session.run(&comparison.translate(&step.command), options.timeout, &mut |_| {}).map_err(failed)?;
        let actual = ActualLine::of_output(&sandbox.hide(ran.output));
        let code = match ran.end {
            End::Code(code) | End::Shell(code) => code,
            End::Timeout => 0,
        };
        let output = merge_step(transcript, step, &mut comparison, &actual, code);
        outcome.steps.push(StepOutcome {
            actual: lines_of(&actual, code).map(|line| line + "\n").collect(),
            code,
            output,
            elapsed: start.elapsed(),
        });
        let next = transcript.steps.get(number + 1).map(|next| next.line);
        let is_exit = matches!(ran.end, End::Shell(_));
        if ran.end == End::Timeout || (is_exit && next.is_some()) {
            outcome.stop = Some(Stop { line: step.line, next, is_exit });
            break;
        }
    }
    Ok(outcome)
}

/// The lines of the output of a step, and of its exit code if that is not 0.
pub(super) fn lines_of(actual: &[ActualLine], code: i32) -> impl Iterator<Item = String> {
    actual.iter().map(|line| line.text.clone()).chain(exit_code_line(code))
}

/// The line of an exit code; `None` for 0.
fn exit_code_line(code: i32) -> Option<String> {
    (code != 0).then(|| format!("[{code}]"))
}

/// Merges the output of a step into the expected one.
fn merge_step(
    transcript: &Transcript,
    step: &Step,
    comparison: &mut Comparison,
    actual: &[ActualLine],
    code: i32,
) -> Vec<String> {
    let mut texts = transcript.expected(step);
    if texts.last().is_some_and(|line| exit_code(line).is_some()) {
        texts.pop();
    }
    // The parser has refused transcripts with lines that cannot be parsed.
    let expected: Vec<ExpectedLine> = texts.into_iter().filter_map(|text| ExpectedLine::parse(text).ok()).collect();
    let mut output = comparison.merge(&step.command, &expected, actual);
    output.extend(exit_code_line(code));
    output
}
