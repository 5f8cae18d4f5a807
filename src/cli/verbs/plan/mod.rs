//! `plan`: tells what a command would do, by running it in a trial of the cluster of which nothing is kept.

mod admission;
mod diff;
mod document;
mod ending;
mod moment;
mod picture;
mod text;
mod until;

use std::ffi::OsString;

use clap::{Arg, ArgAction, ArgMatches, Command};

use crate::args::{self, ArgProperties, Matches, groups};
use crate::context::nested::{self, Ended};
use crate::printers::structured::{Structure, StructuredPrinter};
use crate::{CliError, CliResult, Ctx, Verb};
use ending::Ending;
use kctl_base::sim::{Duration, Time};
use kctl_base::status::Reason;
use kctl_cluster::chronicle::ObjectRef;
use kctl_cluster::trial::{Report, TrialRecord, Unfinished};
use kctl_cluster::why::{self, Diagnosis, Weight};
use kctl_cluster::{ClusterError, WaitFor, WaitOutcome};
use picture::Place;
use until::Until;

/// The `plan` verb.
pub(super) const VERB: Verb = Verb {
    name: "plan",
    aliases: &[],
    about: "Show what a command would do, and what would follow from it",
    long: "Show what a command would do, and what would follow from it.

 The command runs in a trial: a copy of the cluster in memory of which nothing is kept, in virtual time from the \
    present on, whatever the clock of the cluster is. Then time passes until nothing is left to do. The report has the \
    objects that were created, changed and deleted, the pods that were started and ended and when, the fewest available \
    pods of each workload, what got in the way, and how it ends.

 --until ends the trial earlier: after a time (30s), or when an object meets a condition as 'wait --for' has it, \
    followed by the object ('condition=Available deployment/web'). That nothing has happened for more than half of \
    --timeout counts as stuck, and otherwise what is not done by then as timed out.

 The exit status is 0 if the end is good, 3 if it is not, and 1 if the command fails.",
    examples: &[
        ("What would another image do?", "plan -- set image deployment/web nginx=nginx:1.27"),
        ("What would these manifests do, with all differences?", "plan -f site.yaml --diff"),
        ("What would become of the pods, as a picture?", "plan --picture -- rollout restart deployment/web"),
        ("What would become of the pods if a node failed, in the first ten minutes?", "plan --until=10m -- sim node stop k8s-node2"),
        (
            "How long would it take until a new deployment is available?",
            "plan --until='condition=Available deployment/web' -f site.yaml",
        ),
    ],
    usage: "(-f FILENAME | -k DIRECTORY | -- COMMAND [args...])",
    flags,
    run,
    family: &[],
};

/// The default of `--timeout`.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(3600);

/// The exit code of a plan that does not end well.
const NOT_WELL: i32 = 3;

fn flags(command: Command) -> Command {
    groups::files(command)
        .arg(args::text("output", "Output format. One of: (json, yaml, wide).").short('o'))
        .arg(args::switch("diff", "Show the whole difference of each changed object, as 'diff' does."))
        .arg(args::text(
            "until",
            "End of the trial: a time, or a condition and an object, such as 'condition=Ready pod/web-0'. Defaults to when nothing is left to do.",
        ))
        .arg(
            args::duration("timeout", "Largest amount of virtual time that may pass.").help_default("1h0m0s"),
        )
        .arg(
            args::optional("picture", "-", "Draw how the pods live over time, as 'timeline' does: below the report, or into a file, whose name ends in .svg or .html for these formats.")
                .value_parser(clap::value_parser!(OsString)),
        )
        .arg(
            Arg::new("command-words")
                .action(ArgAction::Append)
                .num_args(0..)
                .last(true)
                .value_parser(clap::value_parser!(OsString))
                .hide(true),
        )
}

/// The format of the report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Text { wide: bool, diff: bool },
    Document(Structure),
}

/// A plan as the command line asks for it.
struct Plan {
    /// The words of the command, without the program.
    words: Vec<OsString>,
    /// The global flags, which the command shares.
    global: Vec<OsString>,
    until: Until,
    /// The most virtual time that passes.
    span: Duration,
    format: Format,
    picture: Place,
}

