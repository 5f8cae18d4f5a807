//! Storage protection: removes the finalizers of deleted claims and volumes that are no longer in use
//! (`pkg/controller/volume/pvcprotection` and `pvprotection`).

use super::runtime::Result;
use super::{Action, Context, Controller, Key, Watch};
use crate::store::{Change, ChangeKind};
use kctl_base::object::{Object, ObjectMeta, ValueRead};
use kctl_kinds::core::pod;

/// The controller of claims, which are kept while a scheduled pod uses them.
pub(super) const CLAIMS: Controller = Controller {
    name: "persistentvolumeclaim-protection-controller",
    watches: &[Watch::primary("persistentvolumeclaims"), Watch::mapped("pods", claims_of_pod)],
    reconcile: reconcile_claim,
};

/// The controller of volumes, which are kept while they are bound.
pub(super) const VOLUMES: Controller = Controller {
    name: "persistentvolume-protection-controller",
    watches: &[Watch::primary("persistentvolumes")],
    reconcile: reconcile_volume,
};

const CLAIM_FINALIZER: &str = "kubernetes.io/pvc-protection";
const VOLUME_FINALIZER: &str = "kubernetes.io/pv-protection";

/// Maps a pod that was created, deleted or scheduled to its claims.
fn claims_of_pod(change: &Change, _: &mut Context<'_>) -> Result<Vec<Key>> {
    let node = |pod: &Object| pod.str("/spec/nodeName").to_string();
    let is_deleted = change.kind == ChangeKind::Deleted;
    if !is_deleted && change.old.as_ref().is_some_and(|old| node(old) == node(&change.object)) {
        return Ok(Vec::new());
    }
    let namespace = change.object.namespace();
    Ok(pod::claims(&change.object).into_iter().map(|name| Key::new(namespace, &name)).collect())
}

fn reconcile_claim(ctx: &mut Context<'_>, key: &Key) -> Result<Action> {
    let Some(claim) = ctx.get_key("persistentvolumeclaims", key)? else { return Ok(Action::AwaitChange) };
    if claim.is_deleting() {
        let pods = ctx.indexed("pods", "claim", &key.to_string())?;
        let in_use = pods.iter().any(|p| !p.str("/spec/nodeName").is_empty());
        if !in_use {
            remove_finalizer(ctx, "persistentvolumeclaims", &claim, CLAIM_FINALIZER)?;
        }
    }
    Ok(Action::AwaitChange)
}

fn reconcile_volume(ctx: &mut Context<'_>, key: &Key) -> Result<Action> {
    let Some(volume) = ctx.get_key("persistentvolumes", key)? else { return Ok(Action::AwaitChange) };
    if volume.is_deleting() && volume.str("/status/phase") != "Bound" {
        remove_finalizer(ctx, "persistentvolumes", &volume, VOLUME_FINALIZER)?;
    }
    Ok(Action::AwaitChange)
}

fn remove_finalizer(ctx: &mut Context<'_>, resource: &str, object: &Object, finalizer: &str) -> Result<()> {
    if object.has_finalizer(finalizer) {
        let mut new = object.clone();
        new.remove_finalizer(finalizer);
        ctx.update(resource, new)?;
    }
    Ok(())
}
