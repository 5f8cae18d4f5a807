//! Filter plugins: which nodes fit a pod, and the reasons why the others do not.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::interpod_affinity::AffinityState;
use super::node_info::NodeInfo;
use super::node_usage::NodeUsage;
use super::nodes::Slot;
use super::pod_info::{PodInfo, PodRequests};
use super::pod_topology_spread::SpreadState;
use super::ratings::Ratings;
use super::resource_claims::PodClaims;
use super::terms::{Taint, tolerates};
use super::volume_binding::PodVolumes;
use kctl_base::object::ObjectMeta;
use rustc_hash::FxHashMap;

/// Why a node does not fit (`framework.Status`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Status {
    /// Messages of the plugins; each is counted on its own.
    pub(super) reasons: Vec<Cow<'static, str>>,
    /// Preemption cannot help (`UnschedulableAndUnresolvable`).
    pub(super) unresolvable: bool,
}

impl Status {
    /// The node may fit when pods are removed (`Unschedulable`).
    pub(super) fn unschedulable(reason: &'static str) -> Status {
        Status { reasons: vec![reason.into()], unresolvable: false }
    }

    /// The node would not fit even without its pods (`UnschedulableAndUnresolvable`).
    pub(super) fn unresolvable(reason: &'static str) -> Status {
        Status { reasons: vec![reason.into()], unresolvable: true }
    }
}

/// The nodes that do not fit.
pub(super) type Statuses = FxHashMap<Slot, Status>;

/// State of a scheduling cycle: everything that decides about one pod, apart from the nodes (`framework.CycleState`).
#[derive(Clone)]
pub(super) struct CycleState<'a> {
    pub(super) pod: &'a PodInfo,
    /// The only nodes to consider, if the node affinity of the pod names them.
    pub(super) named_nodes: Option<BTreeSet<&'a str>>,
    pub(super) spread: SpreadState,
    pub(super) affinity: AffinityState,
    pub(super) volumes: &'a PodVolumes,
    pub(super) claims: &'a PodClaims,
    /// Uids of the pods that a dry run of preemption has removed; their claims are free.
    pub(super) removed_pods: BTreeSet<String>,
    /// Pending pods of at least this priority by their nominated node.
    pub(super) nominated_pods: BTreeMap<String, Vec<Arc<PodInfo>>>,
}

impl CycleState<'_> {
    /// Returns the only node to consider, if there is but one.
    pub(super) fn only_node(&self) -> Option<&str> {
        self.named_nodes.as_ref().filter(|named| named.len() == 1)?.first().copied()
    }

    /// Returns the status of a node that does not fit, as it is or with the pods nominated to it
    /// (`RunFilterPluginsWithNominatedPods`).
    pub(super) fn filter(&self, node: &NodeInfo) -> Option<Status> {
        let Some(nominated) = self.nominated_pods.get(node.name.as_str()).filter(|p| !p.is_empty()) else {
            return self.run_filters(node);
        };
        let (mut state, mut with_nominated) = (self.clone(), node.clone());
        for other in nominated {
            with_nominated.usage.add(&other.requests);
            state.spread.update(self.pod, &other.object, node, 1);
            state.affinity.update(self.pod, other, node, 1);
        }
        // Nominated pods may never arrive, and the pod might depend on them: it has to fit without them too.
        state.run_filters(&with_nominated).or_else(|| self.run_filters(node))
    }

    /// Like [`CycleState::filter`], with what is known about the node.
    pub(super) fn filter_rated(&self, node: &NodeInfo, ratings: &mut Ratings) -> Option<Status> {
        if self.named_nodes.is_some() || !self.nominated_pods.is_empty() {
            return self.filter(node);
        }
        let known = &ratings.rate(self.pod, node).status;
        known.clone().or_else(|| self.filter_by_others(node))
    }

    fn run_filters(&self, node: &NodeInfo) -> Option<Status> {
        if self.named_nodes.as_ref().is_some_and(|named| !named.contains(node.name.as_str())) {
            return Some(Status::unresolvable("node(s) didn't satisfy plugin(s) [NodeAffinity]"));
        }
        filter_node(self.pod, node).or_else(|| self.filter_by_others(node))
    }

    /// Runs the filters that look at volumes, and at the pods of other nodes.
    fn filter_by_others(&self, node: &NodeInfo) -> Option<Status> {
        self.volumes
            .filter(node, &self.removed_pods)
            .or_else(|| self.spread.filter(node))
            .or_else(|| self.affinity.filter(self.pod, node))
            .or_else(|| self.claims.filter(node))
    }

    /// Removes a pod from a node, here and in `node`.
    pub(super) fn remove_pod(&mut self, other: &PodInfo, node: &mut NodeInfo) {
        node.usage.remove(&other.requests);
        self.removed_pods.insert(other.object.uid().to_string());
        self.update(other, node, -1);
    }

    /// Adds a pod again that [`CycleState::remove_pod`] has removed.
    pub(super) fn add_pod(&mut self, other: &PodInfo, node: &mut NodeInfo) {
        node.usage.add(&other.requests);
        self.removed_pods.remove(other.object.uid());
        self.update(other, node, 1);
    }

    fn update(&mut self, other: &PodInfo, node: &NodeInfo, by: i64) {
        self.spread.update(self.pod, &other.object, node, by);
        self.affinity.update(self.pod, other, node, by);
    }
}

