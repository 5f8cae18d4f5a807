//! Topology spread constraints (`pkg/scheduler/framework/plugins/podtopologyspread`).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::cache::CountByNode;
use super::filters::Status;
use super::node_info::NodeInfo;
use super::pod_info::PodInfo;
use super::terms::{SpreadConstraint, Taint, tolerates};
use kctl_base::object::{Object, ObjectMeta};

const HOSTNAME: &str = "kubernetes.io/hostname";
const SKEW_EXCEEDED: &str = "node(s) didn't match pod topology spread constraints";
const MISSING_LABEL: &str = "node(s) didn't match pod topology spread constraints (missing required label)";

/// The `DoNotSchedule` constraints of a pod, each with the number of matching pods by domain (`preFilterState`).
#[derive(Clone, Default)]
pub(super) struct SpreadState {
    constraints: Vec<(SpreadConstraint, BTreeMap<String, i64>)>,
}

impl SpreadState {
    /// Sums the counts of each constraint, which are by node, by domain.
    pub(super) fn new(
        pod: &PodInfo,
        constraints: Vec<(SpreadConstraint, Arc<CountByNode>)>,
        nodes: &BTreeMap<String, Arc<NodeInfo>>,
    ) -> SpreadState {
        let keys: Vec<String> = constraints.iter().map(|(c, _)| c.topology_key.clone()).collect();
        let count = |(constraint, by_node): (SpreadConstraint, Arc<CountByNode>)| {
            let mut domains = BTreeMap::new();
            for node in nodes.values().filter(|n| has_labels(n, &keys) && is_counted(&constraint, pod, n)) {
                let domain = node.label(&constraint.topology_key).unwrap_or_default();
                *domains.entry(domain.to_string()).or_default() += by_node.get(node.name()).copied().unwrap_or(0);
            }
            (constraint, domains)
        };
        SpreadState { constraints: constraints.into_iter().map(count).collect() }
    }

    /// Returns the status of a node that does not fit.
    pub(super) fn filter(&self, pod: &PodInfo, node: &NodeInfo) -> Option<Status> {
        for (constraint, domains) in &self.constraints {
            let Some(domain) = node.label(&constraint.topology_key) else {
                return Some(Status::unresolvable(MISSING_LABEL));
            };
            let too_few_domains = (domains.len() as i64) < constraint.min_domains;
            let min = if too_few_domains { 0 } else { domains.values().copied().min().unwrap_or(i64::from(i32::MAX)) };
            let own = i64::from(constraint.selector.matches_object(&pod.object));
            if domains.get(domain).copied().unwrap_or(0) + own - min > constraint.max_skew {
                return Some(Status::unschedulable(SKEW_EXCEEDED));
            }
        }
        None
    }

    /// Adds (`by` = 1) or removes (-1) another pod of a node (`updateWithPod`).
    pub(super) fn update(&mut self, pod: &PodInfo, other: &Object, node: &NodeInfo, by: i64) {
        let keys: Vec<String> = self.constraints.iter().map(|(c, _)| c.topology_key.clone()).collect();
        if other.namespace() != pod.object.namespace() || other.is_deleting() || !has_labels(node, &keys) {
            return;
        }
        for (constraint, domains) in &mut self.constraints {
            if constraint.selector.matches_object(other) && is_counted(constraint, pod, node) {
                let domain = node.label(&constraint.topology_key).unwrap_or_default();
                *domains.entry(domain.into()).or_default() += by;
            }
        }
    }
}

fn has_labels(node: &NodeInfo, keys: &[String]) -> bool {
    keys.iter().all(|key| node.label(key).is_some())
}

/// Reports whether the pods of a node count, by the inclusion policies of the constraint.
fn is_counted(constraint: &SpreadConstraint, pod: &PodInfo, node: &NodeInfo) -> bool {
    let blocking = |t: &&Taint| t.effect == "NoSchedule" || t.effect == "NoExecute";
    let tolerated = || node.taints.iter().filter(blocking).all(|t| tolerates(pod.tolerations(), t));
    (!constraint.honors_node_affinity || pod.node_affinity.matches(&node.object))
        && (!constraint.honors_node_taints || tolerated())
}

/// Scores feasible nodes from 0 to 100 by the `ScheduleAnyway` constraints. With `require_all_keys`, which holds unless the
/// constraints are the default ones, nodes without one of the topology labels score 0.
pub(super) fn score(
    pod: &PodInfo,
    constraints: &[(SpreadConstraint, Arc<CountByNode>)],
    require_all_keys: bool,
    feasible: &[Arc<NodeInfo>],
    nodes: &BTreeMap<String, Arc<NodeInfo>>,
) -> Vec<i64> {
    let keys: Vec<String> = constraints.iter().map(|(c, _)| c.topology_key.clone()).collect();
    let ignored: BTreeSet<&str> =
        feasible.iter().filter(|n| require_all_keys && !has_labels(n, &keys)).map(|n| n.name()).collect();
    let mut raw = vec![0.0; feasible.len()];
    for (constraint, by_node) in constraints {
        let key = constraint.topology_key.as_str();
        let candidates = || feasible.iter().filter(|n| !ignored.contains(n.name()));
        let mut domains: BTreeMap<&str, i64> = BTreeMap::new();
        if key != HOSTNAME {
            domains.extend(candidates().map(|n| (n.label(key).unwrap_or_default(), 0)));
            for node in nodes.values().filter(|n| !require_all_keys || has_labels(n, &keys)) {
                if let Some(count) = domains.get_mut(node.label(key).unwrap_or_default())
                    && is_counted(constraint, pod, node)
                {
                    *count += by_node.get(node.name()).copied().unwrap_or(0);
                }
            }
        }
        let size = if key == HOSTNAME { candidates().count() } else { domains.len() };
        // Domains of a key with many values each hold few pods; the weight makes the keys comparable.
        let weight = ((size + 2) as f64).ln();
        for (score, node) in raw.iter_mut().zip(feasible) {
            let Some(domain) = node.label(key) else { continue };
            let count = match key {
                HOSTNAME => by_node.get(node.name()).copied().unwrap_or(0),
                _ => domains.get(domain).copied().unwrap_or(0),
            };
            *score += count as f64 * weight + (constraint.max_skew - 1) as f64;
        }
    }
    let rounded: Vec<Option<i64>> = feasible
        .iter()
        .zip(&raw)
        .map(|(node, score)| (!ignored.contains(node.name())).then(|| score.round() as i64))
        .collect();
    let max = rounded.iter().flatten().copied().max().unwrap_or(0);
    let min = rounded.iter().flatten().copied().min().unwrap_or(0);
    let normalized = |score: i64| if max == 0 { 100 } else { 100 * (max + min - score) / max };
    rounded.into_iter().map(|score| score.map_or(0, normalized)).collect()
}
