//! The change log in a form in which causes can be followed.

use super::super::ObjectName;
use super::deed::{self, Deed};
use crate::api::{Result, Server};
use crate::store::Change;
use kctl_base::object::ObjectMeta;
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
        let start = server.log_start();
        Ok(History { changes: server.changes_since(start)? })
    }

    /// Returns the time of the oldest change; `None` for an empty log.
    pub(super) fn start(&self) -> Option<Time> {
        self.changes.first().map(|change| change.cause.at)
    }

    /// Returns the last change of an object of a name.
    pub(super) fn last_of_name(&self, name: &ObjectName) -> Option<&Change> {
        self.changes.iter().rev().find(|change| is_of(change, name))
    }

    /// Returns the changes of an object, oldest first.
    pub(super) fn of_object(&self, name: &ObjectName, uid: &str) -> impl Iterator<Item = &Change> {
        self.changes.iter().filter(move |change| is_of(change, name) && change.object.uid() == uid)
    }

    /// Returns the change that caused another; `None` for a change of a command, and where the log does not reach back.
    pub(super) fn cause_of(&self, change: &Change) -> Option<&Change> {
        let trigger = self.at(change.cause.trigger?.revision())?;
        let is_other_pod = trigger.key.resource == "pods" && trigger.key != change.key;
        let deed = deed::of(change);
        let cause = match deed {
            // The scheduler handles all waiting pods at once, whichever of them woke it: each was woken by itself.
            Deed::Bound if is_other_pod => self.before(change).unwrap_or(trigger),
            // Whatever made the controller look: what it does to the object follows from its deletion.
            _ if change.object.is_deleting() && deed != Deed::DeletionRequested => {
                self.deletion_of(change).filter(|asked| asked.revision > trigger.revision).unwrap_or(trigger)
            }
            // Woken by its own entry in a status: by then a pod of the object had another state.
            _ if trigger.key == change.key && deed::of(trigger) == Deed::Detail => {
                self.state_of_own_pod(change).filter(|state| state.revision > trigger.revision).unwrap_or(trigger)
            }
            _ => self.latest_state(trigger, change),
        };
        Some(cause).filter(|cause| cause.revision < change.revision)
    }

    /// Returns the change that asked for the deletion of the object of a change.
    fn deletion_of(&self, change: &Change) -> Option<&Change> {
        let uid = change.object.uid();
        let own = |other: &&Change| other.key == change.key && other.object.uid() == uid;
        self.until(change).iter().rev().filter(own).find(|other| deed::of(other) == Deed::DeletionRequested)
    }

    /// Returns the last state of a pod that woke a controller, up to the change that the controller made at that instant: it
    /// does not see those before.
    fn latest_state<'a>(&'a self, trigger: &'a Change, change: &Change) -> &'a Change {
        let is_later_state = |other: &&Change| {
            other.key == trigger.key && other.cause.at == trigger.cause.at && deed::of(other) == Deed::State
        };
        let is_own_state = trigger.key == change.key && deed::of(change) == Deed::State;
        if trigger.key.resource != "pods" || is_own_state || deed::of(trigger) != Deed::State {
            return trigger;
        }
        let later = self.until(change).iter().rev().take_while(|other| other.revision > trigger.revision);
        later.into_iter().find(is_later_state).unwrap_or(trigger)
    }

    /// Returns the last new state, at the instant of a change, of a pod that the object of the change controls.
    fn state_of_own_pod(&self, change: &Change) -> Option<&Change> {
        let at_this_instant = self.until(change).iter().rev().take_while(|other| other.cause.at == change.cause.at);
        let uid = change.object.uid();
        at_this_instant
            .filter(|other| other.key.resource == "pods" && other.object.is_controlled_by(uid))
            .find(|other| deed::of(other) == Deed::State)
    }

    /// Returns the changes before another.
    fn until(&self, change: &Change) -> &[Change] {
        &self.changes[..self.changes.partition_point(|other| other.revision < change.revision)]
    }

    /// Returns the previous change of the same object.
    fn before(&self, change: &Change) -> Option<&Change> {
        let uid = change.object.uid();
        self.until(change).iter().rev().find(|other| other.key == change.key && other.object.uid() == uid)
    }

    /// Returns the change that made a revision.
    fn at(&self, revision: u64) -> Option<&Change> {
        let index = self.changes.binary_search_by_key(&revision, |change| change.revision).ok()?;
        self.changes.get(index)
    }
}

fn is_of(change: &Change, name: &ObjectName) -> bool {
    change.key.resource == *name.resource && change.key.namespace == *name.namespace && change.key.name == *name.name
}
