//! The external provisioner and resizer that a storage class names (kubernetes-csi/external-provisioner, external-resizer).
//!
//! There is no storage behind the volumes. Provisioning and resizing take as long as an image pull.

use std::sync::Arc;

use super::provisioned::Order;
use super::{CLAIMS, CLASSES, NO_PROVISIONER, PROVISIONER, SELECTED_NODE, VOLUMES, class_of, matching};
use crate::controllers::runtime::Result;
use crate::controllers::{Action, Context, Controller, Key, Watch};
use crate::store::{Change, ChangeKind};
use kctl_base::json::{self, Value};
use kctl_base::object::{Object, ObjectMeta, ValueRead, ValueWrite};
use kctl_base::quantity::Quantity;
use kctl_base::sim::{Duration, Time};

/// The first and the longest wait after a failure (sig-storage-lib-external-provisioner).
const RETRY_FIRST: Duration = Duration::from_secs(15);
const RETRY_LAST: Duration = Duration::from_secs(1000);

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
        ctx.clear_state(&failures_row(key));
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
    if is_resize {
        resize(ctx, &claim)?;
        return Ok(Action::AwaitChange);
    }
    provision(ctx, key, &claim, &class)
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
fn provision(ctx: &mut Context<'_>, key: &Key, claim: &Object, class: &Object) -> Result<Action> {
    let node = match claim.annotation(SELECTED_NODE) {
        Some(name) => ctx.get("nodes", "", name)?,
        None => None,
    };
    let hostname = |node: &Object| node.label("kubernetes.io/hostname").unwrap_or(node.name()).to_string();
    let node = node.map(|node| (node.name().to_string(), hostname(&node)));
    let node = node.as_ref().map(|(name, hostname)| (name.as_str(), hostname.as_str()));
    let local_root = local_root(ctx, node.map_or("", |(name, _)| name))?;
    let identity = ctx.ids().uid("provisioner", "minikube", 0);
    let order = Order { claim, class, node, local_root: &local_root, identity: &identity };
    let row = failures_row(key);
    let volume = match order.volume() {
        Ok(volume) => volume,
        Err(reason) => {
            ctx.event(claim, "Warning", "ProvisioningFailed", &reason);
            let failures = ctx.state::<u32>(&row)?.unwrap_or(0);
            ctx.set_state(&row, failures + 1);
            // It doubles with each failure (`ExponentialFailureRateLimiter`).
            let wait = (0..failures).fold(RETRY_FIRST, |wait, _| (wait + wait).min(RETRY_LAST));
            return Ok(Action::ResyncAt(ctx.now + wait));
        }
    };
    ctx.clear_state(&row);
    let name = volume.name().to_string();
    match ctx.create(VOLUMES, volume) {
        Err(status) if !status.is_already_exists() => return Err(status),
        _ => {}
    }
    ctx.event(claim, "Normal", "ProvisioningSucceeded", &format!("Successfully provisioned volume {name}"));
    Ok(Action::AwaitChange)
}

/// Returns the row with the number of failures for a claim.
fn failures_row(key: &Key) -> String {
    format!("failures/{key}")
}

/// Returns the directory of the local volumes of a node, as the configuration of local-path-provisioner says.
fn local_root(ctx: &mut Context<'_>, node: &str) -> Result<String> {
    let configuration = ctx.get("configmaps", "local-path-storage", "local-path-config")?;
    let configuration = configuration.and_then(|map| json::from_str::<Value>(map.str("/data/config.json")).ok());
    let list = configuration.as_ref().map_or(&[][..], |configuration| configuration.list("/nodePathMap"));
    let of = |name: &str| list.iter().find(|entry| entry.str("/node") == name).map(|entry| entry.str("/paths/0"));
    let found = of(node).or_else(|| of("DEFAULT_PATH_FOR_NON_LISTED_NODES")).filter(|path| !path.is_empty());
    Ok(found.unwrap_or("/opt/local-path-provisioner").into())
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
