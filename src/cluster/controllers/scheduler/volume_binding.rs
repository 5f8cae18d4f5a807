//! Volume binding: on which nodes the volumes of a pod can be used, and which claims have to be bound or provisioned first
//! (`pkg/scheduler/framework/plugins/volumebinding`, `volumezone` and `volumerestrictions`).

use std::collections::BTreeSet;
use std::sync::Arc;

use super::filters::Status;
use super::node_info::NodeInfo;
use super::pod_info::{PodInfo, is_assigned};
use super::terms::node_selector_matches;
use crate::controllers::Context;
use crate::controllers::runtime::Result;
use kctl_base::json::{Value, json};
use kctl_base::labels::Selector;
use kctl_base::object::{Object, ObjectMeta, ValueRead, ValueWrite};
use kctl_base::quantity::Quantity;
use kctl_kinds::core::pod::claims;

/// Annotation of a claim with the node for which its volume is provisioned.
const SELECTED_NODE: &str = "volume.kubernetes.io/selected-node";
/// Provisioner of classes without dynamic provisioning.
const NO_PROVISIONER: &str = "kubernetes.io/no-provisioner";
/// Labels of volumes and nodes that the VolumeZone plugin compares.
const ZONE_LABELS: &[&str] = &[
    "failure-domain.beta.kubernetes.io/zone",
    "failure-domain.beta.kubernetes.io/region",
    "topology.kubernetes.io/zone",
    "topology.kubernetes.io/region",
];

/// A claim whose binding waits for its first consumer.
struct UnboundClaim {
    claim: Arc<Object>,
    class: Arc<Object>,
}

/// The claims of a pod.
#[derive(Default)]
pub(super) struct PodVolumes {
    /// Volumes of bound claims.
    bound: Vec<Arc<Object>>,
    /// The volume of a bound claim does not exist.
    volume_not_found: bool,
    /// Claims with `volumeBindingMode: WaitForFirstConsumer`.
    unbound: Vec<UnboundClaim>,
    /// Available volumes, for the unbound claims.
    available: Vec<Arc<Object>>,
    /// Uids of other pods that use a ReadWriteOncePod claim of the pod.
    rwop_users: BTreeSet<String>,
}

/// A decision about an unbound claim, to be carried out before its pod is bound.
pub(super) enum Binding {
    /// Bind an available volume.
    Static { volume: Arc<Object>, claim: Arc<Object> },
    /// Provision a volume for the node.
    Dynamic { claim: Arc<Object> },
}

/// Reads the claims of a pod (PreFilter). The inner error is the reason why the pod cannot be scheduled on any node.
pub(super) fn read(ctx: &mut Context<'_>, pod: &PodInfo) -> Result<std::result::Result<PodVolumes, String>> {
    let (mut volumes, mut has_unbound_immediate) = (PodVolumes::default(), false);
    let names: Vec<String> = claims(&pod.object);
    let namespace = pod.object.namespace();
    for name in &names {
        let Some(claim) = ctx.get("persistentvolumeclaims", namespace, name)? else {
            return Ok(Err(missing(&pod.object, name)));
        };
        if claim.str("/status/phase") == "Lost" {
            let volume = claim.str("/spec/volumeName");
            return Ok(Err(format!(
                "persistentvolumeclaim \"{name}\" bound to non-existent persistentvolume \"{volume}\""
            )));
        }
        if claim.is_deleting() {
            return Ok(Err(format!("persistentvolumeclaim \"{name}\" is being deleted")));
        }
        if claim.list("/spec/accessModes").iter().any(|m| m == "ReadWriteOncePod") {
            let users = ctx.indexed("pods", "claim", &format!("{namespace}/{name}"))?;
            let users = users.iter().filter(|p| is_assigned(p) && p.uid() != pod.object.uid());
            volumes.rwop_users.extend(users.map(|p| p.uid().to_string()));
        }
        has_unbound_immediate |= !volumes.add(ctx, claim)?;
    }
    if has_unbound_immediate {
        return Ok(Err("pod has unbound immediate PersistentVolumeClaims".into()));
    }
    if !volumes.unbound.is_empty() {
        let mut available = ctx.list("persistentvolumes", None)?;
        available.retain(|v| matches!(v.str("/status/phase"), "Available" | "") && !v.is_deleting());
        volumes.available = available;
    }
    Ok(Ok(volumes))
}

