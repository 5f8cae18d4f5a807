//! Persistent volume claims of StatefulSets: none is deleted except by a retention policy or an operation.

use std::collections::BTreeSet;
use std::sync::Arc;

use kctl_base::object::{Object, ObjectMeta as _, ValueRead as _};

use super::{World, is_unschedulable, named};
use crate::harness::cluster::{Change, ChangeKind};

const CLAIMS: &str = "persistentvolumeclaims";

/// No claim is deleted unless it has been released.
pub(super) fn claims_are_retained(world: &World, change: &Change) -> Vec<String> {
    let deleted = change.kind == ChangeKind::Deleted || change.object.is_deleting();
    let lost = deleted && change.key.resource == CLAIMS && !world.released_claims.contains(change.key.name.as_str());
    if lost { vec![format!("{} is lost", named(&change.object))] } else { Vec::new() }
}

/// Tracks the claims that the retention policy of a StatefulSet releases: those of surplus pods, and all when the set is
/// deleted.
pub(super) fn track_released_claims(world: &mut World, change: &Change) {
    if change.key.resource == CLAIMS && change.kind == ChangeKind::Deleted {
        world.released_claims.remove(change.key.name.as_str());
    }
    if change.key.resource != "statefulsets.apps" {
        return;
    }
    let set = &change.object;
    let deletes = |when: &str| set.str(&format!("/spec/persistentVolumeClaimRetentionPolicy/{when}")) == "Delete";
    let deleted = change.kind == ChangeKind::Deleted || set.is_deleting();
    let start = set.int("/spec/ordinals/start").unwrap_or(0);
    let wanted = start..start + set.int("/spec/replicas").unwrap_or(0);
    for claim in world.list(CLAIMS) {
        let Some(ordinal) = ordinal_of(&claim, set) else { continue };
        let surplus = !wanted.contains(&ordinal);
        if (deleted && deletes("whenDeleted")) || (surplus && deletes("whenScaled")) {
            world.released_claims.insert(claim.name().into());
        }
    }
}

/// The ordinal of the pod for which a set created a claim; `None` for a claim of another set.
fn ordinal_of(claim: &Object, set: &Object) -> Option<i64> {
    let (name, ordinal) = claim.name().strip_prefix("data-")?.rsplit_once('-')?;
    (name == set.name()).then(|| ordinal.parse().ok()).flatten()
}

/// The claims of a scheduled pod exist. Those of an unscheduled pod are not protected.
pub(super) fn claims_of_pods_exist(world: &World) -> Vec<String> {
    let claims: BTreeSet<String> = world.list(CLAIMS).iter().map(|claim| claim.name().to_string()).collect();
    let mut problems = Vec::new();
    for pod in world.list("pods").iter().filter(|p| !p.is_deleting() && !p.str("/spec/nodeName").is_empty()) {
        let wanted = pod.list("/spec/volumes").iter().map(|v| v.str("/persistentVolumeClaim/claimName"));
        let missing = wanted.filter(|claim| !claim.is_empty() && !claims.contains(*claim));
        problems.extend(missing.map(|claim| format!("{} misses the claim {claim}", named(pod))));
    }
    problems
}

fn uses(pod: &Object, claim: &Object) -> bool {
    pod.list("/spec/volumes").iter().any(|v| v.str("/persistentVolumeClaim/claimName") == claim.name())
}

/// Returns true for a claim that a pod uses, which protects it from deletion.
pub(super) fn is_used(world: &World, claim: &Object) -> bool {
    claim.str("/kind") == "PersistentVolumeClaim" && world.list("pods").iter().any(|pod| uses(pod, claim))
}

/// The claims of pods are bound, and claims and volumes are bound to each other one to one.
pub(super) fn claims_are_bound(world: &World) -> Vec<String> {
    let mut problems = Vec::new();
    let volumes = world.all("persistentvolumes");
    for claim in world.list(CLAIMS).iter().filter(|c| c.str("/status/phase") == "Bound") {
        let volume = volumes.iter().find(|v| v.name() == claim.str("/spec/volumeName"));
        if volume.is_none_or(|v| v.str("/spec/claimRef/uid") != claim.uid()) {
            problems.push(format!("{} is bound to {:?}", named(claim), volume.map(|v| &v["spec"])));
        }
    }
    let pending = |claim: &&Arc<Object>| claim.str("/status/phase") != "Bound";
    for claim in world.list(CLAIMS).iter().filter(pending) {
        if world.list("pods").iter().any(|pod| uses(pod, claim) && !is_unschedulable(pod)) {
            problems.push(format!("{} is used but not bound: {}", named(claim), claim["status"]));
        }
    }
    for volume in volumes.iter().filter(|v| v.str("/status/phase") == "Bound") {
        if !world.list(CLAIMS).iter().any(|c| c.uid() == volume.str("/spec/claimRef/uid")) {
            problems.push(format!("{} is bound to a deleted claim", named(volume)));
        }
    }
    problems
}
