//! Making room: which pods of a lower priority have to go so that a pod finds a node.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::cache::{Cache, read_pod};
use super::filters::{Cycle, Refusal};
use super::report::{self, NOT_HELPFUL, no_node_fits};
use super::view::{Node, Pod, priority, takes_room};
use crate::controllers::runtime::Result;
use crate::controllers::{Context, Key};
use kctl_base::json::json;
use kctl_base::labels::Selector;
use kctl_base::object::{Object, ObjectMeta, ValueRead, ValueWrite};

/// How preemption ended.
pub(super) enum Outcome {
    /// These pods have to go from this node.
    Clear { node: String, victims: Vec<Arc<Pod>> },
    /// Nothing is done, and the nomination stays as it is.
    NotEligible(String),
    /// Nothing helps.
    Hopeless(String),
}

/// A node and those who would have to leave it.
struct Candidate {
    node: String,
    /// Those whose disruption budget does not allow it.
    violations: usize,
    /// Most important first.
    victims: Vec<Arc<Pod>>,
}

/// A disruption budget and how many disruptions are left.
struct Budget {
    namespace: String,
    selector: Selector,
    left: i64,
    disrupted: Vec<String>,
}

/// Finds the node where it hurts least to make room for a pod that no node takes.
pub(super) fn find(
    ctx: &mut Context<'_>,
    cache: &Cache,
    cycle: &Cycle<'_>,
    refusals: &BTreeMap<String, Refusal>,
) -> Result<Outcome> {
    if let Some(why) = not_eligible(ctx, cycle.pod, refusals)? {
        return Ok(Outcome::NotEligible(why));
    }
    let budgets = budgets(ctx)?;
    let (mut results, mut candidates) = (Vec::new(), Vec::new());
    for (name, node) in cache.nodes() {
        let hopeful = refusals.get(name).is_some_and(|r| !r.hopeless);
        let result = match hopeful {
            true => victims_on(ctx, cycle, node, &budgets)?,
            false => Err(Refusal::hopeless(NOT_HELPFUL)),
        };
        match result {
            Ok(candidate) => candidates.push(candidate),
            Err(refusal) => results.push(refusal),
        }
    }
    Ok(match least_harm(candidates) {
        Some(best) => Outcome::Clear { node: best.node, victims: best.victims },
        None => Outcome::Hopeless(no_node_fits(cache.nodes().len(), &results)),
    })
}

/// Why a pod may not preempt others, if so.
fn not_eligible(ctx: &mut Context<'_>, pod: &Pod, refusals: &BTreeMap<String, Refusal>) -> Result<Option<String>> {
    if pod.object.str("/spec/preemptionPolicy") == "Never" {
        return Ok(Some("not eligible due to preemptionPolicy=Never.".into()));
    }
    let nominated = pod.nominated_node();
    if nominated.is_empty() || refusals.get(nominated).is_some_and(|r| r.hopeless) {
        return Ok(None);
    }
    let leaving = |p: &Arc<Object>| {
        let preempted =
            |c: &Object| c.str("/type") == "DisruptionTarget" && c.str("/reason") == "PreemptionByScheduler";
        p.is_deleting() && priority(p) < pod.share.priority && p.list("/status/conditions").iter().any(preempted)
    };
    let waits = ctx.indexed("pods", "node", nominated)?.iter().any(leaving);
    Ok(waits.then(|| "not eligible due to a terminating pod on the nominated node.".into()))
}

fn budgets(ctx: &mut Context<'_>) -> Result<Vec<Budget>> {
    let read = |budget: &Arc<Object>| Budget {
        namespace: budget.namespace().into(),
        selector: budget.at("/spec/selector").and_then(|s| Selector::from_object(s).ok()).unwrap_or(Selector::Nothing),
        left: budget.int("/status/disruptionsAllowed").unwrap_or(0),
        disrupted: budget
            .map("/status/disruptedPods")
            .into_iter()
            .flatten()
            .map(|(name, _)| name.to_string())
            .collect(),
    };
    Ok(ctx.list("poddisruptionbudgets.policy", None)?.iter().map(read).collect())
}

