//! The placement of pods on nodes.

use std::collections::BTreeMap;
use std::sync::Arc;

use kctl_base::json::json;
use kctl_base::object::{Object, ObjectMeta as _, ValueRead as _};
use kctl_base::quantity::Quantity;
use kctl_base::sim::Duration;

use super::{World, is_terminated, is_unschedulable, named};
use crate::harness::cluster::{Change, ChangeKind};

/// A pod is only bound to a node that matches its node selector and has no taint or cordon that it does not tolerate.
pub(super) fn pods_are_bound_where_they_may_run(world: &World, change: &Change) -> Vec<String> {
    let pod = &change.object;
    let before = world.before(change).map_or("", |old| old.str("/spec/nodeName"));
    let name = pod.str("/spec/nodeName");
    if change.key.resource != "pods" || change.kind == ChangeKind::Deleted || name.is_empty() || !before.is_empty() {
        return Vec::new();
    }
    match world.all("nodes").iter().find(|n| n.name() == name) {
        None => vec![format!("{} is bound to {name}, which does not exist", named(pod))],
        Some(node) => obstacles(pod, node).iter().map(|o| format!("{} is bound to {name}: {o}", named(pod))).collect(),
    }
}

/// The reasons why a pod may not be placed on a node, apart from resources.
fn obstacles(pod: &Object, node: &Object) -> Vec<String> {
    let mut found = Vec::new();
    for (key, value) in pod.strings("/spec/nodeSelector") {
        if node.label(&key) != Some(value.as_str()) {
            found.push(format!("it selects {key}={value}"));
        }
    }
    let terms =
        pod.list("/spec/affinity/nodeAffinity/requiredDuringSchedulingIgnoredDuringExecution/nodeSelectorTerms");
    let pinned = terms.iter().flat_map(|t| t.list("/matchFields")).flat_map(|f| f.list("/values"));
    if !terms.is_empty() && !pinned.clone().any(|name| name == node.name()) {
        found.push(format!("its affinity requires {:?}", pinned.collect::<Vec<_>>()));
    }
    let cordon = json!({"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"});
    let cordon = node.flag("/spec/unschedulable").then_some(&cordon);
    for taint in node.list("/spec/taints").iter().chain(cordon).filter(|t| t.str("/effect") != "PreferNoSchedule") {
        if !pod.list("/spec/tolerations").iter().any(|t| tolerates(t, taint)) {
            found.push(format!("it does not tolerate {taint}"));
        }
    }
    found
}

/// Returns true if a toleration matches a taint (`k8s.io/api/core/v1/toleration.go`).
pub(super) fn tolerates(toleration: &Object, taint: &Object) -> bool {
    let same = |field: &str| toleration.str(field) == taint.str(field);
    let effect = toleration.str("/effect").is_empty() || same("/effect");
    let exists = toleration.str("/operator") == "Exists";
    let key = same("/key") || (exists && toleration.str("/key").is_empty());
    effect && key && (exists || same("/value"))
}

/// An amount of pods, CPU and memory, in thousandths.
#[derive(Clone, Copy, Debug, Default)]
struct Resources([i128; 3]);

impl Resources {
    /// The requests of a pod. The init containers of the simulation have none.
    fn requested(pod: &Object) -> Resources {
        let sum = |what: &str| {
            let requests = pod.list("/spec/containers").iter();
            requests.map(|c| milli(c.str(&format!("/resources/requests/{what}")))).sum()
        };
        Resources([1000, sum("cpu"), sum("memory")])
    }

    /// The allocatable resources of a node.
    fn allocatable(node: &Object) -> Resources {
        Resources(["pods", "cpu", "memory"].map(|what| milli(node.str(&format!("/status/allocatable/{what}")))))
    }

    fn plus(self, other: Resources) -> Resources {
        Resources([0, 1, 2].map(|i| self.0[i] + other.0[i]))
    }

    fn holds(self, other: Resources) -> bool {
        (0..3).all(|i| other.0[i] <= self.0[i])
    }
}

