//! Pods without a node: what keeps the scheduler from assigning one.

use std::collections::BTreeMap;

use super::reader::Reader;
use super::{Finding, words};
use crate::api::Result;
use crate::controllers::scheduler::{self, Placement};
use kctl_base::object::{Object, ObjectMeta, ValueRead};
use kctl_base::order::Order as _;
use kctl_kinds::core::pod::claims;

/// The number of nodes with the same answer that are named.
const NAMED_MAX: usize = 3;

/// Finds what keeps a pod from being assigned to a node.
pub(super) fn diagnose(reader: &mut Reader<'_>, pod: &Object) -> Result<Vec<Finding>> {
    let gates: Vec<&str> = pod.list("/spec/schedulingGates").iter().map(|gate| gate.str("/name")).collect();
    if !gates.is_empty() {
        let sentence = format!("waits until its scheduling gates are removed: {}", gates.join(", "));
        let hint = "a program, or \"kctl edit\", removes them from spec.schedulingGates";
        return Ok(vec![Finding::problem(sentence).shown_by(hint)]);
    }
    let scheduler = pod.str("/spec/schedulerName");
    if scheduler != scheduler::NAME {
        let sentence = format!("waits for the scheduler {scheduler}, which this cluster does not have");
        return Ok(vec![Finding::problem(sentence)]);
    }
    let claims = unusable_claims(reader, pod)?;
    if !claims.is_empty() {
        return Ok(claims);
    }
    // The answers of all nodes are shown only to who may list them.
    reader.list("nodes", "")?;
    let now = reader.now;
    let placement = scheduler::explain(reader.server(), pod, now)?;
    let next = scheduler::next_retry(reader.server())?;
    let finding = from_placement(pod, &placement).shown_by(words::next_try(next));
    Ok(vec![finding])
}

/// Finds claims that do not exist, and those that are not bound and do not wait for their pod.
fn unusable_claims(reader: &mut Reader<'_>, pod: &Object) -> Result<Vec<Finding>> {
    let mut found = Vec::new();
    for name in claims(pod) {
        let Some(claim) = reader.get("persistentvolumeclaims", pod.namespace(), &name)? else {
            found.push(Finding::problem(format!("waits for the PersistentVolumeClaim {name}, which does not exist")));
            continue;
        };
        let problems = match claim.str("/status/phase") {
            "Bound" if !claim.is_deleting() => Vec::new(),
            _ => reader.follow("persistentvolumeclaims", [&claim])?,
        };
        let is_problem = problems.iter().any(|finding| finding.weight == super::Weight::Problem);
        if is_problem {
            let sentence = format!("waits for the PersistentVolumeClaim {name}, which has no volume");
            found.push(Finding::problem(sentence).because(problems));
        }
    }
    Ok(found)
}

/// Tells the answers of the nodes, the same ones together.
fn from_placement(pod: &Object, placement: &Placement) -> Finding {
    if let Some(reason) = &placement.whole {
        return Finding::problem("fits on no node").shown_by(reason.clone());
    }
    let nominated = pod.str("/status/nominatedNodeName");
    let total = placement.nodes.len() as i64;
    let fits: Vec<&str> =
        placement.nodes.iter().filter(|node| node.refusals.is_empty()).map(|node| node.name.as_str()).collect();
    let finding = match (total, fits.as_slice()) {
        (0, _) => Finding::problem("waits for a node: the cluster has none"),
        _ if !nominated.is_empty() && fits.is_empty() => Finding::progress(format!(
            "waits for pods of lower priority on node {nominated} to end, which are evicted to make room for it"
        )),
        (_, []) => Finding::problem(format!("fits on none of the {}", words::count(total, "node"))),
        (_, [first, ..]) => {
            Finding::progress(format!("fits on node {first}, and will be assigned at the next attempt"))
        }
    };
    let finding = grouped(placement).into_iter().fold(finding, Finding::shown_by);
    finding.shown_by(placement.preemption.clone().unwrap_or_default())
}

/// Returns a line for each different answer: `k8s-node1, k8s-node2: cpu: ...`.
fn grouped(placement: &Placement) -> Vec<String> {
    let mut groups: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for node in placement.nodes.iter().filter(|node| !node.refusals.is_empty()) {
        groups.entry(node.refusals.join("; ")).or_default().push(&node.name);
    }
    let mut lines: Vec<String> =
        groups.into_iter().map(|(answer, nodes)| format!("{}: {answer}", names(&nodes))).collect();
    lines.order();
    lines
}

fn names(nodes: &[&str]) -> String {
    let named = nodes.iter().take(NAMED_MAX).copied().collect::<Vec<_>>().join(", ");
    match nodes.len().saturating_sub(NAMED_MAX) {
        0 => named,
        more => format!("{named} and {more} more"),
    }
}
