//! StatefulSets: pods with stable names, made in order, each with claims of its own.
//!
//! [`view`] has the values that decisions are made of, [`plan`] decides what happens to which pod, [`status`] counts,
//! [`identity`] makes pods and claims out of templates, [`claims`] keeps the owners of claims right, [`sync`] reads and does.

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
use super::{Action, Context, Controller, Key, Watch};
use crate::store::{Change, ChangeKind};
use kctl_base::labels::Selector;
use kctl_base::object::{Object, ObjectMeta, ValueRead};

const SETS: &str = "statefulsets.apps";
const CLAIMS: &str = "persistentvolumeclaims";

/// The controller.
pub const CONTROLLER: Controller = Controller {
    name: "statefulset-controller",
    watches: &[
        Watch::primary(SETS),
        Watch::owned("pods", "StatefulSet"),
        Watch::mapped("pods", orphan_to_sets),
        Watch::mapped(CLAIMS, gone_claim_to_set),
    ],
    reconcile,
};

fn selector(set: &Object) -> Selector {
    set.at("/spec/selector").and_then(|s| Selector::from_object(s).ok()).unwrap_or(Selector::Nothing)
}

fn orphan_to_sets(change: &Change, ctx: &mut Context<'_>) -> Result<Vec<Key>> {
    orphans::possible_owners(change, ctx, SETS, selector)
}

/// A pod is not made again before a claim that belonged to the pod before it is gone.
fn gone_claim_to_set(change: &Change, _: &mut Context<'_>) -> Result<Vec<Key>> {
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
