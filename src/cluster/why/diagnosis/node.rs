//! Nodes: silent, cordoned, tainted, under pressure.

use super::reader::Reader;
use super::{Finding, budget, words};
use crate::api::Result;
use crate::simulation;
use kctl_base::json::Value;
use kctl_base::object::{Object, ObjectMeta, ValueRead, condition};

/// Conditions of a node that are bad when they hold.
const PRESSURES: &[(&str, &str)] = &[
    ("MemoryPressure", "is short of memory"),
    ("DiskPressure", "is short of disk space"),
    ("PIDPressure", "is short of process numbers"),
    ("NetworkUnavailable", "has no network"),
];

/// Finds what keeps a node from running pods.
pub(super) fn diagnose(reader: &mut Reader<'_>, node: &Object) -> Result<Vec<Finding>> {
    let mut found = Vec::new();
    found.extend(silent(reader, node)?);
    for (kind, sentence) in PRESSURES {
        if let Some(condition) = words::condition_with(node, kind, "True") {
            found.push(Finding::problem(*sentence).shown_by(condition.str("/message")));
        }
    }
    if node.flag("/spec/unschedulable") {
        found.push(cordoned(reader, node)?);
    }
    found.extend(taints(node));
    Ok(found)
}

fn silent(reader: &mut Reader<'_>, node: &Object) -> Result<Option<Finding>> {
    let is_stopped = simulation::stopped_nodes(reader.server())?.contains(node.name());
    let ready = condition(node, "Ready");
    let status = ready.map_or("Unknown", |ready| ready.str("/status"));
    let finding = match (status, is_stopped) {
        ("True", false) => return Ok(None),
        ("True", true) => {
            Finding::problem("does not answer: its kubelet has stopped, which the cluster notices after 50 s")
        }
        ("Unknown", _) => Finding::problem("is not ready: its kubelet does not report any more"),
        _ => Finding::problem("is not ready"),
    };
    let message = ready.map_or("", |ready| ready.str("/message"));
    let since = ready.map_or("", |ready| ready.str("/lastTransitionTime"));
    let hint = match is_stopped {
        true => format!("\"kctl sim node stop {0}\" has declared it; \"kctl sim node start {0}\" ends it", node.name()),
        false => String::new(),
    };
    let since = if status == "True" { String::new() } else { format!("since {since}") };
    Ok(Some(finding.shown_by(if status == "True" { "" } else { message }).shown_by(since).shown_by(hint)))
}

/// Tells that no pods are assigned any more, and which of those that are left a budget keeps from being evicted.
fn cordoned(reader: &mut Reader<'_>, node: &Object) -> Result<Finding> {
    let hint = format!("\"kctl uncordon {}\" ends it", node.name());
    let mut finding = Finding::problem("is cordoned: no pods are assigned to it").shown_by(hint);
    let mut pods = reader.list("pods", "")?;
    pods.retain(|pod| pod.str("/spec/nodeName") == node.name());
    for pod in pods {
        if let Some(refusal) = budget::refusing(reader, &pod)? {
            finding = finding.shown_by(format!("pod/{} cannot be evicted: {}", pod.name(), refusal.sentence));
        }
    }
    Ok(finding)
}

fn taints(node: &Object) -> Option<Finding> {
    let own: Vec<String> = node
        .list("/spec/taints")
        .iter()
        .filter(|taint| !taint.str("/key").starts_with("node.kubernetes.io/"))
        .map(text)
        .collect();
    if own.is_empty() {
        return None;
    }
    Some(Finding::remark(format!("takes only pods that tolerate its taints: {}", own.join(", "))))
}

fn text(taint: &Value) -> String {
    let value = match taint.str("/value") {
        "" => String::new(),
        value => format!("={value}"),
    };
    format!("{}{value}:{}", taint.str("/key"), taint.str("/effect"))
}
