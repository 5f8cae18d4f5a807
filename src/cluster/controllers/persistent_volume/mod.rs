//! The binder of claims and volumes: which claim gets which volume, what phase both are in, what becomes of a volume whose
//! claim has gone.
//!
//! Claims and volumes point at each other (`spec.volumeName`, `spec.claimRef`); a binding is complete when both do. Volumes
//! that are made on demand come from the [`provisioner`], the choice among existing ones is [`matching`]. For classes that
//! wait for a consumer the scheduler makes the choice and this controller completes it.

mod claim;
pub mod matching;
pub mod provisioner;
mod volume;

use std::sync::Arc;

use super::runtime::Result;
use super::{Action, Context, Controller, Key, Watch};
use crate::store::{Change, ChangeKind};
use kctl_base::object::{Object, ObjectMeta, ValueRead, ValueWrite};

/// The controller; its keys are claims (with a namespace) and volumes (without).
pub const CONTROLLER: Controller = Controller {
    name: "persistentvolume-controller",
    watches: &[
        Watch::primary("persistentvolumes"),
        Watch::primary("persistentvolumeclaims"),
        Watch::mapped("persistentvolumes", claims_of_volume),
        Watch::mapped("persistentvolumeclaims", volumes_of_claim),
        Watch::mapped("storageclasses.storage.k8s.io", waiting_claims),
    ],
    reconcile,
};

const CLAIMS: &str = "persistentvolumeclaims";
const VOLUMES: &str = "persistentvolumes";
const CLASSES: &str = "storageclasses.storage.k8s.io";

/// The controller has chosen the partner, not the user.
const BOUND_BY_CONTROLLER: &str = "pv.kubernetes.io/bound-by-controller";
/// The claim's half of the binding is done.
const BIND_COMPLETED: &str = "pv.kubernetes.io/bind-completed";
/// Who made a volume.
const PROVISIONED_BY: &str = "pv.kubernetes.io/provisioned-by";
/// Where the scheduler wants the volume of a claim that waits for a consumer.
pub const SELECTED_NODE: &str = "volume.kubernetes.io/selected-node";
/// Who is asked to make the volume of a claim, and the name of that annotation before it was stable.
const PROVISIONER: &str = "volume.kubernetes.io/storage-provisioner";
const PROVISIONER_BETA: &str = "volume.beta.kubernetes.io/storage-provisioner";
/// The class of a claim or volume before it had a field.
const CLASS_ANNOTATION: &str = "volume.beta.kubernetes.io/storage-class";
/// The provisioner of classes whose volumes are made by hand.
const NO_PROVISIONER: &str = "kubernetes.io/no-provisioner";

/// The class of a claim or a volume; empty for none.
pub fn class_of(object: &Object) -> &str {
    object.annotation(CLASS_ANNOTATION).unwrap_or_else(|| object.str("/spec/storageClassName"))
}

/// Whether volume and claim point at each other, or the volume is reserved for the claim.
pub fn is_reserved_for(volume: &Object, claim: &Object) -> bool {
    let Some(reference) = volume.at("/spec/claimRef") else { return false };
    let uid = reference.str("/uid");
    reference.str("/name") == claim.name()
        && reference.str("/namespace") == claim.namespace()
        && (uid.is_empty() || uid == claim.uid())
}

/// The claim that a volume is or was bound to, those that ask for it by name, and those it would suit now that it is free.
fn claims_of_volume(change: &Change, ctx: &mut Context<'_>) -> Result<Vec<Key>> {
    let mut keys = Vec::new();
    for volume in [Some(&change.object), change.old.as_ref()].into_iter().flatten() {
        if let Some(reference) = volume.at("/spec/claimRef") {
            keys.push(Key::new(reference.str("/namespace"), reference.str("/name")));
        }
    }
    let volume = &change.object;
    let named = ctx.indexed(CLAIMS, "volume", volume.name())?;
    keys.extend(named.iter().map(|c| Key::of(c)));
    let freed = change.old.as_ref().is_none_or(|old| old.at("/spec/claimRef").is_some());
    if change.kind != ChangeKind::Deleted && freed && volume.at("/spec/claimRef").is_none() {
        let waiting = ctx.indexed(CLAIMS, "unbound", class_of(volume))?;
        keys.extend(waiting.iter().filter(|c| matching::suits(volume, c)).map(|c| Key::of(c)));
    }
    Ok(keys)
}

/// The volume of a claim.
fn volumes_of_claim(change: &Change, _: &mut Context<'_>) -> Result<Vec<Key>> {
    let names = [Some(&change.object), change.old.as_ref()].into_iter().flatten().map(|c| c.str("/spec/volumeName"));
    Ok(names.filter(|n| !n.is_empty()).map(|n| Key::new("", n)).collect())
}

/// Claims of a class that has come or changed.
fn waiting_claims(change: &Change, ctx: &mut Context<'_>) -> Result<Vec<Key>> {
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

/// Writes the volume's phase, and when it came to it.
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
