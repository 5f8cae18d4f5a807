//! Deployments, ReplicaSets, ReplicationControllers and DaemonSets: their counts, and their convergence.

use std::collections::BTreeSet;

use kctl_base::object::{Object, ObjectMeta as _, ValueRead as _, condition_is_true};

use super::placement::tolerates;
use super::{World, can_run, describe_pod, is_unschedulable, named, pods_of, resting};

const REPLICATED: &[&str] = &["deployments.apps", "replicasets.apps", "replicationcontrollers", "statefulsets.apps"];

/// The counts of a status do not contradict each other.
pub(super) fn counts_are_consistent(world: &World) -> Vec<String> {
    let mut problems = Vec::new();
    for object in REPLICATED.iter().flat_map(|resource| world.list(resource)) {
        let count = |field: &str| object.int(&format!("/status/{field}")).unwrap_or(0);
        let ordered =
            count("availableReplicas") <= count("readyReplicas") && count("readyReplicas") <= count("replicas");
        if !ordered || count("updatedReplicas") > count("replicas") {
            problems.push(format!("{} counts wrongly: {}", named(&object), object["status"]));
        }
    }
    problems
}

/// Returns true if a pod of a Deployment is unschedulable.
fn has_unschedulable_pod(world: &World, deployment: &Object) -> bool {
    let sets = world.list("replicasets.apps");
    let mut pods = sets.iter().filter(|s| s.is_controlled_by(deployment.uid())).flat_map(|s| pods_of(world, s));
    pods.any(|p| is_unschedulable(&p))
}

/// Deployments are complete, unless they are paused or their pods cannot run.
pub(super) fn deployments_converge(world: &World) -> Vec<String> {
    let mut problems = Vec::new();
    for deployment in resting(world, "deployments.apps") {
        let wanted = deployment.int("/spec/replicas").unwrap_or(0);
        let able = can_run(&deployment["spec"]["template"]) && !has_unschedulable_pod(world, &deployment);
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

/// ReplicaSets and ReplicationControllers have the desired number of pods, which are ready unless they cannot run.
pub(super) fn replica_sets_converge(world: &World) -> Vec<String> {
    let mut problems = Vec::new();
    for set in ["replicasets.apps", "replicationcontrollers"].iter().flat_map(|r| resting(world, r)) {
        let wanted = set.int("/spec/replicas").unwrap_or(0);
        let pods = pods_of(world, &set);
        let ready = pods.iter().filter(|p| condition_is_true(p, "Ready")).count() as i64;
        let waiting = pods.iter().filter(|p| is_unschedulable(p)).count() as i64;
        let could = if can_run(&set["spec"]["template"]) { wanted - waiting } else { ready };
        let says = (set.int("/status/replicas"), set.int("/status/readyReplicas").unwrap_or(0));
        if pods.len() as i64 != wanted || ready != could || says != (Some(wanted), ready) {
            let has = pods.len();
            problems.push(format!("{} wants {wanted}, has {has} pods, {ready} ready: {}", named(&set), set["status"]));
        }
    }
    problems
}

/// The nodes on which a DaemonSet should have a pod: those that match its node selector and whose taints it tolerates. A
/// cordon does not matter.
fn wanted_nodes(world: &World, template: &Object) -> Vec<String> {
    let takes = |node: &Object| {
        let selected = template.strings("/spec/nodeSelector").iter().all(|(k, v)| node.label(k) == Some(v));
        let tolerated = |taint| template.list("/spec/tolerations").iter().any(|t| tolerates(t, taint));
        selected && node.list("/spec/taints").iter().all(tolerated)
    };
    world.all("nodes").iter().filter(|node| takes(node)).map(|node| node.name().to_string()).collect()
}

/// Makes DaemonSets with an outdated count reconcile. The removal of a taint from a node on which a pod has stayed does not
/// trigger its set, as in Kubernetes, where the next resync corrects the count hours later.
pub(crate) fn resync_daemon_sets(world: &mut World) {
    for set in world.list("daemonsets.apps") {
        let wanted = wanted_nodes(world, &set["spec"]["template"]);
        let pods = pods_of(world, &set);
        let has_pod = |node: &String| pods.iter().any(|p| p.str("/spec/nodeName") == node);
        let counted = set.int("/status/desiredNumberScheduled") == Some(wanted.len() as i64);
        if !counted && wanted.iter().all(has_pod) {
            world.touch("daemonsets.apps", set.name());
        }
    }
}

/// DaemonSets have one pod on every eligible node, ready and of the current template if that is possible.
pub(super) fn daemon_sets_converge(world: &World) -> Vec<String> {
    let mut problems = Vec::new();
    for set in world.list("daemonsets.apps") {
        let template = &set["spec"]["template"];
        let pods = pods_of(world, &set);
        if pods.iter().any(|p| is_unschedulable(p)) {
            continue;
        }
        let wanted = wanted_nodes(world, template);
        let placed: BTreeSet<&str> = pods.iter().map(|p| p.str("/spec/nodeName")).collect();
        let image = |o: &Object| o.str("/spec/containers/0/image").to_string();
        let manual = set.str("/spec/updateStrategy/type") == "OnDelete";
        let current = manual || !can_run(template) || pods.iter().all(|p| image(p) == image(template));
        let ready = pods.iter().all(|p| condition_is_true(p, "Ready") || !can_run(p));
        // A new pod that cannot become ready does not replace the previous one.
        let surging = !can_run(template) && pods.len() > wanted.len();
        let complete = wanted.iter().all(|n| placed.contains(n.as_str())) && (pods.len() == wanted.len() || surging);
        if !complete || !current || !ready {
            let what = format!("{} should run on {wanted:?} and runs on {placed:?}", named(&set));
            let pods: Vec<String> = pods.iter().map(|p| describe_pod(p)).collect();
            problems.push(format!("{what} (current: {current}, ready: {ready}): {pods:#?} {}", set["status"]));
        }
    }
    problems
}
