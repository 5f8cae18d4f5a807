//! The record of a trial: its changes and the requests that were refused.

use crate::api::Request;
use crate::inspection::Change;
use kctl_base::sim::Time;
use kctl_base::status::Status;

/// Resources whose changes are a matter of the cluster's own workings: heartbeats, and what follows from pods.
const UNRECORDED: &[&str] = &["endpoints", "endpointslices.discovery.k8s.io", "leases.coordination.k8s.io"];

/// A record of what happened in a trial.
#[derive(Clone, Debug, Default)]
pub struct TrialRecord {
    /// The time at which the trial began.
    pub started: Time,
    /// The time at which it ended.
    pub ended: Time,
    /// The changes, oldest first, without those of leases and endpoints.
    pub changes: Vec<Change>,
    /// The refused requests of the command, oldest first.
    pub refusals: Vec<Refusal>,
}

/// A request of the command that the server refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The time of the request.
    pub at: Time,
    /// The resource as `plural.group`.
    pub resource: String,
    /// The subresource, such as `eviction`; empty for the object itself.
    pub subresource: String,
    /// The namespace; empty for cluster-scoped objects.
    pub namespace: String,
    /// The name; empty for an object whose name is to be generated.
    pub name: String,
    /// Why it was refused.
    pub status: Status,
}

impl TrialRecord {
    /// Adds changes, except those that nobody would count.
    pub(super) fn add(&mut self, changes: Vec<crate::store::Change>) {
        let counts = |change: &crate::store::Change| !UNRECORDED.contains(&change.key.resource.as_str());
        self.changes.extend(changes.into_iter().filter(counts).map(Change::from));
    }

    /// Adds a refused request. A read of something that does not exist is no refusal.
    pub(super) fn refuse(&mut self, request: &Request, status: &Status, at: Time) {
        if request.verb.is_read_only() {
            return;
        }
        self.refusals.push(Refusal {
            at,
            resource: request.resource.clone(),
            subresource: request.subresource.clone(),
            namespace: request.namespace.clone(),
            name: request.name.clone(),
            status: status.clone(),
        });
    }
}
