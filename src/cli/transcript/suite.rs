//! Runs many transcripts in parallel and reports each in the order in which they were named.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write as _};
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use super::format::{Format, Transcript};
use super::futures;
use super::junit::{self, Case, Suite};
use super::report::{Colours, describe_stop, unified_diff};
use super::request::{Candidate, Report, Request, Verdict};
use super::run::{Outcome, run};
use super::sandbox::Sandboxes;
use super::step::{Mistake, Step};
use super::tree;
use crate::{CliError, CliResult};

/// Finds the files that paths name: files, and all that may be transcripts below directories.
///
/// # Errors
/// A path that does not exist or cannot be read, or a file that is of neither format.
pub(crate) fn find(paths: &[PathBuf]) -> CliResult<Vec<Candidate>> {
    let mut found = Vec::new();
    for path in paths {
        let metadata = fs::metadata(path).map_err(|e| CliError::io(format!("open {}", path.display()), e))?;
        if metadata.is_dir() {
            let files = tree::list(path)?.into_iter().filter(|file| Format::of(file).is_some());
            let base = if path.as_os_str() == "." { Path::new("") } else { path };
            found.extend(files.map(|file| Candidate { path: base.join(file), named: false }));
        } else if Format::of(path).is_some() {
            found.push(Candidate { path: path.clone(), named: true });
        } else {
            let message = format!("{}: a transcript is a Markdown file (.md) or cram's (.t)", path.display());
            return Err(CliError::new(message));
        }
    }
    Ok(found)
}

/// Runs all transcripts. `on_report` gets their reports in the order of the request, as soon as they are there, and the
/// number of runs that have been made.
///
/// # Errors
/// There is no place for sandboxes.
pub(crate) fn run_all(request: &Request, on_report: &mut dyn FnMut(Option<Report>, usize)) -> CliResult<()> {
    let sandboxes = Sandboxes::new(&request.program)?;
    if let Some(seeds) = &request.futures {
        run_futures(request, seeds, &sandboxes, on_report);
        return Ok(());
    }
    let next = AtomicUsize::new(0);
    let (sender, receiver) = mpsc::channel();
    std::thread::scope(|scope| {
        for _ in 0..request.jobs.clamp(1, request.files.len().max(1)) {
            let (sender, sandboxes, next) = (sender.clone(), &sandboxes, &next);
            scope.spawn(move || {
                let positions = std::iter::from_fn(|| Some(next.fetch_add(1, Ordering::Relaxed)));
                for (at, file) in positions.map_while(|at| Some((at, request.files.get(at)?))) {
                    // Fails only if this process no longer listens, because it panics.
                    let report = check(request, file, &mut |path, transcript| {
                        check_transcript(request, path, transcript, sandboxes)
                    });
                    let _ = sender.send((at, report));
                }
            });
        }
        drop(sender);
        let (mut waiting, mut reported) = (BTreeMap::new(), 0);
        for (done, (at, report)) in receiver.into_iter().enumerate() {
            waiting.insert(at, report);
            on_report(None, done + 1);
            while let Some(report) = waiting.remove(&reported) {
                reported += 1;
                if report.is_some() {
                    on_report(report, done + 1);
                }
            }
        }
    });
    Ok(())
}

/// Runs one transcript after the other, each in many futures.
fn run_futures(
    request: &Request,
    seeds: &RangeInclusive<u64>,
    sandboxes: &Sandboxes,
    on_report: &mut dyn FnMut(Option<Report>, usize),
) {
    let mut done = 0;
    for file in &request.files {
        let report = check(request, file, &mut |path, transcript| {
            futures::check(request, seeds, (path, &transcript), sandboxes, &mut || {
                done += 1;
                on_report(None, done);
            })
        });
        if report.is_some() {
            on_report(report, done);
        }
    }
}

/// Runs a file by `run`. Returns `None` for one without commands that was not named.
fn check(
    request: &Request,
    file: &Candidate,
    run: &mut dyn FnMut(&Path, Transcript) -> CliResult<Report>,
) -> Option<Report> {
    let name = file.path.display().to_string();
    let mut transcript = match read(&file.path) {
        Ok(transcript) if !transcript.steps.is_empty() => transcript,
        Ok(_) if !file.named => return None,
        Ok(_) => {
            return Some(broken(
                name,
                None,
                "there are no commands in it: they begin with `$ `, in a block marked `console` or indented by two blanks",
            ));
        }
        Err(mistake) => return Some(broken(name, Some(mistake.line), &mistake.message)),
    };
    if let Some(seed) = request.seed {
        transcript.settings.set_seed(seed);
    }
    for invariant in &request.invariants {
        if let Err(message) = transcript.settings.add_invariant(invariant) {
            return Some(broken(name, None, &message));
        }
    }
    match run(&file.path, transcript) {
        Ok(report) => Some(report),
        Err(error) => Some(broken(name, None, &error.text())),
    }
}

