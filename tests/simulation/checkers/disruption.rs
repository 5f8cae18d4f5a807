//! The number of pods that stay available during rollouts and evictions.

use std::collections::BTreeSet;
use std::sync::Arc;

use kctl_base::labels::Selector;
use kctl_base::object::{Object, ObjectMeta as _, ValueRead as _, condition, condition_is_true};
use kctl_base::sim::{Duration, Time};

use super::{World, is_terminated, named, scaled_value};
use crate::harness::cluster::{Change, ChangeKind, ObjectKey};

const DEPLOYMENTS: &str = "deployments.apps";
const STATEFUL_SETS: &str = "statefulsets.apps";
const DAEMON_SETS: &str = "daemonsets.apps";
const BUDGETS: &str = "poddisruptionbudgets.policy";

/// Tracks the undisturbed workloads: from when they are complete until their size changes or a fault affects their pods.
pub(super) fn track_undisturbed(world: &mut World, change: &Change, old: Option<&Object>) {
    let object = &change.object;
    if ![DEPLOYMENTS, STATEFUL_SETS, DAEMON_SETS].contains(&change.key.resource.as_str()) {
        return;
    }
    let resized = old.is_some_and(|old| old.at("/spec/replicas") != object.at("/spec/replicas"));
    let interrupted = old.is_some_and(|old| interrupts_rollout(old, object));
    if change.kind == ChangeKind::Deleted || object.is_deleting() || resized || interrupted {
        world.undisturbed.remove(&change.key);
    } else if is_complete(object) && is_stable(object) && !world.has_faults() {
        world.undisturbed.insert(change.key.clone());
    }
}

/// Returns true if a parallel StatefulSet gets a new template before the previous one is rolled out: the update starts at
/// the highest ordinal again, whatever the state of the pods below.
fn interrupts_rollout(old: &Object, new: &Object) -> bool {
    let changed = old.at("/spec/template") != new.at("/spec/template");
    changed && !is_complete(old) && new.str("/spec/podManagementPolicy") == "Parallel"
}

/// Returns true if the status reports all pods as updated and available.
fn is_complete(object: &Object) -> bool {
    let (wanted, fields): (_, &[&str]) = match object.str("/kind") {
        "DaemonSet" => {
            let wanted = object.int("/status/desiredNumberScheduled");
            (wanted, &["currentNumberScheduled", "updatedNumberScheduled", "numberAvailable"])
        }
        _ => (object.int("/spec/replicas"), &["replicas", "updatedReplicas", "availableReplicas"]),
    };
    let has = |field: &str| object.int(&format!("/status/{field}")).unwrap_or(0);
    let observed = object.int("/status/observedGeneration") == Some(object.generation());
    observed && fields.iter().all(|field| has(field) == wanted.unwrap_or(0))
}

/// Returns true if the containers do not exit by themselves.
fn is_stable(object: &Object) -> bool {
    !object.str("/spec/template/metadata/annotations/kctl.dev~1life.c").contains("exit=")
}

/// No controller deletes an available pod of an undisturbed workload if fewer pods stay available than its strategy allows.
pub(super) fn rollouts_keep_pods_available(world: &World, change: &Change) -> Vec<String> {
    let pod = &change.object;
    let was_deleting = world.before(change).is_some_and(|old| old.is_deleting());
    let is_deleting = change.kind == ChangeKind::Deleted || pod.is_deleting();
    if change.key.resource != "pods" || !is_deleting || was_deleting {
        return Vec::new();
    }
    let Some((workload, owners)) = workload_of(world, pod) else { return Vec::new() };
    let now = deletion_request_time(world, pod);
    let wait = workload.int("/spec/minReadySeconds").unwrap_or(0);
    let Some(least) = min_available(&workload).filter(|_| is_available(pod, wait, now)) else { return Vec::new() };
    let pods = world.list("pods");
    let left = pods.iter().filter(|p| {
        p.name() != change.key.name
            && !p.is_deleting()
            && p.controller_of().is_some_and(|o| owners.contains(o.uid.as_str()))
            && is_available(p, wait, now)
    });
    let left = left.count() as i64;
    if left >= least {
        return Vec::new();
    }
    let pods: Vec<String> = pods
        .iter()
        .filter(|p| p.controller_of().is_some_and(|o| owners.contains(o.uid.as_str())))
        .map(|p| super::describe_pod(p))
        .collect();
    let what = format!("{} has {left} pods left without {}", named(&workload), change.key.name);
    vec![format!("{what}, and must keep {least}: {pods:#?} {}", workload["status"])]
}

/// The time of the deletion request: a pod's deletionTimestamp is the end of its grace period.
fn deletion_request_time(world: &World, pod: &Object) -> Time {
    let grace = Duration::from_secs(pod.int("/metadata/deletionGracePeriodSeconds").unwrap_or(0));
    pod.deletion_time().map_or(world.cluster.now(), |end| end - grace)
}

