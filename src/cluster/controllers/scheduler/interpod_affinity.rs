//! Affinity and anti-affinity between pods (`pkg/scheduler/framework/plugins/interpodaffinity`).
//!
//! All counts are kept by topology domain: a label of nodes and its value.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::filters::Status;
use super::node_info::NodeInfo;
use super::nodes::{CountByNode, Nodes};
use super::pod_info::PodInfo;
use super::terms::{PodSet, PodTerm, PodTerms};
use kctl_base::object::Object;
use rustc_hash::FxHashMap;

const AFFINITY: &str = "node(s) didn't match pod affinity rules";
const ANTI_AFFINITY: &str = "node(s) didn't match pod anti-affinity rules";
const EXISTING_ANTI_AFFINITY: &str = "node(s) didn't satisfy existing pods anti-affinity rules";

/// Numbers by topology key and value.
#[derive(Clone, Default)]
struct Domains(BTreeMap<String, FxHashMap<String, i64>>);

impl Domains {
    /// Adds a number to the domain of a node; nothing if it does not have the label.
    fn add(&mut self, key: &str, node: &NodeInfo, by: i64) {
        let Some(value) = node.label(key) else { return };
        if !self.0.contains_key(key) {
            self.0.insert(key.into(), FxHashMap::default());
        }
        let Some(values) = self.0.get_mut(key) else { return };
        match values.get_mut(value) {
            Some(number) => *number += by,
            None => drop(values.insert(value.into(), by)),
        }
    }

    /// Adds the numbers of pods by node, each multiplied by a weight, to the domains of a term.
    fn add_counts(&mut self, term: &PodTerm, counts: &CountByNode, weight: i64, nodes: &Nodes) {
        for (slot, count) in counts.iter() {
            if let Some(node) = nodes.get(slot) {
                self.add(&term.topology_key, node, count * weight);
            }
        }
    }

    /// Returns the number of the domain of a node; `None` if it does not have the label.
    fn get(&self, key: &str, node: &NodeInfo) -> Option<i64> {
        let value = node.label(key)?;
        Some(self.0.get(key).and_then(|values| values.get(value)).copied().unwrap_or(0))
    }

    /// Iterates over the numbers of the domains that a node is in.
    fn of_node(&self, node: &NodeInfo) -> impl Iterator<Item = i64> {
        self.0.iter().filter_map(|(key, values)| values.get(node.label(key)?).copied())
    }

    /// Reports whether all numbers are zero or less.
    fn is_empty(&self) -> bool {
        self.0.values().flat_map(FxHashMap::values).all(|number| *number <= 0)
    }
}

/// Numbers of matching pods by domain (`preFilterState`).
#[derive(Clone, Default)]
pub(super) struct AffinityState {
    /// Pods that match all required affinity terms of the incoming pod.
    affinity: Domains,
    /// Pods that match a required anti-affinity term of the incoming pod.
    anti_affinity: Domains,
    /// Pods with a required anti-affinity term that the incoming pod matches.
    existing_anti_affinity: Domains,
    /// The incoming pod matches its own affinity terms, so the first of a group of pods may be placed anywhere.
    matches_own_terms: bool,
}

/// Returns the sets of pods that required terms select: those of affinity, to be matched together, and those of anti-affinity,
/// each on its own.
pub(super) fn required_sets(terms: &PodTerms) -> (Vec<PodSet>, Vec<PodSet>) {
    let sets = |terms: &[PodTerm]| terms.iter().map(|t| t.pods.clone()).collect();
    (sets(&terms.required), sets(&terms.required_anti))
}

