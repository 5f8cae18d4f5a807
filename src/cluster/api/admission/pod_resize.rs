//! PodResizeValidator: rejects the resize of a pod that its node could never grant (`plugin/pkg/admission/podresize`).

use super::{Admission, Result};
use kctl_base::go::quote;
use kctl_base::object::{Object, ObjectMeta, ValueRead};
use kctl_base::status::{Status, StatusCause};
use kctl_kinds::shared::pod_spec::resources::{amounts, of_pod};

/// Label of a node that names its operating system.
const OS: &str = "kubernetes.io/os";
/// Types of the causes of a refusal.
const NODE_CAPACITY: &str = "NodeCapacity";
const UNSUPPORTED_PLATFORM: &str = "UnsupportedPlatform";

/// Checks the new resources of a pod against its node.
pub(super) fn admit(admission: &mut Admission<'_>) -> Result<()> {
    let node = admission.new.str("/spec/nodeName").to_owned();
    let has_changed = admission.old.is_some_and(|old| old.generation() != admission.new.generation());
    if !admission.resizes() || node.is_empty() || !has_changed {
        return Ok(());
    }
    let found = admission.server.read("nodes", "", &node)?;
    let forbidden = |detail: &str| Status::forbidden("", "pods", admission.new.name(), detail);
    let Some(found) = found else { return Err(forbidden(&format!("node {} not found", quote(&node)))) };
    let platform = platform_problem(&found).map(|detail| (UNSUPPORTED_PLATFORM, detail));
    let problem = platform.or_else(|| Some((NODE_CAPACITY, capacity_problem(admission.new, &found)?)));
    let Some((reason, detail)) = problem else { return Ok(()) };
    Err(forbidden(&detail).with_cause(StatusCause {
        reason: reason.into(),
        message: String::new(),
        field: String::new(),
    }))
}

/// Returns the resources of which the pod requests more than the node can allocate.
fn capacity_problem(pod: &Object, node: &Object) -> Option<String> {
    let (requests, allocatable) = (of_pod(pod, "requests"), amounts(node, "/status/allocatable"));
    let amount = |from: &kctl_kinds::shared::pod_spec::resources::Amounts, name: &str| {
        let quantity = from.get(name);
        quantity.map_or(0, |quantity| if name == "cpu" { quantity.milli_value() } else { quantity.value() })
    };
    let parts: Vec<String> = ["cpu", "memory"]
        .into_iter()
        .map(|name| (name, amount(&requests, name), amount(&allocatable, name)))
        .filter(|(_, requested, allocatable)| requested > allocatable)
        .map(|(name, requested, allocatable)| format!("{name}, requested: {requested}, allocatable: {allocatable}"))
        .collect();
    (!parts.is_empty()).then(|| format!("node didn't have enough allocatable resources: {}", parts.join("; ")))
}

/// Returns why the platform of the node does not support resizes.
fn platform_problem(node: &Object) -> Option<String> {
    let os = node.label(OS).unwrap_or("linux");
    let why = || {
        let (name, os) = (quote(node.name()), quote(os));
        format!("pod resize is only supported on linux nodes, node {name} is {os}")
    };
    (os != "linux").then(why)
}

#[cfg(test)]
mod tests {
    use kctl_base::json::json;

    use super::*;

    #[test]
    fn resizes_beyond_the_node_and_on_other_platforms_have_a_reason() {
        let node = json!({"metadata": {"name": "n", "labels": {"kubernetes.io/os": "windows"}},
            "status": {"allocatable": {"cpu": "2", "memory": "1Gi"}}});
        let pod = |cpu: &str, memory: &str| json!({"spec": {"containers": [{"resources": {"requests": {"cpu": cpu, "memory": memory}}}]}});
        assert_eq!(capacity_problem(&pod("2", "1Gi"), &node), None);
        assert_eq!(
            capacity_problem(&pod("2500m", "2Gi"), &node).as_deref(),
            Some(
                "node didn't have enough allocatable resources: cpu, requested: 2500, allocatable: 2000; memory, requested: 2147483648, allocatable: 1073741824"
            )
        );
        assert_eq!(
            platform_problem(&node).as_deref(),
            Some("pod resize is only supported on linux nodes, node \"n\" is \"windows\"")
        );
    }
}
