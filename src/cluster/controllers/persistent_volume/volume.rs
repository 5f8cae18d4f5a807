//! Reconciliation of a volume (`syncVolume`): its phase follows its claim; a released volume is reclaimed by its policy.

use std::sync::Arc;

use super::{BOUND_BY_CONTROLLER, CLAIMS, CLASSES, PROVISIONED_BY, VOLUMES, class_of, matching, set_volume_phase};
use crate::api::Propagation;
use crate::controllers::runtime::Result;
use crate::controllers::{Action, Context, Key};
use kctl_base::object::{Object, ObjectMeta, ValueRead, ValueWrite};

/// Decision about a volume.
#[derive(Debug, PartialEq, Eq)]
enum Plan {
    /// Set this phase.
    Phase(&'static str),
    /// The reconciliation of the claim completes the binding.
    Wait,
    /// The claim is bound to another volume: remove the reference.
    Unbind,
    /// The claim is bound to another volume, but the user has set the reference: remove only its uid.
    UnbindUid,
    /// The claim was deleted.
    Release,
}

fn plan(volume: &Object, claim: Option<&Object>) -> Plan {
    let uid = volume.str("/spec/claimRef/uid");
    if volume.at("/spec/claimRef").is_none() || uid.is_empty() {
        return Plan::Phase("Available");
    }
    let Some(claim) = claim.filter(|c| c.uid() == uid) else { return Plan::Release };
    match claim.str("/spec/volumeName") {
        "" => Plan::Wait,
        name if name == volume.name() => Plan::Phase("Bound"),
        _ if volume.annotation(PROVISIONED_BY).is_some() && reclaim_policy(volume) == "Delete" => Plan::Release,
        _ if volume.annotation(BOUND_BY_CONTROLLER).is_some() => Plan::Unbind,
        _ => Plan::UnbindUid,
    }
}

fn reclaim_policy(volume: &Object) -> &str {
    volume.str("/spec/persistentVolumeReclaimPolicy")
}

/// Reconciles a volume.
pub(super) fn sync(ctx: &mut Context<'_>, volume: Arc<Object>) -> Result<Action> {
    let (namespace, name) = (volume.str("/spec/claimRef/namespace"), volume.str("/spec/claimRef/name"));
    let claim = if name.is_empty() { None } else { ctx.get(CLAIMS, namespace, name)? };
    match plan(&volume, claim.as_deref()) {
        Plan::Phase(phase) => {
            let volume = set_volume_phase(ctx, &volume, phase, "")?;
            if volume.at("/spec/claimRef").is_none() {
                await_claims(ctx, &volume)?;
            }
        }
        Plan::Wait => {}
        Plan::Unbind => drop(unbind(ctx, &volume)?),
        Plan::UnbindUid => {
            let mut new = (*volume).clone();
            new.remove_at("/spec/claimRef/uid");
            new.remove_at("/spec/claimRef/resourceVersion");
            ctx.update(VOLUMES, new)?;
        }
        Plan::Release => release(ctx, &volume)?,
    }
    Ok(Action::AwaitChange)
}

/// Makes the next resync of the claims that an available volume satisfies one for which somebody may wait: they will be bound.
/// Those with delayed binding wait for the scheduler.
fn await_claims(ctx: &mut Context<'_>, volume: &Object) -> Result<()> {
    let class = ctx.get(CLASSES, "", class_of(volume))?;
    if class.is_some_and(|class| class.str("/volumeBindingMode") == "WaitForFirstConsumer") {
        return Ok(());
    }
    for claim in ctx.indexed(CLAIMS, "unbound", class_of(volume))? {
        if matching::satisfies(volume, &claim) {
            ctx.expect(&Key::of(&claim))?;
        }
    }
    Ok(())
}

/// Removes the reference to the claim, which makes the volume available (`unbindVolume`).
fn unbind(ctx: &mut Context<'_>, volume: &Object) -> Result<Arc<Object>> {
    let mut new = volume.clone();
    new.remove_at("/spec/claimRef");
    new.remove_at("/metadata/annotations/pv.kubernetes.io~1bound-by-controller");
    let new = ctx.update(VOLUMES, new)?;
    set_volume_phase(ctx, &new, "Available", "")
}

/// Releases a volume whose claim was deleted, and retains, deletes or recycles it (`reclaimVolume`).
fn release(ctx: &mut Context<'_>, volume: &Object) -> Result<()> {
    let mut current = Arc::new(volume.clone());
    if !matches!(volume.str("/status/phase"), "Released" | "Failed") {
        current = set_volume_phase(ctx, volume, "Released", "")?;
    }
    match reclaim_policy(&current) {
        "Delete" if current.is_deleting() => Ok(()),
        "Delete" => match deletion_error(&current) {
            None => ctx.delete_with(VOLUMES, &current, None, Propagation::Background),
            Some(error) => set_failed(ctx, &current, "VolumeFailedDelete", &error),
        },
        "Recycle" if is_recyclable(&current) => {
            ctx.event(&current, "Normal", "VolumeRecycled", "Volume recycled");
            unbind(ctx, &current).map(drop)
        }
        "Recycle" => set_failed(ctx, &current, "VolumeFailedRecycle", "No recycler plugin found for the volume!"),
        _ => Ok(()),
    }
}

/// Sets the phase `Failed` and records an event.
fn set_failed(ctx: &mut Context<'_>, volume: &Object, reason: &str, message: &str) -> Result<()> {
    if volume.str("/status/phase") != "Failed" {
        set_volume_phase(ctx, volume, "Failed", message)?;
        ctx.event(volume, "Warning", reason, message);
    }
    Ok(())
}

fn is_recyclable(volume: &Object) -> bool {
    volume.at("/spec/nfs").is_some() || volume.at("/spec/hostPath").is_some()
}

/// Returns why the storage of a volume cannot be deleted. Provisioned volumes and directories below /tmp can be.
fn deletion_error(volume: &Object) -> Option<String> {
    if volume.annotation(PROVISIONED_BY).is_some() {
        return None;
    }
    if let Some(path) = volume.at("/spec/hostPath").map(|h| h.str("/path")) {
        let under_tmp = path.strip_prefix("/tmp/").is_some_and(|rest| !rest.is_empty());
        let text = format!("host_path deleter only supports /tmp/.+ but received provided {path}");
        return (!under_tmp).then_some(text);
    }
    let is_manual = ["nfs", "local", "iscsi", "fc"].iter().any(|s| volume.at(&format!("/spec/{s}")).is_some());
    let text = format!(
        "error getting deleter volume plugin for volume \"{}\": no deletable volume plugin matched",
        volume.name()
    );
    is_manual.then_some(text)
}

#[cfg(test)]
mod tests {
    use kctl_base::json::{Value, json};

