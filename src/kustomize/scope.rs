//! The kinds that kustomize knows to be cluster-scoped (`kyaml/openapi/openapi.go`, `IsCertainlyClusterScoped`).
//!
//! They are those of Kubernetes v1.21, the schema that is built into kustomize. A newer kind counts as namespaced, as a
//! custom resource does.

/// Groups with their versions and cluster-scoped kinds.
const CLUSTER_SCOPED: &[(&str, &[&str], &[&str])] = &[
    ("", &["v1"], &["ComponentStatus", "Namespace", "Node", "PersistentVolume"]),
    ("admissionregistration.k8s.io", STABLE, &["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"]),
    ("apiextensions.k8s.io", STABLE, &["CustomResourceDefinition"]),
    ("apiregistration.k8s.io", STABLE, &["APIService"]),
    ("certificates.k8s.io", STABLE, &["CertificateSigningRequest"]),
    ("flowcontrol.apiserver.k8s.io", &["v1beta1"], &["FlowSchema", "PriorityLevelConfiguration"]),
    ("networking.k8s.io", STABLE, &["IngressClass"]),
    ("node.k8s.io", STABLE, &["RuntimeClass"]),
    ("policy", &["v1beta1"], &["PodSecurityPolicy"]),
    ("rbac.authorization.k8s.io", STABLE, &["ClusterRole", "ClusterRoleBinding"]),
    ("scheduling.k8s.io", STABLE, &["PriorityClass"]),
    ("storage.k8s.io", STABLE, &["CSIDriver", "CSINode", "StorageClass", "VolumeAttachment"]),
];

const STABLE: &[&str] = &["v1", "v1beta1"];

/// Returns whether objects of a kind are known to have no namespace.
pub(super) fn is_cluster_scoped(group: &str, version: &str, kind: &str) -> bool {
    CLUSTER_SCOPED.iter().any(|(known_group, versions, kinds)| {
        *known_group == group && versions.contains(&version) && kinds.contains(&kind)
    })
}
