//! The runtime that drives the controllers: watches, a work queue, and what a reconciler can use.
//!
//! The words are those of controller-runtime and kube-rs. A [`Controller`] is a name, its [`Watch`]es and a `reconcile`
//! function. The [`Driver`] maps every change of the store to [`Key`]s through the watches, reconciles the queued keys, and
//! puts what a reconciler asks for by its [`Action`] on the store's timeline. Nothing here knows a particular controller.

pub(in crate::controllers) mod cache;
mod context;
mod driver;
mod failures;
mod queue;
pub(super) mod recorder;
mod watch;

use kctl_base::json::SharedStr;
use kctl_base::object::{Object, ObjectMeta};
use kctl_base::sim::Time;
use kctl_base::status::Status;

pub(crate) use context::Context;
pub(crate) use driver::Driver;
pub use failures::Failure;
pub(crate) use failures::failures;
pub(crate) use recorder::Event;
pub(crate) use watch::{EVERY_RESOURCE, Watch};

/// The result of a reconciliation, of a mapping, and of everything that they do through the API.
pub(crate) type Result<T> = std::result::Result<T, Status>;

/// A controller as data.
pub(crate) struct Controller {
    /// The name under which it keeps its state and its entries of the timeline: `deployment-controller`.
    pub name: &'static str,
    /// The resources whose changes enqueue keys of this controller.
    pub watches: &'static [Watch],
    /// Moves the actual state of one object towards its desired state.
    pub reconcile: fn(&mut Context<'_>, &Key) -> Result<Action>,
}

/// The namespace and name of the object to reconcile.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Key {
    /// Empty for cluster-scoped objects.
    pub namespace: SharedStr,
    /// The name.
    pub name: SharedStr,
}

impl Key {
    /// Creates a key from its parts.
    pub(crate) fn new(namespace: &str, name: &str) -> Key {
        Key { namespace: namespace.into(), name: name.into() }
    }

    /// Returns the key of an object.
    pub(crate) fn of(object: &Object) -> Key {
        Key::new(object.namespace(), object.name())
    }

    /// Returns `namespace/name`, as the key is displayed.
    pub(crate) fn text(&self) -> String {
        [&self.namespace, "/", &self.name].concat()
    }

    /// Parses `namespace/name`; a string without a slash is the name of a cluster-scoped object.
    pub(crate) fn parse(text: &str) -> Key {
        let (namespace, name) = text.split_once('/').unwrap_or(("", text));
        Key::new(namespace, name)
    }
}

/// Writes `namespace/name`; the namespace of a cluster-scoped object is empty (`/name`).
impl std::fmt::Display for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.namespace)?;
        f.write_str("/")?;
        f.write_str(&self.name)
    }
}

/// The result of a reconciliation: when the key is due again unless a change enqueues it earlier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// Only after a change.
    AwaitChange,
    /// At an instant at which work that has begun goes on, such as a pod that becomes available. Commands that wait for the
    /// cluster to come to rest wait for it.
    RequeueAt(Time),
    /// At an instant, and regularly after that: a retry, a schedule, a resync. Commands that wait for the cluster to come to
    /// rest do not wait for it, because they would never end.
    ResyncAt(Time),
}

impl Action {
    /// Returns the action that is due first; `self` where both are due at the same instant.
    pub(crate) fn earliest(self, other: Action) -> Action {
        match (self.time(), other.time()) {
            (Some(first), Some(second)) if second < first => other,
            (None, _) => other,
            _ => self,
        }
    }

    /// The instant at which the key is due again; `None` when only a change makes it due.
    pub(crate) fn time(self) -> Option<Time> {
        match self {
            Action::AwaitChange => None,
            Action::RequeueAt(time) | Action::ResyncAt(time) => Some(time),
        }
    }
}
