//! Preemption: evicts pods of lower priority so that a pod fits on a node
//! (`pkg/scheduler/framework/preemption` and `plugins/defaultpreemption`).

use std::cmp::Reverse;
use std::sync::Arc;

use super::cache::{Cache, read_pod};
use super::filters::{CycleState, Status, Statuses};
use super::node_info::NodeInfo;
use super::pod_info::{PodInfo, is_assigned, nominated_node, priority};
use super::report::{PREEMPTION_NOT_HELPFUL, fit_error};
use crate::controllers::runtime::Result;
use crate::controllers::shared::pod_conditions::mark_disruption_target;
use crate::controllers::shared::selector::label_selector;
use crate::controllers::{Context, Key};
use kctl_base::labels::Selector;
use kctl_base::object::{Object, ObjectMeta, ValueRead, ValueWrite};

/// Reason of nodes without any pod of lower priority.
const NO_VICTIMS: &str = "No preemption victims found for incoming pod";

/// Result of the search for a candidate.
pub(super) enum Outcome {
    /// Evicting the victims makes the pod fit on the node.
    Candidate { node: String, victims: Vec<Arc<PodInfo>> },
    /// The pod may not preempt; its nominated node is kept.
    NotEligible(String),
    /// Preemption does not help on any node.
    NoCandidate(String),
}

/// A node and the pods to evict from it.
struct Candidate {
    node: String,
    /// Number of victims whose eviction violates a PodDisruptionBudget.
    pdb_violations: usize,
    /// The most important first.
    victims: Vec<Arc<PodInfo>>,
}

/// A PodDisruptionBudget.
struct DisruptionBudget {
    namespace: String,
    selector: Selector,
    disruptions_allowed: i64,
    /// Pods whose eviction is in progress and already accounted for.
    disrupted_pods: Vec<String>,
}

/// Finds the best node to preempt pods on, for a pod that fits on no node.
pub(super) fn find_candidate(
    ctx: &mut Context<'_>,
    cache: &Cache,
    state: &CycleState<'_>,
    statuses: &Statuses,
) -> Result<Outcome> {
    let nominated = cache.nodes().find(state.pod.nominated_node()).and_then(|node| statuses.get(&node.slot));
    if let Some(reason) = not_eligible(ctx, state.pod, nominated)? {
        return Ok(Outcome::NotEligible(reason));
    }
    let budgets = disruption_budgets(ctx)?;
    let (mut failures, mut candidates) = (Vec::new(), Vec::new());
    for node in cache.nodes().iter() {
        let may_help = statuses.get(&node.slot).is_some_and(|s| !s.unresolvable);
        let result = match may_help {
            true => select_victims_on_node(ctx, state, node, &budgets)?,
            false => Err(Status::unresolvable(PREEMPTION_NOT_HELPFUL)),
        };
        match result {
            Ok(candidate) => candidates.push(candidate),
            Err(status) => failures.push(status),
        }
    }
    Ok(match pick_candidate(candidates) {
        Some(best) => Outcome::Candidate { node: best.node, victims: best.victims },
        None => Outcome::NoCandidate(fit_error(cache.nodes().len(), &failures)),
    })
}

/// Returns why a pod may not preempt others; `None` if it may (`PodEligibleToPreemptOthers`). `status` is that of its nominated
/// node.
fn not_eligible(ctx: &mut Context<'_>, pod: &PodInfo, status: Option<&Status>) -> Result<Option<String>> {
    if pod.object.str("/spec/preemptionPolicy") == "Never" {
        return Ok(Some("not eligible due to preemptionPolicy=Never.".into()));
    }
    let nominated = pod.nominated_node();
    if nominated.is_empty() || status.is_some_and(|s| s.unresolvable) {
        return Ok(None);
    }
    let is_victim = |p: &Arc<Object>| {
        let preempted =
            |c: &Object| c.str("/type") == "DisruptionTarget" && c.str("/reason") == "PreemptionByScheduler";
        p.is_deleting() && priority(p) < pod.requests.priority && p.list("/status/conditions").iter().any(preempted)
    };
    let has_victim = ctx.indexed("pods", "node", nominated)?.iter().any(is_victim);
    Ok(has_victim.then(|| "not eligible due to a terminating pod on the nominated node.".into()))
}

fn disruption_budgets(ctx: &mut Context<'_>) -> Result<Vec<DisruptionBudget>> {
    let read = |budget: &Arc<Object>| DisruptionBudget {
        namespace: budget.namespace().into(),
        selector: label_selector(budget),
        disruptions_allowed: budget.int("/status/disruptionsAllowed").unwrap_or(0),
        disrupted_pods: budget
            .map("/status/disruptedPods")
            .into_iter()
            .flatten()
            .map(|(name, _)| name.to_string())
            .collect(),
    };
    Ok(ctx.list("poddisruptionbudgets.policy", None)?.iter().map(read).collect())
}

