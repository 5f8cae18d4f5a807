//! Affinity between pods: which domains have the pods that one wants near, or wants far, or that want it far.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::cache::ByNode;
use super::filters::Refusal;
use super::terms::{PodSet, PodTerm, PodTerms};
use super::view::{Node, Pod};
use kctl_base::object::Object;

const NOT_NEAR: &str = "node(s) didn't match pod affinity rules";
const NOT_FAR: &str = "node(s) didn't match pod anti-affinity rules";
const UNWANTED: &str = "node(s) didn't satisfy existing pods anti-affinity rules";

/// Numbers by domain: a label of nodes and its value.
type Domains = BTreeMap<(String, String), i64>;

/// The terms of a pod that must hold, and the terms of others that must hold for it.
#[derive(Clone, Default)]
pub(super) struct Near {
    wanted: Domains,
    unwanted: Domains,
    unwelcome: Domains,
    /// The pod is among those it wants near: the first of a kind may start anywhere.
    wants_itself: bool,
}

/// The sets of pods that the required terms of a pod are about: those it wants near (in all sets at once), then those it
/// wants far (each for itself).
pub(super) fn required_sets(terms: &PodTerms) -> (Vec<PodSet>, Vec<PodSet>) {
    let sets = |terms: &[PodTerm]| terms.iter().map(|t| t.pods.clone()).collect();
    (sets(&terms.required), sets(&terms.required_anti))
}

impl Near {
    /// Out of counts by node for [`required_sets`], and the bound pods that have terms.
    pub(super) fn new<'a>(
        pod: &Pod,
        wanted: &ByNode,
        unwanted: &[Arc<ByNode>],
        social: impl Iterator<Item = (&'a PodTerms, &'a ByNode)>,
        nodes: &BTreeMap<String, Arc<Node>>,
    ) -> Near {
        let mut near =
            Near { wants_itself: pod.terms.required.iter().all(|t| t.pods.contains(&pod.object)), ..Near::default() };
        let terms = &pod.terms;
        terms.required.iter().for_each(|t| add_counts(&mut near.wanted, t, wanted, 1, nodes));
        for (term, counts) in terms.required_anti.iter().zip(unwanted) {
            add_counts(&mut near.unwanted, term, counts, 1, nodes);
        }
        for (theirs, counts) in social {
            for term in theirs.required_anti.iter().filter(|t| t.pods.contains(&pod.object)) {
                add_counts(&mut near.unwelcome, term, counts, 1, nodes);
            }
        }
        near
    }

    /// Why a node does not take the pod, if so.
    pub(super) fn refuse(&self, pod: &Pod, node: &Node) -> Option<Refusal> {
        let count = |domains: &Domains, key: &str| {
            let value = node.label(key)?;
            Some(domains.get(&(key.to_string(), value.to_string())).copied().unwrap_or(0))
        };
        let required = &pod.terms.required;
        let labelled = required.iter().all(|t| node.label(&t.topology_key).is_some());
        let near = required.iter().all(|t| count(&self.wanted, &t.topology_key).is_some_and(|n| n > 0));
        let first_of_its_kind = labelled && self.wants_itself && self.wanted.values().all(|n| *n <= 0);
        if !near && !first_of_its_kind {
            return Some(Refusal::hopeless(NOT_NEAR));
        }
        let mut far = pod.terms.required_anti.iter();
        if far.any(|t| count(&self.unwanted, &t.topology_key).is_some_and(|n| n > 0)) {
            return Some(Refusal::now(NOT_FAR));
        }
        let unwelcome = |((key, value), n): (&(String, String), &i64)| *n > 0 && node.label(key) == Some(value);
        self.unwelcome.iter().any(unwelcome).then(|| Refusal::now(UNWANTED))
    }

    /// Counts a pod of a node in (1) or out (-1), for a trial.
    pub(super) fn adjust(&mut self, pod: &Pod, other: &Pod, node: &Node, by: i64) {
        if pod.terms.required.iter().all(|t| t.pods.contains(&other.object)) {
            pod.terms.required.iter().for_each(|t| add(&mut self.wanted, &t.topology_key, node, by));
        }
        for term in pod.terms.required_anti.iter().filter(|t| t.pods.contains(&other.object)) {
            add(&mut self.unwanted, &term.topology_key, node, by);
        }
        for term in other.terms.required_anti.iter().filter(|t| t.pods.contains(&pod.object)) {
            add(&mut self.unwelcome, &term.topology_key, node, by);
        }
    }
}

fn add(domains: &mut Domains, key: &str, node: &Node, by: i64) {
    if let Some(value) = node.label(key) {
        *domains.entry((key.into(), value.into())).or_default() += by;
    }
}

fn add_counts(
    domains: &mut Domains,
    term: &PodTerm,
    counts: &ByNode,
    weight: i64,
    nodes: &BTreeMap<String, Arc<Node>>,
) {
    for (name, count) in counts {
        if let Some(node) = nodes.get(name) {
            add(domains, &term.topology_key, node, count * weight);
        }
    }
}

/// The scores of feasible nodes, 0 to 100: what the pod prefers (with counts by node for each term, those it likes first),
/// and what bound pods prefer of it.
pub(super) fn scores<'a>(
    pod: &Pod,
    preferred: &[Arc<ByNode>],
    social: impl Iterator<Item = (&'a PodTerms, &'a ByNode)>,
    feasible: &[Arc<Node>],
    nodes: &BTreeMap<String, Arc<Node>>,
) -> Vec<i64> {
    let mut domains = Domains::new();
    let liked = pod.terms.preferred.iter().map(|t| (t, t.weight));
    let disliked = pod.terms.preferred_anti.iter().map(|t| (t, -t.weight));
    for ((term, weight), counts) in liked.chain(disliked).zip(preferred) {
        add_counts(&mut domains, term, counts, weight, nodes);
    }
    for (terms, counts) in social {
        add_opinions(&mut domains, &pod.object, terms, counts, nodes);
    }
    let score = |node: &Arc<Node>| {
        let of_domain = |((key, value), n): (&(String, String), &i64)| (node.label(key) == Some(value)).then_some(*n);
        domains.iter().filter_map(of_domain).sum()
    };
    let raw: Vec<i64> = feasible.iter().map(score).collect();
    let (most, least) = (raw.iter().max().copied().unwrap_or(0), raw.iter().min().copied().unwrap_or(0));
    let normal = |n: i64| if most == least { 0 } else { (100.0 * (n - least) as f64 / (most - least) as f64) as i64 };
    raw.into_iter().map(normal).collect()
}

/// What the terms of bound pods say of a new one. A required affinity counts as a preference of weight one.
fn add_opinions(
    domains: &mut Domains,
    pod: &Object,
    terms: &PodTerms,
    counts: &ByNode,
    nodes: &BTreeMap<String, Arc<Node>>,
) {
    let required = terms.required.iter().map(|t| (t, 1));
    let liked = terms.preferred.iter().map(|t| (t, t.weight));
    let disliked = terms.preferred_anti.iter().map(|t| (t, -t.weight));
    for (term, weight) in required.chain(liked).chain(disliked) {
        if term.pods.contains(pod) {
            add_counts(domains, term, counts, weight, nodes);
        }
    }
}
