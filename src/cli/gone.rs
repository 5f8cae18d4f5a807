//! Waiting until objects are gone.

use super::resolve::Item;
use super::{CliError, CliResult, Ctx};
use kctl_base::object::ObjectMeta;
use kctl_base::sim::Duration;
use kctl_cluster::WaitOutcome;

/// Waits until every object is gone or is another one of the same name (its uid differs).
///
/// # Errors
/// One for each object that is still there when the time is up, or when nothing will ever change any more.
pub(crate) fn wait(ctx: &mut Ctx, objects: &[(Item, String)], timeout: Option<Duration>) -> CliResult<()> {
    let deadline = match timeout {
        Some(timeout) => Some(ctx.now()? + timeout),
        None => None,
    };
    let mut left: Vec<&(Item, String)> = objects.iter().collect();
    loop {
        let mut still = Vec::new();
        for entry in left {
            if is_there(ctx, &entry.0, &entry.1)? {
                still.push(entry);
            }
        }
        left = still;
        if left.is_empty() {
            return Ok(());
        }
        ctx.flush()?;
        if ctx.cluster()?.wait(deadline, true)? != WaitOutcome::Progress {
            break;
        }
    }
    let mut errors = Vec::new();
    for (item, uid) in left {
        if is_there(ctx, item, uid)? {
            let names = item.kind.names();
            errors
                .push(CliError::new(format!("timed out waiting for the condition on {}/{}", names.plural, item.name)));
        }
    }
    CliError::all(errors)
}

fn is_there(ctx: &mut Ctx, item: &Item, uid: &str) -> CliResult<bool> {
    let found = ctx.cluster()?.server().read(&item.resource(), &item.namespace, &item.name)?;
    Ok(found.is_some_and(|object| uid.is_empty() || object.uid() == uid))
}
