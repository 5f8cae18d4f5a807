//! Objects, their history and the simulation's memory, in an ordered key-value engine.
//!
//! The store knows revisions, indexes, the change log and the timeline. It knows no kind and no rule of the API: what is
//! written has been defaulted, validated and checked for conflicts before. Everything a command writes is staged in memory
//! and visible at once to its own reads; [`Store::commit`] makes it durable in one atomic batch, or it leaves no trace.
//!
//! The path of a write: [`objects`] stages the object, its index rows and its change; [`commit`] turns the changes into log
//! rows; the [`overlay`] applies everything to the [`engine`]. [`home`] is the directory of a store on disk.

mod changes;
mod check;
mod commit;
mod delta;
mod engine;
mod error;
mod gaps;
mod home;
pub mod keys;
mod layer;
mod lists;
mod memory;
mod objects;
mod overlay;
mod pending;
mod rows;
mod sled;
mod timeline;

use std::fmt;
use std::sync::Arc;

pub use changes::LogLimits;
pub use engine::{Engine, Write};
pub use error::{ChangesGone, StoreError};
pub use home::{Held, Home};
pub use memory::MemoryEngine;
pub use rows::Memory;
pub use sled::SledEngine;

use kctl_base::json::SharedStr;
use kctl_base::object::{Object, ValueWrite as _};
use lists::Lists;
use overlay::Overlay;
use pending::Pending;

/// The revision of an empty store; the first write makes the next one. Zero has a meaning of its own in the API.
const FIRST_REVISION: u64 = 1;

/// What identifies an object in the store.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectKey {
    /// Plural name and group: `deployments.apps`, `pods`.
    pub resource: SharedStr,
    /// Empty for objects of the cluster.
    pub namespace: SharedStr,
    /// The object's name.
    pub name: SharedStr,
}

impl ObjectKey {
    /// The key of an object.
    pub fn new(
        resource: impl Into<SharedStr>,
        namespace: impl Into<SharedStr>,
        name: impl Into<SharedStr>,
    ) -> ObjectKey {
        ObjectKey { resource: resource.into(), namespace: namespace.into(), name: name.into() }
    }
}

/// `pods/default/web`, `nodes/k8s-node1`.
impl fmt::Display for ObjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.namespace.is_empty() {
            true => write!(f, "{}/{}", self.resource, self.name),
            false => write!(f, "{}/{}/{}", self.resource, self.namespace, self.name),
        }
    }
}

/// Says under which values of which indexes an object of a resource is found. Must depend on nothing but its arguments.
pub type Indexer = fn(resource: &str, object: &Object) -> Vec<(&'static str, String)>;

/// What happened to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeKind {
    /// It was not there before.
    Added,
    /// It was there before.
    Modified,
    /// It is gone.
    Deleted,
}

/// One change; every revision has exactly one.
#[derive(Clone, Debug)]
pub struct Change {
    /// The revision it made.
    pub revision: u64,
    /// What happened.
    pub kind: ChangeKind,
    /// To which object.
    pub key: ObjectKey,
    /// The object as it is after the change; for a deletion its last version.
    pub object: Arc<Object>,
    /// The version before; none for an object that was added.
    pub old: Option<Arc<Object>>,
}

impl Change {
    /// The object as watches tell of the change: a deleted one has the resourceVersion of its deletion.
    pub fn told(&self) -> Arc<Object> {
        match self.kind {
            ChangeKind::Added | ChangeKind::Modified => self.object.clone(),
            ChangeKind::Deleted => {
                let mut last = Object::clone(&self.object);
                last.put("/metadata/resourceVersion", self.revision.to_string());
                Arc::new(last)
            }
        }
    }
}

/// The store.
pub struct Store {
    overlay: Overlay,
    indexer: Indexer,
    limits: LogLimits,
    /// What the engine has, and what that becomes with everything that is staged.
    committed: Counts,
    staged: Counts,
    /// One change for every revision after the committed one.
    pending: Pending,
    /// Lists that were asked for and are still so.
    lists: Lists,
    /// No entry of the timeline has a key below this one.
    due_from: Vec<u8>,
    /// A failure of a call that cannot answer one; the commit will.
    failure: Option<StoreError>,
}

/// The numbers of the store itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Counts {
    /// The newest revision.
    revision: u64,
    /// The revision of the oldest change in the log.
    log_start: u64,
    /// The next sequence number of the timeline.
    sequence: u64,
}

impl Store {
    /// Opens the store that is in an engine; an empty engine is an empty store.
    pub fn new(engine: Box<dyn Engine>, indexer: Indexer) -> Result<Store, StoreError> {
        let overlay = Overlay::new(engine);
        let committed = commit::read_counts(&overlay)?;
        Ok(Store {
            overlay,
            indexer,
            limits: LogLimits::default(),
            committed,
            staged: committed,
            pending: Pending::default(),
            lists: Lists::default(),
            due_from: Vec::new(),
            failure: None,
        })
    }

    /// The newest revision, staged ones included: the resourceVersion of lists. One counter for the whole store.
    pub fn revision(&self) -> u64 {
        self.staged.revision
    }

    /// Whether the store has never been written.
    pub fn is_new(&self) -> bool {
        self.staged.revision == FIRST_REVISION
    }

    /// How much disk the store takes up.
    pub fn bytes_on_disk(&self) -> u64 {
        self.overlay.engine().bytes_on_disk()
    }

    /// Changes how much of the change log is kept from the next commit on.
    pub fn set_log_limits(&mut self, limits: LogLimits) {
        self.limits = limits;
    }
}

#[cfg(test)]
mod tests;
