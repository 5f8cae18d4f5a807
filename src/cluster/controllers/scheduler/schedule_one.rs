//! The scheduling cycle of one pod (`pkg/scheduler/schedule_one.go`): PreFilter, Filter, Score, and PostFilter where no node
//! fits.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::cache::{Cache, read_pod};
use super::filters::{CycleState, Statuses};
use super::interpod_affinity::{self, AffinityState};
use super::nodes::{CountByNode, Nodes, Slot};
use super::pod_info::{PodInfo, nominated_node, priority};
use super::pod_topology_spread::{self, SpreadState};
use super::preemption::{self, Outcome};
use super::ratings::Ratings;
use super::report::{self, Failure, fit_error, pre_filter_error};
use super::resource_claims::{self, PodClaims};
use super::scoring;
use super::terms::{PodSet, SpreadConstraint};
use super::volume_binding::{self, PodVolumes};
use crate::controllers::Context;
use crate::controllers::runtime::Result;
use kctl_base::labels::Selector;
use kctl_base::object::{Object, ObjectMeta, ValueRead};
use kctl_base::sim::Ids;

/// Number of feasible nodes that is always enough (`minFeasibleNodesToFind`).
const MIN_FEASIBLE_NODES: usize = 100;
/// Message of the DynamicResources plugin, whose PostFilter runs before that of DefaultPreemption.
const NO_CLAIMS: &str = "no new claims to deallocate";
/// The same for a pod with claims, none of which can be deallocated.
const STILL: &str = "still not schedulable";

/// Result of a scheduling cycle.
pub(super) enum ScheduleResult {
    /// The pod fits this node.
    Node(String),
    /// The volumes of the pod are being bound first; when that is done the pod is scheduled again.
    BindingVolumes,
    /// No node fits.
    Unschedulable(Failure),
}

/// Runs the scheduling cycle of a pod.
pub(super) fn schedule_pod(ctx: &mut Context<'_>, cache: &mut Cache, object: &Arc<Object>) -> Result<ScheduleResult> {
    cache.load(ctx)?;
    let mut ratings = std::mem::take(&mut cache.ratings);
    let result = run_cycle(ctx, cache, &mut ratings, object);
    // No node changes before the result is applied.
    cache.ratings = ratings;
    result
}

fn run_cycle(
    ctx: &mut Context<'_>,
    cache: &mut Cache,
    ratings: &mut Ratings,
    object: &Arc<Object>,
) -> Result<ScheduleResult> {
    let pod = read_pod(ctx, object.clone())?;
    ratings.begin(&pod);
    let count = cache.nodes().len();
    if count == 0 {
        return Ok(unschedulable("no nodes available to schedule pods".into()));
    }
    let volumes = match volume_binding::read(ctx, &pod)? {
        Ok(volumes) => volumes,
        Err(reason) => return Ok(unschedulable(pre_filter_error(count, &reason))),
    };
    let claims = match resource_claims::read(ctx, &pod)? {
        Ok(claims) => claims,
        Err(reason) => return Ok(unschedulable(pre_filter_error(count, &reason))),
    };
    let state = pre_filter(ctx, cache, &pod, &volumes, &claims)?;
    let (feasible, statuses) = find_nodes_that_fit(&state, cache.nodes(), ratings, ctx.ids());
    let selected = prioritize(ctx, cache, ratings, &pod, &feasible)?;
    let Some(node) = selected.and_then(|slot| cache.nodes().get(slot)) else {
        return post_filter(ctx, cache, &state, &statuses).map(ScheduleResult::Unschedulable);
    };
    // The filters have checked that the claims can be bound on this node.
    let bindings = volumes.bindings(node).unwrap_or_default();
    if bindings.is_empty() {
        return Ok(ScheduleResult::Node(node.name.to_string()));
    }
    report::nominate(ctx, object, &node.name)?;
    volume_binding::start_binding(ctx, &bindings, &node.name)?;
    Ok(ScheduleResult::BindingVolumes)
}

