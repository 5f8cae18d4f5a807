//! Pods of jobs that are gone or have ended: nobody will count them, so they lose the finalizer that waits for it.

use super::view::TRACKING;
use super::{JOBS, has_finished};
use crate::api::Server;
use crate::controllers::context::Result;
use crate::controllers::{Action, Context, Controller, Key, Wake};
use crate::machinery::object::{Meta, Object};
use crate::store::{Change, ChangeKind};

/// The controller; its keys are pods.
pub const CONTROLLER: Controller = Controller {
    name: "job-pod-release",
    wakes: &[Wake::custom("pods", leftover), Wake::custom(JOBS, leftovers_of)],
    reconcile,
};

fn is_tracked(pod: &Object) -> bool {
    pod.has_finalizer(TRACKING)
}

/// A pod that nobody owns, or that is being deleted and may be nobody's.
fn leftover(change: &Change, _: &mut Server) -> Vec<Key> {
    let pod = &change.object;
    let concerned =
        change.kind != ChangeKind::Deleted && is_tracked(pod) && (pod.is_deleting() || pod.controller_of().is_none());
    if concerned { vec![Key::of(pod)] } else { Vec::new() }
}

/// The pods that a job leaves behind when it goes or ends.
fn leftovers_of(change: &Change, server: &mut Server) -> Vec<Key> {
    let ended = has_finished(&change.object) && change.old.as_ref().is_some_and(|old| !has_finished(old));
    if change.kind != ChangeKind::Deleted && !ended {
        return Vec::new();
    }
    let pods = server.read_index_of("owner", change.object.uid(), "pods", None).unwrap_or_default();
    pods.iter().filter(|p| is_tracked(p)).map(|p| Key::of(p)).collect()
}

fn reconcile(context: &mut Context<'_>, key: &Key) -> Result<Action> {
    let Some(pod) = context.get_key("pods", key)?.filter(|p| is_tracked(p)) else { return Ok(Action::Done) };
    if let Some(owner) = pod.controller_of() {
        let job = context.get(JOBS, pod.namespace(), &owner.name)?.filter(|job| job.uid() == owner.uid);
        if owner.kind != "Job" || job.is_some_and(|job| !has_finished(&job)) {
            return Ok(Action::Done);
        }
    }
    remove_finalizer(context, &pod)?;
    Ok(Action::Done)
}

/// Takes the finalizer off a pod as it is now; a pod that is gone has none.
pub(super) fn remove_finalizer(context: &mut Context<'_>, pod: &Object) -> Result<()> {
    let Some(present) = context.get("pods", pod.namespace(), pod.name())? else { return Ok(()) };
    if present.uid() != pod.uid() || !is_tracked(&present) {
        return Ok(());
    }
    let mut released = (*present).clone();
    released.remove_finalizer(TRACKING);
    match context.update("pods", released) {
        Err(status) if status.is_not_found() => Ok(()),
        other => other.map(drop),
    }
}
