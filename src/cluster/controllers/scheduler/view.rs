//! Nodes and pods as the scheduler sees them: only the fields it uses, read once.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::resources::{Amounts, assumed_requests, requests};
use super::terms::{NodeDemand, NodeTerm, PodTerms, Taint, preferred_nodes};
use crate::controllers::Key;
use kctl_base::json::Value;
use kctl_base::object::{Object, ObjectMeta, ValueRead};
use kctl_base::quantity::Quantity;

/// A pod.
pub(super) struct Pod {
    pub(super) object: Arc<Object>,
    pub(super) share: Share,
    pub(super) demand: NodeDemand,
    pub(super) preferred_nodes: Vec<(i64, NodeTerm)>,
    pub(super) terms: PodTerms,
}

impl Pod {
    pub(super) fn new(object: Arc<Object>) -> Pod {
        Pod {
            share: Share::of(&object),
            demand: NodeDemand::of(&object),
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
        self.object.str("/status/nominatedNodeName")
    }
}

/// `spec.priority`.
pub(super) fn priority(pod: &Object) -> i64 {
    pod.int("/spec/priority").unwrap_or(0)
}

/// Whether a pod takes room on a node: it is bound and has not ended.
pub(super) fn takes_room(pod: &Object) -> bool {
    !pod.str("/spec/nodeName").is_empty() && !has_ended(pod)
}

/// Whether all containers of a pod have ended for good.
pub(super) fn has_ended(pod: &Object) -> bool {
    matches!(pod.str("/status/phase"), "Succeeded" | "Failed")
}

/// What one pod takes of a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Share {
    pub(super) requests: Amounts,
    /// CPU and memory for scores.
    pub(super) assumed: (i64, i64),
    pub(super) ports: Vec<HostPort>,
    pub(super) priority: i64,
}

impl Share {
    pub(super) fn of(pod: &Object) -> Share {
        Share {
            requests: requests(pod),
            assumed: assumed_requests(pod),
            ports: host_ports(pod),
            priority: priority(pod),
        }
    }
}

/// A port of the node that a container takes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct HostPort {
    ip: String,
    protocol: String,
    port: i64,
}

impl HostPort {
    /// Whether both can not be open on one node.
    fn conflicts(&self, other: &HostPort) -> bool {
        let every = |ip: &str| ip == "0.0.0.0";
        let same_ip = self.ip == other.ip || every(&self.ip) || every(&other.ip);
        same_ip && self.protocol == other.protocol && self.port == other.port
    }
}

fn host_ports(pod: &Object) -> Vec<HostPort> {
    let sidecars = pod.list("/spec/initContainers").iter().filter(|c| c.str("/restartPolicy") == "Always");
    let containers = pod.list("/spec/containers").iter().chain(sidecars);
    let ports = containers.flat_map(|c| c.list("/ports")).filter(|p| p.int("/hostPort").unwrap_or(0) > 0);
    let or = |text: &str, default: &str| if text.is_empty() { default.into() } else { text.to_string() };
    let read = |p: &Value| HostPort {
        ip: or(p.str("/hostIP"), "0.0.0.0"),
        protocol: or(p.str("/protocol"), "TCP"),
        port: p.int("/hostPort").unwrap_or(0),
    };
    ports.map(read).collect()
}

/// What all pods of a node take together. Kept in a row a node.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Usage {
    /// The uid of the node this was counted for: a namesake that comes later is counted anew.
    pub(super) uid: String,
    pub(super) pods: i64,
    #[serde(default)]
    pub(super) requests: Amounts,
    pub(super) assumed: (i64, i64),
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) ports: Vec<HostPort>,
    /// How many pods there are of each priority.
    pub(super) priorities: BTreeMap<i64, i64>,
}

