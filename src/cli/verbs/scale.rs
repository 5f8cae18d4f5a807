//! `scale`: sets the number of replicas through the scale subresource.

use clap::{ArgMatches, Command};

use super::change::{self, From, Subject};
use crate::args::groups::{self, DryRun};
use crate::args::{self, Matches};
use crate::output::Output;
use crate::resolve::{Item, Selection, resolve};
use crate::{CliError, CliResult, Ctx, Verb, record};
use kctl_base::json::{Value, json};
use kctl_base::object::{ObjectMeta, ValueRead, ValueWrite};
use kctl_base::sim::Duration;
use kctl_cluster::client::{Patch, ResourcePath};
use kctl_cluster::{PatchType, WaitFor};

/// The verb.
pub(super) const VERB: Verb = Verb {
    name: "scale",
    aliases: &[],
    about: "Set a new size for a deployment, replica set, or replication controller",
    args: flags,
    run,
    family: &[],
};

/// Under which name kubectl's scale client owns what it writes.
const MANAGER: &str = "kubectl";

fn flags(command: Command) -> Command {
    let command = groups::files(groups::output(groups::words(command)));
    groups::record(groups::dry_run(groups::all(groups::labels(command))))
        .arg(args::number("replicas", "the new number of replicas; required"))
        .arg(args::number("current-replicas", "only if there are this many now"))
        .arg(args::text("resource-version", "only if the object is at this version"))
        .arg(args::duration("timeout", "wait until all replicas are there, at most this long; 0 does not wait"))
}

/// What must hold before an object is scaled.
struct Precondition {
    replicas: Option<i64>,
    version: String,
}

fn run(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<()> {
    let cause = record::change_cause(ctx, matches);
    let Some(replicas) = matches.int("replicas") else {
        return Err(CliError::text("required flag(s) \"replicas\" not set"));
    };
    if replicas < 0 {
        let text = "The --replicas=COUNT flag is required, and COUNT must be greater than or equal to 0";
        return Err(CliError::text(text));
    }
    let current = matches.int("current-replicas").unwrap_or(-1);
    if current < -1 {
        return Err(CliError::text("The --current-replicas must specify an integer of -1 or greater"));
    }
    let before =
        Precondition { replicas: Some(current).filter(|c| *c >= 0), version: matches.value("resource-version").into() };
    let dry_run = DryRun::read(ctx, matches)?;
    let mut output = Output::of_report(matches)?;
    let resolved = resolve(ctx, &Selection::from_matches(ctx, matches))?;
    let (subjects, errors) = change::subjects(ctx, resolved, From::Files);
    if subjects.len() > 1 && !before.version.is_empty() {
        return Err(CliError::text("cannot use --resource-version with multiple resources"));
    }
    if subjects.is_empty() && errors.is_empty() {
        return Err(CliError::text("no objects passed to scale"));
    }
    let timeout = matches.span("timeout").filter(|t| *t != Duration::ZERO && dry_run == DryRun::None);
    for Subject { item, object } in subjects {
        let mut object = object;
        if !dry_run.is_client() {
            scale(ctx, &item, replicas, &before, dry_run)?;
            if let Some(timeout) = timeout {
                wait(ctx, &item, replicas, timeout)?;
            }
            if let Some(cause) = &cause {
                let patch = json!({"metadata": {"annotations": {(record::CHANGE_CAUSE): cause}}});
                // As in kubectl, what was scaled stays scaled when the cause can not be noted.
                let _ = change::send_patch(ctx, &item, PatchType::Merge, patch, MANAGER, dry_run);
            }
            object.put("/spec/replicas", replicas);
        }
        output.report(ctx, &object, &item.label(), "scaled", dry_run)?;
    }
    CliError::all(errors)
}

fn path(item: &Item) -> ResourcePath {
    item.path().subresource("scale")
}

/// Writes the number; reads it first only when something is to be compared.
fn scale(ctx: &mut Ctx, item: &Item, replicas: i64, before: &Precondition, dry_run: DryRun) -> CliResult<()> {
    let params = item.write_params(MANAGER).dry_run(dry_run.is_server());
    if before.replicas.is_none() && before.version.is_empty() {
        let patch = Patch::Value(PatchType::Merge, json!({"spec": {"replicas": replicas}}));
        return ctx.api(|client| client.patch(&path(item), patch, &params)).map(drop);
    }
    let mut scale: Value = (*ctx.api(|client| client.get(&path(item)))?).clone();
    let found = scale.int("/spec/replicas").unwrap_or(0);
    if let Some(expected) = before.replicas.filter(|e| *e != found) {
        return Err(CliError::text(format!("Expected replicas to be {expected}, was {found}")));
    }
    if !before.version.is_empty() && before.version != scale.resource_version() {
        let (expected, found) = (&before.version, scale.resource_version());
        return Err(CliError::text(format!("Expected resource version to be {expected}, was {found}")));
    }
    scale.put("/spec/replicas", replicas);
    ctx.api(|client| client.update(&path(item), scale, &params)).map(drop)
}

/// Waits until there are as many replicas as were asked for.
fn wait(ctx: &mut Ctx, item: &Item, replicas: i64, timeout: Duration) -> CliResult<()> {
    let end = change::deadline(ctx, timeout)?;
    let done = ctx.wait_until(end, WaitFor::Work, |ctx| {
        let scale = ctx.api(|client| client.get(&path(item)))?;
        let same =
            scale.int("/spec/replicas").unwrap_or(0) == replicas && scale.int("/status/replicas") == Some(replicas);
        Ok(same.then_some(()))
    })?;
    done.ok_or_else(|| {
        CliError::text(format!("timed out waiting for {} to be synced", kctl_base::field::quote(&item.name)))
    })
}