/// Selects the fewest and least important pods to evict from a node (`SelectVictimsOnNode`).
fn select_victims_on_node(
    ctx: &mut Context<'_>,
    state: &CycleState<'_>,
    node: &NodeInfo,
    budgets: &[DisruptionBudget],
) -> Result<std::result::Result<Candidate, Status>> {
    if !node.usage.has_pod_below(state.pod.requests.priority) {
        return Ok(Err(Status::unresolvable(NO_VICTIMS)));
    }
    let mut potential = Vec::new();
    for pod in ctx.indexed("pods", "node", &node.name)? {
        if is_assigned(&pod) && priority(&pod) < state.pod.requests.priority {
            potential.push(Arc::new(read_pod(ctx, pod)?));
        }
    }
    Ok(select_victims(state, node, potential, budgets))
}

/// Removes all potential victims and adds back (reprieves) as many as possible, the most important first.
fn select_victims(
    state: &CycleState<'_>,
    node: &NodeInfo,
    mut potential: Vec<Arc<PodInfo>>,
    budgets: &[DisruptionBudget],
) -> std::result::Result<Candidate, Status> {
    let (mut dry_run, mut node_without) = (state.clone(), node.clone());
    potential.iter().for_each(|pod| dry_run.remove_pod(pod, &mut node_without));
    if let Some(status) = dry_run.filter(&node_without) {
        return Err(status);
    }
    potential.sort_by_key(|pod| importance(pod));
    let (violating, non_violating) = split_by_pdb_violation(potential, budgets);
    let (mut victims, mut pdb_violations) = (Vec::new(), 0);
    for (pods, is_violating) in [(violating, true), (non_violating, false)] {
        for pod in pods {
            dry_run.add_pod(&pod, &mut node_without);
            if dry_run.filter(&node_without).is_some() {
                dry_run.remove_pod(&pod, &mut node_without);
                pdb_violations += usize::from(is_violating);
                victims.push(pod);
            }
        }
    }
    victims.sort_by_key(|pod| importance(pod));
    Ok(Candidate { node: node.name.to_string(), pdb_violations, victims })
}

/// Sort key with the most important pod first: higher priority, earlier start, then the name (`MoreImportantPod`).
fn importance(pod: &PodInfo) -> (Reverse<i64>, String, String) {
    (Reverse(pod.requests.priority), start_time(pod), pod.key().to_string())
}

fn start_time(pod: &PodInfo) -> String {
    pod.object.str("/status/startTime").into()
}

/// Splits pods into those whose eviction violates a budget and the others (`filterPodsWithPDBViolation`).
fn split_by_pdb_violation(
    pods: Vec<Arc<PodInfo>>,
    budgets: &[DisruptionBudget],
) -> (Vec<Arc<PodInfo>>, Vec<Arc<PodInfo>>) {
    let mut allowed: Vec<i64> = budgets.iter().map(|b| b.disruptions_allowed).collect();
    pods.into_iter().partition(|pod| {
        let object = &pod.object;
        if object.map("/metadata/labels").is_none_or(|labels| labels.is_empty()) {
            return false;
        }
        let mut violates = false;
        for (budget, allowed) in budgets.iter().zip(&mut allowed) {
            let applies = budget.namespace == object.namespace()
                && budget.selector.matches_object(object)
                && !budget.disrupted_pods.iter().any(|name| name == object.name());
            if applies {
                *allowed -= 1;
                violates |= *allowed < 0;
            }
        }
        violates
    })
}

/// Picks the candidate with the fewest budget violations, then the least important victim, the smallest sum of priorities, the
/// fewest victims, the latest start of the most important victims, the first name (`pickOneNodeForPreemption`).
fn pick_candidate(candidates: Vec<Candidate>) -> Option<Candidate> {
    // Priorities are shifted to be positive, so that more victims never weigh less.
    let weight = |pod: &Arc<PodInfo>| pod.requests.priority + i64::from(i32::MAX) + 1;
    let cost = |c: &Candidate| {
        let highest = c.victims.first().map_or(i64::MIN, |p| p.requests.priority);
        let sum: i64 = c.victims.iter().map(weight).sum();
        let earliest = c.victims.iter().filter(|p| p.requests.priority == highest).map(|p| start_time(p)).min();
        (c.pdb_violations, highest, sum, c.victims.len(), Reverse(earliest), c.node.clone())
    };
    candidates.into_iter().min_by_key(cost)
}

