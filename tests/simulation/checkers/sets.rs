//! Deployments, ReplicaSets, ReplicationControllers and DaemonSets: they count, and come to have what they want.

use std::collections::BTreeSet;

use kctl_base::object::{Object, ObjectMeta as _, ValueRead as _, condition_is_true};

use super::placement::tolerates;
use super::{World, can_run, named, pods_of, resting, unready, waits_for_room};

const REPLICATED: &[&str] = &["deployments.apps", "replicasets.apps", "replicationcontrollers", "statefulsets.apps"];

/// Counts of a status never contradict each other.
pub(super) fn sets_count_their_pods(world: &World) -> Vec<String> {
    let mut problems = Vec::new();
    for object in REPLICATED.iter().flat_map(|resource| world.own(resource)) {
        let count = |field: &str| object.int(&format!("/status/{field}")).unwrap_or(0);
        let ordered =
            count("availableReplicas") <= count("readyReplicas") && count("readyReplicas") <= count("replicas");
        if !ordered || count("updatedReplicas") > count("replicas") {
            problems.push(format!("{} counts wrongly: {}", named(&object), object["status"]));
        }
    }
    problems
}

/// Whether a pod of a Deployment finds no room.
fn is_short_of_room(world: &World, deployment: &Object) -> bool {
    let sets = world.own("replicasets.apps");
    let mut pods = sets.iter().filter(|s| s.is_controlled_by(deployment.uid())).flat_map(|s| pods_of(world, s));
    pods.any(|p| waits_for_room(&p))
}

/// Deployments that can are complete.
pub(super) fn deployments_converge(world: &World) -> Vec<String> {
    let mut problems = Vec::new();
    for deployment in resting(world, "deployments.apps") {
        let wanted = deployment.int("/spec/replicas").unwrap_or(0);
        let able = can_run(&deployment["spec"]["template"]) && !is_short_of_room(world, &deployment);
        if deployment.flag("/spec/paused") || !able {
            continue;
        }
        let has = |field: &&str| deployment.int(&format!("/status/{field}")).unwrap_or(0) == wanted;
        if !["replicas", "updatedReplicas", "readyReplicas", "availableReplicas"].iter().all(has) {
            problems.push(format!("{} wants {wanted} and has {}", named(&deployment), deployment["status"]));
        }
    }
    problems
}

/// ReplicaSets and ReplicationControllers have as many pods as they want, ready where they can be.
pub(super) fn replica_sets_converge(world: &World) -> Vec<String> {
    let mut problems = Vec::new();
    for set in ["replicasets.apps", "replicationcontrollers"].iter().flat_map(|r| resting(world, r)) {
        let wanted = set.int("/spec/replicas").unwrap_or(0);
        let pods = pods_of(world, &set);
        let ready = pods.iter().filter(|p| condition_is_true(p, "Ready")).count() as i64;
        let waiting = pods.iter().filter(|p| waits_for_room(p)).count() as i64;
        let could = if can_run(&set["spec"]["template"]) { wanted - waiting } else { ready };
        let says = (set.int("/status/replicas"), set.int("/status/readyReplicas").unwrap_or(0));
        if pods.len() as i64 != wanted || ready != could || says != (Some(wanted), ready) {
            let has = pods.len();
            problems.push(format!("{} wants {wanted}, has {has} pods, {ready} ready: {}", named(&set), set["status"]));
        }
    }
    problems
}

/// The nodes that a DaemonSet wants a pod on: selected, and without a taint that keeps its pods away. Cordons do not.
fn wanted_nodes(world: &World, template: &Object) -> Vec<String> {
    let takes = |node: &Object| {
        let selected = template.strings("/spec/nodeSelector").iter().all(|(k, v)| node.label(k) == Some(v));
        let tolerated = |taint| template.list("/spec/tolerations").iter().any(|t| tolerates(t, taint));
        selected && node.list("/spec/taints").iter().all(tolerated)
    };
    world.all("nodes").iter().filter(|node| takes(node)).map(|node| node.name().to_string()).collect()
}

/// Lets DaemonSets look again that have lost count of their nodes. The end of a taint that a pod has stayed in spite of tells
/// its set nothing, in Kubernetes too (there it is found out when everything is listed anew, hours later).
pub(crate) fn wake_daemon_sets(world: &mut World) {
    for set in world.own("daemonsets.apps") {
        let wanted = wanted_nodes(world, &set["spec"]["template"]);
        let pods = pods_of(world, &set);
        let has_pod = |node: &String| pods.iter().any(|p| p.str("/spec/nodeName") == node);
        let counted = set.int("/status/desiredNumberScheduled") == Some(wanted.len() as i64);
        if !counted && wanted.iter().all(has_pod) {
            world.touch("daemonsets.apps", set.name());
        }
    }
}

/// DaemonSets have one pod on every node that takes it, ready and of the present template where that can be.
pub(super) fn daemon_sets_converge(world: &World) -> Vec<String> {
    let mut problems = Vec::new();
    for set in world.own("daemonsets.apps") {
        let template = &set["spec"]["template"];
        let pods = pods_of(world, &set);
        if pods.iter().any(|p| waits_for_room(p)) {
            continue;
        }
        let wanted = wanted_nodes(world, template);
        let placed: BTreeSet<&str> = pods.iter().map(|p| p.str("/spec/nodeName")).collect();
        let image = |o: &Object| o.str("/spec/containers/0/image").to_string();
        let manual = set.str("/spec/updateStrategy/type") == "OnDelete";
        let current = manual || !can_run(template) || pods.iter().all(|p| image(p) == image(template));
        let ready = pods.iter().all(|p| condition_is_true(p, "Ready") || !can_run(p));
        // A new pod that never gets ready does not replace the one before it.
        let surging = !can_run(template) && pods.len() > wanted.len();
        let complete = wanted.iter().all(|n| placed.contains(n.as_str())) && (pods.len() == wanted.len() || surging);
        if !complete || !current || !ready {
            let what = format!("{} should run on {wanted:?} and runs on {placed:?}", named(&set));
            let pods: Vec<String> = pods.iter().map(|p| unready(p)).collect();
            problems.push(format!("{what} (current: {current}, ready: {ready}): {pods:#?} {}", set["status"]));
        }
    }
    problems
}