impl AffinityState {
    /// Sums the counts of [`required_sets`], which are by node, and those of existing pods by domain.
    pub(super) fn new<'a>(
        pod: &PodInfo,
        affinity: &CountByNode,
        anti_affinity: &[Arc<CountByNode>],
        existing: impl Iterator<Item = (&'a PodTerms, &'a CountByNode)>,
        nodes: &Nodes,
    ) -> AffinityState {
        let terms = &pod.terms;
        let mut state = AffinityState {
            matches_own_terms: terms.required.iter().all(|t| t.pods.contains(&pod.object)),
            ..AffinityState::default()
        };
        terms.required.iter().for_each(|t| state.affinity.add_counts(t, affinity, 1, nodes));
        for (term, counts) in terms.required_anti.iter().zip(anti_affinity) {
            state.anti_affinity.add_counts(term, counts, 1, nodes);
        }
        for (theirs, counts) in existing {
            for term in theirs.required_anti.iter().filter(|t| t.pods.contains(&pod.object)) {
                state.existing_anti_affinity.add_counts(term, counts, 1, nodes);
            }
        }
        state
    }

    /// Returns the status of a node that does not fit.
    pub(super) fn filter(&self, pod: &PodInfo, node: &NodeInfo) -> Option<Status> {
        let required = &pod.terms.required;
        // Most pods have no terms, and are filtered for every node.
        if required.is_empty() && pod.terms.required_anti.is_empty() && self.existing_anti_affinity.0.is_empty() {
            return None;
        }
        let has_keys = required.iter().all(|t| node.label(&t.topology_key).is_some());
        let matches = required.iter().all(|t| self.affinity.get(&t.topology_key, node).is_some_and(|n| n > 0));
        let is_first = || has_keys && self.matches_own_terms && self.affinity.is_empty();
        if !matches && !is_first() {
            return Some(Status::unresolvable(AFFINITY));
        }
        let mut anti = pod.terms.required_anti.iter();
        if anti.any(|t| self.anti_affinity.get(&t.topology_key, node).is_some_and(|n| n > 0)) {
            return Some(Status::unschedulable(ANTI_AFFINITY));
        }
        let violated = self.existing_anti_affinity.of_node(node).any(|n| n > 0);
        violated.then(|| Status::unschedulable(EXISTING_ANTI_AFFINITY))
    }

    /// Adds (`by` = 1) or removes (-1) another pod of a node (`updateWithPod`).
    pub(super) fn update(&mut self, pod: &PodInfo, other: &PodInfo, node: &NodeInfo, by: i64) {
        if pod.terms.required.iter().all(|t| t.pods.contains(&other.object)) {
            pod.terms.required.iter().for_each(|t| self.affinity.add(&t.topology_key, node, by));
        }
        for term in pod.terms.required_anti.iter().filter(|t| t.pods.contains(&other.object)) {
            self.anti_affinity.add(&term.topology_key, node, by);
        }
        for term in other.terms.required_anti.iter().filter(|t| t.pods.contains(&pod.object)) {
            self.existing_anti_affinity.add(&term.topology_key, node, by);
        }
    }
}

/// Scores feasible nodes from 0 to 100 by the preferred terms of the pod and by those terms of existing pods that it matches.
/// `preferred` has the counts of each term of the pod, affinity before anti-affinity.
pub(super) fn score<'a>(
    pod: &PodInfo,
    preferred: &[Arc<CountByNode>],
    existing: impl Iterator<Item = (&'a PodTerms, &'a CountByNode)>,
    feasible: &[&NodeInfo],
    nodes: &Nodes,
) -> Vec<i64> {
    let mut domains = Domains::default();
    for ((term, weight), counts) in weighted(&pod.terms).zip(preferred) {
        domains.add_counts(term, counts, weight, nodes);
    }
    for (terms, counts) in existing {
        add_existing(&mut domains, &pod.object, terms, counts, nodes);
    }
    normalize(feasible.iter().map(|node| domains.of_node(node).sum()).collect())
}

/// The preferred terms with their weights, which are negative for anti-affinity.
fn weighted(terms: &PodTerms) -> impl Iterator<Item = (&PodTerm, i64)> {
    let affinity = terms.preferred.iter().map(|t| (t, t.weight));
    affinity.chain(terms.preferred_anti.iter().map(|t| (t, -t.weight)))
}

/// Adds the terms of existing pods that match the incoming pod. A required affinity term counts like a preferred one of weight
/// 1 (`hardPodAffinityWeight`).
fn add_existing(domains: &mut Domains, pod: &Object, terms: &PodTerms, counts: &CountByNode, nodes: &Nodes) {
    for (term, weight) in terms.required.iter().map(|t| (t, 1)).chain(weighted(terms)) {
        if term.pods.contains(pod) {
            domains.add_counts(term, counts, weight, nodes);
        }
    }
}

/// Maps the lowest score to 0 and the highest to 100.
fn normalize(scores: Vec<i64>) -> Vec<i64> {
    let (max, min) = (scores.iter().max().copied().unwrap_or(0), scores.iter().min().copied().unwrap_or(0));
    let normalized = |n: i64| if max == min { 0 } else { (100.0 * (n - min) as f64 / (max - min) as f64) as i64 };
    scores.into_iter().map(normalized).collect()
}