/// The fewest and least important pods that have to leave a node.
fn victims_on(
    ctx: &mut Context<'_>,
    cycle: &Cycle<'_>,
    node: &Node,
    budgets: &[Budget],
) -> Result<std::result::Result<Candidate, Refusal>> {
    const NOBODY: &str = "No preemption victims found for incoming pod";
    if !node.usage.has_below(cycle.pod.share.priority) {
        return Ok(Err(Refusal::hopeless(NOBODY)));
    }
    let mut below = Vec::new();
    for pod in ctx.indexed("pods", "node", node.name())? {
        if takes_room(&pod) && priority(&pod) < cycle.pod.share.priority {
            below.push(Arc::new(read_pod(ctx, pod)?));
        }
    }
    Ok(select(cycle, node, below, budgets))
}

/// Takes all of `below` away and gives back whoever the pod can live with, the most important first.
fn select(
    cycle: &Cycle<'_>,
    node: &Node,
    mut below: Vec<Arc<Pod>>,
    budgets: &[Budget],
) -> std::result::Result<Candidate, Refusal> {
    let (mut trial, mut emptier) = (cycle.clone(), node.clone());
    below.iter().for_each(|pod| trial.adjust(pod, &mut emptier, -1));
    if let Some(refusal) = trial.refuse(&emptier) {
        return Err(refusal);
    }
    below.sort_by_key(|pod| importance(pod));
    let (protected, free) = split_by_budget(below, budgets);
    let (mut victims, mut violations) = (Vec::new(), 0);
    for (pods, is_protected) in [(protected, true), (free, false)] {
        for pod in pods {
            trial.adjust(&pod, &mut emptier, 1);
            if trial.refuse(&emptier).is_some() {
                trial.adjust(&pod, &mut emptier, -1);
                violations += usize::from(is_protected);
                victims.push(pod);
            }
        }
    }
    victims.sort_by_key(|pod| importance(pod));
    Ok(Candidate { node: node.name().into(), violations, victims })
}

/// Higher priority, then a longer life, then the name.
fn importance(pod: &Pod) -> (Reverse<i64>, String, String) {
    (Reverse(pod.share.priority), started(pod), pod.key().to_string())
}

fn started(pod: &Pod) -> String {
    pod.object.str("/status/startTime").into()
}

/// Pods whose disruption would break a budget, and the others.
fn split_by_budget(pods: Vec<Arc<Pod>>, budgets: &[Budget]) -> (Vec<Arc<Pod>>, Vec<Arc<Pod>>) {
    let mut left: Vec<i64> = budgets.iter().map(|b| b.left).collect();
    pods.into_iter().partition(|pod| {
        let object = &pod.object;
        if object.map("/metadata/labels").is_none_or(|labels| labels.is_empty()) {
            return false;
        }
        let mut violates = false;
        for (budget, left) in budgets.iter().zip(&mut left) {
            let applies = budget.namespace == object.namespace()
                && budget.selector.matches_object(object)
                && !budget.disrupted.iter().any(|name| name == object.name());
            if applies {
                *left -= 1;
                violates |= *left < 0;
            }
        }
        violates
    })
}

/// Fewest broken budgets, least important victim, smallest sum of priorities, fewest victims, the youngest of the most
/// important ones, the first by name.
fn least_harm(candidates: Vec<Candidate>) -> Option<Candidate> {
    // Priorities are shifted to be positive, so that more victims never weigh less.
    let weight = |pod: &Arc<Pod>| pod.share.priority + i64::from(i32::MAX) + 1;
    let harm = |c: &Candidate| {
        let highest = c.victims.first().map_or(i64::MIN, |p| p.share.priority);
        let sum: i64 = c.victims.iter().map(weight).sum();
        let oldest = c.victims.iter().filter(|p| p.share.priority == highest).map(|p| started(p)).min();
        (c.violations, highest, sum, c.victims.len(), Reverse(oldest), c.node.clone())
    };
    candidates.into_iter().min_by_key(harm)
}

