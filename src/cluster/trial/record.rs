//! The record of a trial: its changes and the requests that were refused.

use std::collections::HashSet;
use std::sync::Arc;

use crate::api::{Request, Result, Server};
use crate::inspection::Change;
use kctl_base::object::{Object, ObjectMeta, ValueRead};
use kctl_base::sim::Time;
use kctl_base::status::Status;

/// Resources whose changes are a matter of the cluster's own workings: heartbeats, and what follows from pods.
const UNRECORDED: &[&str] = &["endpoints", "endpointslices.discovery.k8s.io", "leases.coordination.k8s.io"];

/// The reasons of the events of every pod that starts, which are most of all changes.
const OF_EVERY_START: &[&str] = &["Created", "Pulled", "Pulling", "Scheduled", "Started", "SuccessfulCreate"];

/// A record of what happened in a trial.
#[derive(Clone, Debug, Default)]
pub struct TrialRecord {
    /// The time at which the trial began.
    pub started: Time,
    /// The time at which it ended.
    pub ended: Time,
    /// The changes, oldest first, without those of leases and endpoints, and without the events of every start.
    pub changes: Vec<Change>,
    /// The owners of changed objects that did not change themselves, as the trial found them.
    pub present: Vec<Arc<Object>>,
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
        let counts = |change: &crate::store::Change| match change.key.resource.as_str() {
            "events" => !OF_EVERY_START.contains(&change.object.str("/reason")),
            resource => !UNRECORDED.contains(&resource),
        };
        self.changes.extend(changes.into_iter().filter(counts).map(Change::from));
    }

    /// Reads the owners of the changed objects, and theirs, that did not change themselves.
    pub(super) fn read_owners(&mut self, server: &mut Server) -> Result<()> {
        let versions: Vec<Arc<Object>> = self.changes.iter().filter_map(|c| c.event.object().cloned()).collect();
        let mut known: HashSet<String> = versions.iter().map(|object| object.uid().to_string()).collect();
        let mut owned = versions;
        while let Some(object) = owned.pop() {
            let Some(owner) = object.controller_of().filter(|owner| known.insert(owner.uid.to_string())) else {
                continue;
            };
            let Some(kind) = server.kind_of(&owner.api_version, &owner.kind) else { continue };
            if let Some(found) = server.read(&kind.names().resource(), object.namespace(), &owner.name)?
                && found.uid() == owner.uid.as_str()
            {
                owned.push(found.clone());
                self.present.push(found);
            }
        }
        Ok(())
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
