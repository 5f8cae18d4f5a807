//! Admission: what the API server adds to objects and refuses, beyond the rules of a single kind.
//!
//! One file a plugin and one line in [`PLUGINS`]; they run in this order on every create, update and delete.

mod default_storage_class;
mod default_tolerations;
mod namespace_lifecycle;
mod node_taints;
mod priority;
mod service_account;
mod storage_protection;
mod volume_resize;

use super::{Result, Server};
use crate::kinds::Kind;
use crate::machinery::object::Object;
use crate::sim::Time;

/// What is being done to the object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// It is new.
    Create,
    /// It is replaced.
    Update,
    /// It is deleted.
    Delete,
}

/// One object on its way into the store.
pub struct Admission<'a> {
    /// For reading other objects and drawing names.
    pub server: &'a mut Server,
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
    /// Whether a new object of this resource is being made.
    pub fn creates(&self, resource: &str) -> bool {
        self.operation == Operation::Create && self.kind.names().resource() == resource
    }
}

/// One rule of admission.
pub type Plugin = fn(&mut Admission<'_>) -> Result<()>;

/// The one list of plugins.
static PLUGINS: &[Plugin] = &[
    namespace_lifecycle::admit,
    service_account::admit,
    node_taints::admit,
    priority::admit,
    default_tolerations::admit,
    storage_protection::admit,
    default_storage_class::admit,
    volume_resize::admit,
];

/// Runs every plugin; the first refusal ends the request.
pub fn run(admission: &mut Admission<'_>) -> Result<()> {
    PLUGINS.iter().try_for_each(|plugin| plugin(admission))
}
