//! Admission control: plugins that complete or reject objects before they are stored
//! (<https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/>).
//!
//! A plugin is one file and one line in [`MUTATING`], [`VALIDATING`] or [`DELETION`]. The first two run on every create and
//! update, in this order; the last runs on deletions. Mutating policies run after the other mutating plugins.

mod default_ingress_class;
mod default_storage_class;
mod default_tolerations;
mod escalation;
mod limit_ranger;
mod mutating_policy;
mod namespace_lifecycle;
mod node_taints;
mod pod_resize;
mod pod_security;
mod policies;
mod priority;
pub(crate) mod resource_quota;
mod runtime_class;
mod service_account;
mod storage_protection;
pub(crate) mod validating_policy;
mod volume_resize;
pub(crate) mod webhooks;

pub(crate) use pod_security::SAFE_SYSCTLS;

pub(super) use namespace_lifecycle::admit_to_namespace;
pub(super) use service_account::{has_volume, rename_token_volume, token_volume_name};

use super::{Request, Result, Server};
use kctl_base::object::Object;
use kctl_base::sim::Time;
use kctl_kinds::Kind;

/// The operation of an admission request (`admission.Operation`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    /// The object is created.
    Create,
    /// The object is replaced.
    Update,
}

impl Operation {
    /// Returns the operation that turns `old` into a new version.
    pub(crate) fn of(old: Option<&Object>) -> Operation {
        if old.is_none() { Operation::Create } else { Operation::Update }
    }
}

/// The attributes of an admission request (`admission.Attributes`), for a create or update.
pub(crate) struct Admission<'a> {
    /// The server, for reading other objects and generating names.
    pub server: &'a mut Server,
    /// The request.
    pub request: &'a Request,
    /// The kind of the object.
    pub kind: &'a dyn Kind,
    /// The operation.
    pub operation: Operation,
    /// The object; mutating plugins may change it.
    pub new: &'a mut Object,
    /// The stored version; `None` on create.
    pub old: Option<&'a Object>,
    /// The current time.
    pub now: Time,
    /// Warnings for the client.
    pub warnings: &'a mut Vec<String>,
}

impl Admission<'_> {
    /// Returns whether the request creates an object of this resource.
    pub(crate) fn creates(&self, resource: &str) -> bool {
        self.operation == Operation::Create && self.kind.names().resource() == resource
    }

    /// Returns whether the request changes the resources of a pod.
    pub(crate) fn resizes(&self) -> bool {
        self.request.subresource == "resize" && self.kind.names().resource() == "pods"
    }
}

/// An admission plugin for creates and updates.
pub(crate) type Plugin = fn(&mut Admission<'_>) -> Result<()>;

/// An admission plugin for deletions.
pub(crate) type DeletionPlugin = fn(&dyn Kind, &Object) -> Result<()>;

/// Plugins that default and check objects before they are validated.
static MUTATING: &[Plugin] = &[
    namespace_lifecycle::admit,
    service_account::admit,
    node_taints::admit,
    priority::admit,
    default_tolerations::admit,
    limit_ranger::set_defaults,
    storage_protection::admit,
    default_storage_class::admit,
    volume_resize::admit,
    escalation::admit,
    runtime_class::admit,
    default_ingress_class::admit,
];

/// Plugins that only reject. They see the valid object as it will be stored.
static VALIDATING: &[Plugin] = &[
    limit_ranger::validate,
    pod_security::admit,
    pod_resize::admit,
    validating_policy::admit,
    webhooks::admit,
    resource_quota::admit,
];

/// Plugins that reject deletions.
static DELETION: &[DeletionPlugin] = &[namespace_lifecycle::admit_deletion, priority::admit_deletion];

/// Runs the validating plugins. The last one charges quotas, so that the request must not fail afterwards.
///
/// # Errors
/// The first rejection.
pub(crate) fn validate(admission: &mut Admission<'_>) -> Result<()> {
    VALIDATING.iter().try_for_each(|plugin| plugin(admission))
}

/// Runs the plugins for deletions.
///
/// # Errors
/// The first rejection.
pub(crate) fn admit_deletion(kind: &dyn Kind, object: &Object) -> Result<()> {
    DELETION.iter().try_for_each(|guard| guard(kind, object))
}

/// Returns whether policies may apply to a request: they can look at anything in an object.
///
/// # Errors
/// A store that cannot be read.
pub(crate) fn has_policies(server: &mut Server) -> Result<bool> {
    Ok(!policies::are_unbound(server, mutating_policy::BINDINGS)?
        || !policies::are_unbound(server, validating_policy::BINDINGS)?)
}

/// Runs the mutating plugins, and a second time if policies have changed the object; returns whether they have.
///
/// # Errors
/// The first rejection.
pub(crate) fn mutate(admission: &mut Admission<'_>) -> Result<bool> {
    let mut policies = mutating_policy::Reinvocation::default();
    MUTATING.iter().try_for_each(|plugin| plugin(admission))?;
    mutating_policy::admit(admission, &mut policies)?;
    if policies.begin() {
        MUTATING.iter().try_for_each(|plugin| plugin(admission))?;
        mutating_policy::admit(admission, &mut policies)?;
        return Ok(true);
    }
    Ok(false)
}
