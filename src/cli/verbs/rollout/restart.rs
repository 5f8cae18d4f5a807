//! `rollout restart`, `rollout pause` and `rollout resume`, which change a single field each.
//!
//! Upstream: `kubectl/pkg/polymorphichelpers/objectrestarter.go` and its siblings.

use clap::{ArgMatches, Command};

use super::super::targets;
use super::common;
use crate::args::groups;
use crate::dry_run::DryRun;
use crate::output::Output;
use crate::{CliError, CliResult, Ctx, Verb};
use kctl_base::field::quote;
use kctl_base::json::Value;
use kctl_base::object::{ObjectMeta, ValueRead, ValueWrite};
use kctl_base::sim::Time;

/// The `rollout pause` verb.
pub(super) const PAUSE: Verb = Verb {
    name: "pause",
    aliases: &[],
    about: "Mark the provided resource as paused",
    long: "Mark a workload as paused.

 A paused workload is not reconciled until 'rollout resume' continues it. Only deployments can be paused.",
    examples: &[(
        "Pause a deployment; its pods keep running, and changes of its template have no effect",
        "rollout pause deployment/web",
    )],
    usage: "RESOURCE",
    flags,
    run: |ctx, matches| run(ctx, matches, &FieldEdit { done: "paused", edit: pause }),
    family: &[],
};

/// The `rollout resume` verb.
pub(super) const RESUME: Verb = Verb {
    name: "resume",
    aliases: &[],
    about: "Resume a paused resource",
    long: "Resume a paused workload.

 Changes that were made while it was paused are rolled out together. Only deployments can be resumed.",
    examples: &[("Resume a paused deployment", "rollout resume deployment/web")],
    usage: "RESOURCE",
    flags,
    run: |ctx, matches| run(ctx, matches, &FieldEdit { done: "resumed", edit: resume }),
    family: &[],
};

/// The `rollout restart` verb.
pub(super) const RESTART: Verb = Verb {
    name: "restart",
    aliases: &[],
    about: "Restart a resource",
    long: "Restart a workload.

 Its pods are replaced as in a rollout, by an annotation in the pod template.",
    examples: &[
        ("Restart all deployments of a namespace", "rollout restart deployment -n test"),
        ("Restart a deployment", "rollout restart deployment/web"),
        ("Restart a daemon set", "rollout restart daemonset/agent"),
        ("Restart deployments by label", "rollout restart deployment --selector=app=nginx"),
    ],
    usage: "RESOURCE",
    flags,
    run: |ctx, matches| run(ctx, matches, &FieldEdit { done: "restarted", edit: restart }),
    family: &[],
};

/// The differences of the three verbs.
struct FieldEdit {
    done: &'static str,
    /// Changes the object, or returns the reason why it cannot.
    edit: fn(&mut Value, Time) -> Result<(), &'static str>,
}

fn flags(command: Command) -> Command {
    groups::field_manager(groups::output(common::flags(command)), "kubectl-rollout")
}

fn run(ctx: &mut Ctx, matches: &ArgMatches, touch: &FieldEdit) -> CliResult<()> {
    let mut output = Output::of_typed_report(matches)?;
    let manager = groups::read_manager(matches, "kubectl-rollout");
    let (targets, mut errors) = common::targets(ctx, matches)?;
    if targets.is_empty() && errors.is_empty() {
        common::nothing_found(ctx);
    }
    let now = ctx.now()?;
    for target in &targets {
        let (item, name) = (&target.item, &target.item.name);
        let mut new = target.object.clone();
        if let Err(why) = (touch.edit)(&mut new, now) {
            errors.push(CliError::prefixed(format!("{} {} {why}", item.resource(), quote(name))));
            continue;
        }
        if new == target.object {
            errors.push(CliError::new(format!("failed to create patch for {name}: if restart has already been triggered within the past second, please wait before attempting to trigger another")));
            continue;
        }
        let sent = targets::send(ctx, item, (&target.object, &new), &item.write_params(&manager));
        let result = sent
            .map_err(|error| match error {
                CliError::Status(status) => CliError::new(format!("failed to patch: {}", status.message)),
                other => other,
            })
            .and_then(|object| output.report(ctx, &object, &item.label(), touch.done, DryRun::None));
        errors.extend(result.err());
    }
    CliError::all(errors)
}

fn pause(object: &mut Value, _: Time) -> Result<(), &'static str> {
    match (object.kind(), object.flag("/spec/paused")) {
        ("Deployment", false) => object.put("/spec/paused", true),
        ("Deployment", true) => return Err("is already paused"),
        _ => return Err("pausing is not supported"),
    }
    Ok(())
}

fn resume(object: &mut Value, _: Time) -> Result<(), &'static str> {
    match (object.kind(), object.flag("/spec/paused")) {
        ("Deployment", true) => drop(object.remove_at("/spec/paused")),
        ("Deployment", false) => return Err("is not paused"),
        _ => return Err("resuming is not supported"),
    }
    Ok(())
}

fn restart(object: &mut Value, now: Time) -> Result<(), &'static str> {
    match object.kind() {
        "Deployment" if object.flag("/spec/paused") => {
            return Err("can't restart paused deployment (run rollout resume first)");
        }
        "Deployment" | "DaemonSet" | "StatefulSet" => {}
        _ => return Err("restarting is not supported"),
    }
    object
        .map_mut("/spec/template/metadata/annotations")
        .insert("kubectl.kubernetes.io/restartedAt", now.rfc3339().into());
    Ok(())
}
