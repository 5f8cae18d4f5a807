//! Nodes as the scheduler uses them: the relevant parts of the object, parsed once (`framework.NodeInfo`).
//!
//! They are rows of the scheduler's state, so that a command that schedules a pod does not decode the objects of all nodes.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::node_usage::NodeUsage;
use super::resources::Resource;
use super::terms::Taint;
use crate::controllers::Context;
use crate::controllers::runtime::Result;
use kctl_base::json::json;
use kctl_base::object::{Object, ObjectMeta, ValueRead};
use kctl_base::quantity::Quantity;

/// The state that tells that every node has its row.
const COMPLETE: &str = "node-info-complete";
/// The prefix of the rows, before the name of the node.
const PREFIX: &str = "node-info/";

/// A node with its resources and their use. The serialized names are those of rows in existing stores.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct NodeInfo {
    /// The name, the uid and the labels, in an object without any other part.
    pub(super) object: Object,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) taints: Vec<Taint>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) unschedulable: bool,
    pub(super) allocatable: Resource,
    /// Maximum number of pods.
    pub(super) allowed_pods: i64,
    /// Sizes in bytes of the images on the node, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) images: BTreeMap<String, i64>,
    /// Has a row of its own, because it changes with every pod.
    #[serde(skip)]
    pub(super) usage: NodeUsage,
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
            taints: Taint::of(object),
            unschedulable: object.flag("/spec/unschedulable"),
            allocatable: Resource::read(object, resources),
            allowed_pods: pods.map_or(0, |q| q.value()),
            images,
            usage,
            object: identity(object),
        }
    }

    pub(super) fn name(&self) -> &str {
        self.object.name()
    }

    pub(super) fn label(&self, key: &str) -> Option<&str> {
        self.object.label(key)
    }
}

/// Returns an object with the name, the uid and the labels of a node.
fn identity(node: &Object) -> Object {
    let mut metadata = json!({"name": node.name(), "uid": node.uid()});
    if let Some(labels) = node.at("/metadata/labels") {
        metadata["labels"] = labels.clone();
    }
    json!({"metadata": metadata})
}

/// Returns all nodes, without their usage, in the order of their names. In a store of an earlier version, this makes the rows.
pub(super) fn read_all(ctx: &mut Context<'_>) -> Result<Vec<NodeInfo>> {
    complete(ctx)?;
    ctx.states(PREFIX)
}

/// Updates the row of a node, or removes it for `None`.
pub(super) fn save(ctx: &mut Context<'_>, name: &str, node: Option<NodeInfo>) -> Result<()> {
    complete(ctx)?;
    let row = row(name);
    match node {
        Some(node) => ctx.set_state(&row, node),
        None => ctx.clear_state(&row),
    }
    Ok(())
}

fn row(node: &str) -> String {
    [PREFIX, node].concat()
}

/// Makes the rows of all nodes unless that has been done.
fn complete(ctx: &mut Context<'_>) -> Result<()> {
    if ctx.state::<bool>(COMPLETE)?.is_none() {
        for node in ctx.list("nodes", None)? {
            ctx.set_state(&row(node.name()), NodeInfo::new(&node, NodeUsage::default()));
        }
        ctx.set_state(COMPLETE, true);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_read_as_it_was_written() {
        let node = json!({
            "metadata": {"name": "n", "uid": "u", "labels": {"zone": "a"}, "annotations": {"left": "out"}},
            "spec": {"unschedulable": true, "taints": [{"key": "k", "effect": "NoSchedule"}]},
            "status": {"allocatable": {"cpu": "4", "pods": "110", "example.com/gpu": "2"},
                       "images": [{"names": ["nginx:1", "nginx@sha256:0"], "sizeBytes": 5}]},
        });
        for node in [NodeInfo::new(&node, NodeUsage::default()), NodeInfo::new(&json!({}), NodeUsage::default())] {
            let row = serde_json::to_vec(&node).expect("a row");
            assert_eq!(serde_json::from_slice::<NodeInfo>(&row).expect("a node"), node);
        }
    }
}