/// Returns the reason for a claim that does not exist.
fn missing(pod: &Object, claim: &str) -> String {
    let ephemeral = pod
        .list("/spec/volumes")
        .iter()
        .any(|v| v.at("/ephemeral").is_some() && format!("{}-{}", pod.name(), v.str("/name")) == claim);
    match ephemeral {
        true => format!("waiting for ephemeral volume controller to create the persistentvolumeclaim \"{claim}\""),
        false => format!("persistentvolumeclaim \"{claim}\" not found"),
    }
}

impl PodVolumes {
    /// Adds a claim to the bound or unbound ones; returns false for an unbound claim that does not wait for a consumer.
    fn add(&mut self, ctx: &mut Context<'_>, claim: Arc<Object>) -> Result<bool> {
        let volume = claim.str("/spec/volumeName");
        if !volume.is_empty() && claim.annotation("pv.kubernetes.io/bind-completed").is_some() {
            match ctx.get("persistentvolumes", "", volume)? {
                Some(volume) => self.bound.push(volume),
                None => self.volume_not_found = true,
            }
            return Ok(true);
        }
        if !volume.is_empty() {
            return Ok(false);
        }
        let class = match claim.str("/spec/storageClassName") {
            "" => None,
            name => ctx.get("storageclasses.storage.k8s.io", "", name)?,
        };
        let waits = |class: &Arc<Object>| class.str("/volumeBindingMode") == "WaitForFirstConsumer";
        Ok(match class.filter(waits) {
            Some(class) => {
                self.unbound.push(UnboundClaim { claim, class });
                true
            }
            None => false,
        })
    }

    /// Returns true if the pod has no claims.
    fn is_empty(&self) -> bool {
        self.bound.is_empty() && self.unbound.is_empty() && self.rwop_users.is_empty() && !self.volume_not_found
    }

    /// Returns the status of a node that does not fit. `removed_pods` are uids of pods that no longer use their claims.
    pub(super) fn filter(&self, node: &NodeInfo, removed_pods: &BTreeSet<String>) -> Option<Status> {
        // Most pods have no claims, and are filtered for every node.
        if self.is_empty() {
            return None;
        }
        if self.rwop_users.iter().any(|uid| !removed_pods.contains(uid)) {
            return Some(Status::unschedulable(
                "node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode",
            ));
        }
        let mut reasons = Vec::new();
        if self.volume_not_found {
            reasons.push("node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)".into());
        } else if self.bound.iter().any(|v| !matches_node_affinity(v, node)) {
            reasons.push("node(s) didn't match PersistentVolume's node affinity".into());
        }
        if self.bindings(node).is_none() {
            reasons.push("node(s) didn't find available persistent volumes to bind".into());
        }
        if reasons.is_empty() && self.bound.iter().any(|v| has_zone_conflict(v, node)) {
            reasons.push("node(s) had no available volume zone".into());
        }
        (!reasons.is_empty()).then_some(Status { reasons, unresolvable: true })
    }

