//! Resources in use on a node.

use std::collections::BTreeMap;

use super::pod_info::{HostPort, PodRequests, is_assigned};
use super::resources::{NonZeroRequests, Resource};
use kctl_base::object::Object;

/// Sum of the requests of all pods of a node.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct NodeUsage {
    /// Number of pods.
    pub(super) pods: i64,
    pub(super) requested: Resource,
    pub(super) non_zero_requested: NonZeroRequests,
    pub(super) ports: Vec<HostPort>,
    /// Number of pods by priority.
    pub(super) priorities: BTreeMap<i64, i64>,
}

impl NodeUsage {
    /// Sums up the pods of a node.
    pub(super) fn count<'a>(pods: impl IntoIterator<Item = &'a Object>) -> NodeUsage {
        let mut usage = NodeUsage::default();
        pods.into_iter().filter(|p| is_assigned(p)).for_each(|p| usage.add(&PodRequests::of(p)));
        usage
    }

    pub(super) fn add(&mut self, pod: &PodRequests) {
        self.pods += 1;
        self.requested.add(&pod.resources);
        let (cpu, memory) = pod.non_zero;
        self.non_zero_requested = (self.non_zero_requested.0 + cpu, self.non_zero_requested.1 + memory);
        self.ports.extend(pod.ports.iter().cloned());
        *self.priorities.entry(pod.priority).or_default() += 1;
    }

    pub(super) fn remove(&mut self, pod: &PodRequests) {
        self.pods -= 1;
        self.requested.subtract(&pod.resources);
        let (cpu, memory) = pod.non_zero;
        self.non_zero_requested = (self.non_zero_requested.0 - cpu, self.non_zero_requested.1 - memory);
        for port in &pod.ports {
            if let Some(index) = self.ports.iter().position(|p| p == port) {
                self.ports.remove(index);
            }
        }
        let of_priority = self.priorities.entry(pod.priority).or_default();
        *of_priority -= 1;
        if *of_priority == 0 {
            self.priorities.remove(&pod.priority);
        }
    }

    /// Reports whether one of the ports cannot be bound.
    pub(super) fn conflicts_with(&self, ports: &[HostPort]) -> bool {
        ports.iter().any(|port| self.ports.iter().any(|used| used.conflicts_with(port)))
    }

    /// Reports whether there are pods of a lower priority.
    pub(super) fn has_pod_below(&self, priority: i64) -> bool {
        self.priorities.keys().next().is_some_and(|lowest| *lowest < priority)
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
    fn usage_is_the_sum_of_the_assigned_pods() {
        let (low, high) = (pod(0, 80, ""), pod(10, 80, "10.0.0.1"));
        let mut ended = pod(0, 90, "");
        ended["status"]["phase"] = "Succeeded".into();
        let mut usage = NodeUsage::count([&low, &high, &ended]);
        assert_eq!((usage.pods, usage.requested.cpu, usage.ports.len()), (2, 2000, 2));
        assert!(usage.has_pod_below(10) && !usage.has_pod_below(0));
        assert!(!usage.conflicts_with(&PodRequests::of(&ended).ports));
        usage.remove(&PodRequests::of(&low));
        assert!(
            usage.conflicts_with(&PodRequests::of(&pod(0, 80, "")).ports),
            "a wildcard address conflicts with every address"
        );
        assert!(!usage.conflicts_with(&PodRequests::of(&pod(0, 80, "10.0.0.2")).ports));
        usage.remove(&PodRequests::of(&high));
        assert_eq!(usage, NodeUsage::default());
    }
}
