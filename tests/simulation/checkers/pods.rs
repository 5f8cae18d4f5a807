//! The statuses of pods.

use kctl_base::object::{Object, ObjectMeta as _, ValueRead as _, condition_is_true};

use super::{World, named};

/// The fields of a pod's status do not contradict each other.
pub(super) fn statuses_are_consistent(world: &World) -> Vec<String> {
    let mut problems = Vec::new();
    for pod in world.all("pods") {
        for what in contradictions(world, &pod) {
            problems.push(format!("{}: {what}: {}", named(&pod), pod["status"]));
        }
    }
    problems
}

fn contradictions(world: &World, pod: &Object) -> Vec<&'static str> {
    let phase = pod.str("/status/phase");
    let node = pod.str("/spec/nodeName");
    let statuses = pod.list("/status/containerStatuses");
    let all_ready = !statuses.is_empty() && statuses.iter().all(|s| s.flag("/ready"));
    let mut found = Vec::new();
    let mut expect = |holds: bool, what: &'static str| {
        if !holds {
            found.push(what);
        }
    };
    expect(["Pending", "Running", "Succeeded", "Failed"].contains(&phase), "an unknown phase");
    expect(!node.is_empty() || phase == "Pending" || phase == "Failed", "it runs without a node");
    let scheduled = condition_is_true(pod, "PodScheduled");
    expect(scheduled || node.is_empty() || phase == "Failed", "bound, but not scheduled");
    if phase == "Running" && !world.stopped.contains(node) {
        expect(statuses.len() == pod.list("/spec/containers").len(), "it runs without statuses of its containers");
        expect(!pod.str("/status/podIP").is_empty(), "it runs without an address");
        let ready = condition_is_true(pod, "Ready");
        expect(
            ready == all_ready || pod.is_deleting() || !is_reporting(world, pod),
            "the Ready condition contradicts the containers",
        );
    }
    if phase == "Pending" {
        expect(!condition_is_true(pod, "Ready"), "ready, but pending");
    }
    if phase == "Succeeded" {
        let successful = statuses.iter().all(|s| s.int("/state/terminated/exitCode") == Some(0));
        expect(successful, "succeeded with a failed container");
    }
    found
}

/// Returns true if the node of a pod is ready, so that its kubelet updates the status.
fn is_reporting(world: &World, pod: &Object) -> bool {
    world.all("nodes").iter().any(|n| n.name() == pod.str("/spec/nodeName") && condition_is_true(n, "Ready"))
}
