//! The external provisioner and resizer that a storage class names (kubernetes-csi/external-provisioner, external-resizer).
//!
//! There is no storage behind the volumes. Provisioning and resizing take as long as an image pull.

use std::sync::Arc;

use super::{CLAIMS, CLASSES, NO_PROVISIONER, PROVISIONED_BY, PROVISIONER, VOLUMES, class_of, matching};
use crate::controllers::runtime::Result;
use crate::controllers::{Action, Context, Controller, Key, Watch};
use crate::store::{Change, ChangeKind};
use kctl_base::json::{Value, json};
use kctl_base::object::{Object, ObjectMeta, ValueRead, ValueWrite};
use kctl_base::quantity::Quantity;
use kctl_base::sim::Time;

/// The controller; its keys are claims.
pub(in crate::controllers) const CONTROLLER: Controller =
    Controller { name: "external-provisioner", watches: &[Watch::mapped(CLAIMS, claims_to_provision)], reconcile };

/// Maps a change to the claim, if it needs a volume or a resize or was deleted.
fn claims_to_provision(change: &Change, _: &mut Context<'_>) -> Result<Vec<Key>> {
    let claim = &change.object;
    let is_relevant = change.kind == ChangeKind::Deleted || needs_volume(claim) || needs_resize(claim);
    Ok(is_relevant.then(|| Key::of(claim)).into_iter().collect())
}

fn needs_volume(claim: &Object) -> bool {
    claim.str("/spec/volumeName").is_empty() && claim.annotation(PROVISIONER).is_some() && !claim.is_deleting()
}

fn needs_resize(claim: &Object) -> bool {
    let capacity = claim.at("/status/capacity/storage");
    claim.str("/status/phase") == "Bound"
        && capacity.is_some_and(|capacity| {
            Quantity::from_value(capacity).is_ok_and(|capacity| capacity < matching::requested(claim))
        })
}

fn reconcile(ctx: &mut Context<'_>, key: &Key) -> Result<Action> {
    let row = format!("begun/{key}");
    let claim = ctx.get_key(CLAIMS, key)?.filter(|c| needs_volume(c) || needs_resize(c));
    let class = match &claim {
        Some(claim) => ctx.get(CLASSES, "", class_of(claim))?,
        None => None,
    };
    let (Some(claim), Some(class)) = (claim, class.filter(|c| c.str("/provisioner") != NO_PROVISIONER)) else {
        ctx.clear_state(&row);
        return Ok(Action::AwaitChange);
    };
    let is_resize = needs_resize(&claim);
    let started = ctx.state::<Time>(&row)?;
    let ready = started.unwrap_or(ctx.now) + ctx.chance().span(ctx.latency(), "provision", claim.uid(), 0);
    if started.is_none() {
        record_start(ctx, key, &claim, is_resize);
        let now = ctx.now;
        ctx.set_state(&row, now);
    }
    if ready > ctx.now {
        return Ok(Action::RequeueAt(ready));
    }
    ctx.clear_state(&row);
    match is_resize {
        true => resize(ctx, &claim)?,
        false => provision(ctx, &claim, &class)?,
    }
    Ok(Action::AwaitChange)
}

/// Records the start of a resize or a provisioning.
fn record_start(ctx: &mut Context<'_>, key: &Key, claim: &Object, is_resize: bool) {
    match is_resize {
        true => {
            let text = format!("External resizer is resizing volume {}", claim.str("/spec/volumeName"));
            ctx.event(claim, "Normal", "Resizing", &text);
        }
        false => {
            let text = format!("External provisioner is provisioning volume for claim \"{key}\"");
            ctx.event(claim, "Normal", "Provisioning", &text);
        }
    }
}

/// Creates a volume that is reserved for the claim.
fn provision(ctx: &mut Context<'_>, claim: &Object, class: &Object) -> Result<()> {
    let volume = new_volume(claim, class);
    let name = volume.name().to_string();
    match ctx.create(VOLUMES, volume) {
        Err(status) if !status.is_already_exists() => return Err(status),
        _ => {}
    }
    ctx.event(claim, "Normal", "ProvisioningSucceeded", &format!("Successfully provisioned volume {name}"));
    Ok(())
}

