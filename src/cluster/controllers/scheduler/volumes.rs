//! The claims of a pod: which nodes their volumes can be used on, and what has to be bound or made first.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::filters::Refusal;
use super::terms::node_selector_matches;
use super::view::{Node, Pod, takes_room};
use crate::controllers::Context;
use crate::controllers::runtime::Result;
use kctl_base::json::{Value, json};
use kctl_base::labels::Selector;
use kctl_base::object::{Object, ObjectMeta, ValueRead, ValueWrite};
use kctl_base::quantity::Quantity;
use kctl_kinds::core::pod::claims;

/// The annotation by which a claim's volume is made for a node.
const SELECTED_NODE: &str = "volume.kubernetes.io/selected-node";
/// The provisioner of classes whose volumes are made by hand.
const BY_HAND: &str = "kubernetes.io/no-provisioner";
const ZONE_LABELS: &[&str] = &[
    "failure-domain.beta.kubernetes.io/zone",
    "failure-domain.beta.kubernetes.io/region",
    "topology.kubernetes.io/zone",
    "topology.kubernetes.io/region",
];

/// A claim that is bound when its first pod has found a node.
struct Delayed {
    claim: Arc<Object>,
    class: Arc<Object>,
}

/// What the claims of one pod mean for nodes.
#[derive(Default)]
pub(super) struct Volumes {
    /// The volumes of the bound claims.
    bound: Vec<Arc<Object>>,
    /// Whether a bound claim's volume is gone.
    lost: bool,
    delayed: Vec<Delayed>,
    /// Volumes that nobody has, for the delayed claims.
    free: Vec<Arc<Object>>,
    /// Uids of the pods that use a claim which one pod alone may use.
    rivals: BTreeSet<String>,
}

/// What has to happen to a claim before its pod can be bound.
pub(super) enum Step {
    /// This volume is for this claim.
    Bind(Arc<Object>, Arc<Object>),
    /// A volume is to be made for this claim.
    Provision(Arc<Object>),
}

/// Reads the claims of a pod; a text says why no node will do.
pub(super) fn read(ctx: &mut Context<'_>, pod: &Pod) -> Result<std::result::Result<Volumes, String>> {
    let (mut volumes, mut unbound) = (Volumes::default(), false);
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
            let rivals = users.iter().filter(|p| takes_room(p) && p.uid() != pod.object.uid());
            volumes.rivals.extend(rivals.map(|p| p.uid().to_string()));
        }
        unbound |= !volumes.sort(ctx, claim)?;
    }
    if unbound {
        return Ok(Err("pod has unbound immediate PersistentVolumeClaims".into()));
    }
    if !volumes.delayed.is_empty() {
        let mut free = ctx.list("persistentvolumes", None)?;
        free.retain(|v| matches!(v.str("/status/phase"), "Available" | "") && !v.is_deleting());
        volumes.free = free;
    }
    Ok(Ok(volumes))
}

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

impl Volumes {
    /// Puts a claim among the bound or delayed ones; `false` for one that should have been bound without a pod.
    fn sort(&mut self, ctx: &mut Context<'_>, claim: Arc<Object>) -> Result<bool> {
        let volume = claim.str("/spec/volumeName");
        if !volume.is_empty() && claim.annotation("pv.kubernetes.io/bind-completed").is_some() {
            match ctx.get("persistentvolumes", "", volume)? {
                Some(volume) => self.bound.push(volume),
                None => self.lost = true,
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
                self.delayed.push(Delayed { claim, class });
                true
            }
            None => false,
        })
    }

    /// Why a node does not take the pod, if so; `gone` are the uids of pods that go in a trial.
    pub(super) fn refuse(&self, node: &Node, gone: &BTreeSet<String>) -> Option<Refusal> {
        if self.rivals.iter().any(|uid| !gone.contains(uid)) {
            return Some(Refusal::now(
                "node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode",
            ));
        }
        let mut reasons = Vec::new();
        if self.lost {
            reasons.push("node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)".to_string());
        } else if self.bound.iter().any(|v| !reachable(v, node)) {
            reasons.push("node(s) didn't match PersistentVolume's node affinity".to_string());
        }
        if self.plan(node).is_none() {
            reasons.push("node(s) didn't find available persistent volumes to bind".to_string());
        }
        if reasons.is_empty() && self.bound.iter().any(|v| other_zone(v, node)) {
            reasons.push("node(s) had no available volume zone".to_string());
        }
        (!reasons.is_empty()).then_some(Refusal { reasons, hopeless: true })
    }

    /// What has to happen to the delayed claims when the pod goes to a node; `None` when nothing helps.
    pub(super) fn plan(&self, node: &Node) -> Option<Vec<Step>> {
        let (mut steps, mut taken) = (Vec::new(), BTreeSet::new());
        for Delayed { claim, class } in &self.delayed {
            if let Some(selected) = claim.annotation(SELECTED_NODE) {
                // Its volume is being made already.
                if selected != node.name() {
                    return None;
                }
                steps.push(Step::Provision(claim.clone()));
                continue;
            }
            let fits = |v: &&Arc<Object>| !taken.contains(v.name()) && suits(v, claim) && reachable(v, node);
            let smallest = self.free.iter().filter(fits).min_by_key(|v| capacity(v));
            match smallest {
                Some(volume) => {
                    taken.insert(volume.name().to_string());
                    steps.push(Step::Bind(volume.clone(), claim.clone()));
                }
                None if can_provision(class, node) => steps.push(Step::Provision(claim.clone())),
                None => return None,
            }
        }
        Some(steps)
    }
}

