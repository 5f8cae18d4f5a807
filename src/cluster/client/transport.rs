//! How a client reaches an API server.

use std::sync::Arc;

use crate::ClusterError;
use crate::api::{Request, Response, Result};
use kctl_base::object::Object;
use kctl_base::sim::{ClockState, Time};
use kctl_kinds::Catalog;

/// What a wait is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WaitFor {
    /// Progress that will come by itself: in virtual time, a wait for work ends when only retries and schedules, which
    /// repeat for ever, are left.
    Work,
    /// Any change, however late: in virtual time, retries and schedules are waited for as well.
    AnyChange,
}

/// The outcome of a wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WaitOutcome {
    /// Something may have changed: look again.
    Progress,
    /// The deadline has passed.
    Deadline,
    /// Nothing will change any more by itself (virtual time only).
    Idle,
}

/// A connection to an API server.
///
/// [`crate::Cluster`] is one in process; one over a socket or HTTP maps each request to a call of its own.
pub trait Transport {
    /// Sends a request and returns the response.
    ///
    /// # Errors
    /// The status that the server reports.
    fn send(&mut self, request: Request) -> Result<Response>;

    /// The kinds that the server serves (discovery).
    fn catalog(&mut self) -> Catalog;

    /// The CustomResourceDefinition behind a resource, from which its published schema is made (OpenAPI); `None` for
    /// built-in resources.
    ///
    /// # Errors
    /// A server that cannot be reached.
    fn definition(&mut self, resource: &str) -> Result<Option<Arc<Object>>>;

    /// The clock of the server: its mode and the current time.
    fn clock(&mut self) -> ClockState;

    /// Blocks until something may have changed on the server, at most until `deadline`.
    ///
    /// # Errors
    /// A connection or store that cannot be opened again.
    fn wait(&mut self, deadline: Option<Time>, wait_for: WaitFor) -> std::result::Result<WaitOutcome, ClusterError>;
}
