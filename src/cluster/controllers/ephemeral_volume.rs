//! Creates the claims of generic ephemeral volumes (`pkg/controller/volume/ephemeral`). A claim belongs to its pod and goes with
//! it, by garbage collection.

use super::runtime::Result;
use super::{Action, Context, Controller, Key, Watch};
use crate::store::{Change, ChangeKind};
use kctl_base::json::{Value, json};
use kctl_base::object::{Object, ObjectMeta, OwnerReference, ValueRead, ValueWrite};
use kctl_base::status::{Reason, Status};

/// The controller; its keys are pods.
pub(super) const CONTROLLER: Controller = Controller {
    name: "ephemeral-volume-controller",
    watches: &[Watch::mapped("pods", pod_with_volumes), Watch::mapped("persistentvolumeclaims", owner)],
    reconcile,
};

/// Maps a new pod that has such volumes to itself.
fn pod_with_volumes(change: &Change, _: &mut Context<'_>) -> Result<Vec<Key>> {
    let pod = &change.object;
    let is_wanted = change.kind == ChangeKind::Added && volumes(pod).next().is_some();
    Ok(is_wanted.then(|| Key::of(pod)).into_iter().collect())
}

/// Maps a claim that is gone to the pod to which it belonged.
fn owner(change: &Change, _: &mut Context<'_>) -> Result<Vec<Key>> {
    let claim = &change.object;
    let pod = claim.controller_of_kind("Pod").filter(|_| change.kind == ChangeKind::Deleted);
    Ok(pod.map(|pod| Key::new(claim.namespace(), pod)).into_iter().collect())
}

fn volumes(pod: &Object) -> impl Iterator<Item = &Value> {
    pod.list("/spec/volumes").iter().filter(|volume| volume.at("/ephemeral").is_some())
}

fn reconcile(ctx: &mut Context<'_>, key: &Key) -> Result<Action> {
    let Some(pod) = ctx.get_key("pods", key)?.filter(|pod| !pod.is_deleting()) else {
        return Ok(Action::AwaitChange);
    };
    for volume in volumes(&pod) {
        let claim = claim(&pod, volume);
        match ctx.get("persistentvolumeclaims", pod.namespace(), claim.name())? {
            None => drop(ctx.create("persistentvolumeclaims", claim)?),
            Some(found) if found.is_controlled_by(pod.uid()) => {}
            Some(found) => return Err(not_owner(&found, &pod)),
        }
    }
    Ok(Action::AwaitChange)
}

/// Returns the claim for a volume of a pod.
fn claim(pod: &Object, volume: &Value) -> Object {
    let template = volume.at("/ephemeral/volumeClaimTemplate").unwrap_or(&Value::Null);
    let mut claim = json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "spec": template["spec"].clone(),
        "metadata": {"name": format!("{}-{}", pod.name(), volume.str("/name")), "namespace": pod.namespace(),
            "ownerReferences": [OwnerReference::controller(pod).to_value()]}});
    for field in ["labels", "annotations"] {
        if let Some(value) = template.at(&format!("/metadata/{field}")) {
            claim.put(&format!("/metadata/{field}"), value.clone());
        }
    }
    claim
}

/// The error for a claim of that name that has nothing to do with the pod (`VolumeIsForPod`).
fn not_owner(claim: &Object, pod: &Object) -> Status {
    let message = format!(
        "PVC {}/{} was not created for pod {}/{} (pod is not owner)",
        claim.namespace(),
        claim.name(),
        pod.namespace(),
        pod.name()
    );
    Status::new(Reason::InternalError, message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Propagation;
    use crate::controllers::shared::testing::Bench;

    #[test]
    fn a_pod_gets_its_claim_and_takes_it_along() {
        let mut bench = Bench::open();
        let template = json!({"metadata": {"labels": {"type": "scratch"}},
            "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}});
        let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "app", "namespace": "default"},
            "spec": {"containers": [{"name": "c", "image": "busybox"}],
                "volumes": [{"name": "scratch", "ephemeral": {"volumeClaimTemplate": template}}]}});
        bench.create("pods", pod);
        let claim = bench.get("persistentvolumeclaims", "app-scratch");
        assert_eq!(claim.label("type"), Some("scratch"));
        assert_eq!(claim.str("/metadata/ownerReferences/0/uid"), bench.get("pods", "app").uid());
        assert_eq!(claim.str("/spec/resources/requests/storage"), "1Gi");
        bench.delete("pods", "app", Propagation::Background);
        bench.advance(60);
        assert!(bench.find("persistentvolumeclaims", "app-scratch").is_none());
    }
}
