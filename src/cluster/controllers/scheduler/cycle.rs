//! One pod's way through the scheduler: gather, filter, score, or make room.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::cache::{ByNode, Cache, read_pod};
use super::filters::{Cycle, Refusal};
use super::near::{self, Near};
use super::preempt::{self, Outcome};
use super::report::{self, Failure, no_node_fits, not_prepared};
use super::scores;
use super::spread::{self, Spread};
use super::terms::{PodSet, SpreadConstraint};
use super::view::{Node, Pod, priority};
use super::volumes::{self, Volumes};
use crate::controllers::Context;
use crate::controllers::runtime::Result;
use kctl_base::labels::Selector;
use kctl_base::object::{Object, ObjectMeta, ValueRead};

/// No cluster needs more nodes than this to choose from.
const FEASIBLE_MIN: usize = 100;
/// What the step before preemption says, which looks for claims of devices.
const NO_CLAIMS: &str = "no new claims to deallocate";

/// Where a pod goes.
pub(super) enum Placement {
    /// To this node, now.
    On(String),
    /// Its volumes are being bound; it is looked at again when that has happened.
    Preparing,
    /// Nowhere, for now.
    Nowhere(Failure),
}

/// Decides where a pod goes.
pub(super) fn place(ctx: &mut Context<'_>, cache: &mut Cache, object: &Arc<Object>) -> Result<Placement> {
    cache.load(ctx)?;
    let pod = read_pod(ctx, object.clone())?;
    let count = cache.nodes().len();
    if count == 0 {
        return Ok(nowhere("no nodes available to schedule pods".into()));
    }
    let volumes = match volumes::read(ctx, &pod)? {
        Ok(volumes) => volumes,
        Err(reason) => return Ok(nowhere(not_prepared(count, &reason))),
    };
    let cycle = gather(ctx, cache, &pod, &volumes)?;
    let (feasible, refusals) = filter(&cycle, cache, ctx);
    let Some(node) = choose(ctx, cache, &pod, feasible)? else {
        return make_room(ctx, cache, &cycle, &refusals).map(Placement::Nowhere);
    };
    let steps = volumes.plan(&node).unwrap_or_default();
    if steps.is_empty() {
        return Ok(Placement::On(node.name().into()));
    }
    report::expected(ctx, object, node.name())?;
    volumes::begin(ctx, &steps, node.name())?;
    Ok(Placement::Preparing)
}

fn nowhere(message: String) -> Placement {
    Placement::Nowhere(Failure::unschedulable(message))
}

/// Everything that decides about a pod.
fn gather<'a>(ctx: &mut Context<'_>, cache: &mut Cache, pod: &'a Pod, volumes: &'a Volumes) -> Result<Cycle<'a>> {
    let hard = SpreadConstraint::of(&pod.object, true);
    let hard = with_counts(ctx, cache, pod, hard)?;
    let (wanted, unwanted) = near::required_sets(&pod.terms);
    let wanted = cache.count(ctx, &wanted, false)?;
    let unwanted: Result<Vec<Arc<ByNode>>> =
        unwanted.iter().map(|set| cache.count(ctx, std::slice::from_ref(set), false)).collect();
    let near = Near::new(pod, &wanted, &unwanted?, cache.social(), cache.nodes());
    let mut promised: BTreeMap<String, Vec<Arc<Pod>>> = BTreeMap::new();
    for other in cache.nominated() {
        if other.uid() != pod.object.uid() && priority(other) >= pod.share.priority {
            let node = other.str("/status/nominatedNodeName").to_string();
            promised.entry(node).or_default().push(Arc::new(read_pod(ctx, other.clone())?));
        }
    }
    Ok(Cycle {
        pod,
        named: pod.demand.named_nodes(),
        spread: Spread::new(pod, hard, cache.nodes()),
        near,
        volumes,
        gone: BTreeSet::new(),
        promised,
    })
}

