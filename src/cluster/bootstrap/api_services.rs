//! The APIServices of the groups that the API server itself serves (`kube-apiserver/pkg/controlplane/apiserver/aggregator.go`).

use kctl_base::json::{Value, json};

/// The group, the version, the priority of the group, and that of the version.
const VERSIONS: &[(&str, &str, i64, i64)] = &[
    ("", "v1", 18_000, 1),
    ("admissionregistration.k8s.io", "v1", 16_700, 15),
    ("apiextensions.k8s.io", "v1", 16_700, 15),
    ("apps", "v1", 17_800, 15),
    ("authentication.k8s.io", "v1", 17_700, 15),
    ("authorization.k8s.io", "v1", 17_600, 15),
    ("autoscaling", "v1", 17_500, 15),
    ("autoscaling", "v2", 17_500, 30),
    ("batch", "v1", 17_400, 15),
    ("certificates.k8s.io", "v1", 17_300, 15),
    ("coordination.k8s.io", "v1", 16_500, 15),
    ("discovery.k8s.io", "v1", 16_200, 15),
    ("events.k8s.io", "v1", 17_750, 15),
    ("flowcontrol.apiserver.k8s.io", "v1", 16_100, 21),
    ("networking.k8s.io", "v1", 17_200, 15),
    ("node.k8s.io", "v1", 16_300, 15),
    ("policy", "v1", 17_100, 15),
    ("rbac.authorization.k8s.io", "v1", 17_000, 15),
    ("resource.k8s.io", "v1", 16_200, 21),
    ("scheduling.k8s.io", "v1", 16_600, 15),
    ("storage.k8s.io", "v1", 16_800, 15),
];

/// Returns all objects with their resource.
pub(super) fn objects() -> impl Iterator<Item = (&'static str, Value)> {
    VERSIONS.iter().map(|(group, version, group_priority, version_priority)| {
        let mut spec = json!({"version": version, "groupPriorityMinimum": group_priority, "versionPriority": version_priority});
        if !group.is_empty() {
            spec["group"] = (*group).into();
        }
        let metadata = json!({"name": format!("{version}.{group}"),
                              "labels": {"kube-aggregator.kubernetes.io/automanaged": "onstart"}});
        let object = json!({"apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService", "metadata": metadata, "spec": spec});
        ("apiservices.apiregistration.k8s.io", object)
    })
}