/// The undisturbed workload that a pod belongs to, and the uids of the objects that control the pods of the workload.
fn workload_of(world: &World, pod: &Object) -> Option<(Arc<Object>, BTreeSet<String>)> {
    let controller = pod.controller_of()?;
    let (resource, name) = match controller.kind.as_str() {
        "StatefulSet" => (STATEFUL_SETS, controller.name),
        "DaemonSet" => (DAEMON_SETS, controller.name),
        "ReplicaSet" => (DEPLOYMENTS, world.get("replicasets.apps", &controller.name)?.controller_of()?.name),
        _ => return None,
    };
    let workload = world.get(resource, &name)?;
    if !world.undisturbed.contains(&ObjectKey::new(resource, "default", &name)) {
        return None;
    }
    let mut owners: BTreeSet<String> = [workload.uid().to_string()].into();
    let sets = world.list("replicasets.apps").into_iter().filter(|s| s.is_controlled_by(workload.uid()));
    owners.extend(sets.map(|s| s.uid().to_string()));
    Some((workload, owners))
}

/// The number of pods that a workload keeps available during a rollout; `None` if its strategy guarantees none.
fn min_available(workload: &Object) -> Option<i64> {
    let limit = |path: &str, whole: i64, up: bool| scaled_value(workload.at(path), whole, up);
    let wanted = workload.int("/spec/replicas").unwrap_or(0);
    match (workload.str("/kind"), workload.str("/spec/strategy/type"), workload.str("/spec/updateStrategy/type")) {
        ("Deployment", "RollingUpdate", _) => {
            let surge = limit("/spec/strategy/rollingUpdate/maxSurge", wanted, true);
            let down = limit("/spec/strategy/rollingUpdate/maxUnavailable", wanted, false);
            // One of the two limits is at least 1.
            Some(wanted - if down == 0 && surge == 0 { 1 } else { down })
        }
        ("StatefulSet", _, "RollingUpdate") => Some(wanted - 1),
        ("DaemonSet", _, "RollingUpdate") => {
            let wanted = workload.int("/status/desiredNumberScheduled").unwrap_or(0);
            Some(wanted - limit("/spec/updateStrategy/rollingUpdate/maxUnavailable", wanted, true))
        }
        _ => None,
    }
}

/// Returns true if a pod has been ready for a number of seconds.
fn is_available(pod: &Object, seconds: i64, now: Time) -> bool {
    let since =
        condition(pod, "Ready").filter(|c| c.str("/status") == "True").and_then(|c| c.time("/lastTransitionTime"));
    since.is_some_and(|since| since + Duration::from_secs(seconds) <= now)
}

/// The budgets that select a pod.
fn budgets_of(world: &World, pod: &Object) -> Vec<Arc<Object>> {
    let mut budgets = world.list(BUDGETS);
    budgets.retain(|b| Selector::from_object(&b["spec"]["selector"]).is_ok_and(|s| s.matches_object(pod)));
    budgets
}

/// The number of ready pods that a budget selects, without terminating ones.
fn healthy(world: &World, budget: &Object) -> i64 {
    let Ok(selector) = Selector::from_object(&budget["spec"]["selector"]) else { return 0 };
    let pods = world.list("pods");
    let counted = pods.iter().filter(|p| {
        selector.matches_object(p) && !p.is_deleting() && !is_terminated(p) && condition_is_true(p, "Ready")
    });
    counted.count() as i64
}

/// The number of pods that have to stay healthy for a budget, computed from the sizes of the workloads it selects.
fn needed(world: &World, budget: &Object) -> i64 {
    let app = budget.str("/spec/selector/matchLabels/app");
    let sizes = super::super::workload::SCALED.iter().filter_map(|resource| world.get(resource, app));
    let expected = sizes.filter_map(|o| o.int("/spec/replicas")).sum();
    match budget.at("/spec/minAvailable") {
        Some(least) => scaled_value(Some(least), expected, true),
        None => (expected - scaled_value(budget.at("/spec/maxUnavailable"), expected, true)).max(0),
    }
}

/// The violations that an eviction of a pod would be now.
pub(crate) fn violations_of_eviction(world: &World, pod: &str) -> Vec<String> {
    let Some(pod) = world.get("pods", pod) else { return Vec::new() };
    // Pods that do not run may always be evicted.
    if pod.is_deleting() || is_terminated(&pod) || pod.str("/status/phase") == "Pending" {
        return Vec::new();
    }
    let budgets = budgets_of(world, &pod);
    if budgets.len() > 1 {
        return vec![format!("{} is evicted although {} budgets select it", named(&pod), budgets.len())];
    }
    let Some(budget) = budgets.first() else { return Vec::new() };
    let is_ready = condition_is_true(&pod, "Ready");
    let (healthy, needed) = (healthy(world, budget), needed(world, budget));
    let allowed = match is_ready {
        true => healthy > needed,
        false => budget.str("/spec/unhealthyPodEvictionPolicy") == "AlwaysAllow" || healthy >= needed,
    };
    match allowed {
        true => Vec::new(),
        false => {
            vec![format!("{} is evicted, {} needs {needed} of {healthy} healthy pods", named(&pod), named(budget))]
        }
    }
}

/// The status of a budget counts its healthy pods and allows the disruption of the surplus.
pub(super) fn budgets_count_healthy_pods(world: &World) -> Vec<String> {
    let mut problems = Vec::new();
    for budget in world.list(BUDGETS) {
        let healthy = healthy(world, &budget);
        let says = |field: &str| budget.int(&format!("/status/{field}")).unwrap_or(0);
        let allowed = (says("currentHealthy") - says("desiredHealthy")).max(0);
        let room = if says("expectedPods") == 0 { 0 } else { allowed };
        if says("currentHealthy") != healthy || says("disruptionsAllowed") != room {
            problems.push(format!("{} counts wrongly, {healthy} are healthy: {}", named(&budget), budget["status"]));
        }
    }
    problems
}
