//! The answer of each node about a pending pod, with the numbers behind it: the filters of a scheduling cycle, without any
//! effect.

use std::sync::Arc;

use super::cache::{Cache, read_pod};
use super::filters::{Status, Statuses, untolerated_taint};
use super::node_info::NodeInfo;
use super::pod_info::PodInfo;
use super::preemption::{self, Outcome};
use super::schedule_one::pre_filter;
use super::{FLUSH, NAME};
use super::{resource_claims, volume_binding};
use crate::api::Server;
use crate::controllers::runtime::{Result, cache};
use crate::controllers::{Context, Key};
use kctl_base::object::{Object, ObjectMeta, ValueRead};
use kctl_base::sim::Time;

/// The answers of the scheduler about a pod.
pub(crate) struct Placement {
    /// The reason why no node is considered at all.
    pub(crate) whole: Option<String>,
    /// The answers of the nodes, by name.
    pub(crate) nodes: Vec<NodeAnswer>,
    /// The effect that the eviction of other pods would have; `None` if some node has room.
    pub(crate) preemption: Option<String>,
}

/// The answer of one node.
pub(crate) struct NodeAnswer {
    /// The name of the node.
    pub(crate) name: String,
    /// The reasons why the pod does not fit, one clause each; empty if it does.
    pub(crate) refusals: Vec<String>,
}

/// Runs the filters for a pending pod.
///
/// # Errors
/// A store that cannot be read.
pub(crate) fn explain(server: &mut Server, pod: &Object, now: Time) -> Result<Placement> {
    let mut memory = cache::Cache::default();
    let ctx = &mut Context::new(server, &mut memory, NAME, now);
    let mut cache = Cache::default();
    cache.load(ctx)?;
    let pod = read_pod(ctx, Arc::new(pod.clone()))?;
    let volumes = match volume_binding::read(ctx, &pod)? {
        Ok(volumes) => volumes,
        Err(reason) => return Ok(Placement { whole: Some(reason), nodes: Vec::new(), preemption: None }),
    };
    let claims = match resource_claims::read(ctx, &pod)? {
        Ok(claims) => claims,
        Err(reason) => return Ok(Placement { whole: Some(reason), nodes: Vec::new(), preemption: None }),
    };
    let state = pre_filter(ctx, &mut cache, &pod, &volumes, &claims)?;
    let (mut nodes, mut statuses) = (Vec::new(), Statuses::default());
    for node in cache.nodes().iter() {
        let status = state.filter(node);
        let refusals = status.as_ref().map_or_else(Vec::new, |status| refusals(&pod, node, status));
        nodes.push(NodeAnswer { name: node.name.to_string(), refusals });
        statuses.extend(status.map(|status| (node.slot, status)));
    }
    let preemption = match statuses.len() == nodes.len() && !nodes.is_empty() {
        true => Some(preemption_words(preemption::find_candidate(ctx, &cache, &state, &statuses)?)),
        false => None,
    };
    Ok(Placement { whole: None, nodes, preemption })
}

/// Returns when all unschedulable pods are tried again without any change; `None` when there are none.
///
/// # Errors
/// A store that cannot be read.
pub(crate) fn next_retry(server: &mut Server) -> Result<Option<Time>> {
    let due = server.store().scheduled(NAME, &Key::new("", FLUSH).to_string())?;
    Ok(due.map(|due| due.at))
}

fn preemption_words(outcome: Outcome) -> String {
    match outcome {
        Outcome::Candidate { node, victims } => {
            let names: Vec<&str> = victims.iter().map(|victim| victim.object.name()).collect();
            format!("the eviction of pods of lower priority on {node} would make room: {}", names.join(", "))
        }
        Outcome::NotEligible(reason) => format!("it may not evict other pods: {reason}"),
        Outcome::NoCandidate(_) => "no eviction of pods of lower priority would make room".into(),
    }
}

/// Words the reasons of a status, with the values that the filter has compared.
fn refusals(pod: &PodInfo, node: &NodeInfo, status: &Status) -> Vec<String> {
    status.reasons.iter().map(|reason| refusal(pod, node, reason)).collect()
}

/// Reasons without numbers, in words.
const REASONS: &[(&str, &str)] = &[
    ("node(s) didn't match pod affinity rules", "no pod is there that the pod wants to be near (affinity)"),
    (
        "node(s) didn't match pod anti-affinity rules",
        "a pod is there that the pod wants to be away from (anti-affinity)",
    ),
    (
        "node(s) didn't satisfy existing pods anti-affinity rules",
        "a pod there wants to be away from it (anti-affinity)",
    ),
    (
        "node(s) didn't match pod topology spread constraints",
        "one more pod there would exceed the maxSkew of a topology spread constraint",
    ),
    (
        "node(s) didn't match pod topology spread constraints (missing required label)",
        "it lacks the label of a topology spread constraint",
    ),
    ("node(s) didn't match PersistentVolume's node affinity", "a volume of the pod cannot be used there"),
    ("node(s) had no available volume zone", "a volume of the pod is in another zone"),
    ("node(s) didn't find available persistent volumes to bind", "no volume there is available for a claim of the pod"),
    ("cannot allocate all claims", "a resource claim of the pod is not allocated, which kctl does not do"),
    ("resourceclaim not available on the node", "the devices that a resource claim of the pod has are elsewhere"),
];

