//! The control plane as the tests use it. Together with the command line, this is all that they need of it:
//!
//! - [`Cluster`]: `open`, `handle`, `advance`, `commit`, `now`, and reads and changes through the functions below;
//! - [`OpenOptions`], [`Request`] with [`PatchType`] and [`Propagation`];
//! - [`Faults`] with its parts, which `Cluster::set_faults` injects;
//! - [`SimulatedDisk`], on which [`open_on_disk`] opens a cluster;
//! - [`maintenance`]: `check` of a store directory.
//!
//! No other test names the crate, so that its interface can be seen, and kept small, in one place.

use std::fmt;
use std::sync::Arc;

use kctl_base::object::{Object, ObjectMeta as _, ValueRead as _};
use kctl_base::sim::ChanceMode;
use kctl_cluster::transport::Payload;
use kctl_cluster::{User, WatchEvent, inspection, testing};

pub(crate) use kctl_cluster::simulation::{Faults, MissingImages, PodFault, PodMetrics};
pub(crate) use kctl_cluster::testing::{SimulatedDisk, make_slow};
pub(crate) use kctl_cluster::transport::{Request, Transport};
pub(crate) use kctl_cluster::{Cluster, OpenOptions, PatchType, Propagation, maintenance};

/// The identity of an object.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ObjectKey {
    /// The resource as `plural.group`.
    pub(crate) resource: String,
    /// The namespace; empty for cluster-scoped objects.
    pub(crate) namespace: String,
    /// The name.
    pub(crate) name: String,
}

impl ObjectKey {
    /// Creates the key of an object.
    pub(crate) fn new(resource: &str, namespace: &str, name: &str) -> ObjectKey {
        ObjectKey { resource: resource.into(), namespace: namespace.into(), name: name.into() }
    }
}

impl fmt::Display for ObjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.resource, self.namespace, self.name)
    }
}

/// The type of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ChangeKind {
    /// The object was created.
    Added,
    /// The object was replaced.
    Modified,
    /// The object was removed.
    Deleted,
}

/// A change of an object, as a watch reports it.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    /// The revision of the change.
    pub(crate) revision: u64,
    /// The type of the change.
    pub(crate) kind: ChangeKind,
    /// The object that changed.
    pub(crate) key: ObjectKey,
    /// The object after the change; for a deletion, its last version with the resourceVersion of the deletion.
    pub(crate) object: Arc<Object>,
}

/// All changes after a revision, oldest first. The log must reach back that far.
pub(crate) fn changes_since(cluster: &mut Cluster, revision: u64) -> Vec<Change> {
    let changes = inspection::changes_since(cluster, revision).expect("a log that reaches back to the revision");
    let change = |change: inspection::Change| Change {
        revision: change.revision,
        kind: match change.event {
            WatchEvent::Added(_) => ChangeKind::Added,
            WatchEvent::Deleted(_) => ChangeKind::Deleted,
            _ => ChangeKind::Modified,
        },
        key: ObjectKey::new(&change.resource, &change.namespace, &change.name),
        object: change.event.object().cloned().unwrap_or_default(),
    };
    changes.into_iter().map(change).collect()
}

/// The newest revision of a cluster.
pub(crate) fn revision(cluster: &mut Cluster) -> u64 {
    inspection::revision(cluster)
}

/// An object; `None` if it does not exist.
pub(crate) fn get(cluster: &mut Cluster, resource: &str, namespace: &str, name: &str) -> Option<Arc<Object>> {
    match cluster.send(Request::get(resource, namespace, name)) {
        Ok(response) => Some(response.into_object()),
        Err(status) if status.is_not_found() => None,
        Err(status) => panic!("{resource} {namespace}/{name}: {status}"),
    }
}

/// All objects of a resource, in one namespace or in all, by namespace and name.
pub(crate) fn list(cluster: &mut Cluster, resource: &str, namespace: Option<&str>) -> Vec<Arc<Object>> {
    cluster.send(Request::list(resource, namespace.unwrap_or(""))).expect("a readable store").into_items()
}

/// A page of the list that a request asks for, and the token of the next page; empty after the last one.
pub(crate) fn page(cluster: &mut Cluster, request: Request) -> (Vec<Arc<Object>>, String) {
    match cluster.send(request).expect("a page").payload {
        Payload::List(list) => (list.items, list.continue_token),
        other => panic!("not a list: {other:?}"),
    }
}

/// Every object of a cluster as one line of JSON, by resource, namespace and name.
pub(crate) fn dump(cluster: &mut Cluster) -> String {
    let listed = cluster.catalog().iter().filter(|kind| kind.verbs().contains(&"list")).collect::<Vec<_>>();
    let objects = listed.iter().flat_map(|kind| list(cluster, &kind.names().resource(), None));
    objects.map(|object| format!("{object}\n")).collect()
}

/// Creates a cluster on a simulated disk in virtual time, in which `chance` leaves durations and orders to the seed, or not.
pub(crate) fn create_on_disk(disk: &SimulatedDisk, seed: u64, chance: bool) -> Cluster {
    let options = OpenOptions { chance: chance.then_some(ChanceMode::On), ..OpenOptions::memory(seed) };
    testing::open_on(disk, options).expect("the cluster opens")
}

/// Opens the cluster on a simulated disk as a new process does, creating it on an empty one, in virtual time.
pub(crate) fn open_on_disk(disk: &SimulatedDisk, seed: u64) -> Cluster {
    testing::open_on(disk, OpenOptions::memory(seed)).expect("the cluster opens")
}

/// Copies a disk with everything that was written to it, synchronized or not.
pub(crate) fn copy_disk(disk: &SimulatedDisk) -> SimulatedDisk {
    disk.after_power_failure(disk.events(), &mut || true)
}

/// The problems that a check of a cluster's store finds.
pub(crate) fn problems(cluster: &mut Cluster) -> Vec<String> {
    let mut console = cluster.console(&User::admin()).expect("the administrator may use the console");
    console.check_store().expect("a check").problems
}

/// Names an object in a problem: `Pod web-0`.
pub(crate) fn named(object: &Object) -> String {
    format!("{} {}", object.str("/kind"), object.name())
}