impl Plan {
    fn read(matches: &ArgMatches) -> CliResult<Plan> {
        let diff = matches.flag("diff");
        let format = match matches.string("output") {
            "" => Format::Text { wide: false, diff },
            "wide" => Format::Text { wide: true, diff: true },
            "json" => Format::Document(Structure::Json),
            "yaml" => Format::Document(Structure::Yaml),
            other => {
                return Err(CliError::new(format!(
                    "unable to match a printer suitable for the output format \"{other}\", allowed formats are: json,wide,yaml"
                )));
            }
        };
        let until = matches.value_of("until").map(Until::parse).transpose()?.unwrap_or(Until::Calm);
        let timeout = matches.duration("timeout").unwrap_or(DEFAULT_TIMEOUT);
        if timeout <= Duration::ZERO {
            return Err(CliError::new("--timeout must be more than 0"));
        }
        let span = match until {
            Until::Time(time) if matches.is_set("timeout") && time > timeout => {
                return Err(CliError::new("--until is later than --timeout"));
            }
            Until::Time(time) => time,
            Until::Calm | Until::Condition(_) => timeout,
        };
        let picture = Place::read(matches);
        if picture == Place::Output && matches!(format, Format::Document(_)) {
            return Err(CliError::new("--picture needs the name of a file beside -o json and -o yaml"));
        }
        let (words, global) = (command_words(matches)?, nested::global_flags(matches));
        Ok(Plan { words, global, until, span, format, picture })
    }

    /// The command line of a nested command.
    fn argv(&self, ctx: &Ctx, words: &[OsString]) -> Vec<OsString> {
        let program = std::iter::once(OsString::from(&ctx.program));
        program.chain(self.global.iter().cloned()).chain(words.iter().cloned()).collect()
    }

    /// The command as a person would type it.
    fn command_line(&self, ctx: &Ctx) -> String {
        let words = self.words.iter().map(|word| quoted(&word.to_string_lossy()));
        std::iter::once(ctx.program.clone()).chain(words).collect::<Vec<_>>().join(" ")
    }
}

/// A word as a shell reads it: in quotes unless it is plain.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "-_=./:,@%+".contains(c);
    match !word.is_empty() && word.chars().all(is_plain) {
        true => word.into(),
        false => format!("'{}'", word.replace('\'', r"'\''")),
    }
}

/// Returns the words of the command that is planned: those after `--`, or `apply` with the files.
fn command_words(matches: &ArgMatches) -> CliResult<Vec<OsString>> {
    let mut words: Vec<OsString> = matches.paths("command-words");
    let mut files: Vec<OsString> = Vec::new();
    for name in matches.paths("filename") {
        files.extend(["-f".into(), name]);
    }
    files.extend(matches.value_of("kustomize").into_iter().flat_map(|directory| ["-k".into(), directory.into()]));
    match (words.is_empty(), files.is_empty()) {
        (true, true) => Err(CliError::new("must specify one of -f and -k, or a command after \"--\"")),
        (false, false) => Err(CliError::new("-f and -k belong to the command after \"--\"")),
        (true, false) => {
            files.insert(0, "apply".into());
            files.extend(matches.flag("recursive").then(|| "-R".into()));
            Ok(files)
        }
        (false, true) => {
            // A command that is pasted begins with the program.
            words.drain(..usize::from(words[0] == "kctl" || words[0] == "kubectl"));
            Ok(words)
        }
    }
}

