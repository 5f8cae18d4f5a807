//! The legacy order of kinds: what others depend on first, webhooks last (`kyaml/resid/gvk.go`,
//! `api/internal/builtins/SortOrderTransformer.go`).

use super::res_id::Gvk;

/// Kinds that come first, in this order.
pub(super) const ORDER_FIRST: &[&str] = &[
    "Namespace",
    "ResourceQuota",
    "StorageClass",
    "CustomResourceDefinition",
    "ServiceAccount",
    "PodSecurityPolicy",
    "Role",
    "ClusterRole",
    "RoleBinding",
    "ClusterRoleBinding",
    "ConfigMap",
    "Secret",
    "Endpoints",
    "Service",
    "LimitRange",
    "PriorityClass",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "Deployment",
    "StatefulSet",
    "CronJob",
    "PodDisruptionBudget",
];

/// Kinds that come last, in this order.
pub(super) const ORDER_LAST: &[&str] = &["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"];

/// Returns the sort key of a kind: negative ranks for `first`, positive ranks for `last`, 0 for all other kinds, which are
/// then compared as strings.
pub(super) fn sort_key(gvk: &Gvk, first: &[impl AsRef<str>], last: &[impl AsRef<str>]) -> (i64, String) {
    let rank = match (position(first, &gvk.kind), position(last, &gvk.kind)) {
        (_, Some(at)) => at + 1,
        (Some(at), None) => at - first.len() as i64,
        (None, None) => 0,
    };
    (rank, gvk.legacy_sort_string())
}

/// Returns the sort key of a kind in the default order.
pub(super) fn default_sort_key(gvk: &Gvk) -> (i64, String) {
    sort_key(gvk, ORDER_FIRST, ORDER_LAST)
}

/// Returns the last index of a kind in a list: a repeated kind counts at its last place.
fn position(kinds: &[impl AsRef<str>], kind: &str) -> Option<i64> {
    kinds.iter().rposition(|k| k.as_ref() == kind).map(|at| at as i64)
}
