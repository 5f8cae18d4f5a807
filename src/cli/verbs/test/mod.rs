//! `test`: runs golden transcripts and compares what their commands print with what they say. It is built on
//! [`transcript`](crate::transcript).

mod record;

use std::ffi::OsString;
use std::io::{IsTerminal as _, Write as _};
use std::ops::RangeInclusive;
use std::path::PathBuf;

use clap::{Arg, ArgMatches, Command};
use regex::Regex;

use crate::args::{self, ArgProperties, Matches, number32};
use crate::transcript::{self, Candidate, Colours, Options, Report, Request, Verdict};
use crate::{CliError, CliResult, Ctx, Verb};
use kctl_cluster::Invariant;

/// The variable that names the shell.
const SHELL: &str = "KCTL_TEST_SHELL";
/// The longest real time of a step without `--timeout`, in seconds.
const TIMEOUT_SECONDS: u64 = 60;
/// The exit code for files that make no sense.
const BROKEN: i32 = 2;

/// The `test` verb.
pub(super) const VERB: Verb = Verb {
    name: "test",
    aliases: &[],
    about: "Run golden transcripts and compare their output",
    long: "Run golden transcripts: files with command lines and the output that they must have.

 A transcript is a Markdown file or one of cram. In Markdown, blocks marked 'console' hold commands and output; a block \
    marked 'shell', 'bash' or 'sh' is one command if a block with its output follows. In a file of cram (.t), commands and \
    output are indented by two blanks. '$ ' begins a command, '> ' continues it, '[1]' is an exit status; a line of \
    output may end in (glob), (re), (esc) or (no-eol), and '...' stands for any number of lines.

 The commands of a file run in one shell ('sh' or $KCTL_TEST_SHELL), in a copy of its directory, on a fresh store with a \
    virtual clock. A comment at the top sets what differs: '<!-- kctl: seed=7 clock=real nodes=5 latency=0 -->' or, in a \
    file of cram, '# kctl: seed=7'. A comment '<!-- kctl-invariant: EXPRESSION -->' names an expression in CEL that must hold \
    after every change, over 'cluster.objects(RESOURCE)', 'cluster.objects(RESOURCE, SELECTOR)', \
    'cluster.readyPods(SELECTOR)' and 'now'.

 With a range of seeds, each transcript is run in many futures: the seed decides how long images take to be pulled and \
    containers to start and to stop, and which controller works first. Only exit codes are compared then, and invariants.

 Exit status: 0 if all transcripts agree, 1 if some differ, 2 if files make no sense.",
    examples: &[
        ("Run the transcripts of a directory", "test docs"),
        ("Accept the output of today", "test --update docs/tutorial.md"),
        ("Run a session that was recorded in another cluster", "test --like-cluster session.md"),
        ("Run a transcript in a thousand futures, in which two pods must always be ready", "test --seed 1..1000 --invariant 'cluster.readyPods(\"app=web\").size() >= 2' rollout.md"),
        ("Write a transcript", "test record session.md"),
    ],
    usage: "(FILE | DIRECTORY)...",
    flags,
    run: |ctx, matches| run(ctx, matches).map_err(failure),
    family: &[record::VERB],
};

fn flags(command: Command) -> Command {
    command
        .arg(args::positional("files").value_parser(clap::builder::OsStringValueParser::new()))
        .arg(args::switch("update", "Write the actual output into the files; lines that still match stay."))
        .arg(args::number("jobs", "Number of transcripts that run at the same time; 0 for one per processor."))
        .arg(args::text("run", "Run only the files whose path matches this regular expression."))
        .arg(args::text("seed", "Seed of all transcripts, instead of the one that each sets or 1; or a range such as 1..1000: each transcript is run once for each seed, which decides how long things take and in which order they happen."))
        .arg(args::each("invariant", "Expression in CEL that must hold after every change."))
        .arg(args::switch("like-cluster", "").help(format!(
            "Compare modulo what a real cluster makes by chance or by the clock: {}, and the order of rows with made-up names and of neighbouring events.",
            transcript::rule_names().join(", ")
        )))
        .arg(args::path("junit", "Write a report in JUnit's format to this file."))
        .arg(
            args::duration("timeout", "Longest real time of a step; 0 for no limit.")
                .help_default(format!("{TIMEOUT_SECONDS}s")),
        )
        .arg(verbosity())
}

/// The global flag `-v`, which needs no value here.
fn verbosity() -> Arg {
    number32("v", "With 1, print a line for each file.")
        .short('v')
        .num_args(0..=1)
        .require_equals(true)
        .default_missing_value("1")
}

/// Exit status 1 means that there are differences.
fn failure(error: CliError) -> CliError {
    match error {
        CliError::Exit(code) => CliError::Exit(code),
        error => CliError::Verbatim(error.message(), BROKEN),
    }
}

