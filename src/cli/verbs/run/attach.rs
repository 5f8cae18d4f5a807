//! `run --attach`: prints what the container writes, removes the pod with `--rm`, and returns the container's exit code.

use clap::ArgMatches;

use crate::args::Matches;
use crate::dry_run::DryRun;
use crate::resolve::Item;
use crate::verbs::attachment;
use crate::verbs::delete::{self, Deletion};
use crate::verbs::remote::{Streams, attach as attach_to};
use crate::{CliError, CliResult, Ctx};
use kctl_base::gvk::split_api_version;
use kctl_base::json::Value;
use kctl_base::object::{Object, ObjectMeta, ValueRead, condition_is_true};
use kctl_base::sim::Duration;
use kctl_cluster::WaitFor;
use kctl_kinds::core::pod::is_terminal;

/// The time to wait for a pod without `--pod-running-timeout`.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Attaches to the pod that the command has created first; the other objects are a service for it, if there is one.
///
/// # Errors
/// The pod does not run in time, its container never ends, or it ends with an exit code other than 0.
pub(super) fn attach(ctx: &mut Ctx, matches: &ArgMatches, created: &[Value]) -> CliResult<()> {
    let items = created.iter().map(|object| item_of(ctx, object)).collect::<CliResult<Vec<_>>>()?;
    let Some(pod) = items.first() else { return Ok(()) };
    let result = follow(ctx, matches, pod);
    let removed = if matches.flag("rm") { remove(ctx, matches, &items) } else { Ok(()) };
    result.and(removed)
}

fn item_of(ctx: &mut Ctx, object: &Value) -> CliResult<Item> {
    let (group, version) = split_api_version(object.api_version());
    let kind = ctx.catalog()?.by_gvk(group, version, object.kind());
    let kind = kind.ok_or_else(|| CliError::new(CliError::no_kind_match(object.kind(), object.api_version())))?;
    Ok(Item {
        kind,
        version: None,
        namespace: object.namespace().into(),
        name: object.name().into(),
        object: None,
        duplicates: Vec::new(),
        source: String::new(),
        live: None,
    })
}

/// Prints what the container writes until it ends.
fn follow(ctx: &mut Ctx, matches: &ArgMatches, item: &Item) -> CliResult<()> {
    let timeout = matches.duration("pod-running-timeout").unwrap_or(TIMEOUT);
    let is_ready = |pod: &Object| pod.str("/status/phase") == "Running" && condition_is_true(pod, "Ready");
    let pod = wait_for(ctx, item, timeout, |pod| is_terminal(pod) || is_ready(pod))?;
    match is_terminal(&pod) {
        true => attachment::print_log(ctx, &pod, None, matches.flag("quiet"))?,
        false => attach_to(ctx, Streams::read(matches), &pod, None)?,
    }
    // A pod that starts its container again, or may be attached to again, has no exit code.
    let restart = matches.string("restart");
    if matches.flag("leave-stdin-open") || !["OnFailure", "Never"].contains(&restart) {
        return Ok(());
    }
    let has_succeeded = |pod: &Object| pod.str("/status/phase") == "Succeeded";
    let pod = match restart {
        "OnFailure" => wait_for(ctx, item, timeout, has_succeeded)?,
        _ => wait_for(ctx, item, timeout, is_terminal)?,
    };
    if has_succeeded(&pod) { Ok(()) } else { Err(exit(&pod)) }
}

/// Waits until a pod is in a state.
fn wait_for(ctx: &mut Ctx, item: &Item, timeout: Duration, is_reached: impl Fn(&Object) -> bool) -> CliResult<Object> {
    let deadline = ctx.now()? + timeout;
    let found = ctx.wait_until(Some(deadline), WaitFor::AnyChange, |ctx| {
        let pod = item.fetch(ctx)?;
        Ok(is_reached(&pod).then(|| (*pod).clone()))
    })?;
    found.ok_or_else(|| CliError::new("timed out waiting for the condition"))
}

/// The failure of a pod, with the exit code of its container.
fn exit(pod: &Object) -> CliError {
    let name = format!("pod {}/{}", pod.namespace(), pod.name());
    let ended = pod.at("/status/containerStatuses/0/state/terminated");
    let code = ended.and_then(|ended| ended.int("/exitCode")).and_then(|code| i32::try_from(code).ok());
    match (ended, code.filter(|code| *code != 0)) {
        (Some(ended), Some(code)) => {
            let (reason, message) = (ended.str("/reason"), ended.str("/message").trim_end_matches('\n'));
            let message = if message.is_empty() { String::new() } else { format!("{message}\n") };
            CliError::Verbatim(format!("{name} terminated ({reason})\n{message}"), code)
        }
        _ => CliError::new(format!("{name} failed with unknown exit code")),
    }
}

/// Deletes what the command has created. As in kubectl the flags about the manner of deletion count for nothing here, but
/// `--cascade`.
fn remove(ctx: &mut Ctx, matches: &ArgMatches, items: &[Item]) -> CliResult<()> {
    let deletion = Deletion { grace: None, timeout: None, wait: false, ..Deletion::read(ctx, matches)? };
    for item in items {
        match delete::delete(ctx, item, &deletion, DryRun::None) {
            Ok(_) if matches.flag("quiet") => {}
            Ok(_) => delete::report(ctx, item, &deletion, "", DryRun::None),
            Err(error) if error.is_not_found() => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
