//! Kinds of the group rbac.authorization.k8s.io: roles and bindings, in a namespace and in the cluster.

use kctl_base::json::Value;

mod binding;
mod role;
mod rules;

pub use binding::{CLUSTER_ROLE_BINDING, ROLE_BINDING};
pub use role::{CLUSTER_ROLE, ROLE};

/// The group.
pub(super) const GROUP: &str = "rbac.authorization.k8s.io";

/// Rules as rows of resources, URLs, names and verbs with raw tabs between: in descriptions and in `auth can-i --list`.
pub fn rule_lines(rules: &[Value]) -> Vec<String> {
    rules::compact(rules).iter().map(rules::Rule::line).collect()
}
