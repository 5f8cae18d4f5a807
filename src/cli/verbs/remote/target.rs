//! The pod and the container that a session goes to.

use std::sync::Arc;

use crate::resolve::{Selection, resolve};
use crate::verbs::logs;
use crate::{CliError, CliResult, Ctx, scheme};
use kctl_base::object::{Object, ValueRead};
use kctl_kinds::core::pod::is_terminal;

/// Returns the pod that a command line names, or one of the workload that it names. `action` is what the command wants to do.
///
/// # Errors
/// There is no such object, there are several, or it has no pods.
pub(super) fn pod_of(ctx: &mut Ctx, selection: &Selection, action: &str) -> CliResult<Object> {
    Ok(find(ctx, selection, action)?.1)
}

/// Returns the object that a command line names, and its pod, as [`pod_of`].
///
/// # Errors
/// As [`pod_of`].
pub(super) fn find(ctx: &mut Ctx, selection: &Selection, action: &str) -> CliResult<(Arc<Object>, Object)> {
    let args = selection.args.iter();
    let args = args.map(|word| if word.contains('/') { word.clone() } else { format!("pods/{word}") }).collect();
    let resolved = resolve(ctx, &Selection { args, ..selection.clone() })?;
    CliError::all(resolved.errors)?;
    let [item] = resolved.items.as_slice() else {
        return Err(CliError::new(format!("cannot {action} multiple objects at a time")));
    };
    let object = item.fetch(ctx)?;
    scheme::check(&object)?;
    let pods = logs::pods_behind(ctx, item, &object, true, "attach to")?;
    let pod = pods.into_iter().next().ok_or_else(|| CliError::new("timed out waiting for the condition"))?;
    Ok((object, pod))
}

/// Checks that a pod has not ended. `action` is what the command wants to do.
///
/// # Errors
/// The pod has ended.
pub(super) fn must_run(pod: &Object, action: &str) -> CliResult<()> {
    match is_terminal(pod) {
        false => Ok(()),
        true => {
            let phase = pod.str("/status/phase");
            let text = format!("cannot {action} a container in a completed pod; current phase is {phase}");
            Err(CliError::new(text))
        }
    }
}

/// Returns the container that a command line names, or the default one.
///
/// # Errors
/// The pod has no such container.
pub(super) fn container_of(ctx: &mut Ctx, pod: &Object, wanted: Option<&str>, is_quiet: bool) -> CliResult<String> {
    let found = logs::choose_container(ctx, pod, wanted.filter(|name| !name.is_empty()), is_quiet)?;
    found.ok_or_else(|| CliError::new("pod has no containers"))
}
