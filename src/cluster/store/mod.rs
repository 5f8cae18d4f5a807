//! The store: objects with revisions, their history, and the state of the simulation, in an ordered key-value engine.
//!
//! It plays the part of etcd. It knows revisions, indexes, the change log and the timeline, but no kind and no rule of the
//! API: objects have been defaulted, validated and checked for conflicts before they are written.
//!
//! The layers, lowest first:
//!
//! 1. [`engine`]: an ordered map of bytes to bytes with atomic, durable batches; on disk (a journal over sorted runs) or in
//!    memory.
//! 2. [`keys`]: the typed keys of all rows and their order-preserving encoding.
//! 3. [`write_batch`]: the writes of one command, staged in memory over the engine and visible to its reads.
//! 4. [`objects`]: objects with their index rows, and a cache of short lists, and [`object_row`], their format; [`rows`]:
//!    named values and counters.
//! 5. [`change_log`]: one change for every revision, as deltas ([`object_delta`]); [`pending_changes`]: those of the
//!    command that is running, the older ones of which are [`encoded_changes`] already.
//! 6. [`timeline`]: the delayed work queue of the controllers.
//!
//! 7. [`history`]: operations, snapshots, and going back to a state that the engine has kept.
//!
//! Beside them, [`store_dir`] is the directory of a store on disk with its lock, and [`check`] verifies a store.
//!
//! The life of one commit:
//!
//! 1. [`Store::write`] takes the next revision, stages the object and the changes of its index rows in the write batch, and
//!    appends a [`Change`] to the pending changes. Rows and entries of the timeline are staged in the same batch.
//! 2. The controllers read the change with [`Store::changes_since`], write in turn, and report with
//!    [`Store::mark_observed`] how far they have read; old pending changes are then kept in encoded form.
//! 3. [`Store::commit`] encodes the pending changes as rows of the change log, adds the removal of rows that exceed its
//!    [`LogLimits`] and the counters of the store, and passes everything to [`Engine::apply`] as one atomic, durable batch.
//! 4. On disk, the number of the batch is published in the store's directory, which notifies watches in other processes.
//!
//! Without a commit nothing reaches the engine: a command that fails or is killed leaves no trace.
//!
//! # The files
//!
//! The format has a version, which is the first line of the file `store`; a later one is refused with "update kctl".
//!
//! | version | data | keys and rows |
//! |---|---|---|
//! | 1 | `data-N` is a directory of sled | as in [`keys`] |
//! | 2 | `data-N` is a directory of [`engine::disk`]; `sled-N` is the record, a copy in sled made by the last compaction | the same |
//! | 3 | the same | the rows of objects are binary ([`object_row`]), in the record JSON |
//! | 4 | the list of runs names the past; `branches/NAME` are stores | with those of the [`history`] |
//!
//! A store of version 1 is copied when it is first opened; its directory stays as the record until the next compaction. The
//! rows of earlier versions are read as they are, and have the new form when they are next written.
//!
//! The data is not in sled itself because every command would pay for opening sled, and because a power failure on a disk
//! that reorders writes can leave sled's files unreadable: it reuses segments before their replacements are synchronized.
//! The wall times, in ms on two busy cores, are those of a whole process for `get pods` and `set image` on a small store:
//!
//! | engine | `get` | `set` | syncs of a commit | damaged bytes are found | code |
//! |---|---|---|---|---|---|
//! | sled 0.34 | 12 | 14 | 7 | by page | 400 lines of ours |
//! | redb 4 | 4 | 10 | 2 to 7 | by a scan of everything only | a crate of 42,000 lines |
//! | journal and runs | 1.9 | 4.1 | 1 | by block | 1,000 lines of ours |

mod cause;
mod change_log;
mod check;
mod commit;
mod encoded_changes;
mod engine;
mod error;
mod history;
mod keys;
mod list_cache;
mod object_delta;
mod object_row;
mod objects;
mod pending_changes;
mod repair;
mod rows;
mod store_dir;
mod timeline;
mod trial;
mod write_batch;

use std::fmt;
use std::sync::Arc;

pub use cause::{Cause, Trigger};
pub(crate) use disk::Past;
pub(crate) use engine::disk;
pub(crate) use engine::{DiskEngine, Engine, MemoryEngine, SledEngine};
pub(crate) use error::ChangesGone;
pub use error::StoreError;
pub(crate) use history::{Head, Limits, Redo, compare, export, retention};
pub use history::{ObjectChange, Operation, OperationKind, Snapshot, Totals};
pub(crate) use rows::RowValue;
pub(crate) use store_dir::{LockedStore, StoreDir, sync_dir};

use change_log::LogLimits;
use history::Touched;
use kctl_base::json::SharedStr;
use kctl_base::object::{Object, ValueWrite as _};
use list_cache::ListCache;
use pending_changes::PendingChanges;
use write_batch::WriteBatch;

/// The revision of an empty store; the first write makes the next one. A resourceVersion of 0 has a meaning of its own in
/// the API: any version will do.
const FIRST_REVISION: u64 = 1;

/// The identity of an object in the store.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectKey {
    /// The resource as `plural.group`: `deployments.apps`, `pods`.
    pub resource: SharedStr,
    /// The namespace; empty for cluster-scoped objects.
    pub namespace: SharedStr,
    /// The name.
    pub name: SharedStr,
}

