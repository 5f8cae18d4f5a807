//! Reconciliation of a claim (`syncClaim`): an unbound claim is bound, a bound one is compared with its volume.

use std::sync::Arc;

use super::{
    BIND_COMPLETED, BOUND_BY_CONTROLLER, CLAIMS, CLASS_ANNOTATION, CLASSES, NO_PROVISIONER, PROVISIONER,
    PROVISIONER_BETA, SELECTED_NODE, VOLUMES, class_of, is_reserved_for, matching, set_volume_phase,
};
use crate::controllers::runtime::Result;
use crate::controllers::{Action, Context, Key};
use crate::default_class;
use kctl_base::json::json;
use kctl_base::object::{Object, ObjectMeta, ValueRead, ValueWrite};
use kctl_base::sim::Duration;

/// Interval at which a pending claim is retried (`--pvclaimbinder-sync-period`).
const RESYNC: Duration = Duration::from_secs(15);

/// Reconciles a claim.
pub(super) fn sync(ctx: &mut Context<'_>, claim: Arc<Object>) -> Result<Action> {
    if claim.annotation(BIND_COMPLETED).is_some() {
        return sync_bound(ctx, &claim);
    }
    match claim.str("/spec/volumeName") {
        "" => sync_unbound(ctx, &claim),
        name => {
            let volume = ctx.get(VOLUMES, "", name)?;
            bind_to_named(ctx, &claim, volume)
        }
    }
}

/// Reconciles a claim whose binding is complete: it is lost if its volume is.
fn sync_bound(ctx: &mut Context<'_>, claim: &Object) -> Result<Action> {
    let name = claim.str("/spec/volumeName");
    if name.is_empty() {
        let text = "Bound claim has lost reference to PersistentVolume. Data on the volume is lost!";
        return set_lost(ctx, claim, "ClaimLost", text);
    }
    let Some(volume) = ctx.get(VOLUMES, "", name)? else {
        let text = "Bound claim has lost its PersistentVolume. Data on the volume is lost!";
        return set_lost(ctx, claim, "ClaimLost", text);
    };
    if volume.at("/spec/claimRef").is_none() || volume.str("/spec/claimRef/uid") == claim.uid() {
        return bind(ctx, &volume, claim);
    }
    let text = "Two claims are bound to the same volume, this one is bound incorrectly";
    set_lost(ctx, claim, "ClaimMisbound", text)
}

/// Sets the phase `Lost` and records an event.
fn set_lost(ctx: &mut Context<'_>, claim: &Object, reason: &str, message: &str) -> Result<Action> {
    if claim.str("/status/phase") != "Lost" {
        let mut new = claim.clone();
        new.put("/status", json!({"phase": "Lost"}));
        ctx.update_status(CLAIMS, new)?;
        ctx.event(claim, "Warning", reason, message);
    }
    Ok(Action::AwaitChange)
}

/// Binds a claim to the best available volume, or has one provisioned (`syncUnboundClaim`).
fn sync_unbound(ctx: &mut Context<'_>, claim: &Object) -> Result<Action> {
    let class = match class_of(claim) {
        "" => None,
        name => ctx.get(CLASSES, "", name)?,
    };
    let is_delayed = class.as_ref().is_some_and(|c| c.str("/volumeBindingMode") == "WaitForFirstConsumer");
    let has_node = claim.annotation(SELECTED_NODE).is_some();
    let mut candidates = ctx.indexed(VOLUMES, "claim", &Key::of(claim).to_string())?;
    if !is_delayed {
        candidates.extend(ctx.indexed(VOLUMES, "available", class_of(claim))?);
    }
    if let Some(volume) = matching::find_best(claim, &candidates, is_delayed) {
        return bind(ctx, &volume, claim);
    }
    if assign_default_class(ctx, claim)? {
        return Ok(Action::AwaitChange);
    }
    set_pending(ctx, claim)?;
    if is_delayed && !has_node {
        record_waiting(ctx, claim)?;
        return Ok(Action::ResyncAt(ctx.now + RESYNC));
    }
    match (class_of(claim), class) {
        ("", _) => {
            let text = "no persistent volumes available for this claim and no storage class is set";
            ctx.event(claim, "Normal", "FailedBinding", text);
            Ok(Action::ResyncAt(ctx.now + RESYNC))
        }
        (name, None) => {
            let text = format!("storageclass.storage.k8s.io \"{name}\" not found");
            ctx.event(claim, "Warning", "ProvisioningFailed", &text);
            Ok(Action::ResyncAt(ctx.now + RESYNC))
        }
        (_, Some(class)) => provision(ctx, claim, class.str("/provisioner")),
    }
}

/// Sets the default class in a claim that names none, not even the empty one, once there is a default
/// (`assignDefaultStorageClass`). Returns whether the claim has changed.
fn assign_default_class(ctx: &mut Context<'_>, claim: &Object) -> Result<bool> {
    if claim.at("/spec/storageClassName").is_some() || claim.annotation(CLASS_ANNOTATION).is_some() {
        return Ok(false);
    }
    let classes = ctx.server().read_all(CLASSES, None)?;
    let Some(class) = default_class::pick(classes, default_class::STORAGE) else { return Ok(false) };
    let mut new = claim.clone();
    new.put("/spec/storageClassName", class.name());
    ctx.update(CLAIMS, new)?;
    Ok(true)
}