/// Deletes the victims, and clears the nomination of less important pods that wait for the same node (`prepareCandidate`).
pub(super) fn evict(
    ctx: &mut Context<'_>,
    cache: &Cache,
    pod: &PodInfo,
    node: &str,
    victims: &[Arc<PodInfo>],
) -> Result<()> {
    for victim in victims {
        let object = &victim.object;
        if !object.is_deleting() {
            let message = format!("{}: preempting to accommodate a higher priority pod", ctx.controller);
            mark_disruption_target(ctx, object, "PreemptionByScheduler", &message)?;
            ctx.delete("pods", object)?;
        }
        let text = format!("Preempted by pod {} on node {node}", pod.object.uid());
        ctx.event(object, "Normal", "Preempted", &text);
    }
    let displaced: Vec<Arc<Object>> = cache
        .nominated()
        .filter(|p| nominated_node(p) == node && priority(p) < pod.requests.priority)
        .cloned()
        .collect();
    for other in displaced {
        if let Some(other) = ctx.get_key("pods", &Key::of(&other))? {
            let mut other = (*other).clone();
            other.remove_at("/status/nominatedNodeName");
            ctx.update_status("pods", other)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::interpod_affinity::AffinityState;
    use super::super::node_usage::NodeUsage;
    use super::super::pod_topology_spread::SpreadState;
    use super::super::resource_claims::PodClaims;
    use super::super::volume_binding::PodVolumes;
    use super::*;
    use kctl_base::json::json;
    use std::collections::{BTreeMap, BTreeSet};

    fn pod(name: &str, priority: i64, cpu: &str, since: &str) -> Arc<PodInfo> {
        Arc::new(PodInfo::new(Arc::new(json!({
            "metadata": {"name": name, "namespace": "default", "uid": name, "labels": {"app": name}},
            "spec": {"nodeName": "n", "priority": priority, "containers": [{"resources": {"requests": {"cpu": cpu}}}]},
            "status": {"startTime": since},
        }))))
    }

    fn node(pods: &[Arc<PodInfo>]) -> NodeInfo {
        let object = json!({"metadata": {"name": "n"}, "status": {"allocatable": {"cpu": "4", "pods": "110"}}});
        NodeInfo::new(&object, NodeUsage::count(pods.iter().map(|p| &*p.object)))
    }

    fn victims_of(
        incoming: &PodInfo,
        pods: &[Arc<PodInfo>],
        budgets: &[DisruptionBudget],
    ) -> std::result::Result<Vec<String>, Status> {
        let (volumes, claims) = (PodVolumes::default(), PodClaims::default());
        let state = CycleState {
            pod: incoming,
            named_nodes: None,
            spread: SpreadState::default(),
            affinity: AffinityState::default(),
            volumes: &volumes,
            claims: &claims,
            removed_pods: BTreeSet::new(),
            nominated_pods: BTreeMap::new(),
        };
        let potential = pods.iter().filter(|p| p.requests.priority < incoming.requests.priority).cloned().collect();
        let candidate = select_victims(&state, &node(pods), potential, budgets)?;
        Ok(candidate.victims.iter().map(|p| p.object.name().to_string()).collect())
    }

    #[test]
    fn the_least_important_pods_are_evicted() {
        let pods =
            [pod("old", 0, "1", "1"), pod("young", 0, "1", "2"), pod("mid", 5, "1", "3"), pod("top", 50, "1", "4")];
        assert_eq!(victims_of(&pod("in", 10, "1", ""), &pods, &[]), Ok(vec!["young".into()]));
        assert_eq!(victims_of(&pod("in", 10, "2", ""), &pods, &[]), Ok(vec!["old".into(), "young".into()]));
        let status = Status::unschedulable("Insufficient cpu");
        assert_eq!(victims_of(&pod("in", 10, "4", ""), &pods, &[]), Err(status));
    }

    #[test]
    fn disruption_budgets_protect_pods() {
        let pods = [pod("old", 0, "2", "1"), pod("young", 0, "2", "2")];
        let labels = json!({"matchLabels": {"app": "young"}});
        let budget = DisruptionBudget {
            namespace: "default".into(),
            selector: Selector::from_object(&labels).expect("a selector"),
            disruptions_allowed: 0,
            disrupted_pods: vec![],
        };
        assert_eq!(victims_of(&pod("in", 10, "2", ""), &pods, &[budget]), Ok(vec!["old".into()]));
    }

    #[test]
    fn candidates_are_compared_criterion_by_criterion() {
        let candidate = |node: &str, pdb_violations, victims: &[(i64, &str)]| Candidate {
            node: node.into(),
            pdb_violations,
            victims: victims.iter().map(|(priority, since)| pod("v", *priority, "1", since)).collect(),
        };
        let cases = [
            (vec![candidate("a", 1, &[(0, "1")]), candidate("b", 0, &[(9, "1")])], "b"),
            (vec![candidate("a", 0, &[(9, "1")]), candidate("b", 0, &[(5, "1"), (5, "1")])], "b"),
            (vec![candidate("a", 0, &[(5, "1"), (5, "1")]), candidate("b", 0, &[(5, "1")])], "b"),
            (vec![candidate("a", 0, &[(5, "1")]), candidate("b", 0, &[(5, "2")])], "b"),
            (vec![candidate("b", 0, &[(5, "1")]), candidate("a", 0, &[(5, "1")])], "a"),
        ];
        for (candidates, expected) in cases {
            assert_eq!(pick_candidate(candidates).expect("one").node, expected);
        }
    }
}
