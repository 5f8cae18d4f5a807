//! The controllers: everything that acts because an object changed or because time passed.
//!
//! A controller is one file (or folder) and one line in [`CONTROLLERS`]. Its reconciler is level-driven: it reads what is,
//! compares it with what should be, writes the difference through the API server and answers when to look again. It never
//! sleeps, keeps nothing in memory between calls and does not know who changed what. The decisions are pure functions that
//! are tested with plain values; only the thin `reconcile` reads and writes.

mod admission_policy_status;
pub mod context;
mod crd_naming;
pub mod cron_job;
pub mod daemon_set;
pub mod deployment;
pub mod disruption;
pub mod driver;
pub mod endpoint_slice;
pub mod endpoints;
pub mod event_ttl;
pub mod garbage_collector;
pub mod history;
pub mod horizontal_pod_autoscaler;
pub mod job;
pub mod kubelet;
pub mod namespace;
pub mod node;
pub mod persistent_volume;
pub mod pod_gc;
mod recorder;
pub mod replica_set;
pub mod resource_quota;
pub mod root_ca;
pub mod scheduler;
pub mod service_account;
pub mod shared;
pub mod stateful_set;
pub mod storage_protection;
pub mod ttl_after_finished;

pub use context::Context;
pub use driver::Driver;

use crate::api::Server;
use crate::store::Change;
use kctl_base::json::SharedStr;
use kctl_base::object::{Object, ObjectMeta};
use kctl_base::sim::Time;
use kctl_base::status::Status;

/// The one list of controllers. Their order is the order in which they are woken by one change: who makes or removes pods
/// comes before who counts them, so that a Deployment sees each of its sets move on its own, as over a network.
pub static CONTROLLERS: &[Controller] = &[
    node::kubelet::CONTROLLER,
    node::lifecycle::CONTROLLER,
    node::eviction::CONTROLLER,
    pod_gc::CONTROLLER,
    persistent_volume::CONTROLLER,
    persistent_volume::provisioner::CONTROLLER,
    storage_protection::CLAIMS,
    storage_protection::VOLUMES,
    endpoints::CONTROLLER,
    endpoint_slice::CONTROLLER,
    endpoint_slice::mirror::CONTROLLER,
    resource_quota::CONTROLLER,
    disruption::CONTROLLER,
    horizontal_pod_autoscaler::CONTROLLER,
    service_account::CONTROLLER,
    root_ca::CONTROLLER,
    replica_set::REPLICA_SET,
    replica_set::REPLICATION_CONTROLLER,
    deployment::CONTROLLER,
    stateful_set::CONTROLLER,
    daemon_set::CONTROLLER,
    job::CONTROLLER,
    cron_job::CONTROLLER,
    ttl_after_finished::CONTROLLER,
    scheduler::CONTROLLER,
    kubelet::CONTROLLER,
    garbage_collector::CONTROLLER,
    namespace::CONTROLLER,
    crd_naming::CONTROLLER,
    admission_policy_status::CONTROLLER,
    event_ttl::CONTROLLER,
];

/// A controller as data.
pub struct Controller {
    /// The name that events and managedFields show: `deployment-controller`.
    pub name: &'static str,
    /// Which changes concern it, and which of its keys.
    pub wakes: &'static [Wake],
    /// Makes one object what it should be.
    pub reconcile: fn(&mut Context<'_>, &Key) -> Result<Action, Status>,
}

/// The key of the object that a reconciler looks after.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// Empty for objects of the cluster.
    pub namespace: SharedStr,
    /// The name.
    pub name: SharedStr,
}

impl Key {
    /// A key out of its parts.
    pub fn new(namespace: &str, name: &str) -> Key {
        Key { namespace: namespace.into(), name: name.into() }
    }

    /// The key of an object.
    pub fn of(object: &Object) -> Key {
        Key::new(object.namespace(), object.name())
    }

    /// Reads `namespace/name`.
    pub fn parse(text: &str) -> Key {
        let (namespace, name) = text.split_once('/').unwrap_or(("", text));
        Key::new(namespace, name)
    }
}

/// `namespace/name`.
impl std::fmt::Display for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.namespace)?;
        f.write_str("/")?;
        f.write_str(&self.name)
    }
}

/// When a reconciler wants to look at its object again, if nothing changes before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Not before something changes.
    Done,
    /// Then: something is on its way, and waiting for it makes sense.
    At(Time),
    /// Then, and again and again: a retry, a schedule, a resync. Waiting for such work alone would never end.
    Recurring(Time),
}

impl Action {
    /// The action that looks again first.
    pub fn sooner(self, other: Action) -> Action {
        match (self, other) {
            (Action::Done, a) | (a, Action::Done) => a,
            (a, b) => {
                if b.time() < a.time() {
                    b
                } else {
                    a
                }
            }
        }
    }

    /// When, if at all.
    pub fn time(self) -> Option<Time> {
        match self {
            Action::Done => None,
            Action::At(time) | Action::Recurring(time) => Some(time),
        }
    }
}

/// The resource of a wake that every change concerns.
pub const EVERY_RESOURCE: &str = "*";

/// A change of a resource wakes some keys of a controller.
pub struct Wake {
    /// `replicasets.apps`, or [`EVERY_RESOURCE`].
    pub resource: &'static str,
    /// Which keys.
    pub map: Map,
}

/// How a change becomes keys.
pub enum Map {
    /// The object itself.
    Own,
    /// The object that manages it, when it is of this kind; on a change of hands the old one too.
    Controller(&'static str),
    /// Anything else; may read other objects.
    Custom(fn(&Change, &mut Server) -> Vec<Key>),
}

impl Wake {
    /// Wakes the key of the object that changed.
    pub const fn own(resource: &'static str) -> Wake {
        Wake { resource, map: Map::Own }
    }

    /// Wakes the managing owner of the object that changed.
    pub const fn controller(resource: &'static str, kind: &'static str) -> Wake {
        Wake { resource, map: Map::Controller(kind) }
    }

    /// Wakes what a function says.
    pub const fn custom(resource: &'static str, map: fn(&Change, &mut Server) -> Vec<Key>) -> Wake {
        Wake { resource, map: Map::Custom(map) }
    }

    /// The keys that a change of this resource wakes.
    fn keys(&self, change: &Change, server: &mut Server) -> Vec<Key> {
        match self.map {
            Map::Own => vec![Key::of(&change.object)],
            Map::Controller(kind) => {
                let mut keys = Vec::new();
                for object in [Some(&change.object), change.old.as_ref()].into_iter().flatten() {
                    if let Some(owner) = object.controller_of_kind(kind) {
                        let key = Key::new(object.namespace(), owner);
                        if !keys.contains(&key) {
                            keys.push(key);
                        }
                    }
                }
                keys
            }
            Map::Custom(map) => map(change, server),
        }
    }
}
