//! Waits until objects are deleted.

use std::ops::ControlFlow;

use kctl_base::object::ObjectMeta;
use kctl_base::sim::{Duration, Time};
use kctl_base::status::Reason;
use kctl_cluster::client::{ListParams, WatchStart};
use kctl_cluster::{WaitFor, WatchEvent};

use super::resolve::Item;
use super::{CliError, CliResult, Ctx};

/// Waits until every object is gone, or has been replaced by one of the same name with another uid. An object that the
/// user may not watch is not waited for.
///
/// # Errors
/// One for each object that still exists when the time is up, or when nothing will change any more.
pub(crate) fn wait(ctx: &mut Ctx, objects: &[(Item, String)], timeout: Option<Duration>) -> CliResult<()> {
    let deadline = match timeout {
        Some(timeout) => Some(ctx.now()? + timeout),
        None => None,
    };
    let mut errors = Vec::new();
    for (item, uid) in objects {
        match wait_for(ctx, item, uid, deadline) {
            Ok(true) => {}
            Ok(false) => {
                let name = format!("{}/{}", item.kind.names().plural, item.name);
                errors.push(CliError::new(format!("timed out waiting for the condition on {name}")));
            }
            Err(CliError::Status(status)) if cannot_watch(status.reason) => {}
            Err(error) => return Err(error),
        }
    }
    CliError::all(errors)
}

fn cannot_watch(reason: Reason) -> bool {
    matches!(reason, Reason::Forbidden | Reason::MethodNotAllowed)
}

/// Waits for one object; returns whether it is gone.
fn wait_for(ctx: &mut Ctx, item: &Item, uid: &str, deadline: Option<Time>) -> CliResult<bool> {
    let is_meant = |found: &str| uid.is_empty() || found == uid;
    match ctx.api(|client| client.get_opt(&item.path()))? {
        Some(object) if is_meant(object.uid()) => {}
        _ => return Ok(true),
    }
    let params = ListParams::fields(&format!("metadata.name={}", item.name));
    let (mut watch, existing) = ctx.api(|client| client.watch(&item.path(), &params, WatchStart::Existing))?;
    if !existing.iter().filter_map(WatchEvent::object).any(|object| is_meant(object.uid())) {
        return Ok(true);
    }
    let gone = ctx.follow(&mut watch, deadline, WaitFor::Work, |_, event| {
        let is_gone = match &event {
            WatchEvent::Deleted(_) => true,
            event => event.object().is_some_and(|object| !is_meant(object.uid())),
        };
        Ok(if is_gone { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    })?;
    Ok(gone.is_some())
}
