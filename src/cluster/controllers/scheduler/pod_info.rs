//! Pods as the scheduler uses them: the relevant parts of the object, parsed once (`framework.PodInfo`).

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::resources::{NonZeroRequests, Resource, non_zero_requests, requests};
use super::terms::{NodeAffinity, NodeTerm, PodTerms, preferred_nodes};
use crate::controllers::Key;
use kctl_base::json::Value;
use kctl_base::object::{Object, ObjectMeta, ValueRead};
use kctl_kinds::core::pod::is_terminal;

/// A pod and its parsed scheduling requirements.
pub(super) struct PodInfo {
    pub(super) object: Arc<Object>,
    pub(super) requests: PodRequests,
    pub(super) node_affinity: NodeAffinity,
    /// Preferred node affinity terms with their weights.
    pub(super) preferred_nodes: Vec<(i64, NodeTerm)>,
    pub(super) terms: PodTerms,
}

impl PodInfo {
    pub(super) fn new(object: Arc<Object>) -> PodInfo {
        PodInfo {
            requests: PodRequests::of(&object),
            node_affinity: NodeAffinity::of(&object),
            preferred_nodes: preferred_nodes(&object),
            terms: PodTerms::of(&object),
            object,
        }
    }

    pub(super) fn key(&self) -> Key {
        Key::of(&self.object)
    }

    pub(super) fn tolerations(&self) -> &[Value] {
        self.object.list("/spec/tolerations")
    }

    pub(super) fn nominated_node(&self) -> &str {
        nominated_node(&self.object)
    }
}

/// Returns the node that is reserved for a pending pod, or an empty string.
pub(super) fn nominated_node(pod: &Object) -> &str {
    pod.str("/status/nominatedNodeName")
}

/// Returns `spec.priority`, 0 by default.
pub(super) fn priority(pod: &Object) -> i64 {
    pod.int("/spec/priority").unwrap_or(0)
}

/// Reports whether a pod uses resources of a node: it is bound to one and not terminal.
pub(super) fn is_assigned(pod: &Object) -> bool {
    !pod.str("/spec/nodeName").is_empty() && !is_terminal(pod)
}

/// Reports whether two versions of a pod may use different resources: their specs differ, or a resize has made progress.
pub(super) fn uses_other_resources(old: &Object, new: &Object) -> bool {
    old["spec"] != new["spec"] || new.generation() > 1 && !reported_resources(old).eq(reported_resources(new))
}

/// Returns everything in the status of a pod that [`requests`] looks at.
fn reported_resources(pod: &Object) -> impl Iterator<Item = Option<&Value>> {
    let lists = ["/status/containerStatuses", "/status/initContainerStatuses"];
    let containers = lists.into_iter().flat_map(|list| pod.list(list));
    let of_containers = containers.flat_map(|status| [status.get("resources"), status.get("allocatedResources")]);
    let pending = pod.list("/status/conditions").iter().find(|c| c.str("/type") == "PodResizePending");
    of_containers.chain([pod.at("/status/resources"), pod.at("/status/allocatedResources"), pending])
}

/// The part of a node that one pod uses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PodRequests {
    pub(super) resources: Resource,
    /// CPU and memory for scores.
    pub(super) non_zero: NonZeroRequests,
    pub(super) ports: Vec<HostPort>,
    pub(super) priority: i64,
}

impl PodRequests {
    pub(super) fn of(pod: &Object) -> PodRequests {
        PodRequests {
            resources: requests(pod),
            non_zero: non_zero_requests(pod),
            ports: host_ports(pod),
            priority: priority(pod),
        }
    }
}

/// A port of the node that a container binds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct HostPort {
    ip: String,
    protocol: String,
    port: i64,
}

impl HostPort {
    /// Reports whether both ports cannot be bound on one node.
    pub(super) fn conflicts_with(&self, other: &HostPort) -> bool {
        let is_wildcard = |ip: &str| ip == "0.0.0.0";
        let same_ip = self.ip == other.ip || is_wildcard(&self.ip) || is_wildcard(&other.ip);
        same_ip && self.protocol == other.protocol && self.port == other.port
    }
}

fn host_ports(pod: &Object) -> Vec<HostPort> {
    let sidecars = pod.list("/spec/initContainers").iter().filter(|c| c.str("/restartPolicy") == "Always");
    let containers = pod.list("/spec/containers").iter().chain(sidecars);
    let ports = containers.flat_map(|c| c.list("/ports")).filter(|p| p.int("/hostPort").unwrap_or(0) > 0);
    let or = |text: &str, default: &str| if text.is_empty() { default.into() } else { text.to_string() };
    let host_port = |p: &Value| HostPort {
        ip: or(p.str("/hostIP"), "0.0.0.0"),
        protocol: or(p.str("/protocol"), "TCP"),
        port: p.int("/hostPort").unwrap_or(0),
    };
    ports.map(host_port).collect()
}
