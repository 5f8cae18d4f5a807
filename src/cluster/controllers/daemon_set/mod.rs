//! DaemonSets: a pod on every node that takes it.
//!
//! [`placement`] says which nodes those are and makes their pods, [`plan`] decides which pods come and go, [`rolling`] which
//! make way for new ones, [`status`] counts, [`backoff`] paces the replacement of failed pods, [`sync`] reads and does.

mod backoff;
mod placement;
mod plan;
mod rolling;
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

const SETS: &str = "daemonsets.apps";

/// The controller.
pub const CONTROLLER: Controller = Controller {
    name: "daemonset-controller",
    watches: &[
        Watch::primary(SETS),
        Watch::owned("pods", "DaemonSet"),
        Watch::mapped("pods", orphan_to_sets),
        Watch::mapped("nodes", node_to_sets),
    ],
    reconcile,
};

fn selector(set: &Object) -> Selector {
    set.at("/spec/selector").and_then(|s| Selector::from_object(s).ok()).unwrap_or(Selector::Nothing)
}

fn orphan_to_sets(change: &Change, ctx: &mut Context<'_>) -> Result<Vec<Key>> {
    orphans::possible_owners(change, ctx, SETS, selector)
}

/// A node that comes, or gets other labels or taints, concerns the sets that miss a pod there or have one too many. Nothing
/// else does: a set whose pod may stay is not looked at, and its status goes on counting the node.
fn node_to_sets(change: &Change, ctx: &mut Context<'_>) -> Result<Vec<Key>> {
    let node = &change.object;
    let same = |old: &Object, pointer: &str| old.pointer(pointer) == node.pointer(pointer);
    let unchanged = change.old.as_ref().is_some_and(|o| same(o, "/metadata/labels") && same(o, "/spec/taints"));
    if change.kind == ChangeKind::Deleted || unchanged {
        return Ok(Vec::new());
    }
    let pods = ctx.indexed("pods", "node", node.name())?;
    let sets = ctx.list(SETS, None)?;
    let is_concerned = |set: &Object| {
        let verdict = placement::verdict(set, node);
        match pods.iter().any(|p| p.is_controlled_by(set.uid())) {
            true => !verdict.stays,
            false => verdict.runs,
        }
    };
    Ok(sets.iter().filter(|set| is_concerned(set)).map(|set| Key::of(set)).collect())
}

fn reconcile(ctx: &mut Context<'_>, key: &Key) -> Result<Action> {
    match ctx.get_key(SETS, key)? {
        Some(set) => sync::run(ctx, &set),
        None => {
            backoff::forget(ctx, key);
            Ok(Action::AwaitChange)
        }
    }
}