/// Records what a claim with delayed binding waits for.
fn record_waiting(ctx: &mut Context<'_>, claim: &Object) -> Result<()> {
    let pods = ctx.indexed("pods", "claim", &Key::of(claim).to_string())?;
    let unscheduled: Vec<&str> = pods.iter().filter(|p| p.str("/spec/nodeName").is_empty()).map(|p| p.name()).collect();
    match unscheduled.as_slice() {
        [] => {
            let text = "waiting for first consumer to be created before binding";
            ctx.event(claim, "Normal", "WaitForFirstConsumer", text);
        }
        [pod] => {
            ctx.event(claim, "Normal", "WaitForPodScheduled", &format!("waiting for pod {pod} to be scheduled"));
        }
        pods => {
            let text = format!("waiting for pods [{}] to be scheduled", pods.join(" "));
            ctx.event(claim, "Normal", "WaitForPodScheduled", &text);
        }
    }
    Ok(())
}

/// Asks the provisioner of the class for a volume.
fn provision(ctx: &mut Context<'_>, claim: &Object, provisioner: &str) -> Result<Action> {
    if provisioner == NO_PROVISIONER {
        let text = format!("no volume plugin matched name: {provisioner}");
        ctx.event(claim, "Warning", "ProvisioningFailed", &text);
        return Ok(Action::ResyncAt(ctx.now + RESYNC));
    }
    if claim.annotation(PROVISIONER) == Some(provisioner) {
        return Ok(Action::AwaitChange);
    }
    let mut new = claim.clone();
    new.set_annotation(PROVISIONER, provisioner);
    new.set_annotation(PROVISIONER_BETA, provisioner);
    ctx.update(CLAIMS, new)?;
    let text = format!(
        "Waiting for a volume to be created either by the external provisioner '{provisioner}' or manually by the \
         system administrator. If volume creation is delayed, please verify that the provisioner is running and \
         correctly registered."
    );
    ctx.event(claim, "Normal", "ExternalProvisioning", &text);
    Ok(Action::AwaitChange)
}

/// Binds a claim to the volume that it names, if that exists, satisfies the claim and is not bound to another one.
fn bind_to_named(ctx: &mut Context<'_>, claim: &Object, volume: Option<Arc<Object>>) -> Result<Action> {
    let Some(volume) = volume else {
        set_pending(ctx, claim)?;
        return Ok(Action::AwaitChange);
    };
    if volume.at("/spec/claimRef").is_none() {
        if let Some(problem) = matching::mismatch(&volume, claim) {
            set_pending(ctx, claim)?;
            let text = format!("Cannot bind to requested volume \"{}\": {problem}", volume.name());
            ctx.event(claim, "Warning", "VolumeMismatch", &text);
            return Ok(Action::ResyncAt(ctx.now + RESYNC));
        }
        return bind(ctx, &volume, claim);
    }
    if is_reserved_for(&volume, claim) {
        return bind(ctx, &volume, claim);
    }
    set_pending(ctx, claim)?;
    let text = format!("volume \"{}\" already bound to a different claim.", volume.name());
    ctx.event(claim, "Warning", "FailedBinding", &text);
    Ok(Action::ResyncAt(ctx.now + RESYNC))
}

/// Sets the phase `Pending`.
fn set_pending(ctx: &mut Context<'_>, claim: &Object) -> Result<()> {
    if claim.str("/status/phase") == "Pending" {
        return Ok(());
    }
    let mut new = claim.clone();
    new.put("/status", json!({"phase": "Pending"}));
    ctx.update_status(CLAIMS, new).map(drop)
}

/// Binds a volume and a claim to each other.
///
/// A new binding updates only the volume; that change enqueues the claim, whose side follows in its own reconciliation. In
/// between, the scheduler sees an unbound claim, as in a cluster, where each side takes several requests.
fn bind(ctx: &mut Context<'_>, volume: &Object, claim: &Object) -> Result<Action> {
    let bound = bound_volume(volume, claim);
    let is_new = bound != *volume;
    let volume = ctx.update(VOLUMES, bound)?;
    let volume = set_volume_phase(ctx, &volume, "Bound", "")?;
    if !is_new {
        bind_claim(ctx, &volume, claim)?;
    }
    Ok(Action::AwaitChange)
}

/// Updates the side of the claim.
fn bind_claim(ctx: &mut Context<'_>, volume: &Object, claim: &Object) -> Result<()> {
    let claim = ctx.update(CLAIMS, bound_claim(claim, volume))?;
    let mut new = (*claim).clone();
    new.put("/status/phase", "Bound");
    new.put("/status/accessModes", volume.list("/spec/accessModes").to_vec());
    if claim.str("/status/phase") != "Bound" {
        new.put("/status/capacity", volume.at("/spec/capacity").cloned().unwrap_or_default());
    }
    ctx.update_status(CLAIMS, new).map(drop)
}

/// Returns the volume with a reference to the claim.
fn bound_volume(volume: &Object, claim: &Object) -> Object {
    let mut new = volume.clone();
    if !is_reserved_for(volume, claim) {
        new.set_annotation(BOUND_BY_CONTROLLER, "yes");
    }
    if volume.str("/spec/claimRef/uid") != claim.uid() {
        new.put(
            "/spec/claimRef",
            json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "namespace": claim.namespace(),
                   "name": claim.name(), "uid": claim.uid(), "resourceVersion": claim.resource_version()}),
        );
    }
    new
}

/// Returns the claim with a reference to the volume.
fn bound_claim(claim: &Object, volume: &Object) -> Object {
    let mut new = claim.clone();
    if claim.str("/spec/volumeName") != volume.name() {
        new.put("/spec/volumeName", volume.name());
        new.set_annotation(BOUND_BY_CONTROLLER, "yes");
    }
    new.set_annotation(BIND_COMPLETED, "yes");
    new
}