fn refusal(pod: &PodInfo, node: &NodeInfo, reason: &str) -> String {
    if let Some(resource) = reason.strip_prefix("Insufficient ") {
        return shortage(pod, node, resource);
    }
    match reason {
        "Too many pods" => {
            format!("it has {} pods already and takes no more than {}", node.usage.pods, node.allowed_pods)
        }
        "node(s) were unschedulable" => "it is cordoned".into(),
        "node(s) had untolerated taint(s)" => match untolerated_taint(pod, node) {
            Some(taint) => format!("the pod does not tolerate its taint {taint}"),
            None => "the pod does not tolerate its taints".into(),
        },
        "node(s) didn't match Pod's node affinity/selector" => selector_words(pod, node),
        "node(s) didn't have free ports for the requested pod ports" => {
            "a pod on it uses the same port of the node".into()
        }
        other => {
            let known = REASONS.iter().find(|(reason, _)| *reason == other);
            known.map_or_else(|| other.replace("node(s) ", "it "), |(_, words)| (*words).to_string())
        }
    }
}

/// Compares what a pod asks for with what a node has left of a resource.
fn shortage(pod: &PodInfo, node: &NodeInfo, resource: &str) -> String {
    let asked = pod.requests.resources.amount(resource);
    let (allocatable, used) = (node.allocatable.amount(resource), node.usage.requested.amount(resource));
    let words = |amount: i64| words_of_amount(resource, amount);
    format!(
        "{resource}: the pod asks for {}, and {} of {} {} free",
        words(asked),
        words((allocatable - used).max(0)),
        words(allocatable),
        if resource == "cpu" && allocatable - used != 1000 { "are" } else { "is" },
    )
}

/// Writes an amount as a manifest has it: `250m`, `2`, `512Mi`.
fn words_of_amount(resource: &str, amount: i64) -> String {
    const UNITS: &[(&str, u32)] = &[("Ti", 40), ("Gi", 30), ("Mi", 20), ("Ki", 10)];
    match resource {
        "cpu" if amount % 1000 == 0 => (amount / 1000).to_string(),
        "cpu" => format!("{amount}m"),
        _ => {
            let unit = UNITS.iter().find(|(_, bits)| amount != 0 && amount % (1 << bits) == 0);
            unit.map_or_else(|| amount.to_string(), |(unit, bits)| format!("{}{unit}", amount >> bits))
        }
    }
}

/// Names the label of the node selector that a node lacks.
fn selector_words(pod: &PodInfo, node: &NodeInfo) -> String {
    for (key, selected) in pod.object.strings("/spec/nodeSelector") {
        match node.label(&key) {
            Some(value) if value == selected => {}
            Some(value) => return format!("the pod wants the label {key}={selected}, and it has {key}={value}"),
            None => return format!("the pod wants the label {key}={selected}, which it does not have"),
        }
    }
    "its labels do not match the node affinity of the pod".into()
}

#[cfg(test)]
mod tests {
    use super::super::node_usage::NodeUsage;
    use super::*;
    use kctl_base::json::json;

    #[test]
    fn refusals_show_the_numbers_that_were_compared() {
        let spec = json!({"nodeSelector": {"disk": "ssd"},
            "containers": [{"resources": {"requests": {"cpu": "1500m", "memory": "3Gi"}}}]});
        let pod = PodInfo::new(Arc::new(json!({"metadata": {"name": "p"}, "spec": spec})));
        let node = json!({
            "metadata": {"name": "n", "labels": {"disk": "hdd"}},
            "spec": {"taints": [{"key": "gpu", "value": "yes", "effect": "NoSchedule"}]},
            "status": {"allocatable": {"cpu": "2", "memory": "4Gi", "pods": "1"}}});
        let running = json!({"spec": {"nodeName": "n", "containers": [{"resources": {"requests": {"cpu": "1", "memory": "1536Mi"}}}]}});
        let node = NodeInfo::new(&node, NodeUsage::count([&running]));
        for (reason, words) in [
            ("Insufficient cpu", "cpu: the pod asks for 1500m, and 1 of 2 is free"),
            ("Insufficient memory", "memory: the pod asks for 3Gi, and 2560Mi of 4Gi is free"),
            ("Too many pods", "it has 1 pods already and takes no more than 1"),
            ("node(s) were unschedulable", "it is cordoned"),
            ("node(s) had untolerated taint(s)", "the pod does not tolerate its taint gpu=yes:NoSchedule"),
            (
                "node(s) didn't match Pod's node affinity/selector",
                "the pod wants the label disk=ssd, and it has disk=hdd",
            ),
            (
                "node(s) didn't match pod anti-affinity rules",
                "a pod is there that the pod wants to be away from (anti-affinity)",
            ),
        ] {
            assert_eq!(refusal(&pod, &node, reason), words);
        }
    }
}
