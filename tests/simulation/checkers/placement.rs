//! Where pods are, and where they may not be.

use std::collections::BTreeMap;
use std::sync::Arc;

use kctl_base::json::json;
use kctl_base::object::{Object, ObjectMeta as _, ValueRead as _};
use kctl_base::quantity::Quantity;
use kctl_base::sim::Duration;
use kctl_cluster::store::{Change, ChangeKind};

use super::{World, is_ended, named, waits_for_room};

/// A pod is bound to a node that has what it selects, no taint it does not tolerate, and is not cordoned.
pub(super) fn pods_are_bound_where_they_may_run(world: &World, change: &Change) -> Vec<String> {
    let pod = &change.object;
    let before = change.old.as_ref().map_or("", |o| o.str("/spec/nodeName"));
    let name = pod.str("/spec/nodeName");
    if change.key.resource != "pods" || change.kind == ChangeKind::Deleted || name.is_empty() || !before.is_empty() {
        return Vec::new();
    }
    match world.all("nodes").iter().find(|n| n.name() == name) {
        None => vec![format!("{} is bound to {name}, which is no node", named(pod))],
        Some(node) => obstacles(pod, node).iter().map(|o| format!("{} is bound to {name}: {o}", named(pod))).collect(),
    }
}

/// Why a pod may not be placed on a node, room aside.
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
        found.push(format!("it is meant for {:?}", pinned.collect::<Vec<_>>()));
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

pub(super) fn tolerates(toleration: &Object, taint: &Object) -> bool {
    let same = |field: &str| toleration.str(field) == taint.str(field);
    let effect = toleration.str("/effect").is_empty() || same("/effect");
    let exists = toleration.str("/operator") == "Exists";
    let key = same("/key") || (exists && toleration.str("/key").is_empty());
    effect && key && (exists || same("/value"))
}

/// What the pods of a node ask for, or what it has: pods, CPU and memory in thousandths.
#[derive(Clone, Copy, Debug, Default)]
struct Room([i128; 3]);

impl Room {
    /// What a pod asks for; init containers here ask for nothing.
    fn asked(pod: &Object) -> Room {
        let sum = |what: &str| {
            let requests = pod.list("/spec/containers").iter();
            requests.map(|c| milli(c.str(&format!("/resources/requests/{what}")))).sum()
        };
        Room([1000, sum("cpu"), sum("memory")])
    }

    fn of(node: &Object) -> Room {
        Room(["pods", "cpu", "memory"].map(|what| milli(node.str(&format!("/status/allocatable/{what}")))))
    }

    fn plus(self, other: Room) -> Room {
        Room([0, 1, 2].map(|i| self.0[i] + other.0[i]))
    }

    fn holds(self, other: Room) -> bool {
        (0..3).all(|i| other.0[i] <= self.0[i])
    }
}

/// A quantity in thousandths; nothing is 0.
fn milli(text: &str) -> i128 {
    text.parse::<Quantity>().map_or(0, |q| i128::from(q.milli_value()))
}

/// What the pods of every node ask for; ended ones hold no room.
fn taken(world: &World) -> BTreeMap<String, Room> {
    let mut taken: BTreeMap<String, Room> = BTreeMap::new();
    for pod in world.all("pods").iter().filter(|p| !is_ended(p)) {
        let room = taken.entry(pod.str("/spec/nodeName").into()).or_default();
        *room = room.plus(Room::asked(pod));
    }
    taken
}

/// The pods of a node ask for no more than it has.
pub(super) fn nodes_are_not_overbooked(world: &World) -> Vec<String> {
    let taken = taken(world);
    let mut problems = Vec::new();
    for node in world.all("nodes") {
        let (has, asked) = (Room::of(&node), taken.get(node.name()).copied().unwrap_or_default());
        if !has.holds(asked) {
            problems.push(format!("{} is overbooked: it has {has:?}, asked for is {asked:?}", node.name()));
        }
    }
    problems
}

/// A pod that is said to find no room finds none on any node that it could take.
pub(super) fn pods_that_wait_fit_nowhere(world: &World) -> Vec<String> {
    let taken = taken(world);
    let nodes = world.all("nodes");
    let fits = |pod: &Object, node: &Object| {
        let asked = taken.get(node.name()).copied().unwrap_or_default().plus(Room::asked(pod));
        obstacles(pod, node).is_empty() && Room::of(node).holds(asked)
    };
    let mut problems = Vec::new();
    for pod in world.own("pods").iter().filter(|p| waits_for_room(p) && !p.is_deleting()) {
        let place = nodes.iter().find(|node| fits(pod, node));
        problems.extend(place.map(|node| format!("{} waits for room and {} has it", named(pod), node.name())));
    }
    problems
}

/// Pods that do not tolerate a NoExecute taint of their node are going, as soon as their tolerations end.
pub(super) fn taints_drive_pods_away(world: &World) -> Vec<String> {
    let nodes = world.all("nodes");
    let mut problems = Vec::new();
    for pod in world.all("pods").iter().filter(|p| !p.is_deleting() && !is_ended(p)) {
        let Some(node) = nodes.iter().find(|n| n.name() == pod.str("/spec/nodeName")) else { continue };
        if overstays(world, pod, node) {
            problems.push(format!("{} stays on {} with {}", named(pod), node.name(), node["spec"]["taints"]));
        }
    }
    problems
}

/// Whether a pod is on a node for longer than it tolerates. Tolerations that end count from the last taint that says since when
/// it is there; those that somebody puts on a node do not say, and the pod may have come later than the taint.
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
