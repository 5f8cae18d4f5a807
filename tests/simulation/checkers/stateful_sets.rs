//! StatefulSets: the order in which pods come, and where a set may rest.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use kctl_base::object::{Object, ObjectMeta as _, ValueRead as _, condition, condition_is_true};
use kctl_base::sim::Duration;
use kctl_cluster::store::{Change, ChangeKind};

use super::{World, can_run, named, resting, unready, waits_for_room};

/// The pods of a set by their ordinals.
type Pods = BTreeMap<i64, Arc<Object>>;

fn ordinal(pod: &Object) -> Option<i64> {
    pod.name().rsplit('-').next()?.parse().ok()
}

fn pods(world: &World, set: &Object) -> Pods {
    world.pods_of(set).into_iter().filter_map(|p| Some((ordinal(&p)?, p))).collect()
}

/// The ordinals that a set wants.
fn wanted(set: &Object) -> Range<i64> {
    let start = set.int("/spec/ordinals/start").unwrap_or(0);
    start..start + set.int("/spec/replicas").unwrap_or(0)
}

fn is_ordered(set: &Object) -> bool {
    set.str("/spec/podManagementPolicy") != "Parallel"
}

/// In order, a pod is made only when all before it are available.
pub(super) fn pods_are_made_in_order(world: &World, change: &Change) -> Vec<String> {
    let pod = &change.object;
    if change.key.resource != "pods" || change.kind != ChangeKind::Added {
        return Vec::new();
    }
    let Some(owner) = pod.controller_of().filter(|o| o.kind == "StatefulSet") else { return Vec::new() };
    let Some(set) = world.find("statefulsets.apps", &owner.name).filter(|s| is_ordered(s)) else { return Vec::new() };
    let Some(ordinal) = ordinal(pod) else { return Vec::new() };
    let wait = Duration::from_secs(set.int("/spec/minReadySeconds").unwrap_or(0));
    let is_available = |p: &Arc<Object>| {
        let since = condition(p, "Ready").and_then(|c| c.time("/lastTransitionTime"));
        let long = since.zip(pod.creation_time()).is_some_and(|(since, now)| since + wait <= now);
        condition_is_true(p, "Ready") && !p.is_deleting() && long
    };
    let pods = pods(world, &set);
    let early = (wanted(&set).start..ordinal).find(|before| !pods.get(before).is_some_and(is_available));
    early.map(|before| format!("{} is made before pod {before} is available", named(pod))).into_iter().collect()
}

/// StatefulSets rest only where their rules let them rest.
pub(super) fn stateful_sets_rest(world: &World) -> Vec<String> {
    let mut problems = Vec::new();
    for set in resting(world, "statefulsets.apps") {
        let pods = pods(world, &set);
        let unrest = if is_ordered(&set) { ordered_unrest(&set, &pods) } else { parallel_unrest(&set, &pods) };
        problems.extend(unrest.map(|what| {
            let pods: Vec<String> = pods.values().map(|p| unready(p)).collect();
            format!("{} wants {:?}: {what}; it has {pods:#?}: {}", named(&set), wanted(&set), set["status"])
        }));
    }
    problems
}

/// What keeps a pod from ever getting ready: its image does not exist, or no node has room for it.
fn is_hopeless(pod: &Object) -> bool {
    !can_run(pod) || waits_for_room(pod)
}

/// In order, a replica that can not get ready stops everything after it: pods above it may be missing, old or too many.
/// Once all replicas are ready, surplus pods go from the highest on. One that is not ready goes only when it is the lowest
/// of those: two of them block each other for ever, as in Kubernetes.
fn ordered_unrest(set: &Object, pods: &Pods) -> Option<String> {
    let wanted = wanted(set);
    for ordinal in wanted.clone() {
        let Some(pod) = pods.get(&ordinal) else { return Some(format!("pod {ordinal} is missing")) };
        if !condition_is_true(pod, "Ready") {
            return (!is_hopeless(pod)).then(|| format!("pod {ordinal} could be ready"));
        }
    }
    let surplus: Vec<(&i64, &Arc<Object>)> = pods.iter().filter(|(ordinal, _)| !wanted.contains(ordinal)).collect();
    let Some((highest, last)) = surplus.last() else { return update_unrest(set, pods) };
    let lowest_unready = surplus.iter().find(|(_, p)| !condition_is_true(p, "Ready")).map(|(ordinal, _)| *ordinal);
    let blocked = !condition_is_true(last, "Ready") && lowest_unready != Some(*highest);
    if blocked && is_hopeless(last) { None } else { Some(format!("the surplus pod {highest} stays")) }
}

/// In parallel nothing stops anything but an update: it goes on below a new pod only when that is ready.
fn parallel_unrest(set: &Object, pods: &Pods) -> Option<String> {
    if !pods.keys().copied().eq(wanted(set)) {
        return Some("pods are missing or too many".into());
    }
    let unready = pods.iter().find(|(_, p)| !condition_is_true(p, "Ready") && !is_hopeless(p));
    unready.map(|(ordinal, _)| format!("pod {ordinal} could be ready")).or_else(|| update_unrest(set, pods))
}

/// An update replaces pods from the highest on down to the partition, and stops at a new one that is not ready.
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
