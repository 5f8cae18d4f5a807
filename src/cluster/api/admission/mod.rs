//! Admission: what the API server adds to objects and refuses, beyond the rules of a single kind.
//!
//! One file a plugin and one line in [`PLUGINS`], [`VALIDATORS`] or [`GUARDS`]; they run in this order, the last on deletions,
//! the others on every create and update.

mod default_storage_class;
mod default_tolerations;
mod limit_ranger;
mod namespace_lifecycle;
mod node_taints;
mod pod_security;
pub(crate) mod policies;
mod priority;
pub(crate) mod resource_quota;
mod service_account;
mod storage_protection;
mod volume_resize;

use super::{Request, Result, Server};
use kctl_base::object::Object;
use kctl_base::sim::Time;
use kctl_kinds::Kind;

/// What is being done to the object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    /// It is new.
    Create,
    /// It is replaced.
    Update,
}

impl Operation {
    /// What is done to an object that is there or not.
    pub(crate) fn of(old: Option<&Object>) -> Operation {
        if old.is_none() { Operation::Create } else { Operation::Update }
    }
}

/// One object on its way into the store.
pub(crate) struct Admission<'a> {
    /// For reading other objects and drawing names.
    pub server: &'a mut Server,
    /// What was asked for.
    pub request: &'a Request,
    /// What it is.
    pub kind: &'a dyn Kind,
    /// What is being done to it.
    pub operation: Operation,
    /// The object; plugins may change it.
    pub new: &'a mut Object,
    /// The present version, except on create.
    pub old: Option<&'a Object>,
    /// The present.
    pub now: Time,
    /// Warnings for the client.
    pub warnings: &'a mut Vec<String>,
}

impl Admission<'_> {
    /// Returns whether a new object of this resource is being made.
    pub(crate) fn creates(&self, resource: &str) -> bool {
        self.operation == Operation::Create && self.kind.names().resource() == resource
    }
}

/// One rule of admission.
pub(crate) type Plugin = fn(&mut Admission<'_>) -> Result<()>;

/// One rule about what may be deleted.
pub(crate) type Guard = fn(&dyn Kind, &Object) -> Result<()>;

/// The one list of plugins.
static PLUGINS: &[Plugin] = &[
    namespace_lifecycle::admit,
    service_account::admit,
    node_taints::admit,
    priority::admit,
    default_tolerations::admit,
    limit_ranger::set_defaults,
    storage_protection::admit,
    default_storage_class::admit,
    volume_resize::admit,
];

/// Plugins that only refuse; they see the object as it will be stored, after its kind has found nothing wrong with it.
static VALIDATORS: &[Plugin] = &[limit_ranger::validate, pod_security::admit, policies::admit, resource_quota::admit];

/// Who has a say in deletions; they change nothing.
static GUARDS: &[Guard] = &[namespace_lifecycle::admit_deletion, priority::admit_deletion];

/// Runs every validator; the first refusal ends the request. Nothing may fail after this.
pub(crate) fn validate(admission: &mut Admission<'_>) -> Result<()> {
    VALIDATORS.iter().try_for_each(|plugin| plugin(admission))
}

/// Asks whether an object may be deleted; the first refusal ends the request.
pub(crate) fn admit_deletion(kind: &dyn Kind, object: &Object) -> Result<()> {
    GUARDS.iter().try_for_each(|guard| guard(kind, object))
}

/// Runs every plugin; the first refusal ends the request.
pub(crate) fn run(admission: &mut Admission<'_>) -> Result<()> {
    PLUGINS.iter().try_for_each(|plugin| plugin(admission))
}
