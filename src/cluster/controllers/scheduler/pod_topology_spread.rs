//! Topology spread constraints (`pkg/scheduler/framework/plugins/podtopologyspread`).

use std::rc::Rc;
use std::sync::Arc;

use super::filters::{Status, untolerated_taint};
use super::node_info::NodeInfo;
use super::nodes::{CountByNode, NO_VALUE, Nodes, Topology};
use super::pod_info::PodInfo;
use super::ratings::Ratings;
use super::terms::SpreadConstraint;
use kctl_base::object::{Object, ObjectMeta};

const HOSTNAME: &str = "kubernetes.io/hostname";
const SKEW_EXCEEDED: &str = "node(s) didn't match pod topology spread constraints";
const MISSING_LABEL: &str = "node(s) didn't match pod topology spread constraints (missing required label)";

/// The `DoNotSchedule` constraints of a pod (`preFilterState`).
#[derive(Clone, Default)]
pub(super) struct SpreadState(Vec<HardConstraint>);

/// A `DoNotSchedule` constraint with the number of matching pods by domain.
#[derive(Clone)]
struct HardConstraint {
    constraint: SpreadConstraint,
    topology: Rc<Topology>,
    /// `None` for a domain without a node that counts.
    counts: Vec<Option<i64>>,
    /// The pod itself, if the constraint selects it: 1 or 0.
    own: i64,
    /// The lowest number of pods in a domain (`minMatchNum`).
    min: i64,
}

impl HardConstraint {
    /// Counts the nodes without any pod.
    fn new(pod: &PodInfo, constraint: SpreadConstraint, topology: Rc<Topology>) -> HardConstraint {
        let own = i64::from(constraint.selector.matches_object(&pod.object));
        HardConstraint { counts: vec![None; topology.len()], constraint, topology, own, min: 0 }
    }

    /// Adds the pods of a node.
    fn add(&mut self, pod: &PodInfo, node: &NodeInfo, by: i64) {
        if let Some(domain) = self.topology.domain(node)
            && is_counted(
                &self.constraint,
                || pod.node_affinity.matches(node.identity()),
                || untolerated_taint(pod, node).is_none(),
            )
        {
            *self.counts[domain].get_or_insert(0) += by;
        }
    }

    /// Calculates the minimum after the counts have changed.
    fn update_min(&mut self) {
        let domains = self.counts.iter().flatten();
        let too_few_domains = (domains.clone().count() as i64) < self.constraint.min_domains;
        self.min = if too_few_domains { 0 } else { domains.copied().min().unwrap_or(i64::from(i32::MAX)) };
    }
}

impl SpreadState {
    /// Sums the counts of each constraint, which are by node, by domain.
    pub(super) fn new(
        pod: &PodInfo,
        constraints: Vec<(SpreadConstraint, Arc<CountByNode>)>,
        nodes: &Nodes,
    ) -> SpreadState {
        let topologies = topologies(&constraints, nodes);
        let count = |((constraint, by_node), topology): ((SpreadConstraint, Arc<CountByNode>), &Rc<Topology>)| {
            let mut counted = HardConstraint::new(pod, constraint, topology.clone());
            for node in nodes.iter().filter(|node| has_labels(node, &topologies)) {
                counted.add(pod, node, by_node.get(node.slot));
            }
            counted.update_min();
            counted
        };
        SpreadState(constraints.into_iter().zip(&topologies).map(count).collect())
    }

    /// Returns the status of a node that does not fit.
    pub(super) fn filter(&self, node: &NodeInfo) -> Option<Status> {
        for HardConstraint { constraint, topology, counts, own, min } in &self.0 {
            let Some(domain) = topology.domain(node) else {
                return Some(Status::unresolvable(MISSING_LABEL));
            };
            if counts[domain].unwrap_or(0) + own - min > constraint.max_skew {
                return Some(Status::unschedulable(SKEW_EXCEEDED));
            }
        }
        None
    }

    /// Adds (`by` = 1) or removes (-1) another pod of a node (`updateWithPod`).
    pub(super) fn update(&mut self, pod: &PodInfo, other: &Object, node: &NodeInfo, by: i64) {
        let has_labels = self.0.iter().all(|counted| counted.topology.domain(node).is_some());
        if other.namespace() != pod.object.namespace() || other.is_deleting() || !has_labels {
            return;
        }
        for counted in self.0.iter_mut().filter(|counted| counted.constraint.selector.matches_object(other)) {
            counted.add(pod, node, by);
            counted.update_min();
        }
    }
}

/// Returns the topologies of constraints.
fn topologies(constraints: &[(SpreadConstraint, Arc<CountByNode>)], nodes: &Nodes) -> Vec<Rc<Topology>> {
    constraints.iter().map(|(constraint, _)| nodes.topology(&constraint.topology_key)).collect()
}

