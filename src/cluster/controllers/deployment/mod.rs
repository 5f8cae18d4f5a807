//! Deployments: rollouts over ReplicaSets (`pkg/controller/deployment`).
//!
//! [`sync`] reads, decides by the pure modules and writes. [`view`] has the values that the decisions take, [`rolling`] the
//! sizes during a rolling update, [`scale`] those after a change of `spec.replicas`, [`revisions`] the history, and
//! [`progress`] the status. A rollback is an update of the template by the client and not known here.

mod progress;
mod revisions;
mod rolling;
mod scale;
mod sync;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod view;

use std::sync::Arc;

use super::runtime::Result;
use super::shared::orphans;
use super::shared::selector::label_selector;
use super::{Action, Context, Controller, Key, Watch};
use crate::store::{Change, ChangeKind};
use kctl_base::object::{Object, ObjectMeta, ValueRead};

const DEPLOYMENTS: &str = "deployments.apps";
const SETS: &str = "replicasets.apps";

/// The Deployment controller.
pub(super) const CONTROLLER: Controller = Controller {
    name: "deployment-controller",
    watches: &[
        Watch::primary(DEPLOYMENTS),
        Watch::owned(SETS, "Deployment"),
        Watch::mapped(SETS, orphan_to_deployments),
        Watch::mapped("pods", deleted_pod_to_deployment),
    ],
    reconcile,
};

fn orphan_to_deployments(change: &Change, ctx: &mut Context<'_>) -> Result<Vec<Key>> {
    orphans::possible_owners(change, ctx, DEPLOYMENTS, label_selector)
}

/// Maps a deleted pod to its Deployment where that recreates its pods, because it waits until the old ones are gone
/// (`deletePod`).
fn deleted_pod_to_deployment(change: &Change, ctx: &mut Context<'_>) -> Result<Vec<Key>> {
    if change.kind != ChangeKind::Deleted {
        return Ok(Vec::new());
    }
    let Some(set) = controller_of(ctx, &change.object, "ReplicaSet", SETS)? else { return Ok(Vec::new()) };
    let deployment = controller_of(ctx, &set, "Deployment", DEPLOYMENTS)?;
    Ok(deployment.filter(|d| d.str("/spec/strategy/type") == "Recreate").map(|d| Key::of(&d)).into_iter().collect())
}

/// Returns the controlling owner of an object; `None` unless it is of `kind` and still exists.
fn controller_of(ctx: &mut Context<'_>, object: &Object, kind: &str, resource: &str) -> Result<Option<Arc<Object>>> {
    let Some(owner) = object.controller_of().filter(|o| o.kind == kind) else { return Ok(None) };
    Ok(ctx.get(resource, object.namespace(), &owner.name)?.filter(|o| o.uid() == owner.uid))
}

fn reconcile(ctx: &mut Context<'_>, key: &Key) -> Result<Action> {
    match ctx.get_key(DEPLOYMENTS, key)? {
        Some(deployment) => sync::Sync::claim(ctx, &deployment)?.run(),
        None => Ok(Action::AwaitChange),
    }
}
