//! What pods say of themselves.

use kctl_base::object::{Object, ObjectMeta as _, ValueRead as _, condition_is_true};

use super::{World, named};

/// What a pod's status says fits together.
pub(super) fn pods_are_consistent(world: &World) -> Vec<String> {
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
    expect(!node.is_empty() || phase == "Pending" || phase == "Failed", "it runs nowhere");
    let scheduled = condition_is_true(pod, "PodScheduled");
    expect(scheduled || node.is_empty() || phase == "Failed", "bound, but not scheduled");
    if phase == "Running" && !world.stopped.contains(node) {
        expect(statuses.len() == pod.list("/spec/containers").len(), "it runs without statuses of its containers");
        expect(!pod.str("/status/podIP").is_empty(), "it runs without an address");
        let ready = condition_is_true(pod, "Ready");
        expect(ready == all_ready || pod.is_deleting() || !is_reporting(world, pod), "ready and not ready");
    }
    if phase == "Pending" {
        expect(!condition_is_true(pod, "Ready"), "ready, but pending");
    }
    if phase == "Succeeded" {
        let well = statuses.iter().all(|s| s.int("/state/terminated/exitCode") == Some(0));
        expect(well, "succeeded with a failure");
    }
    found
}

/// Whether the node of a pod says of itself that it is ready.
fn is_reporting(world: &World, pod: &Object) -> bool {
    world.all("nodes").iter().any(|n| n.name() == pod.str("/spec/nodeName") && condition_is_true(n, "Ready"))
}
