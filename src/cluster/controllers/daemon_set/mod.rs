//! DaemonSets: one pod on every eligible node (`pkg/controller/daemon`).
//!
//! [`placement`] decides which nodes are eligible and makes their pods, [`plan`] which pods to create and delete, [`rolling`]
//! which pods to replace in an update. [`status`] counts, [`backoff`] delays the replacement of failed pods, and [`sync`]
//! reads and writes.

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
use super::shared::selector::label_selector;
use super::{Action, Context, Controller, Key, Watch};
use crate::store::{Change, ChangeKind};
use kctl_base::object::{Object, ObjectMeta};
use placement::Placement;

const SETS: &str = "daemonsets.apps";

/// The DaemonSet controller.
pub(super) const CONTROLLER: Controller = Controller {
    name: "daemonset-controller",
    watches: &[
        Watch::primary(SETS),
        Watch::owned("pods", "DaemonSet"),
        Watch::mapped("pods", orphan_to_sets),
        Watch::mapped("nodes", node_to_sets),
    ],
    reconcile,
};

fn orphan_to_sets(change: &Change, ctx: &mut Context<'_>) -> Result<Vec<Key>> {
    orphans::possible_owners(change, ctx, SETS, label_selector)
}

/// Maps a new node, or one with other labels or taints, to the sets that miss a pod there or have one that must not stay
/// (`addNode`, `updateNode`). A set whose pod may stay is not enqueued, and its status goes on counting the node.
fn node_to_sets(change: &Change, ctx: &mut Context<'_>) -> Result<Vec<Key>> {
    let node = &change.object;
    let same = |old: &Object, pointer: &str| old.pointer(pointer) == node.pointer(pointer);
    let unchanged = change.old.as_ref().is_some_and(|o| same(o, "/metadata/labels") && same(o, "/spec/taints"));
    if change.kind == ChangeKind::Deleted || unchanged {
        return Ok(Vec::new());
    }
    let pods = ctx.indexed("pods", "node", node.name())?;
    let sets = ctx.list(SETS, None)?;
    let is_affected = |set: &Object| {
        let decision = Placement::of(set).decide(node);
        match pods.iter().any(|p| p.is_controlled_by(set.uid())) {
            true => !decision.should_continue_running,
            false => decision.should_run,
        }
    };
    Ok(sets.iter().filter(|set| is_affected(set)).map(|set| Key::of(set)).collect())
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
