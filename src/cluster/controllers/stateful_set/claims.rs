//! The owners of a StatefulSet's claims, which follow from `persistentVolumeClaimRetentionPolicy` (KEP-1847;
//! `updateClaimOwnerRefForSetAndPod` in `pkg/controller/statefulset/stateful_set_utils.go`).
//!
//! A claim without an owner stays, one that the set or a pod owns is deleted with it by the garbage collector.

use kctl_base::json::Value;
use kctl_base::object::{Object, ObjectMeta, OwnerReference, ValueRead, ValueWrite};

/// The object that should own a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Owner {
    None,
    Set,
    Pod,
}

/// Returns the owner that the policy asks for; `is_replica` is `false` for a pod that is being scaled away.
fn desired_owner(set: &Object, is_replica: bool) -> Owner {
    let deletes = |when: &str| set.str(&format!("/spec/persistentVolumeClaimRetentionPolicy/{when}")) == "Delete";
    match (deletes("whenScaled"), deletes("whenDeleted")) {
        (true, _) if !is_replica => Owner::Pod,
        (_, true) => Owner::Set,
        _ => Owner::None,
    }
}

fn refers_to(reference: &Value, owner: &Object) -> bool {
    reference.str("/kind") == owner.kind() && reference.str("/name") == owner.name()
}

/// Returns a copy of the claim with the owner that the policy asks for; `None` when it has that owner already. Owners other than
/// the set and the pod are kept, and where one of them is the controller, nothing is changed.
pub(super) fn with_owner(set: &Object, pod: &Object, is_replica: bool, claim: &Object) -> Option<Object> {
    let others: Vec<&Value> =
        claim.list("/metadata/ownerReferences").iter().filter(|r| !refers_to(r, set) && !refers_to(r, pod)).collect();
    if others.iter().any(|r| r.flag("/controller")) {
        return None;
    }
    let owner = match desired_owner(set, is_replica) {
        Owner::None => None,
        Owner::Set => Some(set),
        Owner::Pod => Some(pod),
    };
    let mut references: Vec<Value> = others.into_iter().cloned().collect();
    references.extend(owner.map(|owner| OwnerReference::controller(owner).to_value()));
    if references == claim.list("/metadata/ownerReferences") {
        return None;
    }
    let mut changed = claim.clone();
    match references.is_empty() {
        true => drop(changed.remove_at("/metadata/ownerReferences")),
        false => changed.put("/metadata/ownerReferences", references),
    }
    Some(changed)
}

/// Returns `true` when an earlier pod of this name owns the claim: it will be deleted, and the new pod waits for that
/// (`PodClaimIsStale`).
pub(super) fn is_stale(claim: &Object, pod_name: &str) -> bool {
    claim.list("/metadata/ownerReferences").iter().any(|r| r.str("/kind") == "Pod" && r.str("/name") == pod_name)
}

#[cfg(test)]
mod tests {
    use kctl_base::json::json;

    use super::*;

    #[test]
    fn owners_follow_from_the_policy() {
        let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web-1", "uid": "p"}});
        for (scaled, deleted, is_replica, want) in [
            ("Retain", "Retain", true, None),
            ("Retain", "Retain", false, None),
            ("Retain", "Delete", true, Some("s")),
            ("Retain", "Delete", false, Some("s")),
            ("Delete", "Retain", true, None),
            ("Delete", "Retain", false, Some("p")),
            ("Delete", "Delete", true, Some("s")),
            ("Delete", "Delete", false, Some("p")),
        ] {
            let set = json!({"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "web", "uid": "s"},
                "spec": {"persistentVolumeClaimRetentionPolicy": {"whenScaled": scaled, "whenDeleted": deleted}}});
            let other = json!({"kind": "ConfigMap", "name": "x", "uid": "o"});
            for before in [None, Some(&set), Some(&pod)] {
                let mut claim = json!({"metadata": {"name": "data-web-1", "ownerReferences": [other.clone()]}});
                let references = before.map(|b| OwnerReference::controller(b).to_value());
                claim.list_mut("/metadata/ownerReferences").extend(references);
                let after = with_owner(&set, &pod, is_replica, &claim).unwrap_or(claim);
                assert_eq!(after.controller_of().map(|o| o.uid).as_deref(), want, "{scaled} {deleted} {is_replica}");
                assert_eq!(after.list("/metadata/ownerReferences")[0], other);
            }
        }
    }

    #[test]
    fn a_claim_with_another_controller_is_left_alone() {
        let owner = json!({"kind": "Other", "name": "x", "uid": "o", "controller": true});
        let claim = json!({"metadata": {"ownerReferences": [owner]}});
        let policy = json!({"whenScaled": "Delete", "whenDeleted": "Delete"});
        let set = json!({"kind": "StatefulSet", "metadata": {"name": "web", "uid": "s"},
                         "spec": {"persistentVolumeClaimRetentionPolicy": policy}});
        assert_eq!(with_owner(&set, &json!({}), true, &claim), None);
    }
}
