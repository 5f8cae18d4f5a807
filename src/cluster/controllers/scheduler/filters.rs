//! Which nodes take a pod, and in what words the others refuse it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::near::Near;
use super::resources::Amounts;
use super::spread::Spread;
use super::terms::tolerates;
use super::view::{Node, Pod, Share, Usage};
use super::volumes::Volumes;
use kctl_base::object::ObjectMeta;

/// Why a node does not take a pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    /// In the words of the scheduler; each counts for itself.
    pub(super) reasons: Vec<String>,
    /// Whether no pod that goes away would change it.
    pub(super) hopeless: bool,
}

impl Refusal {
    /// A refusal that may change when pods go.
    pub(super) fn now(reason: &str) -> Refusal {
        Refusal { reasons: vec![reason.into()], hopeless: false }
    }

    /// A refusal that no pod that goes would change.
    pub(super) fn hopeless(reason: &str) -> Refusal {
        Refusal { reasons: vec![reason.into()], hopeless: true }
    }
}

/// Everything that decides about one pod, gathered before the nodes are looked at.
#[derive(Clone)]
pub(super) struct Cycle<'a> {
    pub(super) pod: &'a Pod,
    /// The only nodes that come into question, where the pod names them.
    pub(super) named: Option<BTreeSet<&'a str>>,
    pub(super) spread: Spread,
    pub(super) near: Near,
    pub(super) volumes: &'a Volumes,
    /// Uids of pods that go in a trial, with the claims they free.
    pub(super) gone: BTreeSet<String>,
    /// Waiting pods of at least this priority that have been promised a node.
    pub(super) promised: BTreeMap<String, Vec<Arc<Pod>>>,
}

impl Cycle<'_> {
    /// Why a node does not take the pod, if so; also with the pods that it has been promised to.
    pub(super) fn refuse(&self, node: &Node) -> Option<Refusal> {
        let Some(promised) = self.promised.get(node.name()).filter(|p| !p.is_empty()) else {
            return self.refuse_as_is(node);
        };
        let (mut cycle, mut fuller) = (self.clone(), node.clone());
        for other in promised {
            fuller.usage.add(&other.share);
            cycle.spread.adjust(self.pod, &other.object, node, 1);
            cycle.near.adjust(self.pod, other, node, 1);
        }
        cycle.refuse_as_is(&fuller).or_else(|| self.refuse_as_is(node))
    }

    fn refuse_as_is(&self, node: &Node) -> Option<Refusal> {
        if self.named.as_ref().is_some_and(|named| !named.contains(node.name())) {
            return Some(Refusal::hopeless("node(s) didn't satisfy plugin(s) [NodeAffinity]"));
        }
        refuse_unschedulable(self.pod, node)
            .or_else(|| refuse_taints(self.pod, node))
            .or_else(|| refuse_affinity(self.pod, node))
            .or_else(|| refuse_ports(&self.pod.share, &node.usage))
            .or_else(|| refuse_resources(&self.pod.share, node))
            .or_else(|| self.volumes.refuse(node, &self.gone))
            .or_else(|| self.spread.refuse(self.pod, node))
            .or_else(|| self.near.refuse(self.pod, node))
    }

    /// The same decision if a pod of a node were gone (-1) or back again (1).
    pub(super) fn adjust(&mut self, other: &Pod, node: &mut Node, by: i64) {
        let uid = other.object.uid().to_string();
        if by < 0 {
            node.usage.remove(&other.share);
            self.gone.insert(uid);
        } else {
            node.usage.add(&other.share);
            self.gone.remove(&uid);
        }
        self.spread.adjust(self.pod, &other.object, node, by);
        self.near.adjust(self.pod, other, node, by);
    }
}

fn refuse_unschedulable(pod: &Pod, node: &Node) -> Option<Refusal> {
    let taint = super::terms::Taint {
        key: "node.kubernetes.io/unschedulable".into(),
        value: String::new(),
        effect: "NoSchedule".into(),
    };
    let refused = node.unschedulable && !tolerates(pod.tolerations(), &taint);
    refused.then(|| Refusal::hopeless("node(s) were unschedulable"))
}

fn refuse_taints(pod: &Pod, node: &Node) -> Option<Refusal> {
    let mut blocking = node.taints.iter().filter(|t| t.effect == "NoSchedule" || t.effect == "NoExecute");
    let refused = blocking.any(|t| !tolerates(pod.tolerations(), t));
    refused.then(|| Refusal::hopeless("node(s) had untolerated taint(s)"))
}

fn refuse_affinity(pod: &Pod, node: &Node) -> Option<Refusal> {
    let refused = !pod.demand.matches(&node.object);
    refused.then(|| Refusal::hopeless("node(s) didn't match Pod's node affinity/selector"))
}

fn refuse_ports(share: &Share, usage: &Usage) -> Option<Refusal> {
    let refused = usage.has_port_of(&share.ports);
    refused.then(|| Refusal::now("node(s) didn't have free ports for the requested pod ports"))
}

fn refuse_resources(share: &Share, node: &Node) -> Option<Refusal> {
    let (all, taken, asked) = (&node.allocatable, &node.usage.requests, &share.requests);
    let mut refusal = Refusal { reasons: Vec::new(), hopeless: false };
    if node.usage.pods + 1 > node.max_pods {
        refusal.reasons.push("Too many pods".into());
    }
    let of = |amounts: &Amounts, name: &str| amounts.other.get(name).copied().unwrap_or(0);
    let mut check = |name: &str, asked: i64, all: i64, taken: i64| {
        if asked > 0 && asked > all - taken {
            refusal.reasons.push(format!("Insufficient {name}"));
            refusal.hopeless |= asked > all;
        }
    };
    check("cpu", asked.cpu, all.cpu, taken.cpu);
    check("memory", asked.memory, all.memory, taken.memory);
    check("ephemeral-storage", asked.storage, all.storage, taken.storage);
    for (name, amount) in &asked.other {
        check(name, *amount, of(all, name), of(taken, name));
    }
    (!refusal.reasons.is_empty()).then_some(refusal)
}

#[cfg(test)]
mod tests {
    use super::*;
    use kctl_base::json::{Value, json};

    fn pod(spec: Value) -> Pod {
        Pod::new(Arc::new(json!({"metadata": {"name": "p", "namespace": "default"}, "spec": spec})))
    }

    fn node(spec: Value, pods: &[Value]) -> Node {
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
        Node::new(Arc::new(object), Usage::count("", &pods))
    }

    fn asking(resources: Value) -> Value {
        json!({"containers": [{"resources": {"requests": resources}}]})
    }

    #[test]
    fn every_filter_has_its_words() {
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
        for (spec, node, reasons, hopeless) in cases {
            let pod = pod(spec.clone());
            let volumes = Volumes::default();
            let cycle = Cycle {
                pod: &pod,
                named: pod.demand.named_nodes(),
                spread: Spread::default(),
                near: Near::default(),
                volumes: &volumes,
                gone: BTreeSet::new(),
                promised: BTreeMap::new(),
            };
            let refusal = cycle.refuse(&node);
            let found = refusal.as_ref().map_or(vec![], |r| r.reasons.iter().map(String::as_str).collect());
            assert_eq!(found, reasons, "{spec}");
            assert_eq!(refusal.is_some_and(|r| r.hopeless), hopeless, "{spec}");
        }
    }
}
