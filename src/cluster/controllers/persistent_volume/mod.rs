//! The volume controller (`pkg/controller/volume/persistentvolume/pv_controller.go`): binds claims to volumes, sets the phases
//! of both, and reclaims released volumes.
//!
//! Claim and volume refer to each other (`spec.volumeName`, `spec.claimRef`); a binding is complete when both do. [`matching`]
//! chooses among existing volumes, the [`provisioner`] provisions new ones. For classes with `WaitForFirstConsumer` the
//! scheduler chooses the volume and this controller completes the binding.

mod claim;
mod matching;
mod provisioned;
pub(super) mod provisioner;
mod volume;

pub(crate) use matching::refusal;
use std::sync::Arc;

use super::runtime::Result;
use super::{Action, Context, Controller, Key, Watch};
use crate::store::Change;
use kctl_base::object::{Object, ObjectMeta, ValueRead, ValueWrite};

/// The controller; its keys are claims (with a namespace) and volumes (without).
pub(super) const CONTROLLER: Controller = Controller {
    name: "persistentvolume-controller",
    watches: &[
        Watch::primary("persistentvolumes"),
        Watch::primary("persistentvolumeclaims"),
        Watch::mapped("persistentvolumes", claims_of_volume),
        Watch::mapped("persistentvolumeclaims", volumes_of_claim),
        Watch::mapped("storageclasses.storage.k8s.io", unbound_claims_of_class),
    ],
    reconcile,
};

const CLAIMS: &str = "persistentvolumeclaims";
const VOLUMES: &str = "persistentvolumes";
const CLASSES: &str = "storageclasses.storage.k8s.io";

/// Annotation: the controller has set the reference to the other object, not the user.
const BOUND_BY_CONTROLLER: &str = "pv.kubernetes.io/bound-by-controller";
/// Annotation of a claim whose binding is complete.
const BIND_COMPLETED: &str = "pv.kubernetes.io/bind-completed";
/// Annotation of a volume with its provisioner.
const PROVISIONED_BY: &str = "pv.kubernetes.io/provisioned-by";
/// Annotation of a claim with the node that the scheduler has selected.
const SELECTED_NODE: &str = "volume.kubernetes.io/selected-node";
/// Annotation of a claim with the provisioner that is asked for a volume.
const PROVISIONER: &str = "volume.kubernetes.io/storage-provisioner";
/// The annotation [`PROVISIONER`] before it was stable, which is still set.
const PROVISIONER_BETA: &str = "volume.beta.kubernetes.io/storage-provisioner";
/// Annotation with the storage class, from before `spec.storageClassName`.
const CLASS_ANNOTATION: &str = "volume.beta.kubernetes.io/storage-class";
/// Provisioner of classes without dynamic provisioning.
const NO_PROVISIONER: &str = "kubernetes.io/no-provisioner";

/// Returns the storage class of a claim or a volume; empty for none.
pub(crate) fn class_of(object: &Object) -> &str {
    object.annotation(CLASS_ANNOTATION).unwrap_or_else(|| object.str("/spec/storageClassName"))
}

/// Reports whether a volume is bound to a claim or reserved for it (`IsVolumeBoundToClaim`).
fn is_reserved_for(volume: &Object, claim: &Object) -> bool {
    let Some(reference) = volume.at("/spec/claimRef") else { return false };
    let uid = reference.str("/uid");
    reference.str("/name") == claim.name()
        && reference.str("/namespace") == claim.namespace()
        && (uid.is_empty() || uid == claim.uid())
}

/// Maps a volume to the claim in its reference, now and before, and to the claims that name it. Others that it satisfies wait for
/// their next resync, as upstream.
fn claims_of_volume(change: &Change, ctx: &mut Context<'_>) -> Result<Vec<Key>> {
    let mut keys = Vec::new();
    for volume in [Some(&change.object), change.old.as_ref()].into_iter().flatten() {
        if let Some(reference) = volume.at("/spec/claimRef") {
            keys.push(Key::new(reference.str("/namespace"), reference.str("/name")));
        }
    }
    let named = ctx.indexed(CLAIMS, "volume", change.object.name())?;
    keys.extend(named.iter().map(|c| Key::of(c)));
    Ok(keys)
}

/// Maps a claim to its volume, now and before.
fn volumes_of_claim(change: &Change, _: &mut Context<'_>) -> Result<Vec<Key>> {
    let names = [Some(&change.object), change.old.as_ref()].into_iter().flatten().map(|c| c.str("/spec/volumeName"));
    Ok(names.filter(|n| !n.is_empty()).map(|n| Key::new("", n)).collect())
}

/// Maps a storage class to its unbound claims.
fn unbound_claims_of_class(change: &Change, ctx: &mut Context<'_>) -> Result<Vec<Key>> {
    let claims = ctx.indexed(CLAIMS, "unbound", change.object.name())?;
    Ok(claims.iter().map(|c| Key::of(c)).collect())
}

fn reconcile(ctx: &mut Context<'_>, key: &Key) -> Result<Action> {
    if key.namespace.is_empty() {
        return match ctx.get_key(VOLUMES, key)? {
            Some(volume) => volume::sync(ctx, volume),
            None => Ok(Action::AwaitChange),
        };
    }
    match ctx.get_key(CLAIMS, key)? {
        Some(claim) => claim::sync(ctx, claim),
        None => Ok(Action::AwaitChange),
    }
}

/// Updates the phase of a volume, with the time of the transition.
fn set_volume_phase(ctx: &mut Context<'_>, volume: &Object, phase: &str, message: &str) -> Result<Arc<Object>> {
    let mut new = volume.clone();
    if volume.str("/status/phase") != phase {
        new.put("/status/phase", phase);
        new.put("/status/lastPhaseTransitionTime", ctx.now.rfc3339());
    }
    match message {
        "" => drop(new.remove_at("/status/message")),
        text => new.put("/status/message", text),
    }
    ctx.update_status(VOLUMES, new)
}

#[cfg(test)]
mod tests;
