//! Claims of StatefulSets: data is never lost but by a policy that says so, or by hand.

use std::collections::BTreeSet;
use std::sync::Arc;

use kctl_base::object::{Object, ObjectMeta as _, ValueRead as _};
use kctl_cluster::store::{Change, ChangeKind};

use super::{World, named, waits_for_room};

const CLAIMS: &str = "persistentvolumeclaims";

/// No claim goes that nothing has given up.
pub(super) fn claims_are_not_lost(world: &World, change: &Change) -> Vec<String> {
    let going = change.kind == ChangeKind::Deleted || change.object.is_deleting();
    let lost = going && change.key.resource == CLAIMS && !world.given_up.contains(change.key.name.as_str());
    if lost { vec![format!("{} is lost", named(&change.object))] } else { Vec::new() }
}

/// The policy of a StatefulSet gives up the claims of its surplus pods, and of all when it goes itself.
pub(super) fn note_claims_given_up(world: &mut World, change: &Change) {
    if change.key.resource == CLAIMS && change.kind == ChangeKind::Deleted {
        world.given_up.remove(change.key.name.as_str());
    }
    if change.key.resource != "statefulsets.apps" {
        return;
    }
    let set = &change.object;
    let deletes = |when: &str| set.str(&format!("/spec/persistentVolumeClaimRetentionPolicy/{when}")) == "Delete";
    let ends = change.kind == ChangeKind::Deleted || set.is_deleting();
    let start = set.int("/spec/ordinals/start").unwrap_or(0);
    let wanted = start..start + set.int("/spec/replicas").unwrap_or(0);
    for claim in world.own(CLAIMS) {
        let Some(ordinal) = ordinal_of(&claim, set) else { continue };
        let surplus = !wanted.contains(&ordinal);
        if (ends && deletes("whenDeleted")) || (surplus && deletes("whenScaled")) {
            world.given_up.insert(claim.name().into());
        }
    }
}

/// The ordinal of the pod that a claim of a set is for.
fn ordinal_of(claim: &Object, set: &Object) -> Option<i64> {
    let (name, ordinal) = claim.name().strip_prefix("data-")?.rsplit_once('-')?;
    (name == set.name()).then(|| ordinal.parse().ok()).flatten()
}

/// A pod that has a node has its claims: nothing protects those of a pod that has none yet.
pub(super) fn pods_have_their_claims(world: &World) -> Vec<String> {
    let claims: BTreeSet<String> = world.own(CLAIMS).iter().map(|claim| claim.name().to_string()).collect();
    let mut problems = Vec::new();
    for pod in world.own("pods").iter().filter(|p| !p.is_deleting() && !p.str("/spec/nodeName").is_empty()) {
        let wanted = pod.list("/spec/volumes").iter().map(|v| v.str("/persistentVolumeClaim/claimName"));
        let missing = wanted.filter(|claim| !claim.is_empty() && !claims.contains(*claim));
        problems.extend(missing.map(|claim| format!("{} has no claim {claim}", named(pod))));
    }
    problems
}

fn uses(pod: &Object, claim: &Object) -> bool {
    pod.list("/spec/volumes").iter().any(|v| v.str("/persistentVolumeClaim/claimName") == claim.name())
}

/// Whether an object is a claim that some pod uses, which protects it.
pub(super) fn is_used(world: &World, claim: &Object) -> bool {
    claim.str("/kind") == "PersistentVolumeClaim" && world.own("pods").iter().any(|pod| uses(pod, claim))
}

/// Claims that a pod uses are bound, and claims and volumes are bound to each other, one to one.
pub(super) fn claims_are_bound(world: &World) -> Vec<String> {
    let mut problems = Vec::new();
    let volumes = world.all("persistentvolumes");
    for claim in world.own(CLAIMS).iter().filter(|c| c.str("/status/phase") == "Bound") {
        let volume = volumes.iter().find(|v| v.name() == claim.str("/spec/volumeName"));
        if volume.is_none_or(|v| v.str("/spec/claimRef/uid") != claim.uid()) {
            problems.push(format!("{} is bound to {:?}", named(claim), volume.map(|v| &v["spec"])));
        }
    }
    let pending = |claim: &&Arc<Object>| claim.str("/status/phase") != "Bound";
    for claim in world.own(CLAIMS).iter().filter(pending) {
        if world.own("pods").iter().any(|pod| uses(pod, claim) && !waits_for_room(pod)) {
            problems.push(format!("{} is used and not bound: {}", named(claim), claim["status"]));
        }
    }
    for volume in volumes.iter().filter(|v| v.str("/status/phase") == "Bound") {
        if !world.own(CLAIMS).iter().any(|c| c.uid() == volume.str("/spec/claimRef/uid")) {
            problems.push(format!("{} is bound to a claim that is gone", named(volume)));
        }
    }
    problems
}