fn with_counts(
    ctx: &mut Context<'_>,
    cache: &mut Cache,
    pod: &Pod,
    constraints: Vec<SpreadConstraint>,
) -> Result<Vec<(SpreadConstraint, Arc<ByNode>)>> {
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

/// Nodes that take the pod, and why the others do not. A node that has been cleared for the pod is taken if it can be; in
/// large clusters the search ends when there is enough to choose from.
fn filter(cycle: &Cycle<'_>, cache: &Cache, ctx: &Context<'_>) -> (Vec<Arc<Node>>, BTreeMap<String, Refusal>) {
    if let Some(node) = cache.nodes().get(cycle.pod.nominated_node())
        && cycle.refuse(node).is_none()
    {
        return (vec![node.clone()], BTreeMap::new());
    }
    let nodes: Vec<&Arc<Node>> = cache.nodes().values().collect();
    let (count, enough) = (nodes.len(), enough(nodes.len()));
    let start = match enough < count {
        true => ctx.ids().below("schedule-from", cycle.pod.object.uid(), 0, count as u64) as usize,
        false => 0,
    };
    let (mut feasible, mut refusals) = (Vec::new(), BTreeMap::new());
    for node in nodes.iter().cycle().skip(start).take(count) {
        match cycle.refuse(node) {
            None => feasible.push(Arc::clone(node)),
            Some(refusal) => drop(refusals.insert(node.name().to_string(), refusal)),
        }
        if feasible.len() >= enough {
            break;
        }
    }
    (feasible, refusals)
}

/// How many nodes to choose from: all of a small cluster, a falling share of a large one.
fn enough(nodes: usize) -> usize {
    let percent = 50usize.saturating_sub(nodes / 125).max(5);
    if nodes < FEASIBLE_MIN { nodes } else { (nodes * percent / 100).max(FEASIBLE_MIN) }
}

/// The best of the nodes that take the pod.
fn choose(ctx: &mut Context<'_>, cache: &mut Cache, pod: &Pod, feasible: Vec<Arc<Node>>) -> Result<Option<Arc<Node>>> {
    if feasible.len() < 2 {
        return Ok(feasible.into_iter().next());
    }
    let mut sums = scores::basic(pod, &feasible, cache.nodes());
    let mut add = |weight: i64, scores: Vec<i64>| sums.iter_mut().zip(scores).for_each(|(sum, s)| *sum += weight * s);

    let own = !pod.object.list("/spec/topologySpreadConstraints").is_empty();
    let soft = match own {
        true => SpreadConstraint::of(&pod.object, false),
        false => match cache.spread_selector(ctx, &pod.object)? {
            Selector::Nothing => Vec::new(),
            selector => SpreadConstraint::defaults(&selector),
        },
    };
    if !soft.is_empty() {
        let soft = with_counts(ctx, cache, pod, soft)?;
        add(scores::SPREAD_WEIGHT, spread::scores(pod, &soft, own, &feasible, cache.nodes()));
    }
    let mut preferred = Vec::new();
    for term in pod.terms.preferred.iter().chain(&pod.terms.preferred_anti) {
        preferred.push(cache.count(ctx, std::slice::from_ref(&term.pods), false)?);
    }
    if !preferred.is_empty() || cache.social().next().is_some() {
        add(scores::NEAR_WEIGHT, near::scores(pod, &preferred, cache.social(), &feasible, cache.nodes()));
    }
    Ok(scores::pick(&pod.object, &feasible, &sums, ctx.ids()))
}

/// Lets less important pods go, or says why that does not help.
fn make_room(
    ctx: &mut Context<'_>,
    cache: &Cache,
    cycle: &Cycle<'_>,
    refusals: &BTreeMap<String, Refusal>,
) -> Result<Failure> {
    let message = no_node_fits(cache.nodes().len(), refusals.values());
    let in_vain = |why: String| format!("{message} {NO_CLAIMS}, preemption: {why}");
    Ok(match preempt::find(ctx, cache, cycle, refusals)? {
        Outcome::Clear { node, victims } => {
            preempt::clear(ctx, cache, cycle.pod, &node, &victims)?;
            Failure { nominated: Some(node), ..Failure::unschedulable(message) }
        }
        Outcome::NotEligible(why) => Failure::unschedulable(in_vain(why)),
        Outcome::Hopeless(why) => Failure { nominated: Some(String::new()), ..Failure::unschedulable(in_vain(why)) },
    })
}

#[cfg(test)]
mod tests {
    use super::enough;

    #[test]
    fn large_clusters_are_not_searched_to_the_end() {
        assert_eq!([3, 99, 100, 1000, 5000, 6000].map(enough), [3, 99, 100, 420, 500, 300]);
    }
}
