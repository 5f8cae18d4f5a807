//! `delete`: deletes objects and waits until they are gone.
//!
//! Upstream: `kubectl/pkg/cmd/delete/delete.go` and `delete_flags.go`.

use clap::{ArgMatches, Command};

use super::raw;
use crate::args::groups;
use crate::args::{self, ArgProperties, Matches, SharedFlags};
use crate::dry_run::DryRun;
use crate::resolve::{Item, Selection, resolve};
use crate::{CliError, CliResult, Ctx, Verb, wait_deleted};
use kctl_base::object::ObjectMeta;
use kctl_base::sim::Duration;
use kctl_cluster::Propagation;
use kctl_cluster::client::DeleteParams;
use kctl_cluster::client::rest::Method;

/// The `delete` verb.
pub(super) const VERB: Verb = Verb {
    name: "delete",
    aliases: &[],
    about: "Delete resources by file names, stdin, resources and names, or by resources and label selector",
    long: "Delete objects by file name, from standard input, by type and name, or by type and label selector.

 The manifests are in JSON or YAML. Only one kind of argument can be used: file names, types and names, or types \
    and a label selector.

 Pods and some other objects end gracefully: they have a grace period, which --grace-period changes, before they \
    are removed. With --force and a grace period of 0 the object is removed at once, without waiting for its \
    containers.

 The command does not check resource versions: a change that somebody else makes at the same time is lost \
    together with the object.",
    examples: &[
        ("Delete the objects of a manifest", "delete -f pod.yaml"),
        ("Delete the objects of a kustomization", "delete -k overlays/production"),
        ("Delete pods and services by name", "delete pod,service web shop"),
        ("Delete pods and services by label", "delete pods,services -l app=web"),
        ("Delete a pod with the least delay", "delete pod web-0 --now"),
        ("Delete a pod without waiting for its containers", "delete pod web-0 --force"),
        ("Delete all pods of the namespace", "delete pods --all"),
    ],
    usage: "([-f FILENAME] | [-k DIRECTORY] | TYPE [(NAME | -l label | --all)])",
    flags,
    run,
    family: &[],
};

fn flags(command: Command) -> Command {
    let command = groups::files(groups::args(command));
    let command = groups::all_namespaces(groups::fields(groups::labels(groups::all(command))));
    deletion(groups::dry_run(command), "true")
        .arg(args::switch(
            "ignore-not-found",
            "Treat \"not found\" as a successful deletion. Defaults to true with --all or a selector.",
        ))
        .arg(args::switch("now", "Give the objects one second to end, like --grace-period=1."))
        .arg(args::text("output", "Output format. One of: (name).").short('o'))
        .arg(args::switch("interactive", "Ask before anything is deleted.").short('i'))
        .arg(raw::flag("Path of the API to delete."))
}

/// Adds the flags about the manner of deletion, which other verbs that delete have, too. The help shows `wait` as the default of
/// `--wait`.
pub(super) fn deletion(command: Command, wait: &'static str) -> Command {
    command
        .arg(args::optional("cascade", "background", "Deletion of dependents, such as the pods of a replica set. One of: (background, foreground, orphan).").help_default("'background'"))
        .arg(args::switch("force", "Remove objects without waiting until they have ended."))
        .arg(args::number("grace-period", "Seconds that an object has to end. A negative value is ignored, 1 is an immediate shutdown, and 0 requires --force.").help_default("-1"))
        .arg(args::duration("timeout", "Time to wait for the end of the deletion; zero waits without limit."))
        .arg(args::switch("wait", "Wait until the objects are gone.").help_default(wait))
}

/// The manner of a deletion.
pub(super) struct Deletion {
    /// The deletion of dependents.
    pub(super) cascade: Propagation,
    /// The grace period in seconds; `None` for that of the object.
    pub(super) grace: Option<i64>,
    /// The time to wait; `None` is without limit.
    pub(super) timeout: Option<Duration>,
    /// True to wait until the objects are gone.
    pub(super) wait: bool,
}

