//! `rollout undo`: reverts a workload to an earlier revision.
//!
//! Upstream: `kubectl/pkg/polymorphichelpers/rollback.go`.

use clap::{ArgMatches, Command};

use super::super::targets::{self, EditTarget};
use super::common;
use super::revisions::{self, REVISION, Revision, describe_pod_template};
use crate::args::groups;
use crate::args::{self, Matches};
use crate::dry_run::DryRun;
use crate::last_applied::LAST_APPLIED;
use crate::output::Output;
use crate::{CliError, CliResult, Ctx, Verb};
use kctl_base::field::quote;
use kctl_base::json::{Map, Value, json};
use kctl_base::object::{ObjectMeta, ValueRead, ValueWrite};
use kctl_cluster::PatchType;
use kctl_cluster::client::WriteParams;

/// The `rollout undo` verb.
pub(super) const VERB: Verb = Verb {
    name: "undo",
    aliases: &[],
    about: "Undo a previous rollout",
    long: "Roll a workload back to an earlier revision.",
    examples: &[
        ("Roll back to the previous revision of a deployment", "rollout undo deployment/web"),
        ("Roll back to revision 3 of a daemon set", "rollout undo daemonset/agent --to-revision=3"),
        ("Show what the rollback would result in", "rollout undo --dry-run=server deployment/web"),
    ],
    usage: "(TYPE NAME | TYPE/NAME) [flags]",
    flags,
    run,
    family: &[],
};

/// The label that distinguishes the ReplicaSets of a Deployment.
const HASH: &str = "pod-template-hash";

/// Annotations of the Deployment itself, which do not belong to a revision.
const OWN: &[&str] = &[
    LAST_APPLIED,
    REVISION,
    "deployment.kubernetes.io/revision-history",
    "deployment.kubernetes.io/desired-replicas",
    "deployment.kubernetes.io/max-replicas",
    "deprecated.deployment.rollback.to",
];

fn flags(command: Command) -> Command {
    groups::output(groups::dry_run(common::flags(command)))
        .arg(args::number("to-revision", "Revision to roll back to; 0 is the previous one."))
}

fn run(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<()> {
    let dry_run = DryRun::read(ctx, matches)?;
    let mut output = Output::of_typed_report(matches)?;
    let to = matches.int("to-revision").unwrap_or(0);
    let (targets, mut errors) = common::targets(ctx, matches)?;
    for target in &targets {
        warn_of_apply(ctx, target);
        let result = undo(ctx, target, to, dry_run)
            .and_then(|done| output.report(ctx, &target.object, &target.item.label(), &done, dry_run));
        errors.extend(result.err());
    }
    CliError::all(errors)
}

fn warn_of_apply(ctx: &mut Ctx, target: &EditTarget) {
    if target.object.annotation(LAST_APPLIED).is_some() {
        let name = targets::object_name(&target.item);
        ctx.warn(&format!("resource {name} was previously managed with 'kubectl apply'. Rolling back will not update the {LAST_APPLIED} annotation, which may cause unexpected behavior on future 'kubectl apply' operations. Consider using 'kubectl apply' with your previous configuration file instead."));
    }
}

/// Reverts the workload and returns the word for the report.
fn undo(ctx: &mut Ctx, target: &EditTarget, to: i64, dry_run: DryRun) -> CliResult<String> {
    let object = &target.object;
    let revisions =
        revisions::list(ctx, object)?.ok_or_else(|| revisions::unsupported(object, ("rollbacker", "rollbacker")))?;
    let is_deployment = object.kind() == "Deployment";
    let chosen = choose(&revisions, to).ok_or_else(|| not_found(object, &revisions, to))?;
    let template = chosen.template();
    if dry_run.is_client() {
        let text = describe_pod_template(&template);
        return Ok(if is_deployment { text } else { format!("will roll back to {text}") });
    }
    if is_deployment && object.flag("/spec/paused") {
        return Err(CliError::new(
            "you cannot rollback a paused deployment; resume it first with 'kubectl rollout resume' and try again",
        ));
    }
    let bare = without_hash(template);
    if object.pointer("/spec/template").is_some_and(|now| without_hash(now.clone()) == bare) {
        return Ok(format!("skipped rollback (current template already matches revision {to})"));
    }
    let (format, patch) = match is_deployment {
        true => (PatchType::Json, deployment_patch(object, chosen, &bare)),
        false => (PatchType::Strategic, chosen.object.pointer("/data").cloned().unwrap_or_default()),
    };
    let params = WriteParams::default().dry_run(dry_run.is_server());
    match targets::send_patch(ctx, &target.item, format, patch, &params) {
        Ok(_) => Ok("rolled back".into()),
        Err(CliError::Status(status)) => {
            Err(CliError::new(format!("failed restoring revision {to}: {}", status.message)))
        }
        Err(other) => Err(other),
    }
}

/// The revision with a number; 0 is the one before the latest.
fn choose(revisions: &[Revision], to: i64) -> Option<&Revision> {
    match to {
        0 => revisions.len().checked_sub(2).map(|at| &revisions[at]),
        to => revisions.iter().find(|r| r.number == to && to > 0),
    }
}

fn not_found(object: &Value, revisions: &[Revision], to: i64) -> CliError {
    CliError::new(match (to, object.kind()) {
        (0, "Deployment") => format!("no rollout history found for deployment {}", quote(object.name())),
        (0, _) if revisions.len() < 2 => "no last revision to roll back to".into(),
        _ => format!("unable to find specified revision {to} in history"),
    })
}

fn without_hash(mut template: Value) -> Value {
    if let Some(labels) = template.pointer_mut("/metadata/labels").and_then(Value::as_object_mut) {
        labels.remove(HASH);
    }
    template
}

/// The patch that gives a Deployment the template and annotations of a revision and keeps its own annotations.
fn deployment_patch(object: &Value, revision: &Revision, template: &Value) -> Value {
    let mut annotations: Map = Map::new();
    for (key, value) in object.strings("/metadata/annotations") {
        if OWN.contains(&key.as_str()) {
            annotations.insert(key, value.into());
        }
    }
    for (key, value) in revision.object.strings("/metadata/annotations") {
        if !OWN.contains(&key.as_str()) {
            annotations.insert(key, value.into());
        }
    }
    let mut template = template.clone();
    template.remove_at("/metadata/creationTimestamp");
    json!([
        {"op": "replace", "path": "/spec/template", "value": template},
        {"op": "replace", "path": "/metadata/annotations", "value": annotations},
    ])
}
