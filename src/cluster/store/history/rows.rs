//! The rows of the history, as JSON.

use kctl_base::sim::Time;
use serde::{Deserialize, Serialize};

/// The kind of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OperationKind {
    /// The creation of the cluster.
    Creation,
    /// A command.
    Command,
    /// The passing of time between two commands.
    Time,
    /// Operations were taken back.
    Undo,
    /// Operations that were taken back have been done again.
    Redo,
    /// A state of the past, or of a snapshot, was made the present one.
    Restore,
}

/// Numbers of objects.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// Those that did not exist before.
    pub created: u64,
    /// Those that were different before.
    pub changed: u64,
    /// Those that do not exist any more.
    pub deleted: u64,
}

impl Totals {
    /// Counts an object that differs, by whether it existed before and exists now.
    pub(super) fn count(&mut self, before: bool, now: bool) {
        match (before, now) {
            (false, _) => self.created += 1,
            (true, true) => self.changed += 1,
            (true, false) => self.deleted += 1,
        }
    }

    /// Adds other numbers.
    pub(crate) fn add(self, other: Totals) -> Totals {
        Totals {
            created: self.created + other.created,
            changed: self.changed + other.changed,
            deleted: self.deleted + other.deleted,
        }
    }
}

/// One operation: what a command did, or time between two commands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Operation {
    /// The number; the first operation of a store is 1.
    pub number: u64,
    /// The kind.
    pub kind: OperationKind,
    /// The command line, without values of Secrets; empty if the operation had none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub command: String,
    /// The user who acted; empty for the passing of time.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub user: String,
    /// The real time of the beginning.
    pub real_time: Time,
    /// The time of the cluster before.
    pub began: Time,
    /// The time of the cluster afterwards.
    pub ended: Time,
    /// The newest revision before.
    pub revision_before: u64,
    /// The newest revision afterwards.
    pub revision: u64,
    /// The objects that it created, changed and deleted.
    pub objects: Totals,
    /// The number of the last commit before.
    pub before: u64,
    /// The number of its own last commit.
    pub after: u64,
    /// The operation whose result was the present before; 0 for none.
    pub parent: u64,
    /// The operation whose result is the present afterwards: itself, unless it went back.
    pub state: u64,
}

/// The end of the history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Head {
    /// The number of the newest operation; 0 before the first.
    pub(crate) newest: u64,
    /// The number of the oldest operation that is kept; greater than the newest one if none is.
    pub(crate) oldest: u64,
    /// The operation whose result is the present; 0 for none.
    pub(crate) state: u64,
    /// The number of times that the present was replaced by another state.
    pub(crate) restored: u64,
    /// The states that were taken back and can be gone to again, the last one first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) redo: Vec<Redo>,
}

impl Default for Head {
    fn default() -> Head {
        Head { newest: 0, oldest: 1, state: 0, restored: 0, redo: Vec::new() }
    }
}

/// A state that was taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Redo {
    /// The operation whose result it is.
    pub(crate) operation: u64,
    /// The number of the commit that made it.
    pub(crate) position: u64,
}

/// The limits of the history.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Limits {
    /// The number of operations.
    pub(crate) operations: u64,
    /// The size in bytes of the files that only the past needs.
    pub(crate) bytes: u64,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { operations: 1_000, bytes: 64 << 20 }
    }
}

/// A state with a name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Snapshot {
    /// The name.
    pub name: String,
    /// The time of the cluster in that state.
    pub time: Time,
    /// The real time at which the snapshot was saved or imported.
    pub real_time: Time,
    /// The newest revision in that state.
    pub revision: u64,
    /// The operation whose result the state is; 0 for an imported one.
    pub operation: u64,
    /// The number of the commit after which the state was there; 0 for an imported one.
    pub position: u64,
    /// The number of the file of an imported state; `None` for a state of this store.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub import: Option<u64>,
}