/// Runs the filters that look at nothing but the requirements of a pod and the node itself.
pub(super) fn filter_node(pod: &PodInfo, node: &NodeInfo) -> Option<Status> {
    node_unschedulable(pod, node)
        .or_else(|| taint_toleration(pod, node))
        .or_else(|| node_affinity(pod, node))
        .or_else(|| node_ports(&pod.requests, &node.usage))
        .or_else(|| node_resources_fit(&pod.requests, node))
}

fn node_unschedulable(pod: &PodInfo, node: &NodeInfo) -> Option<Status> {
    let taint =
        || Taint { key: "node.kubernetes.io/unschedulable".into(), value: String::new(), effect: "NoSchedule".into() };
    let failed = node.unschedulable && !tolerates(pod.tolerations(), &taint());
    failed.then(|| Status::unresolvable("node(s) were unschedulable"))
}

fn taint_toleration(pod: &PodInfo, node: &NodeInfo) -> Option<Status> {
    untolerated_taint(pod, node).map(|_| Status::unresolvable("node(s) had untolerated taint(s)"))
}

/// Returns the first taint that keeps a pod from a node.
pub(super) fn untolerated_taint<'n>(pod: &PodInfo, node: &'n NodeInfo) -> Option<&'n Taint> {
    let mut blocking = node.taints.iter().filter(|t| t.effect == "NoSchedule" || t.effect == "NoExecute");
    blocking.find(|t| !tolerates(pod.tolerations(), t))
}

fn node_affinity(pod: &PodInfo, node: &NodeInfo) -> Option<Status> {
    let failed = !pod.node_affinity.matches(node.identity());
    failed.then(|| Status::unresolvable("node(s) didn't match Pod's node affinity/selector"))
}

fn node_ports(requests: &PodRequests, usage: &NodeUsage) -> Option<Status> {
    let failed = usage.conflicts_with(&requests.ports);
    failed.then(|| Status::unschedulable("node(s) didn't have free ports for the requested pod ports"))
}

fn node_resources_fit(requests: &PodRequests, node: &NodeInfo) -> Option<Status> {
    let (allocatable, used, requested) = (&node.allocatable, &node.usage.requested, &requests.resources);
    let mut status = Status { reasons: Vec::new(), unresolvable: false };
    if node.usage.pods + 1 > node.allowed_pods {
        status.reasons.push("Too many pods".into());
    }
    let mut check = |name: &str, requested: i64, allocatable: i64, used: i64| {
        if requested > 0 && requested > allocatable - used {
            status.reasons.push(format!("Insufficient {name}").into());
            status.unresolvable |= requested > allocatable;
        }
    };
    check("cpu", requested.cpu, allocatable.cpu, used.cpu);
    check("memory", requested.memory, allocatable.memory, used.memory);
    check("ephemeral-storage", requested.ephemeral_storage, allocatable.ephemeral_storage, used.ephemeral_storage);
    for (name, amount) in &requested.scalar {
        check(name, *amount, allocatable.amount(name), used.amount(name));
    }
    (!status.reasons.is_empty()).then_some(status)
}

