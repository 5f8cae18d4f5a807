//! Nodes as the scheduler uses them: the relevant parts of the object, parsed once, and the resources in use
//! (`framework.NodeInfo`).
//!
//! They are rows of the scheduler's state, written together with the pods that their usage sums up, so that a command that
//! schedules one pod decodes neither the objects of all nodes nor any other pod.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::node_identity::{Labels, NodeIdentity};
use super::node_usage::NodeUsage;
use super::nodes::Slot;
use super::pod_info::HostPort;
use super::resources::Resource;
use super::terms::Taint;
use crate::controllers::Context;
use crate::controllers::runtime::Result;
use kctl_base::json::SharedStr;
use kctl_base::object::{Object, ObjectMeta, ValueRead};
use kctl_base::quantity::Quantity;

/// The state that tells that every node has its row.
const COMPLETE: &str = "nodes-complete";
/// The prefix of the rows, before the name of the node.
const PREFIX: &str = "nodes/";
/// The prefixes of the rows that earlier versions had instead.
const OBSOLETE: [&str; 2] = ["node-info", "node/"];

/// A node with its resources and their use.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(into = "Row", from = "Row")]
pub(super) struct NodeInfo {
    /// The number of the name among [`Nodes`](super::nodes::Nodes), which sets it.
    pub(super) slot: Slot,
    pub(super) name: SharedStr,
    pub(super) uid: SharedStr,
    pub(super) labels: Labels,
    pub(super) taints: Vec<Taint>,
    pub(super) unschedulable: bool,
    pub(super) allocatable: Resource,
    /// Maximum number of pods.
    pub(super) allowed_pods: i64,
    /// Sizes in bytes of the images on the node, by name.
    pub(super) images: BTreeMap<String, i64>,
    pub(super) usage: NodeUsage,
}

/// Compares what is stored, which the slot is not.
impl PartialEq for NodeInfo {
    fn eq(&self, other: &NodeInfo) -> bool {
        let NodeInfo { slot: _, name, uid, labels, taints, unschedulable, allocatable, allowed_pods, images, usage } =
            self;
        (name, uid, labels, taints, unschedulable)
            == (&other.name, &other.uid, &other.labels, &other.taints, &other.unschedulable)
            && (allocatable, allowed_pods, images, usage)
                == (&other.allocatable, &other.allowed_pods, &other.images, &other.usage)
    }
}

/// A node as it is stored: the name, the uid, the labels, numbers, and what few nodes have. Lists are decoded faster than maps.
#[derive(Serialize, Deserialize)]
struct Row(SharedStr, SharedStr, Labels, [i64; 10], Option<Box<Rest>>);

/// The parts of a row that most nodes do not have.
#[derive(PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
struct Rest {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    taints: Vec<Taint>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    unschedulable: bool,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    allocatable: BTreeMap<String, i64>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    requested: BTreeMap<String, i64>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    images: BTreeMap<String, i64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    ports: Vec<HostPort>,
    /// Number of pods by priority; `None` if all have priority 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    priorities: Option<BTreeMap<i64, i64>>,
}

/// Returns the numbers by priority of pods that all have priority 0.
fn without_priority(pods: i64) -> BTreeMap<i64, i64> {
    if pods == 0 { BTreeMap::new() } else { BTreeMap::from([(0, pods)]) }
}

impl From<NodeInfo> for Row {
    fn from(node: NodeInfo) -> Row {
        let NodeInfo { allocatable, usage, .. } = node;
        let requested = usage.requested;
        let numbers = [
            allocatable.cpu,
            allocatable.memory,
            allocatable.ephemeral_storage,
            node.allowed_pods,
            usage.pods,
            requested.cpu,
            requested.memory,
            requested.ephemeral_storage,
            usage.non_zero_requested.0,
            usage.non_zero_requested.1,
        ];
        let rest = Rest {
            taints: node.taints,
            unschedulable: node.unschedulable,
            allocatable: allocatable.scalar,
            requested: requested.scalar,
            images: node.images,
            ports: usage.ports,
            priorities: Some(usage.priorities).filter(|priorities| *priorities != without_priority(usage.pods)),
        };
        Row(node.name, node.uid, node.labels, numbers, (rest != Rest::default()).then(|| Box::new(rest)))
    }
}

impl From<Row> for NodeInfo {
    fn from(Row(name, uid, labels, numbers, rest): Row) -> NodeInfo {
        let [cpu, memory, ephemeral_storage, allowed_pods, pods, used @ ..] = numbers;
        let rest = rest.map(|rest| *rest).unwrap_or_default();
        let allocatable = Resource { cpu, memory, ephemeral_storage, scalar: rest.allocatable };
        let [cpu, memory, ephemeral_storage, non_zero_cpu, non_zero_memory] = used;
        let usage = NodeUsage {
            pods,
            requested: Resource { cpu, memory, ephemeral_storage, scalar: rest.requested },
            non_zero_requested: (non_zero_cpu, non_zero_memory),
            ports: rest.ports,
            priorities: rest.priorities.unwrap_or_else(|| without_priority(pods)),
        };
        let Rest { taints, unschedulable, images, .. } = rest;
        NodeInfo { slot: 0, name, uid, labels, taints, unschedulable, allocatable, allowed_pods, images, usage }
    }
}