    use super::*;

    #[test]
    fn the_phase_follows_the_claim() {
        let volume = |reference: Value, annotation: &str| json!({"metadata": {"name": "v", "annotations": {annotation: "yes"}}, "spec": {"claimRef": reference}});
        let claim = |uid: &str, name: &str| json!({"metadata": {"uid": uid}, "spec": {"volumeName": name}});
        let reference = json!({"namespace": "d", "name": "c", "uid": "u"});
        let cases = [
            (volume(Value::Null, "x"), None, Plan::Phase("Available")),
            (volume(json!({"namespace": "d", "name": "c"}), "x"), None, Plan::Phase("Available")),
            (volume(reference.clone(), "x"), None, Plan::Release),
            (volume(reference.clone(), "x"), Some(claim("other", "v")), Plan::Release),
            (volume(reference.clone(), "x"), Some(claim("u", "")), Plan::Wait),
            (volume(reference.clone(), "x"), Some(claim("u", "v")), Plan::Phase("Bound")),
            (volume(reference.clone(), "x"), Some(claim("u", "w")), Plan::UnbindUid),
            (volume(reference, BOUND_BY_CONTROLLER), Some(claim("u", "w")), Plan::Unbind),
        ];
        for (volume, claim, want) in cases {
            assert_eq!(plan(&volume, claim.as_ref()), want, "{volume} {claim:?}");
        }
    }

    #[test]
    fn only_some_storage_can_be_deleted() {
        let provisioned = json!({"metadata": {"annotations": {PROVISIONED_BY: "rancher.io/local-path"}},
                                 "spec": {"hostPath": {"path": "/var/local-path-provisioner/x"}}});
        assert_eq!(deletion_error(&provisioned), None);
        for (source, deletable) in [
            (json!({"hostPath": {"path": "/tmp/x"}}), true),
            (json!({"hostPath": {"path": "/data"}}), false),
            (json!({"nfs": {}}), false),
            (json!({"csi": {}}), true),
        ] {
            assert_eq!(deletion_error(&json!({"spec": source})).is_none(), deletable, "{source}");
        }
    }
}