fn run(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<()> {
    let paths: Vec<PathBuf> = matches.paths("files").into_iter().map(PathBuf::from).collect();
    if paths.is_empty() {
        return Err(ctx.usage("test", "name the files or directories with transcripts"));
    }
    let (seed, futures) = seeds(matches.string("seed"))?;
    let invariants = matches.values("invariant");
    for invariant in &invariants {
        Invariant::parse(invariant)
            .map_err(|reason| CliError::new(format!("invalid invariant {invariant:?}: {reason}")))?;
    }
    let request = Request {
        files: selected(transcript::find(&paths)?, matches.string("run"))?,
        program: this_program()?,
        jobs: jobs(matches)?,
        seed,
        futures,
        invariants,
        update: matches.flag("update"),
        colours: colours(),
        options: options(matches),
    };
    let mut summary = Summary::default();
    let printer = Printer { is_verbose: matches.int("v").unwrap_or(0) > 0, shows_progress: shows_progress(&request) };
    let mut result = Ok(());
    transcript::run_all(&request, &mut |report, done| {
        printer.progress(done, request.runs());
        if let Some(report) = report {
            result = std::mem::replace(&mut result, Ok(())).and_then(|()| printer.print(ctx, &report));
            summary.add(report);
        }
    })?;
    printer.end_progress();
    result?;
    if let Some(file) = matches.path("junit") {
        let report = transcript::junit_report(&summary.suites);
        std::fs::write(&file, report).map_err(|e| CliError::io(format!("write {}", file.display()), e))?;
    }
    ctx.print_line(summary.text());
    match summary.exit_code() {
        0 => Ok(()),
        code => Err(CliError::Exit(code)),
    }
}

/// The files whose path matches an expression; all for an empty one.
fn selected(mut files: Vec<Candidate>, expression: &str) -> CliResult<Vec<Candidate>> {
    let expression =
        Regex::new(expression).map_err(|_| CliError::new(format!("--run {expression:?} is no regular expression")))?;
    files.retain(|file| expression.is_match(&file.path.to_string_lossy()));
    Ok(files)
}

fn jobs(matches: &ArgMatches) -> CliResult<usize> {
    match matches.int("jobs").unwrap_or(0) {
        0 => Ok(std::thread::available_parallelism().map_or(1, usize::from)),
        jobs => usize::try_from(jobs).map_err(|_| CliError::new("--jobs must not be negative")),
    }
}

/// Parses `--seed`: one for all transcripts, or the futures in which they are run.
fn seeds(text: &str) -> CliResult<(Option<u64>, Option<RangeInclusive<u64>>)> {
    if text.is_empty() {
        return Ok((None, None));
    }
    match (text.parse(), transcript::parse_seeds(text)) {
        (Ok(seed), _) => Ok((Some(seed), None)),
        (_, Some(range)) => Ok((None, Some(range))),
        _ => Err(CliError::new(format!("--seed {text:?} is neither a number nor a range such as 1..1000"))),
    }
}

fn options(matches: &ArgMatches) -> Options {
    let timeout = matches.duration("timeout").map_or(std::time::Duration::from_secs(TIMEOUT_SECONDS), |d| d.to_std());
    Options {
        shell: shell(),
        like_cluster: matches.flag("like-cluster"),
        timeout: if timeout.is_zero() { std::time::Duration::from_secs(u32::MAX.into()) } else { timeout },
    }
}

/// The program that transcripts call.
fn this_program() -> CliResult<PathBuf> {
    std::env::current_exe().map_err(|e| CliError::io("find this program", e))
}

fn shell() -> OsString {
    std::env::var_os(SHELL).filter(|shell| !shell.is_empty()).unwrap_or_else(|| "sh".into())
}

/// Colours are for terminals whose user has not refused them (<https://no-color.org>).
fn colours() -> Colours {
    let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    if std::io::stdout().is_terminal() && !refused { Colours::On } else { Colours::Off }
}

fn shows_progress(request: &Request) -> bool {
    request.runs() > 1 && std::io::stderr().is_terminal()
}

/// Prints reports and, on a terminal, the progress.
struct Printer {
    is_verbose: bool,
    shows_progress: bool,
}

impl Printer {
    fn print(&self, ctx: &mut Ctx, report: &Report) -> CliResult<()> {
        self.end_progress();
        if self.is_verbose {
            let verdict = match report.verdict {
                Verdict::Agrees => "agrees",
                Verdict::Differs => "differs",
                Verdict::Updated => "updated",
                Verdict::Broken => "broken",
            };
            ctx.print_line(format!("{verdict:<8}{} ({})", report.name, count(report.steps, "step")));
        }
        ctx.out.push_str(&report.diff);
        report.messages.iter().for_each(|message| ctx.print_error(message));
        ctx.flush()
    }

    fn progress(&self, done: usize, all: usize) {
        if self.shows_progress {
            write_progress(&format!("\r\x1b[K{done}/{all}"));
        }
    }

    /// Removes the line of progress.
    fn end_progress(&self) {
        if self.shows_progress {
            write_progress("\r\x1b[K");
        }
    }
}

fn write_progress(text: &str) {
    // There is nowhere to report that progress cannot be shown.
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}

/// The numbers of all reports.
#[derive(Default)]
struct Summary {
    transcripts: usize,
    steps: usize,
    differ: usize,
    updated: usize,
    broken: usize,
    suites: Vec<transcript::Suite>,
}

impl Summary {
    fn add(&mut self, report: Report) {
        self.transcripts += 1;
        self.steps += report.steps;
        match report.verdict {
            Verdict::Agrees => {}
            Verdict::Differs => self.differ += 1,
            Verdict::Updated => self.updated += 1,
            Verdict::Broken => self.broken += 1,
        }
        self.suites.push(report.suite);
    }

    fn text(&self) -> String {
        let agree = self.transcripts - self.differ - self.updated - self.broken;
        let differ = if self.differ == 1 { "differs" } else { "differ" };
        let parts = [(agree, "agree"), (self.differ, differ), (self.updated, "updated"), (self.broken, "broken")];
        let parts = parts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}"));
        let verdict = match agree == self.transcripts {
            true if agree > 0 => "all agree".into(),
            true => "nothing to run".into(),
            false => parts.collect::<Vec<_>>().join(", "),
        };
        format!("{}, {}: {verdict}", count(self.transcripts, "transcript"), count(self.steps, "step"))
    }

    fn exit_code(&self) -> i32 {
        match (self.broken, self.differ) {
            (0, 0) => 0,
            (0, _) => 1,
            _ => BROKEN,
        }
    }
}

/// A number of things.
fn count(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}