/// Sends the victims away and lets less important pods look for another node.
pub(super) fn clear(ctx: &mut Context<'_>, cache: &Cache, pod: &Pod, node: &str, victims: &[Arc<Pod>]) -> Result<()> {
    for victim in victims {
        let object = &victim.object;
        if !object.is_deleting() {
            let mut marked = (**object).clone();
            report::put_condition(
                &mut marked,
                json!({
                    "type": "DisruptionTarget", "status": "True", "reason": "PreemptionByScheduler",
                    "message": format!("{}: preempting to accommodate a higher priority pod", ctx.controller),
                    "lastProbeTime": null, "lastTransitionTime": ctx.now.rfc3339(),
                    "observedGeneration": object.generation(),
                }),
            );
            ctx.update_status("pods", marked)?;
            ctx.delete("pods", object)?;
        }
        let text = format!("Preempted by pod {} on node {node}", pod.object.uid());
        ctx.event(object, "Normal", "Preempted", &text);
    }
    let displaced: Vec<Arc<Object>> = cache
        .nominated()
        .filter(|p| p.str("/status/nominatedNodeName") == node && priority(p) < pod.share.priority)
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
    use super::super::near::Near;
    use super::super::spread::Spread;
    use super::super::view::Usage;
    use super::super::volumes::Volumes;
    use super::*;
    use std::collections::BTreeSet;

    fn pod(name: &str, priority: i64, cpu: &str, since: &str) -> Arc<Pod> {
        Arc::new(Pod::new(Arc::new(json!({
            "metadata": {"name": name, "namespace": "default", "uid": name, "labels": {"app": name}},
            "spec": {"nodeName": "n", "priority": priority, "containers": [{"resources": {"requests": {"cpu": cpu}}}]},
            "status": {"startTime": since},
        }))))
    }

    fn node(pods: &[Arc<Pod>]) -> Node {
        let object = json!({"metadata": {"name": "n"}, "status": {"allocatable": {"cpu": "4", "pods": "110"}}});
        Node::new(Arc::new(object), Usage::count("", pods.iter().map(|p| &*p.object)))
    }

    fn chosen(incoming: &Pod, pods: &[Arc<Pod>], budgets: &[Budget]) -> std::result::Result<Vec<String>, Refusal> {
        let volumes = Volumes::default();
        let cycle = Cycle {
            pod: incoming,
            named: None,
            spread: Spread::default(),
            near: Near::default(),
            volumes: &volumes,
            gone: BTreeSet::new(),
            promised: BTreeMap::new(),
        };
        let below = pods.iter().filter(|p| p.share.priority < incoming.share.priority).cloned().collect();
        let candidate = select(&cycle, &node(pods), below, budgets)?;
        Ok(candidate.victims.iter().map(|p| p.object.name().to_string()).collect())
    }

    #[test]
    fn the_least_important_go() {
        let pods =
            [pod("old", 0, "1", "1"), pod("young", 0, "1", "2"), pod("mid", 5, "1", "3"), pod("top", 50, "1", "4")];
        assert_eq!(chosen(&pod("in", 10, "1", ""), &pods, &[]), Ok(vec!["young".into()]));
        assert_eq!(chosen(&pod("in", 10, "2", ""), &pods, &[]), Ok(vec!["old".into(), "young".into()]));
        let refusal = Refusal { reasons: vec!["Insufficient cpu".into()], hopeless: false };
        assert_eq!(chosen(&pod("in", 10, "4", ""), &pods, &[]), Err(refusal));
    }

    #[test]
    fn budgets_protect() {
        let pods = [pod("old", 0, "2", "1"), pod("young", 0, "2", "2")];
        let labels = json!({"matchLabels": {"app": "young"}});
        let budget = Budget {
            namespace: "default".into(),
            selector: Selector::from_object(&labels).expect("a selector"),
            left: 0,
            disrupted: vec![],
        };
        assert_eq!(chosen(&pod("in", 10, "2", ""), &pods, &[budget]), Ok(vec!["old".into()]));
    }

    #[test]
    fn harm_is_compared_step_by_step() {
        let candidate = |node: &str, violations, victims: &[(i64, &str)]| Candidate {
            node: node.into(),
            violations,
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
            assert_eq!(least_harm(candidates).expect("one").node, expected);
        }
    }
}