    /// Decides how to bind the unbound claims if the pod is scheduled to a node; `None` if that is impossible.
    pub(super) fn bindings(&self, node: &NodeInfo) -> Option<Vec<Binding>> {
        let (mut bindings, mut used) = (Vec::new(), BTreeSet::new());
        for UnboundClaim { claim, class } in &self.unbound {
            if let Some(selected) = claim.annotation(SELECTED_NODE) {
                // Its volume is being provisioned for that node.
                if selected != node.name {
                    return None;
                }
                bindings.push(Binding::Dynamic { claim: claim.clone() });
                continue;
            }
            let fits = |v: &&Arc<Object>| {
                !used.contains(v.name()) && matches_claim(v, claim) && matches_node_affinity(v, node)
            };
            let smallest = self.available.iter().filter(fits).min_by_key(|v| capacity(v));
            match smallest {
                Some(volume) => {
                    used.insert(volume.name().to_string());
                    bindings.push(Binding::Static { volume: volume.clone(), claim: claim.clone() });
                }
                None if can_provision(class, node) => bindings.push(Binding::Dynamic { claim: claim.clone() }),
                None => return None,
            }
        }
        Some(bindings)
    }
}

/// Starts the bindings (PreBind): the volume controller completes the static ones, the provisioner the others.
pub(super) fn start_binding(ctx: &mut Context<'_>, bindings: &[Binding], node: &str) -> Result<()> {
    for binding in bindings {
        match binding {
            Binding::Static { volume, claim } => {
                let mut volume = (**volume).clone();
                volume.put(
                    "/spec/claimRef",
                    json!({
                        "apiVersion": "v1", "kind": "PersistentVolumeClaim", "namespace": claim.namespace(),
                        "name": claim.name(), "uid": claim.uid(), "resourceVersion": claim.resource_version(),
                    }),
                );
                volume.set_annotation("pv.kubernetes.io/bound-by-controller", "yes");
                ctx.update("persistentvolumes", volume)?;
            }
            Binding::Dynamic { claim } if claim.annotation(SELECTED_NODE).is_none() => {
                let mut claim = (**claim).clone();
                claim.set_annotation(SELECTED_NODE, node);
                ctx.update("persistentvolumeclaims", claim)?;
            }
            Binding::Dynamic { .. } => {}
        }
    }
    Ok(())
}

/// Reports whether a volume can be used on a node.
fn matches_node_affinity(volume: &Object, node: &NodeInfo) -> bool {
    volume.at("/spec/nodeAffinity/required").is_none_or(|required| node_selector_matches(required, node.identity()))
}

/// Reports whether a volume belongs to another zone than a node, by their labels. A node without zone labels never conflicts.
fn has_zone_conflict(volume: &Object, node: &NodeInfo) -> bool {
    if !ZONE_LABELS.iter().any(|key| node.label(key).is_some()) {
        return false;
    }
    ZONE_LABELS
        .iter()
        .any(|key| volume.label(key).is_some_and(|zones| !zones.split("__").any(|zone| node.label(key) == Some(zone))))
}

/// Reports whether an available volume satisfies a claim.
fn matches_claim(volume: &Object, claim: &Object) -> bool {
    let modes = volume.list("/spec/accessModes");
    let mode = |object: &Object| match object.str("/spec/volumeMode") {
        "" => "Filesystem".to_string(),
        mode => mode.to_string(),
    };
    let requested = claim.pointer("/spec/resources/requests/storage").and_then(|q| Quantity::from_value(q).ok());
    let selector = claim
        .at("/spec/selector")
        .map_or_else(Selector::everything, |s| Selector::from_object(s).unwrap_or(Selector::Nothing));
    let reserved = match volume.at("/spec/claimRef") {
        None => true,
        Some(r) => r.str("/name") == claim.name() && r.str("/namespace") == claim.namespace(),
    };
    reserved
        && volume.str("/spec/storageClassName") == claim.str("/spec/storageClassName")
        && mode(volume) == mode(claim)
        && claim.list("/spec/accessModes").iter().all(|m| modes.contains(m))
        && selector.matches_object(volume)
        && requested.is_none_or(|requested| capacity(volume) >= requested)
}

fn capacity(volume: &Object) -> Quantity {
    volume.pointer("/spec/capacity/storage").and_then(|q| Quantity::from_value(q).ok()).unwrap_or(Quantity::ZERO)
}