/// Writes down what has to happen to the claims; binding and making is left to others.
pub(super) fn begin(ctx: &mut Context<'_>, steps: &[Step], node: &str) -> Result<()> {
    for step in steps {
        match step {
            Step::Bind(volume, claim) => {
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
            Step::Provision(claim) if claim.annotation(SELECTED_NODE).is_none() => {
                let mut claim = (**claim).clone();
                claim.set_annotation(SELECTED_NODE, node);
                ctx.update("persistentvolumeclaims", claim)?;
            }
            Step::Provision(_) => {}
        }
    }
    Ok(())
}

/// Whether a volume can be used on a node.
fn reachable(volume: &Object, node: &Node) -> bool {
    volume.at("/spec/nodeAffinity/required").is_none_or(|required| node_selector_matches(required, &node.object))
}

/// Whether the labels of a volume put it into another zone than a node that says where it is.
fn other_zone(volume: &Object, node: &Node) -> bool {
    if !ZONE_LABELS.iter().any(|key| node.label(key).is_some()) {
        return false;
    }
    ZONE_LABELS
        .iter()
        .any(|key| volume.label(key).is_some_and(|zones| !zones.split("__").any(|zone| node.label(key) == Some(zone))))
}

/// Whether a free volume is what a claim asks for.
fn suits(volume: &Object, claim: &Object) -> bool {
    let modes = volume.list("/spec/accessModes");
    let mode = |object: &Object| match object.str("/spec/volumeMode") {
        "" => "Filesystem".to_string(),
        mode => mode.to_string(),
    };
    let asked = claim.pointer("/spec/resources/requests/storage").and_then(|q| Quantity::from_value(q).ok());
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
        && asked.is_none_or(|asked| capacity(volume) >= asked)
}

fn capacity(volume: &Object) -> Quantity {
    volume.pointer("/spec/capacity/storage").and_then(|q| Quantity::from_value(q).ok()).unwrap_or(Quantity::ZERO)
}

/// Whether a class makes volumes that can be used on a node.
fn can_provision(class: &Object, node: &Node) -> bool {
    let allowed = class.list("/allowedTopologies");
    let matches = |term: &Value| {
        term.list("/matchLabelExpressions").iter().all(|e| {
            let value = node.label(e.str("/key"));
            e.list("/values").iter().any(|v| v.as_str() == value)
        })
    };
    !matches!(class.str("/provisioner"), BY_HAND | "") && (allowed.is_empty() || allowed.iter().any(matches))
}

#[cfg(test)]
mod tests {
    use super::super::view::Usage;
    use super::*;

    fn node(name: &str) -> Node {
        let labels = json!({"kubernetes.io/hostname": name, "topology.kubernetes.io/zone": "a"});
        Node::new(Arc::new(json!({"metadata": {"name": name, "labels": labels}})), Usage::default())
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

    fn delayed(size: &str, provisioner: &str) -> Delayed {
        let claim = json!({"metadata": {"name": "c"}, "spec": {
            "accessModes": ["ReadWriteOnce"], "storageClassName": "local", "resources": {"requests": {"storage": size}},
        }});
        Delayed { claim: Arc::new(claim), class: Arc::new(json!({"provisioner": provisioner})) }
    }

    fn reasons(volumes: &Volumes, node: &Node) -> Vec<String> {
        volumes.refuse(node, &BTreeSet::new()).map_or(vec![], |r| r.reasons)
    }

    #[test]
    fn bound_volumes_tie_pods_to_nodes() {
        let mut volumes = Volumes { bound: vec![volume("v", "1Gi", Some("n1"))], ..Volumes::default() };
        assert!(reasons(&volumes, &node("n1")).is_empty());
        assert_eq!(reasons(&volumes, &node("n2")), ["node(s) didn't match PersistentVolume's node affinity"]);
        let mut elsewhere = (*volume("v", "1Gi", None)).clone();
        elsewhere.set_label("topology.kubernetes.io/zone", "b__c");
        volumes.bound = vec![Arc::new(elsewhere)];
        assert_eq!(reasons(&volumes, &node("n1")), ["node(s) had no available volume zone"]);
    }

    #[test]
    fn delayed_claims_take_the_smallest_volume_that_is_near() {
        let volumes = Volumes {
            delayed: vec![delayed("1Gi", BY_HAND)],
            free: vec![
                volume("far", "1Gi", Some("n2")),
                volume("big", "5Gi", Some("n1")),
                volume("fit", "2Gi", Some("n1")),
            ],
            ..Volumes::default()
        };
        let steps = volumes.plan(&node("n1")).expect("a plan");
        assert!(matches!(&steps[..], [Step::Bind(v, _)] if v.name() == "fit"));
        assert_eq!(reasons(&volumes, &node("n3")), ["node(s) didn't find available persistent volumes to bind"]);
        let made = Volumes { delayed: vec![delayed("1Gi", "example.com/disk")], ..Volumes::default() };
        assert!(matches!(&made.plan(&node("n3")).expect("a plan")[..], [Step::Provision(_)]));
    }
}
