//! Which kinds kustomize knows to be without namespaces.
//!
//! Its list is that of Kubernetes v1.21, the schema that is built into it: a kind that came later is treated as one with
//! namespaces, like any custom one.

use super::ids::Gvk;

/// Group, versions, kinds.
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

/// Whether objects of this kind have no namespace.
pub(super) fn is_cluster_scoped(gvk: &Gvk) -> bool {
    CLUSTER_SCOPED.iter().any(|(group, versions, kinds)| {
        *group == gvk.group && versions.contains(&gvk.version.as_str()) && kinds.contains(&gvk.kind.as_str())
    })
}
