//! Deployments: rollouts over ReplicaSets.
//!
//! [`sync`] reads, decides by the pure modules and writes: [`view`] has the values that decisions are made of, [`rolling`]
//! the sizes of a rolling update, [`scale`] those after a change of replicas, [`revisions`] the history, [`progress`] the
//! status. Rolling back is the client's doing and not known here.

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
use super::{Action, Context, Controller, Key, Watch};
use crate::store::{Change, ChangeKind};
use kctl_base::labels::Selector;
use kctl_base::object::{Object, ObjectMeta, ValueRead};

const DEPLOYMENTS: &str = "deployments.apps";
const SETS: &str = "replicasets.apps";

/// The controller.
pub const CONTROLLER: Controller = Controller {
    name: "deployment-controller",
    watches: &[
        Watch::primary(DEPLOYMENTS),
        Watch::owned(SETS, "Deployment"),
        Watch::mapped(SETS, orphan_to_deployments),
        Watch::mapped("pods", last_old_pod),
    ],
    reconcile,
};

fn selector(deployment: &Object) -> Selector {
    deployment.at("/spec/selector").and_then(|s| Selector::from_object(s).ok()).unwrap_or(Selector::Nothing)
}

fn orphan_to_deployments(change: &Change, ctx: &mut Context<'_>) -> Result<Vec<Key>> {
    orphans::possible_owners(change, ctx, DEPLOYMENTS, selector)
}

/// A Deployment that recreates its pods waits until the old ones are gone.
fn last_old_pod(change: &Change, ctx: &mut Context<'_>) -> Result<Vec<Key>> {
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
        Some(deployment) => sync::Sync::new(ctx, &deployment)?.run(),
        None => Ok(Action::AwaitChange),
    }
}
