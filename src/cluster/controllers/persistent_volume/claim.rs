//! A claim: unbound ones look for a volume, bound ones are checked against theirs.

use std::sync::Arc;

use super::{
    BIND_COMPLETED, BOUND_BY_CONTROLLER, CLAIMS, CLASSES, NO_PROVISIONER, PROVISIONER, PROVISIONER_BETA, SELECTED_NODE,
    VOLUMES, class_of, is_reserved_for, matching, set_volume_phase,
};
use crate::controllers::runtime::Result;
use crate::controllers::{Action, Context, Key};
use kctl_base::json::json;
use kctl_base::object::{Object, ObjectMeta, ValueRead, ValueWrite};
use kctl_base::sim::Duration;

/// How often a claim that waits is looked at again.
const RESYNC: Duration = Duration::from_secs(15);

/// Brings a claim to where it should be.
pub(super) fn sync(ctx: &mut Context<'_>, claim: Arc<Object>) -> Result<Action> {
    if claim.annotation(BIND_COMPLETED).is_some() {
        return sync_bound(ctx, &claim);
    }
    match claim.str("/spec/volumeName") {
        "" => find(ctx, &claim),
        name => {
            let volume = ctx.get(VOLUMES, "", name)?;
            take_named(ctx, &claim, volume)
        }
    }
}

/// A claim that was bound keeps its volume or is lost.
fn sync_bound(ctx: &mut Context<'_>, claim: &Object) -> Result<Action> {
    let name = claim.str("/spec/volumeName");
    if name.is_empty() {
        let text = "Bound claim has lost reference to PersistentVolume. Data on the volume is lost!";
        return lose(ctx, claim, "ClaimLost", text);
    }
    let Some(volume) = ctx.get(VOLUMES, "", name)? else {
        let text = "Bound claim has lost its PersistentVolume. Data on the volume is lost!";
        return lose(ctx, claim, "ClaimLost", text);
    };
    if volume.at("/spec/claimRef").is_none() || volume.str("/spec/claimRef/uid") == claim.uid() {
        return bind(ctx, &volume, claim);
    }
    let text = "Two claims are bound to the same volume, this one is bound incorrectly";
    lose(ctx, claim, "ClaimMisbound", text)
}

fn lose(ctx: &mut Context<'_>, claim: &Object, reason: &str, message: &str) -> Result<Action> {
    if claim.str("/status/phase") != "Lost" {
        let mut new = claim.clone();
        new.put("/status", json!({"phase": "Lost"}));
        ctx.update_status(CLAIMS, new)?;
        ctx.event(claim, "Warning", reason, message);
    }
    Ok(Action::AwaitChange)
}

/// A claim without a volume takes the best there is, or asks for one to be made.
fn find(ctx: &mut Context<'_>, claim: &Object) -> Result<Action> {
    let class = match class_of(claim) {
        "" => None,
        name => ctx.get(CLASSES, "", name)?,
    };
    let waits = class.as_ref().is_some_and(|c| c.str("/volumeBindingMode") == "WaitForFirstConsumer");
    let has_node = claim.annotation(SELECTED_NODE).is_some();
    let mut candidates = ctx.indexed(VOLUMES, "claim", &Key::of(claim).to_string())?;
    if !waits {
        candidates.extend(ctx.indexed(VOLUMES, "available", class_of(claim))?);
    }
    if let Some(volume) = matching::best(claim, &candidates, waits, |_| true) {
        return bind(ctx, &volume, claim);
    }
    set_pending(ctx, claim)?;
    if waits && !has_node {
        tell_wait(ctx, claim)?;
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

/// A claim of a class that waits says what it waits for.
fn tell_wait(ctx: &mut Context<'_>, claim: &Object) -> Result<()> {
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

/// Asks the provisioner of a class for a volume.
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

/// A claim that names its volume takes it when it is there, suits and is nobody else's.
fn take_named(ctx: &mut Context<'_>, claim: &Object, volume: Option<Arc<Object>>) -> Result<Action> {
    let Some(volume) = volume else {
        set_pending(ctx, claim)?;
        return Ok(Action::AwaitChange);
    };
    if volume.at("/spec/claimRef").is_none() {
        if let Some(problem) = matching::problem(&volume, claim) {
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

fn set_pending(ctx: &mut Context<'_>, claim: &Object) -> Result<()> {
    if claim.str("/status/phase") == "Pending" {
        return Ok(());
    }
    let mut new = claim.clone();
    new.put("/status", json!({"phase": "Pending"}));
    ctx.update_status(CLAIMS, new).map(drop)
}

/// Makes both point at each other and Bound; what is done already is left as it is.
///
/// One side at a time: the change of the volume wakes its claim, whose side follows then. Whoever looks in between, as the
/// scheduler does that learns of claim and pod together, finds the claim unbound, as in a cluster where each side takes
/// requests of its own.
fn bind(ctx: &mut Context<'_>, volume: &Object, claim: &Object) -> Result<Action> {
    let promised = bound_volume(volume, claim);
    let is_news = promised != *volume;
    let volume = ctx.update(VOLUMES, promised)?;
    let volume = set_volume_phase(ctx, &volume, "Bound", "")?;
    if !is_news {
        bind_claim(ctx, &volume, claim)?;
    }
    Ok(Action::AwaitChange)
}

/// The claim's side of a binding.
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

/// The volume with a reference to the claim.
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

/// The claim with a reference to the volume.
fn bound_claim(claim: &Object, volume: &Object) -> Object {
    let mut new = claim.clone();
    if claim.str("/spec/volumeName") != volume.name() {
        new.put("/spec/volumeName", volume.name());
        new.set_annotation(BOUND_BY_CONTROLLER, "yes");
    }
    new.set_annotation(BIND_COMPLETED, "yes");
    new
}
