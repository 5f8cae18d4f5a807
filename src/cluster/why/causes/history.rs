//! The change log in a form in which causes can be followed.

use super::super::ObjectRef;
use super::deed::{self, Deed};
use crate::api::{Result, Server};
use crate::store::{Change, ChangesGone};
use kctl_base::object::{ObjectMeta, ValueRead};
use kctl_base::sim::Time;

/// The changes of all objects as far as the log reaches, oldest first.
pub(super) struct History {
    changes: Vec<Change>,
}

impl History {
    /// Reads the log.
    ///
    /// # Errors
    /// A store that cannot be read.
    pub(super) fn read(server: &mut Server) -> Result<History> {
        let changes = match server.changes_since(0) {
            Err(ChangesGone::TooOld { oldest, .. }) => server.changes_since(oldest)?,
            other => other?,
        };
        Ok(History { changes })
    }

    /// Returns whether the API server made a change when it created the cluster: up to the last object that it keeps for
    /// itself.
    pub(super) fn is_of_cluster_start(&self, change: &Change) -> bool {
        let start = self.start();
        let is_own = |change: &&Change| {
            let managers = change.object.list("/metadata/managedFields");
            let is_server = managers.last().is_some_and(|entry| entry.str("/manager") == "kube-apiserver");
            is_server && change.cause.controller.is_none()
        };
        let at_start = self.changes.iter().take_while(|change| Some(change.cause.at) == start);
        let last = at_start.filter(is_own).map(|change| change.revision).last();
        last.is_some_and(|last| change.revision <= last)
    }

    /// Returns the time of the oldest change; `None` for an empty log.
    pub(super) fn start(&self) -> Option<Time> {
        self.changes.first().map(|change| change.cause.at)
    }

    /// Returns the last change of an object of a name.
    pub(super) fn last_of_name(&self, name: &ObjectRef) -> Option<&Change> {
        self.changes.iter().rev().find(|change| is_of(change, name))
    }

    /// Returns the changes of an object, oldest first.
    pub(super) fn of_object(&self, name: &ObjectRef, uid: &str) -> impl Iterator<Item = &Change> {
        self.changes.iter().filter(move |change| is_of(change, name) && change.object.uid() == uid)
    }

    /// Returns the change that caused another; `None` for a change of a command, and where the log does not reach back.
    pub(super) fn cause_of(&self, change: &Change) -> Option<&Change> {
        let trigger = self.at(change.cause.trigger?.revision())?;
        // The scheduler handles all waiting pods at once, whichever of them woke it: each was woken by itself.
        let is_other_pod = trigger.key.resource == "pods" && trigger.key != change.key;
        match deed::of(change) == Deed::Bound && is_other_pod {
            true => self.before(change).or(Some(trigger)),
            false => Some(trigger),
        }
        .filter(|cause| cause.revision < change.revision)
    }

    /// Returns the previous change of the same object.
    fn before(&self, change: &Change) -> Option<&Change> {
        let end = self.changes.partition_point(|other| other.revision < change.revision);
        let uid = change.object.uid();
        self.changes[..end].iter().rev().find(|other| other.key == change.key && other.object.uid() == uid)
    }

    /// Returns the change that made a revision.
    fn at(&self, revision: u64) -> Option<&Change> {
        let index = self.changes.binary_search_by_key(&revision, |change| change.revision).ok()?;
        self.changes.get(index)
    }
}

fn is_of(change: &Change, name: &ObjectRef) -> bool {
    change.key.resource == *name.resource && change.key.namespace == *name.namespace && change.key.name == *name.name
}
