//! Kinds of the group rbac.authorization.k8s.io: roles and bindings, in a namespace and in the cluster.

mod binding;
mod role;
mod rules;

pub use binding::{CLUSTER_ROLE_BINDING, ROLE_BINDING};
pub use role::{CLUSTER_ROLE, ROLE};

/// The group.
pub(super) const GROUP: &str = "rbac.authorization.k8s.io";
