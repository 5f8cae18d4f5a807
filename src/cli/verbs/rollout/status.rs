//! `rollout status`: prints the progress of a rollout until it is done.
//!
//! Upstream: `kubectl/pkg/cmd/rollout/rollout_status.go` and `kubectl/pkg/polymorphichelpers/rollout_status.go`.

use std::ops::ControlFlow;

use clap::{ArgMatches, Command};

use super::super::targets::{self, EditTarget};
use super::common;
use crate::args::{self, ArgProperties, Matches};
use crate::resolve::Item;
use crate::{CliError, CliResult, Ctx, Verb};
use kctl_base::field::quote;
use kctl_base::gvk::split_api_version;
use kctl_base::json::Value;
use kctl_base::object::{ObjectMeta, ValueRead, condition};
use kctl_base::sim::{Duration, Time};
use kctl_cluster::client::{ListParams, WatchStart};
use kctl_cluster::{WaitFor, WatchEvent};

/// The `rollout status` verb.
pub(super) const VERB: Verb = Verb {
    name: "status",
    aliases: &[],
    about: "Show the status of the rollout",
    long: "Show the status of a rollout.

 By default the latest rollout is watched until it is done; --watch=false prints its state once. A rollout that \
    begins in the meantime is watched as well, unless --revision names the one to watch: then the command fails as \
    soon as another is rolled out.",
    examples: &[("Watch the rollout of a deployment", "rollout status deployment/web")],
    usage: "(TYPE NAME | TYPE/NAME) [flags]",
    flags,
    run,
    family: &[],
};

fn flags(command: Command) -> Command {
    common::flags(command)
        .arg(args::switch("watch", "Watch the rollout until it is done.").help_default("true").short('w'))
        .arg(args::number("revision", "Fail if another revision than this one is rolled out."))
        .arg(args::duration(
            "timeout",
            "Time to wait for the end of the rollout, such as 1s, 2m or 3h; zero waits without limit.",
        ))
}