/// Returns the volume that a class provisions for a claim.
fn new_volume(claim: &Object, class: &Object) -> Object {
    let name = format!("pvc-{}", claim.uid());
    let driver = class.str("/provisioner");
    let policy = match class.str("/reclaimPolicy") {
        "" => "Delete",
        policy => policy,
    };
    let mut volume = json!({
        "apiVersion": "v1", "kind": "PersistentVolume",
        "metadata": {"name": name, "annotations": {PROVISIONED_BY: driver}},
        "spec": {
            "accessModes": claim.list("/spec/accessModes"),
            "capacity": {"storage": claim.str("/spec/resources/requests/storage")},
            "claimRef": {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "namespace": claim.namespace(),
                         "name": claim.name(), "uid": claim.uid(), "resourceVersion": claim.resource_version()},
            "csi": {"driver": driver, "volumeHandle": name},
            "persistentVolumeReclaimPolicy": policy,
            "storageClassName": class.name(),
            "volumeMode": claim.str("/spec/volumeMode"),
        },
    });
    if let Some(parameters) = class.map("/parameters").filter(|p| !p.is_empty()) {
        volume.put("/spec/csi/volumeAttributes", parameters.clone());
    }
    if !class.list("/mountOptions").is_empty() {
        volume.put("/spec/mountOptions", class.list("/mountOptions").to_vec());
    }
    let terms = topology_terms(class);
    if !terms.is_empty() {
        volume.put("/spec/nodeAffinity/required/nodeSelectorTerms", terms);
    }
    volume
}

/// Returns `allowedTopologies` of a class as terms of a node selector.
fn topology_terms(class: &Object) -> Vec<Value> {
    let term = |topology: &Value| {
        let expressions = topology.list("/matchLabelExpressions").iter();
        let requirement = |e: &Value| json!({"key": e.str("/key"), "operator": "In", "values": e.list("/values")});
        json!({"matchExpressions": expressions.map(requirement).collect::<Vec<_>>()})
    };
    class.list("/allowedTopologies").iter().map(term).collect()
}

/// Resizes volume and claim to the requested storage.
fn resize(ctx: &mut Context<'_>, claim: &Arc<Object>) -> Result<()> {
    let Some(volume) = ctx.get(VOLUMES, "", claim.str("/spec/volumeName"))? else { return Ok(()) };
    let requested = claim.str("/spec/resources/requests/storage");
    if matching::capacity(&volume) < matching::requested(claim) {
        let mut larger = (*volume).clone();
        larger.put("/spec/capacity/storage", requested);
        ctx.update(VOLUMES, larger)?;
    }
    let mut new = (**claim).clone();
    new.put("/status/capacity/storage", requested);
    ctx.update_status(CLAIMS, new)?;
    ctx.event(claim, "Normal", "VolumeResizeSuccessful", "Resize volume succeeded");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_provisioned_volume_follows_claim_and_class() {
        let claim = json!({"metadata": {"name": "c", "namespace": "d", "uid": "u"}, "spec": {
            "accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "3Gi"}}, "volumeMode": "Filesystem"}});
        let class = json!({"metadata": {"name": "fast"}, "provisioner": "example.com/disk", "reclaimPolicy": "Retain",
            "parameters": {"type": "ssd"}, "mountOptions": ["noatime"],
            "allowedTopologies": [{"matchLabelExpressions": [{"key": "zone", "values": ["a"]}]}]});
        let volume = new_volume(&claim, &class);
        assert_eq!(volume.name(), "pvc-u");
        assert_eq!(volume.annotation(PROVISIONED_BY), Some("example.com/disk"));
        for (pointer, want) in [
            ("/spec/capacity/storage", "3Gi"),
            ("/spec/persistentVolumeReclaimPolicy", "Retain"),
            ("/spec/claimRef/uid", "u"),
            ("/spec/csi/volumeAttributes/type", "ssd"),
            ("/spec/mountOptions/0", "noatime"),
            ("/spec/nodeAffinity/required/nodeSelectorTerms/0/matchExpressions/0/key", "zone"),
        ] {
            assert_eq!(volume.str(pointer), want, "{pointer}");
        }
    }
}