impl NodeInfo {
    /// Reads the parts of a node that decide about pods.
    pub(super) fn new(object: &Object, usage: NodeUsage) -> NodeInfo {
        // A node that does not report allocatable resources offers its capacity.
        let has_allocatable = object.map("/status/allocatable").is_some_and(|m| !m.is_empty());
        let resources = if has_allocatable { "/status/allocatable" } else { "/status/capacity" };
        let pods = object.pointer(&format!("{resources}/pods")).and_then(|q| Quantity::from_value(q).ok());
        let mut images = BTreeMap::new();
        for image in object.list("/status/images") {
            let size = image.int("/sizeBytes").unwrap_or(0);
            images.extend(image.list("/names").iter().filter_map(|n| Some((n.as_str()?.to_string(), size))));
        }
        NodeInfo {
            slot: 0,
            name: object.name().into(),
            uid: object.uid().into(),
            labels: Labels::of(object),
            taints: Taint::of(object),
            unschedulable: object.flag("/spec/unschedulable"),
            allocatable: Resource::read(object, resources),
            allowed_pods: pods.map_or(0, |q| q.value()),
            images,
            usage,
        }
    }

    pub(super) fn label(&self, key: &str) -> Option<&str> {
        self.labels.get(key)
    }

    /// Returns what node selectors select the node by.
    pub(super) fn identity(&self) -> NodeIdentity<'_> {
        NodeIdentity::new(&self.name, &self.labels)
    }
}

/// Returns the nodes that have rows, in the order of their names.
pub(super) fn read_all(ctx: &mut Context<'_>) -> Result<Vec<NodeInfo>> {
    ctx.states(PREFIX)
}

/// Returns the node that a row has; `None` if there is none.
pub(super) fn read(ctx: &mut Context<'_>, name: &str) -> Result<Option<NodeInfo>> {
    ctx.state(&row(name))
}

/// Writes the row of a node.
pub(super) fn save(ctx: &mut Context<'_>, node: NodeInfo) {
    ctx.set_state(&row(&node.name), node);
}

/// Removes the row of a node.
pub(super) fn remove(ctx: &mut Context<'_>, name: &str) {
    ctx.clear_state(&row(name));
}

fn row(node: &str) -> String {
    [PREFIX, node].concat()
}

/// Makes the rows of all nodes from what the store holds, unless that has been done; returns whether it had to. Most often the
/// store is new. One of an earlier version has other rows, which are removed.
pub(super) fn make_rows(ctx: &mut Context<'_>) -> Result<bool> {
    if ctx.state::<bool>(COMPLETE)?.is_some() {
        return Ok(false);
    }
    for prefix in OBSOLETE {
        ctx.clear_states(prefix)?;
    }
    for object in ctx.list("nodes", None)? {
        let usage = count_usage(ctx, object.name())?;
        save(ctx, NodeInfo::new(&object, usage));
    }
    ctx.set_state(COMPLETE, true);
    Ok(true)
}

/// Sums up the pods of a node.
pub(super) fn count_usage(ctx: &mut Context<'_>, name: &str) -> Result<NodeUsage> {
    let pods = ctx.indexed("pods", "node", name)?;
    Ok(NodeUsage::count(pods.iter().map(|pod| &**pod)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use kctl_base::json::json;

    #[test]
    fn a_row_is_read_as_it_was_written() {
        let node = json!({
            "metadata": {"name": "n", "uid": "u", "labels": {"zone": "a"}, "annotations": {"left": "out"}},
            "spec": {"unschedulable": true, "taints": [{"key": "k", "effect": "NoSchedule"}]},
            "status": {"allocatable": {"cpu": "4", "pods": "110", "example.com/gpu": "2"},
                       "images": [{"names": ["nginx:1", "nginx@sha256:0"], "sizeBytes": 5}]},
        });
        let pod = json!({"spec": {"nodeName": "n", "containers": [
            {"resources": {"requests": {"cpu": "1", "example.com/gpu": "1"}}, "ports": [{"hostPort": 80}]}]}});
        let mut important = pod.clone();
        important["spec"]["priority"] = 5.into();
        let usages = [NodeUsage::default(), NodeUsage::count([&pod]), NodeUsage::count([&pod, &important])];
        for node in usages.into_iter().flat_map(|usage| [&node, &json!({})].map(|n| NodeInfo::new(n, usage.clone()))) {
            let row = serde_json::to_vec(&node).expect("a row");
            assert_eq!(serde_json::from_slice::<NodeInfo>(&row).expect("a node"), node);
        }
    }
}
