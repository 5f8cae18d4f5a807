//! Pods: waiting for a node, for a volume or for containers; ended; not ready.

use super::reader::Reader;
use super::{Finding, budget, container, scheduling, words};
use crate::api::Result;
use crate::simulation;
use kctl_base::object::{Object, ObjectMeta, ValueRead, condition, condition_is_true};

/// Describes the phase and the readiness of a pod.
pub(super) fn summary(pod: &Object) -> String {
    match pod.str("/status/phase") {
        "Succeeded" => "it has run to its end".into(),
        "Failed" => "it has failed".into(),
        "Running" if condition_is_true(pod, "Ready") => "it runs and is ready".into(),
        "Running" => "it runs, but is not ready".into(),
        _ if pod.str("/spec/nodeName").is_empty() => "it waits for a node".into(),
        _ => "it has been assigned to a node, but does not run yet".into(),
    }
}

/// Finds what keeps a pod from running and being ready.
pub(super) fn diagnose(reader: &mut Reader<'_>, pod: &Object) -> Result<Vec<Finding>> {
    match pod.str("/status/phase") {
        "Succeeded" => return Ok(Vec::new()),
        "Failed" => return Ok(vec![failed(pod)]),
        _ => {}
    }
    if pod.str("/spec/nodeName").is_empty() {
        return scheduling::diagnose(reader, pod);
    }
    if let Some(finding) = silent_node(reader, pod)? {
        return Ok(vec![finding]);
    }
    if condition_is_true(pod, "Ready") {
        let held = held(reader, pod)?;
        return Ok(resize(pod).into_iter().chain(held).collect());
    }
    let containers = container::diagnose(reader, pod)?;
    Ok(match containers.is_empty() {
        false => containers,
        true => vec![gates(pod).unwrap_or_else(|| starting(pod))],
    })
}

/// Describes how a failed pod ended.
fn failed(pod: &Object) -> Finding {
    let sentence = match pod.str("/status/reason") {
        "" => "has failed and is not started again".to_string(),
        "Evicted" => "was evicted from its node and is not started again".into(),
        reason => format!("has failed ({reason}) and is not started again"),
    };
    let disrupted = words::condition_with(pod, "DisruptionTarget", "True");
    let finding = Finding::problem(sentence)
        .shown_by(pod.str("/status/message"))
        .shown_by(disrupted.map_or("", |condition| condition.str("/message")));
    container::ends(pod).into_iter().fold(finding, Finding::shown_by)
}

/// Finds a node that does not answer, so that nothing is known of the pod. Users who own a namespace may not read nodes;
/// the pod itself tells them enough.
fn silent_node(reader: &mut Reader<'_>, pod: &Object) -> Result<Option<Finding>> {
    let name = pod.str("/spec/nodeName");
    if !reader.may_get("nodes", "", name)? {
        return Ok(None);
    }
    let Some(node) = reader.get("nodes", "", name)? else {
        return Ok(Some(Finding::problem(format!("is assigned to node {name}, which does not exist"))));
    };
    if condition_is_true(&node, "Ready") && !simulation::stopped_nodes(reader.server())?.contains(name) {
        return Ok(None);
    }
    let sentence = format!("is on node {name}, whose kubelet does not answer");
    Ok(Some(Finding::problem(sentence).because(reader.follow("nodes", [&node])?)))
}

/// Finds a readiness gate that keeps a pod whose containers are ready from being ready.
fn gates(pod: &Object) -> Option<Finding> {
    let mut gates = pod.list("/spec/readinessGates").iter().map(|gate| gate.str("/conditionType"));
    let open = gates.find(|gate| !condition_is_true(pod, gate))?;
    Some(
        Finding::problem(format!("is not ready, because its readiness gate {open} is not true"))
            .shown_by("a readiness gate is a condition that a program outside of the cluster sets"),
    )
}

/// Finds the budget that keeps a pod on a cordoned node, such as one that is being drained.
fn held(reader: &mut Reader<'_>, pod: &Object) -> Result<Option<Finding>> {
    let name = pod.str("/spec/nodeName");
    if !reader.may_get("nodes", "", name)? {
        return Ok(None);
    }
    let node = reader.get("nodes", "", name)?;
    if !node.is_some_and(|node| node.flag("/spec/unschedulable")) {
        return Ok(None);
    }
    let refusal = budget::refusing(reader, pod)?;
    Ok(refusal.map(|refusal| {
        let sentence = format!("cannot be evicted from its node {name}, which is cordoned");
        Finding::remark(sentence).shown_by(refusal.sentence)
    }))
}

fn starting(pod: &Object) -> Finding {
    let since = pod.time("/status/startTime").or(pod.creation_time());
    let since = since.map_or_else(String::new, |since| format!(" since {}", since.rfc3339()));
    Finding::progress(format!("is starting{since}"))
}

/// Finds a resize that the node has no room for.
fn resize(pod: &Object) -> Option<Finding> {
    let pending = condition(pod, "PodResizePending").filter(|condition| condition.str("/status") == "True")?;
    Some(
        Finding::problem("runs, but has not got the resources that it was resized to")
            .shown_by(pending.str("/message")),
    )
}