/// A quantity in thousandths; 0 for an absent one.
fn milli(text: &str) -> i128 {
    text.parse::<Quantity>().map_or(0, |q| i128::from(q.milli_value()))
}

/// The requests of the pods of every node, without terminated pods.
fn requested(world: &World) -> BTreeMap<String, Resources> {
    let mut requested: BTreeMap<String, Resources> = BTreeMap::new();
    for pod in world.all("pods").iter().filter(|p| !is_terminated(p)) {
        let sum = requested.entry(pod.str("/spec/nodeName").into()).or_default();
        *sum = sum.plus(Resources::requested(pod));
    }
    requested
}

/// The requests of the pods of a node do not exceed its resources.
pub(super) fn nodes_are_not_overcommitted(world: &World) -> Vec<String> {
    let requested = requested(world);
    let mut problems = Vec::new();
    for node in world.all("nodes") {
        let (has, sum) = (Resources::allocatable(&node), requested.get(node.name()).copied().unwrap_or_default());
        if !has.holds(sum) {
            problems.push(format!("{} is overcommitted: it has {has:?}, requested are {sum:?}", node.name()));
        }
    }
    problems
}

/// A pod that is reported as unschedulable fits on no node.
pub(super) fn unschedulable_pods_fit_nowhere(world: &World) -> Vec<String> {
    let requested = requested(world);
    let nodes = world.all("nodes");
    let fits = |pod: &Object, node: &Object| {
        let sum = requested.get(node.name()).copied().unwrap_or_default().plus(Resources::requested(pod));
        obstacles(pod, node).is_empty() && Resources::allocatable(node).holds(sum)
    };
    let mut problems = Vec::new();
    for pod in world.list("pods").iter().filter(|p| is_unschedulable(p) && !p.is_deleting()) {
        let fitting = nodes.iter().find(|node| fits(pod, node));
        problems.extend(fitting.map(|node| format!("{} is unschedulable but fits on {}", named(pod), node.name())));
    }
    problems
}

/// Pods are deleted from a node with NoExecute taints as soon as they do not tolerate all of them any more.
pub(super) fn taints_evict_pods(world: &World) -> Vec<String> {
    let nodes = world.all("nodes");
    let mut problems = Vec::new();
    for pod in world.all("pods").iter().filter(|p| !p.is_deleting() && !is_terminated(p)) {
        let Some(node) = nodes.iter().find(|n| n.name() == pod.str("/spec/nodeName")) else { continue };
        if overstays(world, pod, node) {
            problems.push(format!("{} stays on {} with {}", named(pod), node.name(), node["spec"]["taints"]));
        }
    }
    problems
}

/// Returns true if a pod is on a node for longer than its tolerations last. They last from the latest `timeAdded` of the
/// taints or the creation of the pod, whichever is later; taints that a user adds have no `timeAdded`.
fn overstays(world: &World, pod: &Arc<Object>, node: &Object) -> bool {
    let taints: Vec<&Object> = node.list("/spec/taints").iter().filter(|t| t.str("/effect") == "NoExecute").collect();
    let mut shortest: Option<i64> = None;
    for taint in &taints {
        let tolerations: Vec<&Object> = pod.list("/spec/tolerations").iter().filter(|t| tolerates(t, taint)).collect();
        if tolerations.is_empty() {
            return true;
        }
        let seconds = tolerations.iter().filter_map(|t| t.int("/tolerationSeconds"));
        shortest = shortest.into_iter().chain(seconds).min();
    }
    let since: Option<Vec<_>> = taints.iter().map(|t| t.time("/timeAdded")).collect();
    let since = since.and_then(|times| times.into_iter().max()).max(pod.creation_time());
    let known = taints.iter().all(|t| t.time("/timeAdded").is_some());
    match (shortest, since) {
        (Some(seconds), Some(since)) if known => since + Duration::from_secs(seconds + 1) < world.cluster.now(),
        _ => false,
    }
}
