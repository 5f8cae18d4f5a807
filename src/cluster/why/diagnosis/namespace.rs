//! Namespaces that are being deleted: what is left in them.

use super::Finding;
use super::reader::Reader;
use super::words;
use crate::api::Result;
use kctl_base::object::{Object, ObjectMeta, ValueRead};

/// The conditions that tell what is left.
const REMAINING: &[&str] = &[
    "NamespaceContentRemaining",
    "NamespaceFinalizersRemaining",
    "NamespaceDeletionContentFailure",
    "NamespaceDeletionDiscoveryFailure",
];

/// Finds nothing: a namespace is as it should be unless it is being deleted.
pub(super) fn diagnose(_: &mut Reader<'_>, _: &Object) -> Result<Vec<Finding>> {
    Ok(Vec::new())
}

/// Finds what holds a namespace that is being deleted, down to the objects in it.
pub(super) fn terminating(reader: &mut Reader<'_>, namespace: &Object) -> Result<Finding> {
    let deleted = namespace.deletion_time().map(|at| at.rfc3339()).unwrap_or_default();
    let sentence = format!("has been deleted at {deleted}, and stays until everything in it is gone");
    let mut finding = Finding::problem(sentence);
    for kind in REMAINING {
        if let Some(condition) = words::condition_with(namespace, kind, "True") {
            finding = finding.shown_by(condition.str("/message"));
        }
    }
    let mut causes = Vec::new();
    for resource in held_resources(namespace) {
        let held = reader.list(&resource, namespace.name())?;
        causes.extend(reader.follow(&resource, held.iter().filter(|object| object.is_deleting()))?);
    }
    let custom: Vec<&str> = namespace
        .list("/spec/finalizers")
        .iter()
        .filter_map(|name| name.as_str())
        .filter(|name| *name != "kubernetes")
        .collect();
    if !custom.is_empty() {
        let line = format!("no controller of this cluster removes its finalizers {}", custom.join(", "));
        finding = finding.shown_by(line);
    }
    Ok(finding.because(causes))
}

/// Reads the resources of which objects are left from the condition: `pods. has 1 resource instances, ...`.
fn held_resources(namespace: &Object) -> Vec<String> {
    let Some(condition) = words::condition_with(namespace, "NamespaceContentRemaining", "True") else {
        return Vec::new();
    };
    let list = condition.str("/message").split(": ").nth(1).unwrap_or("");
    let names = list.split(", ").filter_map(|item| item.split(' ').next());
    names.map(|name| name.trim_end_matches('.').to_string()).filter(|name| !name.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use kctl_base::json::json;

    #[test]
    fn what_is_left_is_read_from_the_condition() {
        let text =
            "Some resources are remaining: deployments.apps has 1 resource instances, pods. has 2 resource instances";
        let of = |status: &str| {
            json!({"status": {"conditions": [
            {"type": "NamespaceContentRemaining", "status": status, "message": text}]}})
        };
        assert_eq!(held_resources(&of("True")), ["deployments.apps", "pods"]);
        assert!(held_resources(&of("False")).is_empty());
    }
}