fn unschedulable(message: String) -> ScheduleResult {
    ScheduleResult::Unschedulable(Failure::unschedulable(message))
}

/// Gathers the state that the filters need.
pub(super) fn pre_filter<'a>(
    ctx: &mut Context<'_>,
    cache: &mut Cache,
    pod: &'a PodInfo,
    volumes: &'a PodVolumes,
    claims: &'a PodClaims,
) -> Result<CycleState<'a>> {
    let hard = SpreadConstraint::of(&pod.object, true);
    let hard = with_counts(ctx, cache, pod, hard)?;
    let (affinity, anti_affinity) = interpod_affinity::required_sets(&pod.terms);
    let affinity = cache.count(ctx, &affinity, false)?;
    let anti_affinity: Result<Vec<Arc<CountByNode>>> =
        anti_affinity.iter().map(|set| cache.count(ctx, std::slice::from_ref(set), false)).collect();
    let affinity = AffinityState::new(pod, &affinity, &anti_affinity?, cache.pods_with_affinity(), cache.nodes());
    let mut nominated_pods: BTreeMap<String, Vec<Arc<PodInfo>>> = BTreeMap::new();
    for other in cache.nominated() {
        if other.uid() != pod.object.uid() && priority(other) >= pod.requests.priority {
            let node = nominated_node(other).to_string();
            nominated_pods.entry(node).or_default().push(Arc::new(read_pod(ctx, other.clone())?));
        }
    }
    Ok(CycleState {
        pod,
        named_nodes: pod.node_affinity.named_nodes(),
        spread: SpreadState::new(pod, hard, cache.nodes()),
        affinity,
        volumes,
        claims,
        removed_pods: BTreeSet::new(),
        nominated_pods,
    })
}

fn with_counts(
    ctx: &mut Context<'_>,
    cache: &mut Cache,
    pod: &PodInfo,
    constraints: Vec<SpreadConstraint>,
) -> Result<Vec<(SpreadConstraint, Arc<CountByNode>)>> {
    let mut counted = Vec::with_capacity(constraints.len());
    for constraint in constraints {
        let set = PodSet {
            namespaces: BTreeSet::from([pod.object.namespace().to_string()]),
            namespace_selector: None,
            selector: constraint.selector.clone(),
        };
        let counts = cache.count(ctx, &[set], true)?;
        counted.push((constraint, counts));
    }
    Ok(counted)
}

/// Returns the feasible nodes, and the status of each of the others. The nominated node of the pod is tried first and taken
/// if it fits, and so is the only one that its affinity names; in a large cluster the search ends when enough nodes are feasible.
fn find_nodes_that_fit(
    state: &CycleState<'_>,
    nodes: &Nodes,
    ratings: &mut Ratings,
    ids: Ids,
) -> (Vec<Slot>, Statuses) {
    let first = [Some(state.pod.nominated_node()), state.only_node()].into_iter().flatten();
    if let Some(node) = first.filter_map(|name| nodes.find(name)).find(|node| state.filter(node).is_none()) {
        return (vec![node.slot], Statuses::default());
    }
    let (count, enough) = (nodes.len(), num_feasible_nodes_to_find(nodes.len()));
    // Upstream starts where the search for the previous pod ended. Here each pod draws its own start, so that the result does
    // not depend on how often other pods were scheduled.
    let start = match enough < count {
        true => ids.below("schedule-from", state.pod.object.uid(), 0, count as u64) as usize,
        false => 0,
    };
    let (mut feasible, mut statuses) = (Vec::with_capacity(enough), Statuses::default());
    for node in nodes.iter_from(start) {
        match state.filter_rated(node, ratings) {
            None => feasible.push(node.slot),
            Some(status) => drop(statuses.insert(node.slot, status)),
        }
        if feasible.len() >= enough {
            break;
        }
    }
    (feasible, statuses)
}

