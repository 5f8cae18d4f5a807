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

use super::runtime::Result;
use super::shared::orphans;
use super::{Action, Context, Controller, Key, Watch};
use crate::api::Server;
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

fn orphan_to_deployments(change: &Change, server: &mut Server) -> Vec<Key> {
    orphans::possible_owners(change, server, DEPLOYMENTS, selector)
}

/// A Deployment that recreates its pods waits until the old ones are gone.
fn last_old_pod(change: &Change, server: &mut Server) -> Vec<Key> {
    if change.kind != ChangeKind::Deleted {
        return Vec::new();
    }
    let namespace = change.object.namespace();
    let mut owner_of = |object: &Object, kind: &str, resource: &str| {
        let owner = object.controller_of().filter(|o| o.kind == kind)?;
        server.read(resource, namespace, &owner.name).ok().flatten().filter(|o| o.uid() == owner.uid)
    };
    let deployment =
        owner_of(&change.object, "ReplicaSet", SETS).and_then(|set| owner_of(&set, "Deployment", DEPLOYMENTS));
    deployment.filter(|d| d.str("/spec/strategy/type") == "Recreate").map(|d| Key::of(&d)).into_iter().collect()
}

fn reconcile(ctx: &mut Context<'_>, key: &Key) -> Result<Action> {
    match ctx.get_key(DEPLOYMENTS, key)? {
        Some(deployment) => sync::Sync::new(ctx, &deployment)?.run(),
        None => Ok(Action::AwaitChange),
    }
}
