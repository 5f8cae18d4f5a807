//! The connection between a client and an API server.

use std::sync::Arc;

use crate::api::{Request, Response, Result, User};
use crate::error::ClusterError;
use kctl_base::object::Object;
use kctl_base::sim::{ClockState, Time};
use kctl_kinds::Catalog;

/// The changes that a wait ends for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WaitFor {
    /// Progress of pending work: in virtual time, the wait ends when only recurring entries, such as retries and schedules,
    /// are left.
    Work,
    /// Any change, however late: in virtual time, recurring entries count as well.
    AnyChange,
}

/// The outcome of a wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WaitOutcome {
    /// Something may have changed; the caller reads again.
    Progress,
    /// The deadline has passed.
    Deadline,
    /// Nothing will change without a further request (virtual time only).
    Idle,
}

/// A connection to an API server.
///
/// [`crate::Cluster`] is the in-process implementation; one over HTTP maps each request to a call.
pub trait Transport {
    /// Sends a request and returns the response.
    ///
    /// # Errors
    /// The status that the server reports.
    fn send(&mut self, request: Request) -> Result<Response>;

    /// Returns the kinds that the server serves (discovery).
    fn catalog(&mut self) -> Catalog;

    /// Reads the CustomResourceDefinition behind a resource, from which its published OpenAPI schema is built; `None` for
    /// built-in resources.
    ///
    /// # Errors
    /// A server that cannot be reached.
    fn definition(&mut self, resource: &str) -> Result<Option<Arc<Object>>>;

    /// Returns the document at a path about the issuer of tokens (OpenID Connect), as a user reads it; `None` for another path.
    ///
    /// # Errors
    /// Status 403 for a user who may not read it.
    fn issuer_document(&mut self, user: &User, path: &str) -> Result<Option<String>>;

    /// Returns the clock of the server: its mode and the current time.
    fn clock(&mut self) -> ClockState;

    /// Blocks until something may have changed on the server, at most until `deadline`.
    ///
    /// # Errors
    /// A connection or store that cannot be opened again.
    fn wait(&mut self, deadline: Option<Time>, wait_for: WaitFor) -> std::result::Result<WaitOutcome, ClusterError>;
}
