//! Nodes (`pkg/registry/core/node/strategy.go`).

mod allocation;
mod describe;

use std::collections::BTreeSet;

use crate::shared::describe::non_empty_or;
use crate::shared::rules::{check, one_of};
use crate::shared::table::columns;
use crate::{Describer, Kind, Names, age};
use kctl_base::field::{self, ErrorList, Path};
use kctl_base::json::{Value, json};
use kctl_base::labels::{key_problems, value_problems};
use kctl_base::object::{Object, ObjectMeta, ValueRead, ValueWrite, condition};
use kctl_base::sim::Time;
use kctl_base::view::{Cell, Column};

/// The Node kind.
pub(crate) struct Node;

static NAMES: Names = Names::cluster_scoped(("", "v1"), "Node", "nodes", "node").short(&["no"]);

impl Kind for Node {
    fn names(&self) -> &Names {
        &NAMES
    }

    fn set_defaults(&self, object: &mut Object) {
        object.put_default("/spec", json!({}));
        if let Some(capacity) = object.at("/status/capacity").cloned() {
            object.put_default("/status/allocatable", capacity);
        }
    }

    /// The kubelet registers its node together with the status, so it is kept.
    fn prepare_create(&self, new: &mut Object) {
        new.put_default("/status/daemonEndpoints/kubeletEndpoint/Port", 0);
        for field in [
            "architecture",
            "bootID",
            "containerRuntimeVersion",
            "kernelVersion",
            "kubeProxyVersion",
            "kubeletVersion",
            "machineID",
            "operatingSystem",
            "osImage",
            "systemUUID",
        ] {
            new.put_default(&format!("/status/nodeInfo/{field}"), "");
        }
    }

    fn validate(&self, object: &Object) -> ErrorList {
        taint_errors(object.list("/spec/taints"), &Path::new("metadata").child("taints"))
    }

    fn validate_update(&self, new: &Object, old: &Object) -> ErrorList {
        let mut errors = ErrorList::new();
        // Internally podCIDR is the first of podCIDRs, which is why the error names the list.
        for (name, field) in [("podCIDR", "podCIDRs"), ("providerID", "providerID")] {
            let pointer = format!("/spec/{name}");
            let (old, new) = (old.str(&pointer), new.str(&pointer));
            if !old.is_empty() && old != new {
                let text = "node updates may not change ".to_string() + name + " except from \"\" to valid";
                errors.push(field::forbidden(&Path::new("spec").child(field), &text));
            }
        }
        errors
    }

    fn columns(&self) -> Vec<Column> {
        columns(&[
            "Name",
            "Status",
            "Roles",
            "Age",
            "Version",
            "+Internal-IP",
            "+External-IP",
            "+OS-Image",
            "+Kernel-Version",
            "+Container-Runtime",
        ])
    }

    fn row(&self, object: &Object, now: Time) -> Vec<Cell> {
        let info = |field: &str| object.str(&format!("/status/nodeInfo/{field}")).to_string();
        let known = |field: &str| non_empty_or(&info(field), "<unknown>").to_string();
        let roles = roles(object).join(",");
        vec![
            object.name().into(),
            status(object),
            non_empty_or(&roles, "<none>").into(),
            age(object, now),
            info("kubeletVersion"),
            address(object, "InternalIP"),
            address(object, "ExternalIP"),
            known("osImage"),
            known("kernelVersion"),
            known("containerRuntimeVersion"),
        ]
    }

    fn selectable_field(&self, object: &Object, field: &str) -> Option<String> {
        (field == "spec.unschedulable").then(|| object.flag("/spec/unschedulable").to_string())
    }

    fn index_entries(&self, object: &Object) -> Vec<(&'static str, String)> {
        let is_tainted = !object.list("/spec/taints").is_empty();
        is_tainted.then(|| ("tainted", String::new())).into_iter().collect()
    }

    fn describer(&self) -> Option<Describer> {
        Some(describe::describe)
    }
}

/// The STATUS column: readiness and, for cordoned nodes, `SchedulingDisabled`.
fn status(node: &Object) -> String {
    let mut parts = vec![match condition(node, "Ready").map(|c| c.str("/status")) {
        None => "Unknown",
        Some("True") => "Ready",
        Some(_) => "NotReady",
    }];
    if node.flag("/spec/unschedulable") {
        parts.push("SchedulingDisabled");
    }
    parts.join(",")
}

/// The roles of a node according to its labels (`findNodeRoles` in `pkg/printers/internalversion/printers.go`).
pub(crate) fn roles(node: &Object) -> Vec<String> {
    let mut roles = BTreeSet::new();
    for (key, value) in node.labels() {
        match key.strip_prefix("node-role.kubernetes.io/") {
            Some(role) if !role.is_empty() => drop(roles.insert(role.to_string())),
            _ if key == "kubernetes.io/role" && !value.is_empty() => drop(roles.insert(value)),
            _ => {}
        }
    }
    roles.into_iter().collect()
}

fn address(node: &Object, kind: &str) -> String {
    let found = node.list("/status/addresses").iter().find(|a| a.str("/type") == kind);
    found.map_or_else(|| "<none>".into(), |a| a.str("/address").into())
}

fn taint_errors(taints: &[Value], path: &Path) -> ErrorList {
    let mut errors = ErrorList::new();
    let mut seen = BTreeSet::new();
    for (index, taint) in taints.iter().enumerate() {
        let here = path.index(index);
        let (key, effect) = (taint.str("/key"), taint.str("/effect"));
        errors.extend(check(key_problems, key, &here.child("key")));
        let problems = value_problems(taint.str("/value"));
        if !problems.is_empty() {
            errors.push(field::invalid(&here.child("value"), taint.str("/value"), &problems.join(";")));
        }
        errors.extend(one_of(effect, &here.child("effect"), &["NoSchedule", "PreferNoSchedule", "NoExecute"]));
        if !seen.insert((effect, key)) {
            let shown = format!(
                "{{\"Key\":{},\"Value\":{},\"Effect\":{},\"TimeAdded\":null}}",
                json!(key),
                json!(taint.str("/value")),
                json!(effect)
            );
            let mut error = field::duplicate(&here, Value::Null);
            error.body = format!("Duplicate value: {shown}: taints must be unique by key and effect pair");
            errors.push(error);
        }
    }
    errors
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_show_status_and_roles() {
        let node = json!({
            "metadata": {"name": "n", "labels": {"node-role.kubernetes.io/control-plane": "", "kubernetes.io/role": "x"}},
            "spec": {"unschedulable": true}, "status": {"conditions": [{"type": "Ready", "status": "Unknown"}]},
        });
        let row = Node.row(&node, Time::default());
        assert_eq!(row[..3], ["n", "NotReady,SchedulingDisabled", "control-plane,x"]);
        assert_eq!(row[5], "<none>");
        assert_eq!(row[7], "<unknown>");
    }

    #[test]
    fn taints_are_validated() {
        let node = json!({"spec": {"taints": [
            {"key": "a", "effect": "NoSchedule"}, {"key": "a", "effect": "NoSchedule"}, {"key": "b", "effect": "Never"},
        ]}});
        let errors: Vec<String> = Node.validate(&node).iter().map(ToString::to_string).collect();
        assert_eq!(errors.len(), 2);
        assert!(errors[0].starts_with("metadata.taints[1]: Duplicate value: {\"Key\":\"a\""));
        assert!(errors[1].starts_with("metadata.taints[2].effect: Unsupported value: \"Never\": supported values:"));
    }
}
