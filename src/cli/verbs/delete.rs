//! `delete`: objects by name, file, selector or all of a type; then waits until they are gone.

use clap::{ArgMatches, Command};

use crate::args::groups::{self, DryRun};
use crate::args::{self, Matches};
use crate::resolve::{Item, Selection, resolve};
use crate::{CliError, CliResult, Ctx, Verb, gone};
use kctl_base::object::ObjectMeta;
use kctl_base::sim::Duration;
use kctl_cluster::Propagation;
use kctl_cluster::client::DeleteParams;

/// The verb.
pub(super) const VERB: Verb =
    Verb { name: "delete", aliases: &[], about: "Delete objects", args: flags, run, family: &[] };

fn flags(command: Command) -> Command {
    let command = groups::files(groups::words(command));
    let command = groups::all_namespaces(groups::fields(groups::labels(groups::all(command))));
    deletion(groups::dry_run(command))
        .arg(args::switch("ignore-not-found", "a missing object is no error"))
        .arg(args::switch("now", "give the objects one second"))
        .arg(args::text("output", "name: print only names").short('o'))
        .arg(args::switch("interactive", "ask before anything is deleted").short('i'))
        .arg(args::text("raw", "refused: there is no HTTP server to send to"))
}

/// The flags that say how objects are deleted; `replace --force` and `apply --force` have them too.
pub(super) fn deletion(command: Command) -> Command {
    command
        .arg(args::optional("cascade", "background", "what becomes of dependents: background, foreground, orphan"))
        .arg(args::switch("force", "do not wait for the end of what runs"))
        .arg(args::number("grace-period", "seconds to end in; negative is the object's own"))
        .arg(args::duration("timeout", "how long to wait at most; 0 is for ever"))
        .arg(args::switch("wait", "wait until the objects are gone (default)"))
}

/// How objects are deleted.
pub(super) struct Deletion {
    /// What becomes of dependents.
    pub(super) cascade: Propagation,
    /// Seconds to end in, unless the object says.
    pub(super) grace: Option<i64>,
    /// How long to wait; none is for ever.
    pub(super) timeout: Option<Duration>,
    /// Whether to wait at all.
    pub(super) wait: bool,
}

