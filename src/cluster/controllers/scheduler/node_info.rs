//! Nodes as the scheduler uses them: the relevant parts of the object, parsed once (`framework.NodeInfo`).

use std::collections::BTreeMap;
use std::sync::Arc;

use super::node_usage::NodeUsage;
use super::resources::Resource;
use super::terms::Taint;
use kctl_base::object::{Object, ObjectMeta, ValueRead};
use kctl_base::quantity::Quantity;

/// A node with its resources and their use.
#[derive(Clone)]
pub(super) struct NodeInfo {
    pub(super) object: Arc<Object>,
    pub(super) taints: Vec<Taint>,
    pub(super) unschedulable: bool,
    pub(super) allocatable: Resource,
    /// Maximum number of pods.
    pub(super) allowed_pods: i64,
    /// Sizes in bytes of the images on the node, by name.
    pub(super) images: BTreeMap<String, i64>,
    pub(super) usage: NodeUsage,
}

impl NodeInfo {
    pub(super) fn new(object: Arc<Object>, usage: NodeUsage) -> NodeInfo {
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
            taints: Taint::of(&object),
            unschedulable: object.flag("/spec/unschedulable"),
            allocatable: Resource::read(&object, resources),
            allowed_pods: pods.map_or(0, |q| q.value()),
            images,
            usage,
            object,
        }
    }

    pub(super) fn name(&self) -> &str {
        self.object.name()
    }

    pub(super) fn label(&self, key: &str) -> Option<&str> {
        self.object.label(key)
    }
}
