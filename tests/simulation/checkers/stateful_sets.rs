//! StatefulSets: the order of their pods, and the states in which a set may rest.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use kctl_base::object::{Object, ObjectMeta as _, ValueRead as _, condition, condition_is_true};
use kctl_base::sim::Duration;

use super::{World, can_run, describe_pod, is_unschedulable, named, resting};
use crate::harness::cluster::{Change, ChangeKind};

/// The pods of a set by their ordinals.
type Pods = BTreeMap<i64, Arc<Object>>;

fn ordinal(pod: &Object) -> Option<i64> {
    pod.name().rsplit('-').next()?.parse().ok()
}

fn pods(world: &World, set: &Object) -> Pods {
    world.pods_of(set).into_iter().filter_map(|p| Some((ordinal(&p)?, p))).collect()
}

/// The desired ordinals of a set.
fn wanted(set: &Object) -> Range<i64> {
    let start = set.int("/spec/ordinals/start").unwrap_or(0);
    start..start + set.int("/spec/replicas").unwrap_or(0)
}

fn is_ordered(set: &Object) -> bool {
    set.str("/spec/podManagementPolicy") != "Parallel"
}

/// An ordered set creates a pod only when all pods before it are available.
pub(super) fn pods_are_created_in_order(world: &World, change: &Change) -> Vec<String> {
    let pod = &change.object;
    if change.key.resource != "pods" || change.kind != ChangeKind::Added {
        return Vec::new();
    }
    let Some(owner) = pod.controller_of().filter(|o| o.kind == "StatefulSet") else { return Vec::new() };
    let Some(set) = world.get("statefulsets.apps", &owner.name).filter(|s| is_ordered(s)) else { return Vec::new() };
    let Some(ordinal) = ordinal(pod) else { return Vec::new() };
    let wait = Duration::from_secs(set.int("/spec/minReadySeconds").unwrap_or(0));
    let is_available = |p: &Arc<Object>| {
        let since = condition(p, "Ready").and_then(|c| c.time("/lastTransitionTime"));
        let long = since.zip(pod.creation_time()).is_some_and(|(since, now)| since + wait <= now);
        condition_is_true(p, "Ready") && !p.is_deleting() && long
    };
    let pods = pods(world, &set);
    let early = (wanted(&set).start..ordinal).find(|before| !pods.get(before).is_some_and(is_available));
    early.map(|before| format!("{} is created before pod {before} is available", named(pod))).into_iter().collect()
}

/// StatefulSets have converged, or are blocked by a pod that cannot become ready.
pub(super) fn stateful_sets_converge(world: &World) -> Vec<String> {
    let mut problems = Vec::new();
    for set in resting(world, "statefulsets.apps") {
        let pods = pods(world, &set);
        let unrest = if is_ordered(&set) { ordered_unrest(&set, &pods) } else { parallel_unrest(&set, &pods) };
        problems.extend(unrest.map(|what| {
            let pods: Vec<String> = pods.values().map(|p| describe_pod(p)).collect();
            format!("{} should have {:?}: {what}; it has {pods:#?}: {}", named(&set), wanted(&set), set["status"])
        }));
    }
    problems
}

/// Returns true for a pod that can never become ready: its image does not exist, or no node has the resources for it.
fn is_blocked(pod: &Object) -> bool {
    !can_run(pod) || is_unschedulable(pod)
}

/// Returns why an ordered set should not rest. A replica that cannot become ready blocks everything after it: pods above it
/// may be missing, outdated or surplus. Once all replicas are ready, surplus pods are deleted from the highest on, but an
/// unready one only if it is the lowest unready one: two of them block each other for ever, as in Kubernetes.
fn ordered_unrest(set: &Object, pods: &Pods) -> Option<String> {
    let wanted = wanted(set);
    for ordinal in wanted.clone() {
        let Some(pod) = pods.get(&ordinal) else { return Some(format!("pod {ordinal} is missing")) };
        if !condition_is_true(pod, "Ready") {
            return (!is_blocked(pod)).then(|| format!("pod {ordinal} could be ready"));
        }
    }
    let surplus: Vec<(&i64, &Arc<Object>)> = pods.iter().filter(|(ordinal, _)| !wanted.contains(ordinal)).collect();
    let Some((highest, last)) = surplus.last() else { return update_unrest(set, pods) };
    let lowest_unready = surplus.iter().find(|(_, p)| !condition_is_true(p, "Ready")).map(|(ordinal, _)| *ordinal);
    let blocked = !condition_is_true(last, "Ready") && lowest_unready != Some(*highest);
    if blocked && is_blocked(last) { None } else { Some(format!("the surplus pod {highest} stays")) }
}

/// Returns why a parallel set should not rest. Only updates wait: for each new pod to become ready.
fn parallel_unrest(set: &Object, pods: &Pods) -> Option<String> {
    if !pods.keys().copied().eq(wanted(set)) {
        return Some("pods are missing or surplus".into());
    }
    let unready = pods.iter().find(|(_, p)| !condition_is_true(p, "Ready") && !is_blocked(p));
    unready.map(|(ordinal, _)| format!("pod {ordinal} could be ready")).or_else(|| update_unrest(set, pods))
}

/// Returns why an update should not rest. It replaces pods from the highest down to the partition, and waits for each new
/// pod to become ready.
fn update_unrest(set: &Object, pods: &Pods) -> Option<String> {
    if set.str("/spec/updateStrategy/type") == "OnDelete" {
        return None;
    }
    let image = set.str("/spec/template/spec/containers/0/image");
    let lowest = wanted(set).start + set.int("/spec/updateStrategy/rollingUpdate/partition").unwrap_or(0);
    for (ordinal, pod) in pods.range(lowest..).rev() {
        if pod.str("/spec/containers/0/image") != image {
            return Some(format!("pod {ordinal} is not updated"));
        }
        if !condition_is_true(pod, "Ready") {
            return None;
        }
    }
    None
}
