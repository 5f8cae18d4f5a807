//! `create job`, from an image or from the template of a CronJob.
//!
//! Upstream: `kubectl/pkg/cmd/create/create_job.go`.

use clap::{ArgMatches, Command};

use super::generator::{self, Generator, compact};
use crate::args::{self, Matches};
use crate::resolve::{Selection, resolve};
use crate::{CliError, CliResult, Ctx, Verb};
use kctl_base::json::{Value, json};
use kctl_base::object::{ObjectMeta, ValueRead, ValueWrite};

/// The `create job` verb.
pub(super) const VERB: Verb = Verb {
    name: "job",
    aliases: &[],
    about: "Create a job with the specified name",
    long: "Create a job with the given name.",
    examples: &[
        ("Create a job", "create job migrate --image=busybox"),
        ("Create a job with a command", "create job today --image=busybox -- date"),
        ("Create a job from the template of a cron job", "create job backup-now --from=cronjob/backup"),
    ],
    usage: "NAME --image=image [--from=cronjob/name] -- [COMMAND] [args...]",
    flags,
    run: |ctx, matches| generator::run(ctx, matches, &GENERATOR),
    family: &[],
};

const GENERATOR: Generator = Generator { path: "create job", failed: "failed to create job: ", build };

fn flags(command: Command) -> Command {
    generator::flags(command)
        .arg(args::text("image", "Image to run."))
        .arg(args::text("from", "Cron job whose template is used, in the form cronjob/NAME."))
        .arg(generator::command_words())
}

fn build(ctx: &mut Ctx, matches: &ArgMatches, name: &str) -> CliResult<Value> {
    let (image, from, command) = (matches.string("image"), matches.string("from"), matches.values("command"));
    if image.is_empty() == from.is_empty() {
        return Err(CliError::new("either --image or --from must be specified"));
    }
    if !from.is_empty() {
        if !command.is_empty() {
            return Err(CliError::new("cannot specify --from and command"));
        }
        return from_cron_job(ctx, name, from);
    }
    Ok(json!({
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name},
        "spec": {"template": pod_template(name, image, &command, "Never")},
        "status": {},
    }))
}

/// The template of a pod with one container.
pub(super) fn pod_template(name: &str, image: &str, command: &[String], restart: &str) -> Value {
    let container = compact(json!({
        "name": name,
        "image": image,
        "command": (!command.is_empty()).then_some(command),
        "resources": {},
    }));
    json!({"metadata": {}, "spec": {"containers": [container], "restartPolicy": restart}})
}

fn from_cron_job(ctx: &mut Ctx, name: &str, from: &str) -> CliResult<Value> {
    let selection = Selection { args: vec![from.into()], namespace: ctx.namespace(), ..Selection::default() };
    let resolved = resolve(ctx, &selection)?;
    let [item] = resolved.items.as_slice() else {
        return Err(CliError::new("from must be an existing cronjob"));
    };
    let source = item.get(ctx)?;
    if source.kind() != "CronJob" {
        let version = source.api_version().rsplit('/').next().unwrap_or_default().to_string();
        return Err(CliError::new(format!("unknown object type *{version}.{}", source.kind())));
    }
    let mut annotations = json!({"cronjob.kubernetes.io/instantiate": "manual"});
    for (key, value) in source.map("/spec/jobTemplate/metadata/annotations").into_iter().flatten() {
        annotations[key.as_str()] = value.clone();
    }
    let mut job = json!({
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "annotations": annotations,
            "name": name,
            "ownerReferences": [{
                "apiVersion": "batch/v1",
                "kind": "CronJob",
                "name": source.name(),
                "uid": source.uid(),
                "controller": true,
            }],
        },
        "spec": source.pointer("/spec/jobTemplate/spec").cloned().unwrap_or_else(|| json!({})),
        "status": {},
    });
    if let Some(labels) = source.at("/spec/jobTemplate/metadata/labels") {
        job.put("/metadata/labels", labels.clone());
    }
    Ok(job)
}
