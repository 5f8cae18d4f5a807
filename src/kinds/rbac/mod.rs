//! The group rbac.authorization.k8s.io: roles and bindings.

use kctl_base::json::Value;

mod binding;
mod coverage;
mod role;
mod rules;

pub(crate) use binding::{CLUSTER_ROLE_BINDING, ROLE_BINDING};
pub use coverage::missing_rules;
pub(crate) use role::{CLUSTER_ROLE, ROLE};

/// The group.
pub(super) const GROUP: &str = "rbac.authorization.k8s.io";

/// The rows of policy rules, sorted: resources, non-resource URLs, resource names and verbs, separated by tabs. For
/// descriptions and `auth can-i --list`.
pub fn rule_lines(rules: &[Value]) -> Vec<String> {
    rules::compact(rules).iter().map(rules::Rule::line).collect()
}