impl Deletion {
    /// Reads the flags of [`deletion`].
    pub(super) fn read(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<Deletion> {
        let cascade = cascade(ctx, matches.value_of("cascade").unwrap_or("background"))?;
        let force = matches.flag("force");
        let mut grace = matches.int("grace-period").unwrap_or(-1);
        if SharedFlags(matches).flag("now") {
            if grace != -1 {
                return Err(CliError::new("--now and --grace-period cannot be specified together"));
            }
            grace = 1;
        }
        grace = match (grace, force) {
            // Without --force a grace period of 0 becomes 1, as in kubectl.
            (0, false) => 1,
            (g, true) if g < 0 => 0,
            (g, _) => g,
        };
        Ok(Deletion {
            cascade,
            grace: (grace >= 0).then_some(grace),
            timeout: matches.duration("timeout").filter(|t| *t > Duration::ZERO),
            wait: matches.flag_or("wait", true),
        })
    }
}

fn cascade(ctx: &mut Ctx, word: &str) -> CliResult<Propagation> {
    let deprecated = |ctx: &mut Ctx, new: &str| {
        ctx.print_error(format!(
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
        _ => Err(CliError::new(format!(
            "invalid cascade value ({word}). Must be \"background\", \"foreground\", or \"orphan\""
        ))),
    }
}

fn run(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<()> {
    let selection = Selection { all_is_strict: true, ..Selection::from_matches(ctx, matches) };
    let deletion = Deletion::read(ctx, matches)?;
    // `apply` and `replace` allow both.
    if matches.flag("force") && deletion.grace.is_some_and(|grace| grace > 0) {
        return Err(CliError::new("--force and --grace-period greater than 0 cannot be specified together"));
    }
    if raw::run(ctx, matches, Method::Delete)? {
        return Ok(());
    }
    let output = matches.string("output");
    if !output.is_empty() && output != "name" {
        return Err(CliError::new(format!("unexpected -o output mode: {output}. We only support '-o name'")));
    }
    if selection.all && !(selection.labels.is_empty() && selection.fields.is_empty()) {
        return Err(CliError::new("setting 'all' parameter but found a non empty selector. "));
    }
    let dry_run = DryRun::read(ctx, matches)?;
    if matches.flag("force") && deletion.grace == Some(0) {
        ctx.print_error("Warning: Immediate deletion does not wait for confirmation that the running resource has been terminated. The resource may continue to run on the cluster indefinitely.");
    }
    let ignore_missing = matches.flag_or("ignore-not-found", selection.has_selector());
    let resolved = resolve(ctx, &selection)?;
    if matches.flag("interactive") && !resolved.items.is_empty() && !confirmed(ctx, &resolved.items)? {
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
        if item.name.is_empty() {
            errors.push(item.unnamed("deleting"));
            continue;
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
        ctx.print_line("No resources found");
    }
    CliError::all(errors)?;
    if deletion.wait && dry_run == DryRun::None {
        wait_deleted::wait(ctx, &deleted, deletion.timeout)?;
    }
    Ok(())
}

/// Deletes one object and returns its UID.
pub(super) fn delete(ctx: &mut Ctx, item: &Item, deletion: &Deletion, dry_run: DryRun) -> CliResult<String> {
    let params = DeleteParams {
        propagation: Some(deletion.cascade),
        grace: deletion.grace,
        dry_run: dry_run.is_server(),
        ..DeleteParams::default()
    };
    Ok(ctx.api(|client| client.delete(&item.path(), &params))?.uid().to_string())
}

/// Reports that an object was deleted.
pub(super) fn report(ctx: &mut Ctx, item: &Item, deletion: &Deletion, output: &str, dry_run: DryRun) {
    if output == "name" {
        ctx.print_line(item.label());
        return;
    }
    let kind = item.kind_group();
    let done = if deletion.grace == Some(0) { "force deleted" } else { "deleted" };
    let from = match item.namespace.is_empty() {
        true => String::new(),
        false => format!(" from {} namespace", item.namespace),
    };
    ctx.print_line(format!("{kind} \"{}\" {done}{from}{}", item.name, dry_run.suffix()));
}

/// Asks on standard output and reads the answer from standard input.
fn confirmed(ctx: &mut Ctx, items: &[Item]) -> CliResult<bool> {
    ctx.print_line("You are about to delete the following resource(s):");
    for item in items {
        ctx.print_line(item.label());
    }
    ctx.out.push_str("Do you want to continue? (y/N): ");
    ctx.flush()?;
    let answer = ctx.read_stdin()?;
    let yes = matches!(String::from_utf8_lossy(&answer).trim(), "y" | "Y" | "yes");
    if !yes {
        ctx.print_line("deletion is cancelled");
    }
    Ok(yes)
}