fn run(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<()> {
    let plan = Plan::read(matches)?;
    ctx.begin_trial(plan.span)?;
    let planned = carry_out(ctx, &plan, matches);
    ctx.end_trial()?;
    print(ctx, &plan, &planned?)
}

/// Carries a plan out in the trial that has begun.
fn carry_out(ctx: &mut Ctx, plan: &Plan, matches: &ArgMatches) -> CliResult<Planned> {
    let deadline = ctx.now()? + plan.span;
    let command = ctx.run_nested(&plan.argv(ctx, &plan.words), &|path, own| admission::admit(path, own, matches))?;
    let is_waiting = command.code != 0 && ctx.now()? >= deadline;
    let is_failed = command.code != 0 && !is_waiting;
    let passed = match is_failed || is_waiting {
        true => Passed::Over,
        false => pass_time(ctx, plan, deadline)?,
    };
    let record = ctx.take_trial_record()?;
    if is_failed && record.changes.is_empty() {
        return Err(CliError::Verbatim(command.err, 1));
    }
    let report = Report::of(&record);
    let ending = if is_failed { Ending::Failed } else { Ending::of(&report, &plan.until, passed, is_waiting) };
    let diagnoses = match ending.is_good() || is_failed {
        true => Vec::new(),
        false => diagnose(ctx, &report)?,
    };
    Ok(Planned { record, report, ending, command, is_waiting, diagnoses })
}

/// Examines what is not as it should be at the end of the trial; `None` for what the user may not read.
fn diagnose(ctx: &mut Ctx, report: &Report) -> CliResult<Vec<Option<Diagnosis>>> {
    let client = ctx.client()?;
    let user = client.user().clone();
    let mut examine = |found: &Unfinished| {
        let ObjectRef { kind, namespace, name, .. } = &found.object;
        let object = why::ObjectName::new(kind, &found.resource, namespace, name);
        match client.transport().diagnose(&user, &object) {
            Ok(diagnosis) => Ok(diagnosis.filter(|diagnosis| diagnosis.weight() > Weight::Remark)),
            Err(status) if status.reason == Reason::Forbidden => Ok(None),
            Err(status) => Err(status.into()),
        }
    };
    report.unfinished.iter().map(&mut examine).collect()
}

/// A plan that has been carried out.
struct Planned {
    record: TrialRecord,
    report: Report,
    ending: Ending,
    command: Ended,
    /// True if the command had not come to its end.
    is_waiting: bool,
    /// What keeps each unfinished object of the report from being as it should be; empty if the end is good.
    diagnoses: Vec<Option<Diagnosis>>,
}

/// Why the time of a trial does not go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Passed {
    /// Nothing is left to do.
    Calm,
    /// The time or the condition of `--until` has been reached.
    Reached,
    /// The time of the trial is over.
    Over,
}

/// Lets time pass until the end of a plan.
fn pass_time(ctx: &mut Ctx, plan: &Plan, deadline: Time) -> CliResult<Passed> {
    if let Until::Condition(condition) = &plan.until {
        return pass_until(ctx, plan, condition, deadline);
    }
    let (limit, wait_for) = match plan.until {
        Until::Time(_) => (Some(deadline), WaitFor::AnyChange),
        Until::Calm | Until::Condition(_) => (None, WaitFor::Work),
    };
    let started = ctx.now()?;
    let mut progress = moment::Progress::new(started);
    loop {
        match ctx.client()?.wait(limit, wait_for) {
            Ok(WaitOutcome::Progress) => {}
            Ok(WaitOutcome::Deadline) => return Ok(Passed::Reached),
            Ok(WaitOutcome::Idle) => return Ok(Passed::Calm),
            Err(ClusterError::TrialOver) => return Ok(Passed::Over),
            Err(error) => return Err(error.into()),
        }
        let now = ctx.now()?;
        if let Some(line) = progress.line(now) {
            ctx.hint_at_once(line);
        }
    }
}

/// Lets time pass until an object meets a condition, with the command that waits for it.
fn pass_until(ctx: &mut Ctx, plan: &Plan, condition: &until::Condition, deadline: Time) -> CliResult<Passed> {
    let words = condition.words(deadline - ctx.now()?);
    let waited = ctx.run_nested(&plan.argv(ctx, &words), &|_, _| Ok(()))?;
    match waited.code {
        0 => Ok(Passed::Reached),
        _ if ctx.now()? >= deadline => Ok(Passed::Over),
        _ => Err(CliError::Verbatim(waited.err, 1)),
    }
}

/// Prints the report and returns the exit code as an error.
fn print(ctx: &mut Ctx, plan: &Plan, planned: &Planned) -> CliResult<()> {
    match plan.format {
        Format::Document(structure) => {
            let document = document::of(plan, ctx, planned);
            StructuredPrinter::new(structure).print(&document, &mut ctx.out);
        }
        Format::Text { wide, diff } => {
            let text = text::Text { wide, diff, namespace: ctx.namespace(), is_verbose: ctx.is_verbose() };
            let lines = text.of(&plan.command_line(ctx), planned)?;
            ctx.out.push_str(&lines);
        }
    }
    picture::draw(ctx, &plan.picture, planned)?;
    match &planned.ending {
        Ending::Failed => Err(CliError::Verbatim(planned.command.err.clone(), 1)),
        ending if ending.is_good() => Ok(()),
        _ => Err(CliError::Exit(NOT_WELL)),
    }
}
