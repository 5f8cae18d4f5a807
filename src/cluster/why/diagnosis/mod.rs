//! The examination of an object: what keeps it from being what it should be.
//!
//! Each kind has a module with a function `diagnose` from an object to its [`Finding`]s; [`kinds`] is the list of them. A
//! finding can lead to other objects, which [`reader::Reader::follow`] examines in turn: a rollout leads to a pod, the pod to
//! a claim, the claim to a class.

mod autoscaler;
mod budget;
mod claim;
mod container;
mod creation;
mod cron_job;
mod daemon_set;
mod deletion;
mod deployment;
mod finding;
mod ingress;
mod job;
mod kinds;
mod namespace;
mod network_policy;
mod node;
mod pod;
mod probe;
mod quota;
mod reader;
mod replica_set;
mod rollout;
mod scheduling;
mod service;
mod stateful_set;
#[cfg(test)]
mod tests;
mod volume;
mod words;

use super::ObjectName;
use crate::api::{Result, User};
use crate::cluster::Cluster;
pub use finding::{Diagnosis, Finding, Weight};
use kctl_base::object::ObjectMeta;
use reader::Reader;

impl Cluster {
    /// Examines an object as a user; `None` when it does not exist. Objects that the user may not read are left out.
    ///
    /// # Errors
    /// Status 403 for a user who may not read the object itself; a store that cannot be read.
    pub fn diagnose(&mut self, user: &User, asked: &ObjectName) -> Result<Option<Diagnosis>> {
        let now = self.now();
        let mut reader = Reader::new(&mut self.server, user, now, kinds::diagnose);
        let Some(object) = reader.get(&asked.resource, &asked.namespace, &asked.name)? else { return Ok(None) };
        let summary = match object.is_deleting() {
            true => "it is being deleted".into(),
            false => kinds::summary(&asked.resource, &object),
        };
        let findings = reader.examine(&asked.resource, &object)?;
        Ok(Some(Diagnosis { object: ObjectName::of(&asked.resource, &object), summary, findings }))
    }
}