#[cfg(test)]
mod tests {
    use super::*;
    use kctl_base::json::{Value, json};

    fn pod(spec: Value) -> PodInfo {
        PodInfo::new(Arc::new(json!({"metadata": {"name": "p", "namespace": "default"}, "spec": spec})))
    }

    fn node(spec: Value, pods: &[Value]) -> NodeInfo {
        let bound = |spec: &Value| {
            let mut pod = json!({"spec": spec});
            pod["spec"]["nodeName"] = "n".into();
            pod
        };
        let object = json!({
            "metadata": {"name": "n", "labels": {"zone": "a"}}, "spec": spec,
            "status": {"allocatable": {"cpu": "2", "memory": "2Gi", "pods": "2", "example.com/gpu": "1"}},
        });
        let pods: Vec<Value> = pods.iter().map(bound).collect();
        NodeInfo::new(&object, NodeUsage::count(&pods))
    }

    fn asking(resources: Value) -> Value {
        json!({"containers": [{"resources": {"requests": resources}}]})
    }

    #[test]
    fn every_filter_reports_its_reason() {
        let none = json!({});
        let port = json!({"containers": [{"ports": [{"hostPort": 80}]}]});
        let noexec = json!({"taints": [{"key": "k", "effect": "NoExecute"}]});
        let soft = json!({"taints": [{"key": "k", "effect": "PreferNoSchedule"}]});
        let selector = json!({"nodeSelector": {"zone": "b"}});
        let cases = [
            (none.clone(), node(none.clone(), &[]), vec![], false),
            (none.clone(), node(json!({"unschedulable": true}), &[]), vec!["node(s) were unschedulable"], true),
            (none.clone(), node(noexec.clone(), &[]), vec!["node(s) had untolerated taint(s)"], true),
            (json!({"tolerations": [{"operator": "Exists"}]}), node(noexec, &[]), vec![], false),
            (none.clone(), node(soft, &[]), vec![], false),
            (selector, node(none.clone(), &[]), vec!["node(s) didn't match Pod's node affinity/selector"], true),
            (
                port.clone(),
                node(none.clone(), &[port]),
                vec!["node(s) didn't have free ports for the requested pod ports"],
                false,
            ),
            (none.clone(), node(none.clone(), &[none.clone(), none.clone()]), vec!["Too many pods"], false),
            (
                asking(json!({"cpu": "1500m", "memory": "1Gi"})),
                node(none.clone(), &[asking(json!({"cpu": "1", "memory": "1536Mi"}))]),
                vec!["Insufficient cpu", "Insufficient memory"],
                false,
            ),
            (asking(json!({"cpu": "3"})), node(none.clone(), &[]), vec!["Insufficient cpu"], true),
            (
                asking(json!({"example.com/gpu": "1", "example.com/tpu": "1"})),
                node(none.clone(), &[asking(json!({"example.com/gpu": "1"}))]),
                vec!["Insufficient example.com/gpu", "Insufficient example.com/tpu"],
                true,
            ),
        ];
        for (spec, node, reasons, unresolvable) in cases {
            let pod = pod(spec.clone());
            let (volumes, claims) = (PodVolumes::default(), PodClaims::default());
            let state = CycleState {
                pod: &pod,
                named_nodes: pod.node_affinity.named_nodes(),
                spread: SpreadState::default(),
                affinity: AffinityState::default(),
                volumes: &volumes,
                claims: &claims,
                removed_pods: BTreeSet::new(),
                nominated_pods: BTreeMap::new(),
            };
            let status = state.filter(&node);
            let found = status.as_ref().map_or(vec![], |r| r.reasons.iter().map(|reason| &**reason).collect());
            assert_eq!(found, reasons, "{spec}");
            assert_eq!(status.is_some_and(|r| r.unresolvable), unresolvable, "{spec}");
        }
    }
}