impl Deletion {
    /// Reads the flags of [`deletion`].
    pub(super) fn read(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<Deletion> {
        let cascade = cascade(ctx, matches.given("cascade").unwrap_or("background"))?;
        let force = matches.on("force");
        let mut grace = matches.int("grace-period").unwrap_or(-1);
        if matches.on("now") {
            if grace != -1 {
                return Err(CliError::text("--now and --grace-period cannot be specified together"));
            }
            grace = 1;
        }
        if force && grace > 0 {
            return Err(CliError::text("--force and --grace-period greater than 0 cannot be specified together"));
        }
        grace = match (grace, force) {
            // Without --force nothing is taken away under a running container.
            (0, false) => 1,
            (g, true) if g < 0 => 0,
            (g, _) => g,
        };
        Ok(Deletion {
            cascade,
            grace: (grace >= 0).then_some(grace),
            timeout: matches.span("timeout").filter(|t| *t > Duration::ZERO),
            wait: matches.on_or("wait", true),
        })
    }
}

fn cascade(ctx: &mut Ctx, word: &str) -> CliResult<Propagation> {
    let deprecated = |ctx: &mut Ctx, new: &str| {
        ctx.complain(format!(
            "warning: --cascade={word} is deprecated (boolean value) and can be replaced with --cascade={new}."
        ));
    };
    match word {
        "background" => Ok(Propagation::Background),
        "foreground" => Ok(Propagation::Foreground),
        "orphan" => Ok(Propagation::Orphan),
        "true" => {
            deprecated(ctx, "background");
            Ok(Propagation::Background)
        }
        "false" => {
            deprecated(ctx, "orphan");
            Ok(Propagation::Orphan)
        }
        _ => Err(CliError::text(format!(
            "invalid cascade value ({word}). Must be \"background\", \"foreground\", or \"orphan\""
        ))),
    }
}

fn run(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<()> {
    let selection = Selection { all_is_strict: true, ..Selection::from_matches(ctx, matches) };
    if matches.given("raw").is_some() {
        return Err(CliError::text("--raw is not supported: there is no HTTP server to send to"));
    }
    let deletion = Deletion::read(ctx, matches)?;
    let output = matches.value("output");
    if !output.is_empty() && output != "name" {
        return Err(CliError::text(format!("unexpected -o output mode: {output}. We only support '-o name'")));
    }
    if selection.all && !(selection.labels.is_empty() && selection.fields.is_empty()) {
        return Err(CliError::text("setting 'all' parameter but found a non empty selector. "));
    }
    let dry_run = DryRun::read(ctx, matches)?;
    if matches.on("force") && deletion.grace == Some(0) {
        ctx.complain("Warning: Immediate deletion does not wait for confirmation that the running resource has been terminated. The resource may continue to run on the cluster indefinitely.");
    }
    let ignore_missing = matches.on_or("ignore-not-found", selection.has_selector());
    let resolved = resolve(ctx, &selection)?;
    if matches.on("interactive") && !resolved.items.is_empty() && !confirmed(ctx, &resolved.items)? {
        return Ok(());
    }
    let mut errors = resolved.errors;
    let mut deleted: Vec<(Item, String)> = Vec::new();
    let mut warn_scope = selection.enforce_namespace;
    for item in &resolved.items {
        if warn_scope && !item.kind.names().namespaced {
            ctx.warn("deleting cluster-scoped resources, not scoped to the provided namespace");
            warn_scope = false;
        }
        if dry_run.is_client() {
            report(ctx, item, &deletion, output, dry_run);
            continue;
        }
        match delete(ctx, item, &deletion, dry_run) {
            Ok(uid) => {
                report(ctx, item, &deletion, output, dry_run);
                deleted.push((item.clone(), uid));
            }
            Err(error) if ignore_missing && error.is_not_found() => {}
            Err(error) => errors.push(item.error("deleting", error)),
        }
    }
    if resolved.items.is_empty() && errors.is_empty() {
        ctx.say("No resources found");
    }
    CliError::all(errors)?;
    if deletion.wait && dry_run == DryRun::None {
        gone::wait(ctx, &deleted, deletion.timeout)?;
    }
    Ok(())
}

/// Deletes one object and answers its uid.
pub(super) fn delete(ctx: &mut Ctx, item: &Item, deletion: &Deletion, dry_run: DryRun) -> CliResult<String> {
    let params = DeleteParams {
        propagation: Some(deletion.cascade),
        grace: deletion.grace,
        dry_run: dry_run.is_server(),
        ..DeleteParams::default()
    };
    Ok(ctx.api(|client| client.delete(&item.path(), &params))?.uid().to_string())
}

/// Says that an object was deleted.
pub(super) fn report(ctx: &mut Ctx, item: &Item, deletion: &Deletion, output: &str, dry_run: DryRun) {
    if output == "name" {
        ctx.say(item.label());
        return;
    }
    let kind = item.kind.names().singular_group();
    let done = if deletion.grace == Some(0) { "force deleted" } else { "deleted" };
    let from = match item.namespace.is_empty() {
        true => String::new(),
        false => format!(" from {} namespace", item.namespace),
    };
    ctx.say(format!("{kind} \"{}\" {done}{from}{}", item.name, dry_run.suffix()));
}

/// Asks on standard output, reads the answer from standard input.
fn confirmed(ctx: &mut Ctx, items: &[Item]) -> CliResult<bool> {
    ctx.say("You are about to delete the following resource(s):");
    for item in items {
        ctx.say(item.label());
    }
    ctx.out.push_str("Do you want to continue? (y/N): ");
    ctx.flush()?;
    let answer = ctx.stdin()?;
    let yes = matches!(String::from_utf8_lossy(&answer).trim(), "y" | "Y" | "yes");
    if !yes {
        ctx.say("deletion is cancelled");
    }
    Ok(yes)
}
