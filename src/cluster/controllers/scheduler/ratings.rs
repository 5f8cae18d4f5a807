//! What is known about single nodes for pods with the same requirements, such as the replicas of a workload.
//!
//! Scheduling a pod changes one node, and all others fit the next pod of the workload as they fitted this one, with the same
//! scores. kube-scheduler reuses them too (`OpportunisticBatching`).

use super::filters::{self, Status};
use super::node_info::NodeInfo;
use super::nodes::Slot;
use super::pod_info::{PodInfo, PodRequests};
use super::scoring::{self, NodeScores};
use kctl_base::json::Value;

/// A node as it is for a pod, whatever else is scheduled elsewhere.
pub(super) struct Rating {
    /// The status of a node that does not fit by [`filters::filter_node`].
    pub(super) status: Option<Status>,
    pub(super) scores: NodeScores,
    /// The node matches the node affinity of the pod.
    pub(super) matches_affinity: bool,
    /// The pod tolerates the taints of the node.
    pub(super) tolerates_taints: bool,
}

impl Rating {
    fn new(pod: &PodInfo, node: &NodeInfo) -> Rating {
        Rating {
            status: filters::filter_node(pod, node),
            scores: scoring::node_scores(pod, node),
            matches_affinity: pod.node_affinity.matches(node.identity()),
            tolerates_taints: filters::untolerated_taint(pod, node).is_none(),
        }
    }
}

/// Everything about a pod that its ratings depend on.
#[derive(PartialEq)]
struct Requirements {
    requests: PodRequests,
    /// `tolerations`, `nodeSelector` and the node affinity of the spec.
    node_rules: [Option<Value>; 3],
}

impl Requirements {
    fn of(pod: &PodInfo) -> Requirements {
        let rules = ["/spec/tolerations", "/spec/nodeSelector", "/spec/affinity/nodeAffinity"];
        let node_rules = rules.map(|rule| pod.object.pointer(rule).cloned());
        Requirements { requests: pod.requests.clone(), node_rules }
    }
}

/// The ratings of nodes for the pods of the last requirements.
#[derive(Default)]
pub(super) struct Ratings {
    requirements: Option<Requirements>,
    /// `None` for a node that has not been rated since it changed.
    by_slot: Vec<Option<Rating>>,
}

impl Ratings {
    /// Begins to rate nodes for a pod.
    pub(super) fn begin(&mut self, pod: &PodInfo) {
        let requirements = Some(Requirements::of(pod));
        if self.requirements != requirements {
            self.by_slot.clear();
            self.requirements = requirements;
        }
    }

    /// Drops the rating of a node, because it has changed.
    pub(super) fn forget(&mut self, slot: Slot) {
        if let Some(rating) = self.by_slot.get_mut(slot) {
            *rating = None;
        }
    }

    /// Returns the rating of a node for the pod that [`Ratings::begin`] was called with.
    pub(super) fn rate(&mut self, pod: &PodInfo, node: &NodeInfo) -> &Rating {
        if self.by_slot.len() <= node.slot {
            self.by_slot.resize_with(node.slot + 1, || None);
        }
        self.by_slot[node.slot].get_or_insert_with(|| Rating::new(pod, node))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::node_usage::NodeUsage;
    use super::*;
    use kctl_base::json::json;

    fn pod(name: &str, spec: Value) -> PodInfo {
        PodInfo::new(Arc::new(json!({"metadata": {"name": name}, "spec": spec})))
    }

    #[test]
    fn ratings_hold_for_pods_with_the_same_requirements_until_the_node_changes() {
        let asking = |cpu: &str| json!({"containers": [{"resources": {"requests": {"cpu": cpu}}}]});
        let object = json!({"metadata": {"name": "n", "labels": {"zone": "a"}},
            "spec": {"taints": [{"key": "k", "effect": "NoSchedule"}]},
            "status": {"allocatable": {"cpu": "2", "memory": "2Gi", "pods": "2"}}});
        let mut node = NodeInfo::new(&object, NodeUsage::default());
        let mut ratings = Ratings::default();
        let mut fits = |pod: &PodInfo, node: &NodeInfo, has_changed: bool| {
            if has_changed {
                ratings.forget(node.slot);
            }
            ratings.begin(pod);
            let rating = ratings.rate(pod, node);
            (rating.status.is_none(), rating.matches_affinity, rating.tolerates_taints)
        };
        let mut spec = asking("1500m");
        spec["tolerations"] = json!([{"operator": "Exists"}]);
        let (web, twin) = (pod("web", spec.clone()), pod("twin", spec.clone()));
        assert_eq!(fits(&web, &node, false), (true, true, true));
        node.usage.add(&web.requests);
        assert_eq!(fits(&twin, &node, false), (true, true, true), "nobody has told that the node has changed");
        assert_eq!(fits(&twin, &node, true), (false, true, true));
        assert_eq!(fits(&pod("small", asking("100m")), &node, false), (false, true, false));
        spec["containers"] = json!([]);
        assert_eq!(fits(&pod("small", spec.clone()), &node, false), (true, true, true));
        spec["nodeSelector"] = json!({"zone": "b"});
        assert_eq!(fits(&pod("elsewhere", spec.clone()), &node, false), (false, false, true));
    }
}
