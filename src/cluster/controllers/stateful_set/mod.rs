//! StatefulSets: pods with stable names, created in order, each with its own claims (`pkg/controller/statefulset`).
//!
//! [`view`] has the values that the decisions take, [`plan`] decides what happens to each pod, [`status`] counts. [`identity`]
//! makes pods and claims from templates, [`claims`] sets the owners of claims, and [`sync`] reads and writes.

mod claims;
mod identity;
mod plan;
mod status;
mod sync;
#[cfg(test)]
mod tests;
mod view;

use super::runtime::Result;
use super::shared::orphans;
use super::shared::selector::label_selector;
use super::{Action, Context, Controller, Key, Watch};
use crate::store::{Change, ChangeKind};
use kctl_base::object::ObjectMeta;

const SETS: &str = "statefulsets.apps";
const CLAIMS: &str = "persistentvolumeclaims";

/// The StatefulSet controller.
pub(super) const CONTROLLER: Controller = Controller {
    name: "statefulset-controller",
    watches: &[
        Watch::primary(SETS),
        Watch::owned("pods", "StatefulSet"),
        Watch::mapped("pods", orphan_to_sets),
        Watch::mapped(CLAIMS, deleted_claim_to_set),
    ],
    reconcile,
};

fn orphan_to_sets(change: &Change, ctx: &mut Context<'_>) -> Result<Vec<Key>> {
    orphans::possible_owners(change, ctx, SETS, label_selector)
}

/// Maps a deleted claim to its set, which does not recreate a pod before a claim owned by the previous pod is gone.
fn deleted_claim_to_set(change: &Change, _: &mut Context<'_>) -> Result<Vec<Key>> {
    if change.kind != ChangeKind::Deleted {
        return Ok(Vec::new());
    }
    let owners = change.object.owners();
    let pods = owners.iter().filter(|o| o.kind == "Pod");
    let sets = pods.filter_map(|o| identity::split_name(&o.name));
    Ok(sets.map(|(set, _)| Key::new(change.object.namespace(), set)).collect())
}

fn reconcile(ctx: &mut Context<'_>, key: &Key) -> Result<Action> {
    match ctx.get_key(SETS, key)? {
        Some(set) => sync::run(ctx, &set),
        None => Ok(Action::AwaitChange),
    }
}
