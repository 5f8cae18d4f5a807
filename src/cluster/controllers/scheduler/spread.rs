//! Topology spread: how many pods each domain has, which domains are too full, and which are emptier than others.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::cache::ByNode;
use super::filters::Refusal;
use super::terms::{SpreadConstraint, tolerates};
use super::view::{Node, Pod};
use kctl_base::object::{Object, ObjectMeta};

const HOSTNAME: &str = "kubernetes.io/hostname";
const TOO_FULL: &str = "node(s) didn't match pod topology spread constraints";
const NO_LABEL: &str = "node(s) didn't match pod topology spread constraints (missing required label)";

/// The hard constraints of a pod and how the pods are spread now.
#[derive(Clone, Default)]
pub(super) struct Spread {
    constraints: Vec<(SpreadConstraint, BTreeMap<String, i64>)>,
}

impl Spread {
    /// Counts per domain out of counts per node, one for each constraint.
    pub(super) fn new(
        pod: &Pod,
        constraints: Vec<(SpreadConstraint, Arc<ByNode>)>,
        nodes: &BTreeMap<String, Arc<Node>>,
    ) -> Spread {
        let keys: Vec<String> = constraints.iter().map(|(c, _)| c.topology_key.clone()).collect();
        let count = |(constraint, by_node): (SpreadConstraint, Arc<ByNode>)| {
            let mut domains = BTreeMap::new();
            for node in nodes.values().filter(|n| has_labels(n, &keys) && counts(&constraint, pod, n)) {
                let domain = node.label(&constraint.topology_key).unwrap_or_default();
                *domains.entry(domain.to_string()).or_default() += by_node.get(node.name()).copied().unwrap_or(0);
            }
            (constraint, domains)
        };
        Spread { constraints: constraints.into_iter().map(count).collect() }
    }

    /// Why a node does not take the pod, if so.
    pub(super) fn refuse(&self, pod: &Pod, node: &Node) -> Option<Refusal> {
        for (constraint, domains) in &self.constraints {
            let Some(domain) = node.label(&constraint.topology_key) else { return Some(Refusal::hopeless(NO_LABEL)) };
            let few = (domains.len() as i64) < constraint.min_domains;
            let least = if few { 0 } else { domains.values().copied().min().unwrap_or(i64::from(i32::MAX)) };
            let own = i64::from(constraint.selector.matches_object(&pod.object));
            if domains.get(domain).copied().unwrap_or(0) + own - least > constraint.max_skew {
                return Some(Refusal::now(TOO_FULL));
            }
        }
        None
    }

    /// Counts a pod of a node in (1) or out (-1), for a trial.
    pub(super) fn adjust(&mut self, pod: &Pod, other: &Object, node: &Node, by: i64) {
        let keys: Vec<String> = self.constraints.iter().map(|(c, _)| c.topology_key.clone()).collect();
        if other.namespace() != pod.object.namespace() || other.is_deleting() || !has_labels(node, &keys) {
            return;
        }
        for (constraint, domains) in &mut self.constraints {
            if constraint.selector.matches_object(other) && counts(constraint, pod, node) {
                let domain = node.label(&constraint.topology_key).unwrap_or_default();
                *domains.entry(domain.into()).or_default() += by;
            }
        }
    }
}

fn has_labels(node: &Node, keys: &[String]) -> bool {
    keys.iter().all(|key| node.label(key).is_some())
}

/// Whether the pods of a node count at all.
fn counts(constraint: &SpreadConstraint, pod: &Pod, node: &Node) -> bool {
    let blocking = |t: &&super::terms::Taint| t.effect == "NoSchedule" || t.effect == "NoExecute";
    let welcome = || node.taints.iter().filter(blocking).all(|t| tolerates(pod.tolerations(), t));
    (!constraint.honors_affinity || pod.demand.matches(&node.object)) && (!constraint.honors_taints || welcome())
}

/// The scores of feasible nodes under soft constraints, 0 to 100; `all_keys` leaves nodes out that lack a topology label.
pub(super) fn scores(
    pod: &Pod,
    constraints: &[(SpreadConstraint, Arc<ByNode>)],
    all_keys: bool,
    feasible: &[Arc<Node>],
    nodes: &BTreeMap<String, Arc<Node>>,
) -> Vec<i64> {
    let keys: Vec<String> = constraints.iter().map(|(c, _)| c.topology_key.clone()).collect();
    let ignored: BTreeSet<&str> =
        feasible.iter().filter(|n| all_keys && !has_labels(n, &keys)).map(|n| n.name()).collect();
    let mut raw = vec![0.0; feasible.len()];
    for (constraint, by_node) in constraints {
        let key = constraint.topology_key.as_str();
        let candidates = || feasible.iter().filter(|n| !ignored.contains(n.name()));
        let mut domains: BTreeMap<&str, i64> = BTreeMap::new();
        if key != HOSTNAME {
            domains.extend(candidates().map(|n| (n.label(key).unwrap_or_default(), 0)));
            for node in nodes.values().filter(|n| !all_keys || has_labels(n, &keys)) {
                if let Some(count) = domains.get_mut(node.label(key).unwrap_or_default())
                    && counts(constraint, pod, node)
                {
                    *count += by_node.get(node.name()).copied().unwrap_or(0);
                }
            }
        }
        let size = if key == HOSTNAME { candidates().count() } else { domains.len() };
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
    let most = rounded.iter().flatten().copied().max().unwrap_or(0);
    let least = rounded.iter().flatten().copied().min().unwrap_or(0);
    let normal = |score: i64| if most == 0 { 100 } else { 100 * (most + least - score) / most };
    rounded.into_iter().map(|score| score.map_or(0, normal)).collect()
}
