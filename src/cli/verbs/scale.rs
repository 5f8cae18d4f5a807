//! `scale`: sets the number of replicas through the scale subresource.
//!
//! Upstream: `kubectl/pkg/cmd/scale/scale.go` and `kubectl/pkg/scale/scale.go`.

use clap::{ArgMatches, Command};

use super::targets::{self, EditTarget, Source};
use crate::args::groups;
use crate::args::{self, ArgProperties, Matches};
use crate::dry_run::DryRun;
use crate::output::Output;
use crate::resolve::{Item, Selection, resolve};
use crate::{CliError, CliResult, Ctx, Verb, record};
use kctl_base::json::{Value, json};
use kctl_base::object::{ObjectMeta, ValueRead, ValueWrite};
use kctl_base::sim::Duration;
use kctl_cluster::client::{Patch, ResourcePath, WriteParams};
use kctl_cluster::{PatchType, WaitFor};

/// The `scale` verb.
pub(super) const VERB: Verb = Verb {
    name: "scale",
    aliases: &[],
    about: "Set a new size for a deployment, replica set, or replication controller",
    long: "Set a new size for a deployment, replica set, replication controller or stateful set.

 With --current-replicas or --resource-version the size is changed only if the workload still has that size or \
    version.",
    examples: &[
        ("Scale a replica set to 3", "scale --replicas=3 rs/web"),
        ("Scale the workload that a manifest names", "scale --replicas=3 -f deploy.yaml"),
        ("Scale a deployment from 2 to 3", "scale --current-replicas=2 --replicas=3 deployment/web"),
        ("Scale several workloads", "scale --replicas=5 rc/one rc/two"),
        ("Scale a stateful set", "scale --replicas=3 statefulset/web"),
    ],
    usage: "[--resource-version=version] [--current-replicas=count] --replicas=COUNT (-f FILENAME | TYPE NAME)",
    flags,
    run,
    family: &[],
};

fn flags(command: Command) -> Command {
    let command = groups::files(groups::output(groups::args(command)));
    groups::record(groups::dry_run(groups::all(groups::labels(command))))
        .arg(args::number("replicas", "New number of replicas. Required."))
        .arg(
            args::number("current-replicas", "Change the size only if this is the current number of replicas.")
                .help_default("-1"),
        )
        .arg(args::text("resource-version", "Change the size only if the object has this resource version."))
        .arg(args::duration("timeout", "Time to wait until the workload has its new size; zero does not wait."))
}

/// The conditions under which an object is scaled.
struct Precondition {
    replicas: Option<i64>,
    version: String,
}

fn run(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<()> {
    let cause = record::change_cause(ctx, matches);
    let Some(replicas) = matches.int("replicas") else {
        return Err(CliError::new("required flag(s) \"replicas\" not set"));
    };
    if replicas < 0 {
        let text = "The --replicas=COUNT flag is required, and COUNT must be greater than or equal to 0";
        return Err(CliError::new(text));
    }
    let current = matches.int("current-replicas").unwrap_or(-1);
    if current < -1 {
        return Err(CliError::new("The --current-replicas must specify an integer of -1 or greater"));
    }
    let before = Precondition {
        replicas: Some(current).filter(|c| *c >= 0),
        version: matches.string("resource-version").into(),
    };
    let dry_run = DryRun::read(ctx, matches)?;
    let mut output = Output::of_report(matches)?;
    let resolved = resolve(ctx, &Selection::from_matches(ctx, matches))?;
    let (targets, errors) = targets::load(ctx, resolved, Source::Files);
    if targets.len() > 1 && !before.version.is_empty() {
        return Err(CliError::new("cannot use --resource-version with multiple resources"));
    }
    if targets.is_empty() && errors.is_empty() {
        return Err(CliError::new("no objects passed to scale"));
    }
    let timeout = matches.duration("timeout").filter(|t| *t != Duration::ZERO && dry_run == DryRun::None);
    for EditTarget { item, object } in targets {
        let mut object = object;
        if !dry_run.is_client() {
            scale(ctx, &item, replicas, &before, dry_run)?;
            if let Some(timeout) = timeout {
                wait(ctx, &item, replicas, timeout)?;
            }
            if let Some(cause) = &cause {
                let patch = json!({"metadata": {"annotations": {(record::CHANGE_CAUSE): cause}}});
                // As in kubectl, the object stays scaled if the cause cannot be recorded.
                let _ = targets::send_patch(ctx, &item, PatchType::Merge, patch, &WriteParams::default());
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

/// Sets the number of replicas. Reads the scale first only if there is a precondition.
fn scale(ctx: &mut Ctx, item: &Item, replicas: i64, before: &Precondition, dry_run: DryRun) -> CliResult<()> {
    let params = WriteParams::default().dry_run(dry_run.is_server());
    if before.replicas.is_none() && before.version.is_empty() {
        let patch = Patch::Value(PatchType::Merge, json!({"spec": {"replicas": replicas}}));
        return ctx.api(|client| client.patch(&path(item), patch, &params)).map(drop);
    }
    let mut scale: Value = (*ctx.api(|client| client.get(&path(item)))?).clone();
    let found = scale.int("/spec/replicas").unwrap_or(0);
    if let Some(expected) = before.replicas.filter(|e| *e != found) {
        return Err(CliError::new(format!("Expected replicas to be {expected}, was {found}")));
    }
    if !before.version.is_empty() && before.version != scale.resource_version() {
        let (expected, found) = (&before.version, scale.resource_version());
        return Err(CliError::new(format!("Expected resource version to be {expected}, was {found}")));
    }
    scale.put("/spec/replicas", replicas);
    ctx.api(|client| client.update(&path(item), scale, &params)).map(drop)
}

/// Waits until the object has the new number of replicas.
fn wait(ctx: &mut Ctx, item: &Item, replicas: i64, timeout: Duration) -> CliResult<()> {
    let end = targets::deadline(ctx, timeout)?;
    let done = ctx.wait_until(end, WaitFor::Work, |ctx| {
        let scale = ctx.api(|client| client.get(&path(item)))?;
        let same =
            scale.int("/spec/replicas").unwrap_or(0) == replicas && scale.int("/status/replicas") == Some(replicas);
        Ok(same.then_some(()))
    })?;
    done.ok_or_else(|| {
        CliError::new(format!("timed out waiting for {} to be synced", kctl_base::field::quote(&item.name)))
    })
}