/// Reads a file.
fn read(path: &Path) -> Result<Transcript, Mistake> {
    let unreadable = |e: io::Error| Mistake { line: 1, message: kctl_base::go::io_error(&e) };
    Transcript::parse(Format::of(path).unwrap_or(Format::Markdown), &fs::read(path).map_err(unreadable)?)
}

/// The report of a file that cannot be run.
fn broken(name: String, line: Option<usize>, message: &str) -> Report {
    let place = line.map_or_else(|| name.clone(), |line| format!("{name}:{line}"));
    let verdict = junit::Verdict::Error(message.into());
    let suite = Suite {
        cases: vec![Case { name: place.clone(), elapsed: Duration::ZERO, verdict, output: String::new() }],
        name: name.clone(),
    };
    let messages = vec![format!("{place}: {message}")];
    Report { name, verdict: Verdict::Broken, steps: 0, diff: String::new(), messages, suite }
}

/// Runs a transcript once, with one seed.
fn check_transcript(
    request: &Request,
    path: &Path,
    transcript: Transcript,
    sandboxes: &Sandboxes,
) -> CliResult<Report> {
    let name = path.display().to_string();
    let outcome = run(path, &transcript, &transcript.settings, sandboxes, &request.options)?;
    let new = transcript.with_outputs(&outcome.outputs());
    let mut report = Report {
        verdict: Verdict::Agrees,
        steps: transcript.steps.len(),
        diff: String::new(),
        messages: Vec::new(),
        suite: suite(&name, &transcript, &outcome),
        name,
    };
    if let Some(stop) = &outcome.stop {
        let message = describe_stop(stop, request.options.timeout);
        report.messages.push(format!("{}:{}: {message}", report.name, stop.line));
        report.suite.stop(outcome.steps.len(), &message);
        report.verdict = Verdict::Differs;
    }
    if new != transcript.text() {
        report.verdict = Verdict::Differs;
        // What has not run to its end is no new expectation.
        if request.update && outcome.stop.is_none() {
            replace(path, &new).map_err(|e| CliError::io(format!("write {}", path.display()), e))?;
            report.verdict = Verdict::Updated;
        } else {
            report.diff = unified_diff(&report.name, &transcript, &new, request.colours);
        }
    }
    Ok(report)
}

/// The steps of a transcript as cases of a test.
fn suite(name: &str, transcript: &Transcript, outcome: &Outcome) -> Suite {
    let cases = transcript.steps.iter().enumerate().map(|(number, step)| {
        let done = outcome.steps.get(number);
        let verdict = match done {
            None => junit::Verdict::Skipped,
            Some(done) if done.output == transcript.expected(step) => junit::Verdict::Passed,
            Some(done) => {
                // The outputs of the steps before it are as they are in the file.
                let mut outputs: Vec<Vec<String>> =
                    transcript.steps[..number].iter().map(|s| expected(transcript, s)).collect();
                outputs.push(done.output.clone());
                let diff = unified_diff(name, transcript, &transcript.with_outputs(&outputs), Colours::Off);
                junit::Verdict::Failed(diff)
            }
        };
        Case {
            name: format!("line {}: {}", step.line, step.command.lines().next().unwrap_or("")),
            elapsed: done.map_or(Duration::ZERO, |done| done.elapsed),
            output: done.map(|done| done.actual.clone()).unwrap_or_default(),
            verdict,
        }
    });
    Suite { name: name.into(), cases: cases.collect() }
}

fn expected(transcript: &Transcript, step: &Step) -> Vec<String> {
    transcript.expected(step).into_iter().map(String::from).collect()
}

/// Replaces a file by a text, as a whole or not at all, with its permissions.
pub(super) fn replace(path: &Path, text: &str) -> io::Result<()> {
    let path = path.canonicalize()?;
    let mut file = tempfile::NamedTempFile::new_in(path.parent().unwrap_or(Path::new("/")))?;
    file.write_all(text.as_bytes())?;
    file.as_file().set_permissions(fs::metadata(&path)?.permissions())?;
    file.as_file().sync_all()?;
    file.persist(&path)?;
    Ok(())
}