/// Returns the number of feasible nodes to score: all of a small cluster, a falling share of a large one
/// (`numFeasibleNodesToFind` with `percentageOfNodesToScore: 0`).
fn num_feasible_nodes_to_find(nodes: usize) -> usize {
    let percent = 50usize.saturating_sub(nodes / 125).max(5);
    if nodes < MIN_FEASIBLE_NODES { nodes } else { (nodes * percent / 100).max(MIN_FEASIBLE_NODES) }
}

/// Scores the feasible nodes and selects the best; `None` where there are none.
fn prioritize(
    ctx: &mut Context<'_>,
    cache: &mut Cache,
    ratings: &mut Ratings,
    pod: &PodInfo,
    feasible: &[Slot],
) -> Result<Option<Slot>> {
    if feasible.len() < 2 {
        return Ok(feasible.first().copied());
    }
    let has_constraints = !pod.object.list("/spec/topologySpreadConstraints").is_empty();
    let soft = match has_constraints {
        true => SpreadConstraint::of(&pod.object, false),
        false => match cache.spread_selectors.get(ctx, &pod.object)? {
            Selector::Nothing => Vec::new(),
            selector => SpreadConstraint::defaults(&selector),
        },
    };
    let soft = with_counts(ctx, cache, pod, soft)?;
    let mut preferred = Vec::new();
    for term in pod.terms.preferred.iter().chain(&pod.terms.preferred_anti) {
        preferred.push(cache.count(ctx, std::slice::from_ref(&term.pods), false)?);
    }

    let nodes = cache.nodes();
    let feasible = nodes.select(feasible);
    let mut sums = scoring::sum_scores(pod, &feasible, ratings, nodes);
    let mut add = |weight: i64, scores: Vec<i64>| sums.iter_mut().zip(scores).for_each(|(sum, s)| *sum += weight * s);
    if !soft.is_empty() {
        let scores = pod_topology_spread::score(pod, &soft, has_constraints, &feasible, (ratings, nodes));
        add(scoring::POD_TOPOLOGY_SPREAD_WEIGHT, scores);
    }
    if !preferred.is_empty() || cache.pods_with_affinity().next().is_some() {
        let scores = interpod_affinity::score(pod, &preferred, cache.pods_with_affinity(), &feasible, nodes);
        add(scoring::INTERPOD_AFFINITY_WEIGHT, scores);
    }
    let best = scoring::select_host(&pod.object, &feasible, &sums, ctx.ids());
    Ok(best.map(|node| node.slot))
}

/// Preempts pods of lower priority, or explains why that does not help.
fn post_filter(ctx: &mut Context<'_>, cache: &Cache, state: &CycleState<'_>, statuses: &Statuses) -> Result<Failure> {
    let message = fit_error(cache.nodes().len(), statuses.values());
    let claims = if state.pod.object.list("/spec/resourceClaims").is_empty() { NO_CLAIMS } else { STILL };
    let with_reason = |reason: String| format!("{message} {claims}, preemption: {reason}");
    Ok(match preemption::find_candidate(ctx, cache, state, statuses)? {
        Outcome::Candidate { node, victims } => {
            preemption::evict(ctx, cache, state.pod, &node, &victims)?;
            Failure { nominated_node: Some(node), ..Failure::unschedulable(message) }
        }
        Outcome::NotEligible(reason) => Failure::unschedulable(with_reason(reason)),
        Outcome::NoCandidate(reason) => {
            Failure { nominated_node: Some(String::new()), ..Failure::unschedulable(with_reason(reason)) }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::num_feasible_nodes_to_find;

    #[test]
    fn large_clusters_are_searched_in_part() {
        assert_eq!([3, 99, 100, 1000, 5000, 6000].map(num_feasible_nodes_to_find), [3, 99, 100, 420, 500, 300]);
    }
}