impl ObjectKey {
    /// Creates the key of an object.
    pub fn new(
        resource: impl Into<SharedStr>,
        namespace: impl Into<SharedStr>,
        name: impl Into<SharedStr>,
    ) -> ObjectKey {
        ObjectKey { resource: resource.into(), namespace: namespace.into(), name: name.into() }
    }
}

/// Writes `pods/default/web` or, for cluster-scoped objects, `nodes/k8s-node1`.
impl fmt::Display for ObjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.namespace.is_empty() {
            true => write!(f, "{}/{}", self.resource, self.name),
            false => write!(f, "{}/{}/{}", self.resource, self.namespace, self.name),
        }
    }
}

/// Returns the indexes in which an object of a resource is found, each with its value. Must be a pure function, because the
/// index rows of an old version are computed again to remove them, and may look at everything but the status, of which it sees
/// the phase, and the metadata, of which it sees what identifies the object, its labels and its owners.
pub(crate) type Indexer = fn(resource: &str, object: &Object) -> Vec<(&'static str, String)>;

/// The version of the indexes, raised with every index that is added. The first write into a store with an earlier one adds
/// the rows that are missing.
const INDEX_VERSION: u64 = 2;

/// Returns the resource whose objects alone can lack rows in a version of the indexes; `None` for all resources.
const fn resource_with_gaps(index_version: u64) -> Option<&'static str> {
    match index_version {
        1 => Some("nodes"),
        _ => None,
    }
}

/// The type of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeKind {
    /// The object was created.
    Added,
    /// The object was replaced.
    Modified,
    /// The object was removed.
    Deleted,
}

/// One change of one object. Every revision has exactly one.
#[derive(Clone, Debug)]
pub struct Change {
    /// The revision that the change made.
    pub revision: u64,
    /// The type of the change.
    pub kind: ChangeKind,
    /// The object that changed.
    pub key: ObjectKey,
    /// The object after the change; for a deletion, its last version.
    pub object: Arc<Object>,
    /// The previous version; `None` for an added object.
    pub old: Option<Arc<Object>>,
    /// When and why the change was made.
    pub cause: Cause,
}

impl Change {
    /// The object as a watch event carries it: the resourceVersion of a deleted object is that of the deletion.
    pub fn watch_object(&self) -> Arc<Object> {
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

/// A store over one engine.
pub struct Store {
    batch: WriteBatch,
    indexer: Indexer,
    limits: LogLimits,
    /// The counters as the engine has them.
    committed: Counts,
    /// The counters with everything that is staged.
    staged: Counts,
    /// The change of every revision after the committed one.
    pending: PendingChanges,
    /// The cause of the changes that are made now.
    cause: Cause,
    /// Short lists that have not changed since they were read.
    lists: ListCache,
    /// A lower bound for the keys of the timeline, so that a scan need not skip the entries that have been removed.
    due_from: Vec<u8>,
    /// The failure of a call that cannot return one; the next commit returns it.
    failure: Option<StoreError>,
    /// The objects that the operation at work has touched.
    touched: Touched,
    /// The number of staged rows that only bring indexes up to date, which alone are no reason to commit.
    index_rows: usize,
}

/// The counters of the store itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Counts {
    /// The newest revision.
    revision: u64,
    /// The revision of the oldest change in the log.
    log_start: u64,
    /// The next sequence number of the timeline.
    sequence: u64,
    /// The version of the indexes; 0 for an empty store, and one of a program that did not count them.
    indexes: u64,
}

impl Store {
    /// Opens the store in an engine; an empty engine is an empty store.
    ///
    /// # Errors
    /// If the engine fails or the store's counters cannot be read.
    pub(crate) fn new(mut engine: Box<dyn Engine>, indexer: Indexer) -> Result<Store, StoreError> {
        if let Some(disk) = engine.disk_mut() {
            disk.set_retention(retention);
        }
        let batch = WriteBatch::new(engine);
        let committed = commit::read_counts(&batch)?;
        let mut store = Store {
            batch,
            indexer,
            limits: LogLimits::default(),
            committed,
            staged: committed,
            pending: PendingChanges::default(),
            cause: Cause::default(),
            lists: ListCache::default(),
            due_from: Vec::new(),
            failure: None,
            touched: Touched::default(),
            index_rows: 0,
        };
        store.update_indexes()?;
        Ok(store)
    }

    /// The newest revision, including staged ones. One counter serves the whole store; it is the resourceVersion of lists.
    pub(crate) fn revision(&self) -> u64 {
        self.staged.revision
    }

    /// Returns true if no object has ever been written.
    pub(crate) fn is_new(&self) -> bool {
        self.staged.revision == FIRST_REVISION
    }

    /// The size of the engine on disk in bytes; 0 in memory.
    ///
    /// # Errors
    /// If the files cannot be examined.
    pub(crate) fn bytes_on_disk(&self) -> Result<u64, StoreError> {
        self.batch.engine().bytes_on_disk()
    }

    /// Sets the retention of the change log, starting with the next commit.
    #[cfg(test)]
    pub(crate) fn set_log_limits(&mut self, limits: LogLimits) {
        self.limits = limits;
    }
}

#[cfg(test)]
mod tests;