fn has_labels(node: &NodeInfo, topologies: &[Rc<Topology>]) -> bool {
    topologies.iter().all(|topology| topology.domain(node).is_some())
}

/// Reports whether the pods of a node count, by the inclusion policies of the constraint, which look at whether the node
/// matches the node affinity of the pod, and whether that tolerates its taints.
fn is_counted(
    constraint: &SpreadConstraint,
    matches_affinity: impl FnOnce() -> bool,
    tolerates_taints: impl FnOnce() -> bool,
) -> bool {
    (!constraint.honors_node_affinity || matches_affinity()) && (!constraint.honors_node_taints || tolerates_taints())
}

/// Scores feasible nodes from 0 to 100 by the `ScheduleAnyway` constraints. With `require_all_keys`, which holds unless the
/// constraints are the default ones, nodes without one of the topology labels score 0.
pub(super) fn score(
    pod: &PodInfo,
    constraints: &[(SpreadConstraint, Arc<CountByNode>)],
    require_all_keys: bool,
    feasible: &[&NodeInfo],
    (ratings, nodes): (&mut Ratings, &Nodes),
) -> Vec<i64> {
    let topologies = topologies(constraints, nodes);
    let counts_node = |node: &NodeInfo| !require_all_keys || has_labels(node, &topologies);
    let is_scored: Vec<bool> = feasible.iter().map(|node| counts_node(node)).collect();
    let candidates: Vec<&NodeInfo> = feasible.iter().zip(&is_scored).filter(|(_, is)| **is).map(|(n, _)| *n).collect();
    let mut raw = vec![0.0; feasible.len()];
    for ((constraint, by_node), topology) in constraints.iter().zip(&topologies) {
        let domains = (constraint.topology_key != HOSTNAME).then(|| {
            let with_pods = by_node.iter().filter_map(|(slot, pods)| Some((nodes.get(slot)?, pods)));
            let with_pods = with_pods.filter(|(node, _)| counts_node(node));
            count_pods(pod, constraint, topology, &candidates, with_pods, ratings)
        });
        let size = domains.as_ref().map_or(candidates.len(), |domains| domains.iter().flatten().count());
        // Domains of a key with many values each hold few pods; the weight makes the keys comparable.
        let weight = ((size + 2) as f64).ln();
        let score_of = |pods: i64| pods as f64 * weight + (constraint.max_skew - 1) as f64;
        let scores: Option<Vec<f64>> =
            domains.map(|domains| domains.into_iter().map(|pods| score_of(pods.unwrap_or(0))).collect());
        for (score, node) in raw.iter_mut().zip(feasible) {
            let Some(domain) = topology.domain(node) else { continue };
            *score += scores.as_ref().map_or_else(|| score_of(by_node.get(node.slot)), |scores| scores[domain]);
        }
    }
    let rounded = raw.iter().zip(&is_scored).map(|(score, is_scored)| is_scored.then(|| score.round() as i64));
    normalize(rounded.collect())
}

/// Returns the number of pods by domain; `None` for a domain without a candidate.
fn count_pods<'n>(
    pod: &PodInfo,
    constraint: &SpreadConstraint,
    topology: &Topology,
    candidates: &[&NodeInfo],
    with_pods: impl Iterator<Item = (&'n NodeInfo, i64)>,
    ratings: &mut Ratings,
) -> Vec<Option<i64>> {
    let domain = |node: &NodeInfo| topology.domain(node).unwrap_or(NO_VALUE);
    let mut domains = vec![None; topology.len()];
    candidates.iter().for_each(|node| domains[domain(node)] = Some(0));
    // Most pods may run on any node.
    let counts_all = !constraint.honors_node_taints && pod.node_affinity.matches_all();
    for (node, pods) in with_pods {
        let Some(count) = &mut domains[domain(node)] else { continue };
        let is_counted = counts_all || {
            let rating = ratings.rate(pod, node);
            is_counted(constraint, || rating.matches_affinity, || rating.tolerates_taints)
        };
        *count += if is_counted { pods } else { 0 };
    }
    domains
}

/// Maps the lowest score to 100 and the others to less; a node without a score has 0.
fn normalize(scores: Vec<Option<i64>>) -> Vec<i64> {
    let max = scores.iter().flatten().copied().max().unwrap_or(0);
    let min = scores.iter().flatten().copied().min().unwrap_or(0);
    let normalized = |score: i64| if max == 0 { 100 } else { 100 * (max + min - score) / max };
    scores.into_iter().map(|score| score.map_or(0, normalized)).collect()
}
