//! Waits until objects are deleted: with a watch as `delete` does, or by reading them again as `replace --force` does.
//!
//! Upstream: `IsDeleted` in `kubectl/pkg/cmd/wait/delete.go`.

use std::ops::ControlFlow;

use kctl_base::object::ObjectMeta;
use kctl_base::sim::{Duration, Time};
use kctl_base::status::Reason;
use kctl_cluster::client::{ListParams, WatchStart};
use kctl_cluster::{WaitFor, WaitOutcome, WatchEvent};

use super::resolve::Item;
use super::{CliError, CliResult, Ctx};

/// Waits until every object, given with its uid, has been deleted or replaced by one of the same name with another uid. An
/// empty uid matches any object. Objects that the user may not watch are skipped. `timeout` is for all objects together;
/// `None` is no limit.
///
/// # Errors
/// One error for each object that still exists when the timeout expires or when nothing can change any more.
pub(crate) fn wait(ctx: &mut Ctx, objects: &[(Item, String)], timeout: Option<Duration>) -> CliResult<()> {
    let deadline = match timeout {
        Some(timeout) => Some(ctx.now()? + timeout),
        None => None,
    };
    let mut errors = Vec::new();
    for (item, uid) in objects {
        match ctx.relist_when_expired(|ctx| wait_for_one(ctx, item, uid, deadline)) {
            Ok(true) => {}
            Ok(false) => {
                let name = format!("{}/{}", item.kind.names().plural, item.name);
                errors.push(CliError::new(format!("timed out waiting for the condition on {name}")));
            }
            Err(CliError::Status(status)) if is_watch_refused(status.reason) => {}
            Err(error) => return Err(error),
        }
    }
    CliError::all(errors)
}

/// Returns whether a failed watch means that it is not allowed or not supported.
fn is_watch_refused(reason: Reason) -> bool {
    matches!(reason, Reason::Forbidden | Reason::MethodNotAllowed)
}

/// Waits for one object. Returns whether it has been deleted; false means that the time is up.
fn wait_for_one(ctx: &mut Ctx, item: &Item, uid: &str, deadline: Option<Time>) -> CliResult<bool> {
    let matches_uid = |found: &str| uid.is_empty() || found == uid;
    match ctx.api(|client| client.get_opt(&item.path()))? {
        Some(object) if matches_uid(object.uid()) => {}
        _ => return Ok(true),
    }
    let params = ListParams::fields(&format!("metadata.name={}", item.name));
    let (mut watch, existing) = ctx.api(|client| client.watch(&item.path(), &params, WatchStart::Existing))?;
    if !existing.iter().filter_map(WatchEvent::object).any(|object| matches_uid(object.uid())) {
        return Ok(true);
    }
    let deleted = ctx.follow(&mut watch, deadline, WaitFor::Work, |_, event| {
        let is_deleted = match &event {
            WatchEvent::Deleted(_) => true,
            event => event.object().is_some_and(|object| !matches_uid(object.uid())),
        };
        Ok(if is_deleted { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    })?;
    Ok(deleted.is_some())
}

/// The time between two reads of an object that is being deleted.
const INTERVAL: Duration = Duration::from_secs(1);

/// Reads an object every second until it is gone, as commands do that create it again (`wait.PollUntilContextTimeout`).
///
/// # Errors
/// The object still exists when the timeout expires or when nothing can change any more; it cannot be read.
pub(crate) fn poll(ctx: &mut Ctx, item: &Item, timeout: Duration) -> CliResult<()> {
    let deadline = ctx.now()? + timeout;
    while ctx.api(|client| client.get_opt(&item.path()))?.is_some() {
        let next = deadline.min(ctx.now()? + INTERVAL);
        let mut outcome = WaitOutcome::Progress;
        while outcome == WaitOutcome::Progress && ctx.now()? < next {
            outcome = ctx.wait(Some(next), WaitFor::Work)?;
        }
        if outcome == WaitOutcome::Idle || next == deadline {
            return Err(CliError::new("context deadline exceeded"));
        }
    }
    Ok(())
}