impl Usage {
    /// Counts the pods of a node.
    pub(super) fn count<'a>(uid: &str, pods: impl IntoIterator<Item = &'a Object>) -> Usage {
        let mut usage = Usage { uid: uid.into(), ..Usage::default() };
        pods.into_iter().filter(|p| takes_room(p)).for_each(|p| usage.add(&Share::of(p)));
        usage
    }

    pub(super) fn add(&mut self, share: &Share) {
        self.pods += 1;
        self.requests.add(&share.requests);
        self.assumed = (self.assumed.0 + share.assumed.0, self.assumed.1 + share.assumed.1);
        self.ports.extend(share.ports.iter().cloned());
        *self.priorities.entry(share.priority).or_default() += 1;
    }

    pub(super) fn remove(&mut self, share: &Share) {
        self.pods -= 1;
        self.requests.subtract(&share.requests);
        self.assumed = (self.assumed.0 - share.assumed.0, self.assumed.1 - share.assumed.1);
        for port in &share.ports {
            if let Some(index) = self.ports.iter().position(|p| p == port) {
                self.ports.remove(index);
            }
        }
        let of_priority = self.priorities.entry(share.priority).or_default();
        *of_priority -= 1;
        if *of_priority == 0 {
            self.priorities.remove(&share.priority);
        }
    }

    /// Whether one of these ports is taken.
    pub(super) fn has_port_of(&self, ports: &[HostPort]) -> bool {
        ports.iter().any(|wanted| self.ports.iter().any(|taken| taken.conflicts(wanted)))
    }

    /// Whether there are pods of a lower priority.
    pub(super) fn has_below(&self, priority: i64) -> bool {
        self.priorities.keys().next().is_some_and(|lowest| *lowest < priority)
    }
}

/// A node.
#[derive(Clone)]
pub(super) struct Node {
    pub(super) object: Arc<Object>,
    pub(super) taints: Vec<Taint>,
    pub(super) unschedulable: bool,
    pub(super) allocatable: Amounts,
    pub(super) max_pods: i64,
    /// Images on the node and their sizes.
    pub(super) images: BTreeMap<String, i64>,
    pub(super) usage: Usage,
}

impl Node {
    pub(super) fn new(object: Arc<Object>, usage: Usage) -> Node {
        let has = object.map("/status/allocatable").is_some_and(|m| !m.is_empty());
        let room = if has { "/status/allocatable" } else { "/status/capacity" };
        let pods = object.pointer(&format!("{room}/pods")).and_then(|q| Quantity::from_value(q).ok());
        let mut images = BTreeMap::new();
        for image in object.list("/status/images") {
            let size = image.int("/sizeBytes").unwrap_or(0);
            images.extend(image.list("/names").iter().filter_map(|n| Some((n.as_str()?.to_string(), size))));
        }
        Node {
            taints: Taint::of(&object),
            unschedulable: object.flag("/spec/unschedulable"),
            allocatable: Amounts::read(&object, room),
            max_pods: pods.map_or(0, |q| q.value()),
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

#[cfg(test)]
mod tests {
    use super::*;
    use kctl_base::json::json;

    fn pod(priority: i64, port: i64, ip: &str) -> Object {
        json!({
            "metadata": {"name": "p"}, "spec": {
                "nodeName": "n", "priority": priority,
                "containers": [{"resources": {"requests": {"cpu": "1"}}, "ports": [{"hostPort": port, "hostIP": ip}]}],
            },
        })
    }

    #[test]
    fn usage_is_the_sum_of_the_pods_that_run() {
        let (low, high) = (pod(0, 80, ""), pod(10, 80, "10.0.0.1"));
        let mut ended = pod(0, 90, "");
        ended["status"]["phase"] = "Succeeded".into();
        let mut usage = Usage::count("u", [&low, &high, &ended]);
        assert_eq!((usage.pods, usage.requests.cpu, usage.ports.len()), (2, 2000, 2));
        assert!(usage.has_below(10) && !usage.has_below(0));
        assert!(!usage.has_port_of(&Share::of(&ended).ports));
        usage.remove(&Share::of(&low));
        assert!(usage.has_port_of(&host_ports(&pod(0, 80, ""))), "every address meets every address");
        assert!(!usage.has_port_of(&host_ports(&pod(0, 80, "10.0.0.2"))));
        usage.remove(&Share::of(&high));
        assert_eq!(usage, Usage { uid: "u".into(), ..Usage::default() });
    }
}