/// Reports whether volumes of a class can be provisioned for a node.
fn can_provision(class: &Object, node: &NodeInfo) -> bool {
    let allowed = class.list("/allowedTopologies");
    let matches = |term: &Value| {
        term.list("/matchLabelExpressions").iter().all(|e| {
            let value = node.label(e.str("/key"));
            e.list("/values").iter().any(|v| v.as_str() == value)
        })
    };
    !matches!(class.str("/provisioner"), NO_PROVISIONER | "") && (allowed.is_empty() || allowed.iter().any(matches))
}

#[cfg(test)]
mod tests {
    use super::super::node_usage::NodeUsage;
    use super::*;

    fn node(name: &str) -> NodeInfo {
        let labels = json!({"kubernetes.io/hostname": name, "topology.kubernetes.io/zone": "a"});
        NodeInfo::new(&json!({"metadata": {"name": name, "labels": labels}}), NodeUsage::default())
    }

    fn volume(name: &str, size: &str, host: Option<&str>) -> Arc<Object> {
        let mut volume = json!({
            "metadata": {"name": name, "labels": {}},
            "spec": {"capacity": {"storage": size}, "accessModes": ["ReadWriteOnce"], "storageClassName": "local"},
        });
        if let Some(host) = host {
            volume["spec"]["nodeAffinity"]["required"]["nodeSelectorTerms"] = json!([
                {"matchExpressions": [{"key": "kubernetes.io/hostname", "operator": "In", "values": [host]}]}
            ]);
        }
        Arc::new(volume)
    }

    fn unbound(size: &str, provisioner: &str) -> UnboundClaim {
        let claim = json!({"metadata": {"name": "c"}, "spec": {
            "accessModes": ["ReadWriteOnce"], "storageClassName": "local", "resources": {"requests": {"storage": size}},
        }});
        UnboundClaim { claim: Arc::new(claim), class: Arc::new(json!({"provisioner": provisioner})) }
    }

    fn reasons(volumes: &PodVolumes, node: &NodeInfo) -> Vec<String> {
        volumes.filter(node, &BTreeSet::new()).map_or(vec![], |r| r.reasons.iter().map(|r| r.to_string()).collect())
    }

    #[test]
    fn bound_volumes_restrict_pods_to_their_nodes() {
        let mut volumes = PodVolumes { bound: vec![volume("v", "1Gi", Some("n1"))], ..PodVolumes::default() };
        assert!(reasons(&volumes, &node("n1")).is_empty());
        assert_eq!(reasons(&volumes, &node("n2")), ["node(s) didn't match PersistentVolume's node affinity"]);
        let mut elsewhere = (*volume("v", "1Gi", None)).clone();
        elsewhere.set_label("topology.kubernetes.io/zone", "b__c");
        volumes.bound = vec![Arc::new(elsewhere)];
        assert_eq!(reasons(&volumes, &node("n1")), ["node(s) had no available volume zone"]);
    }

    #[test]
    fn unbound_claims_get_the_smallest_volume_of_the_node() {
        let volumes = PodVolumes {
            unbound: vec![unbound("1Gi", NO_PROVISIONER)],
            available: vec![
                volume("far", "1Gi", Some("n2")),
                volume("big", "5Gi", Some("n1")),
                volume("fit", "2Gi", Some("n1")),
            ],
            ..PodVolumes::default()
        };
        let bindings = volumes.bindings(&node("n1")).expect("possible");
        assert!(matches!(&bindings[..], [Binding::Static { volume, .. }] if volume.name() == "fit"));
        assert_eq!(reasons(&volumes, &node("n3")), ["node(s) didn't find available persistent volumes to bind"]);
        let dynamic = PodVolumes { unbound: vec![unbound("1Gi", "example.com/disk")], ..PodVolumes::default() };
        assert!(matches!(&dynamic.bindings(&node("n3")).expect("possible")[..], [Binding::Dynamic { .. }]));
    }
}