fn run(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<()> {
    let revision = matches.int("revision").unwrap_or(0);
    if revision < 0 {
        return Err(CliError::new(format!("revision must be a positive integer: {revision}")));
    }
    let (subjects, mut errors) = common::targets(ctx, matches)?;
    if subjects.is_empty() && errors.is_empty() {
        common::nothing_found(ctx);
    }
    let timeout = matches.duration("timeout").unwrap_or(Duration::ZERO);
    for subject in &subjects {
        let deadline = targets::deadline(ctx, timeout)?;
        let watch = matches.flag_or("watch", true);
        let result = ctx.relist_when_expired(|ctx| follow(ctx, subject, revision, watch, deadline));
        errors.extend(result.err());
    }
    CliError::all(errors)
}

/// Prints the progress of the rollout of one object, with `watch` until it is done.
fn follow(ctx: &mut Ctx, subject: &EditTarget, revision: i64, watch: bool, deadline: Option<Time>) -> CliResult<()> {
    let item = &subject.item;
    if !watch {
        let object = item.fetch(ctx)?;
        return print_progress(ctx, item, &object, revision).map(drop);
    }
    let params = ListParams::fields(&format!("metadata.name={}", item.name));
    let (mut watch, existing) = ctx.api(|client| client.watch(&item.path(), &params, WatchStart::Existing))?;
    let Some(object) = existing.last().and_then(WatchEvent::object) else { return Err(deleted()) };
    if print_progress(ctx, item, object, revision)? {
        return Ok(());
    }
    let done = ctx.follow(&mut watch, deadline, WaitFor::Work, |ctx, event| match event {
        WatchEvent::Deleted(_) => Err(deleted()),
        event => {
            let is_done = event.object().map_or(Ok(false), |object| print_progress(ctx, item, object, revision))?;
            Ok(if is_done { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        }
    })?;
    done.ok_or_else(|| {
        ctx.suggest_why(item);
        CliError::new("timed out waiting for the condition")
    })
}

fn deleted() -> CliError {
    CliError::new("object has been deleted")
}

/// Prints the progress of a rollout. Returns whether it is done.
fn print_progress(ctx: &mut Ctx, item: &Item, object: &Value, revision: i64) -> CliResult<bool> {
    if is_past_deadline(object) {
        ctx.suggest_why(item);
    }
    let progress = progress(object, revision).map_err(CliError::Failed)?;
    ctx.print_line(progress.message);
    Ok(progress.done)
}

/// The progress of a rollout.
struct Progress {
    message: String,
    /// True when the rollout is complete.
    done: bool,
}

impl Progress {
    fn waiting(message: impl Into<String>) -> Result<Progress, String> {
        Ok(Progress { message: message.into(), done: false })
    }

    fn done(message: impl Into<String>) -> Result<Progress, String> {
        Ok(Progress { message: message.into(), done: true })
    }
}

/// Returns the progress of a rollout, of the given revision unless that is 0.
///
/// # Errors
/// The rollout has failed, or the kind or its update strategy has no rollouts.
fn progress(object: &Value, revision: i64) -> Result<Progress, String> {
    match object.kind() {
        "Deployment" => deployment(object, revision),
        "DaemonSet" => daemon_set(object),
        "StatefulSet" => stateful_set(object),
        kind => Err(match split_api_version(object.api_version()).0 {
            "" => format!("no status viewer has been implemented for {kind}"),
            group => format!("no status viewer has been implemented for {kind}.{group}"),
        }),
    }
}

/// Returns a number of an object, by default 0.
fn number(object: &Value, pointer: &str) -> i64 {
    object.int(pointer).unwrap_or(0)
}

fn deployment(object: &Value, revision: i64) -> Result<Progress, String> {
    let name = quote(object.name());
    if revision > 0 {
        let running = super::revisions::revision_of(object);
        if running != revision {
            return Err(format!("desired revision ({revision}) is different from the running revision ({running})"));
        }
    }
    if object.generation() > number(object, "/status/observedGeneration") {
        return Progress::waiting("Waiting for deployment spec update to be observed...");
    }
    if is_past_deadline(object) {
        return Err(format!("deployment {name} exceeded its progress deadline"));
    }
    let wanted = object.int("/spec/replicas");
    let updated = number(object, "/status/updatedReplicas");
    let old = number(object, "/status/replicas") - updated;
    let available = number(object, "/status/availableReplicas");
    let waiting = format!("Waiting for deployment {name} rollout to finish:");
    if let Some(wanted) = wanted.filter(|w| updated < *w) {
        Progress::waiting(format!("{waiting} {updated} out of {wanted} new replicas have been updated..."))
    } else if old > 0 {
        Progress::waiting(format!("{waiting} {old} old replicas are pending termination..."))
    } else if available < updated {
        Progress::waiting(format!("{waiting} {available} of {updated} updated replicas are available..."))
    } else {
        Progress::done(format!("deployment {name} successfully rolled out"))
    }
}

/// Returns whether a Deployment has exceeded its progress deadline.
fn is_past_deadline(object: &Value) -> bool {
    condition(object, "Progressing").is_some_and(|c| c.str("/reason") == "ProgressDeadlineExceeded")
}

/// Fails for an update strategy other than RollingUpdate.
fn check_strategy(object: &Value) -> Result<(), String> {
    match object.str("/spec/updateStrategy/type") {
        "RollingUpdate" => Ok(()),
        _ => Err("rollout status is only available for RollingUpdate strategy type".into()),
    }
}

fn daemon_set(object: &Value) -> Result<Progress, String> {
    check_strategy(object)?;
    if object.generation() > number(object, "/status/observedGeneration") {
        return Progress::waiting("Waiting for daemon set spec update to be observed...");
    }
    let name = quote(object.name());
    let wanted = number(object, "/status/desiredNumberScheduled");
    let updated = number(object, "/status/updatedNumberScheduled");
    let available = number(object, "/status/numberAvailable");
    let waiting = format!("Waiting for daemon set {name} rollout to finish:");
    if updated < wanted {
        Progress::waiting(format!("{waiting} {updated} out of {wanted} new pods have been updated..."))
    } else if available < wanted {
        Progress::waiting(format!("{waiting} {available} of {wanted} updated pods are available..."))
    } else {
        Progress::done(format!("daemon set {name} successfully rolled out"))
    }
}

fn stateful_set(object: &Value) -> Result<Progress, String> {
    check_strategy(object)?;
    let observed = number(object, "/status/observedGeneration");
    if observed == 0 || object.generation() > observed {
        return Progress::waiting("Waiting for statefulset spec update to be observed...");
    }
    let missing = object.int("/spec/replicas").map_or(0, |wanted| wanted - number(object, "/status/readyReplicas"));
    if missing > 0 {
        return Progress::waiting(format!("Waiting for {missing} pods to be ready..."));
    }
    let updated = number(object, "/status/updatedReplicas");
    if object.at("/spec/updateStrategy/rollingUpdate").is_some() {
        let partition = object.int("/spec/updateStrategy/rollingUpdate/partition");
        if let (Some(wanted), Some(partition)) = (object.int("/spec/replicas"), partition)
            && updated < wanted - partition
        {
            let wanted = wanted - partition;
            let text = "Waiting for partitioned roll out to finish:";
            return Progress::waiting(format!("{text} {updated} out of {wanted} new pods have been updated..."));
        }
        return Progress::done(format!("partitioned roll out complete: {updated} new pods have been updated..."));
    }
    let (current, update) = (object.str("/status/currentRevision"), object.str("/status/updateRevision"));
    if current == update {
        let pods = number(object, "/status/currentReplicas");
        Progress::done(format!("statefulset rolling update complete {pods} pods at revision {current}..."))
    } else {
        Progress::waiting(format!(
            "waiting for statefulset rolling update to complete {updated} pods at revision {update}..."
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kctl_base::json::json;

    fn line(object: Value, revision: i64) -> String {
        match progress(&object, revision) {
            Ok(Progress { message, done }) => format!("{message} {done}"),
            Err(error) => format!("error: {error}"),
        }
    }

    #[test]
    fn deployments_report_their_progress() {
        let deployment = |status: Value| json!({"kind": "Deployment", "metadata": {"name": "web", "generation": 2}, "spec": {"replicas": 3}, "status": status});
        let cases = [
            (json!({"observedGeneration": 1}), "Waiting for deployment spec update to be observed... false"),
            (
                json!({"observedGeneration": 2, "updatedReplicas": 1, "replicas": 4}),
                "Waiting for deployment \"web\" rollout to finish: 1 out of 3 new replicas have been updated... false",
            ),
            (
                json!({"observedGeneration": 2, "updatedReplicas": 3, "replicas": 4}),
                "Waiting for deployment \"web\" rollout to finish: 1 old replicas are pending termination... false",
            ),
            (
                json!({"observedGeneration": 2, "updatedReplicas": 3, "replicas": 3, "availableReplicas": 2}),
                "Waiting for deployment \"web\" rollout to finish: 2 of 3 updated replicas are available... false",
            ),
            (
                json!({"observedGeneration": 2, "updatedReplicas": 3, "replicas": 3, "availableReplicas": 3}),
                "deployment \"web\" successfully rolled out true",
            ),
            (
                json!({"observedGeneration": 2, "conditions": [{"type": "Progressing", "reason": "ProgressDeadlineExceeded"}]}),
                "error: deployment \"web\" exceeded its progress deadline",
            ),
        ];
        for (status, expected) in cases {
            assert_eq!(line(deployment(status), 0), expected);
        }
        let other = "error: desired revision (9) is different from the running revision (0)";
        assert_eq!(line(deployment(json!({})), 9), other);
    }

    #[test]
    fn stateful_sets_report_partitioned_and_full_rollouts_differently() {
        let set = |strategy: Value, updated: i64| {
            json!({"kind": "StatefulSet", "metadata": {"name": "db", "generation": 1},
                   "spec": {"replicas": 3, "updateStrategy": strategy},
                   "status": {"observedGeneration": 1, "readyReplicas": 3, "updatedReplicas": updated, "currentReplicas": 3,
                              "currentRevision": "db-1", "updateRevision": if updated == 3 { "db-1" } else { "db-2" }}})
        };
        let partitioned = json!({"type": "RollingUpdate", "rollingUpdate": {"partition": 1}});
        let plain = json!({"type": "RollingUpdate"});
        let cases = [
            (
                set(partitioned.clone(), 1),
                "Waiting for partitioned roll out to finish: 1 out of 2 new pods have been updated... false",
            ),
            (set(partitioned, 2), "partitioned roll out complete: 2 new pods have been updated... true"),
            (
                set(plain.clone(), 1),
                "waiting for statefulset rolling update to complete 1 pods at revision db-2... false",
            ),
            (set(plain, 3), "statefulset rolling update complete 3 pods at revision db-1... true"),
            (
                set(json!({"type": "OnDelete"}), 0),
                "error: rollout status is only available for RollingUpdate strategy type",
            ),
        ];
        for (object, expected) in cases {
            assert_eq!(line(object, 0), expected);
        }
    }
}
