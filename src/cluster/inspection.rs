//! Inspection of a whole cluster, for tests and tools that check its history: every change of every resource.

use crate::api::{Result, WatchEvent};
use crate::cluster::Cluster;
use crate::store::ChangeKind;
pub use crate::store::{Cause, Trigger};
use kctl_base::object::Object;
use std::sync::Arc;

/// A change of an object.
#[derive(Clone, Debug)]
pub struct Change {
    /// The revision of the change.
    pub revision: u64,
    /// The resource as `plural.group`.
    pub resource: String,
    /// The namespace; empty for cluster-scoped objects.
    pub namespace: String,
    /// The name.
    pub name: String,
    /// The change as a watch of the resource reports it.
    pub event: WatchEvent,
    /// The previous version; `None` for an added object.
    pub old: Option<Arc<Object>>,
    /// When and why the change was made.
    pub cause: Cause,
}

impl From<crate::store::Change> for Change {
    fn from(change: crate::store::Change) -> Change {
        Change {
            revision: change.revision,
            resource: change.key.resource.to_string(),
            namespace: change.key.namespace.to_string(),
            name: change.key.name.to_string(),
            event: match change.kind {
                ChangeKind::Added => WatchEvent::Added(change.watch_object()),
                ChangeKind::Modified => WatchEvent::Modified(change.watch_object()),
                ChangeKind::Deleted => WatchEvent::Deleted(change.watch_object()),
            },
            old: change.old,
            cause: change.cause,
        }
    }
}

/// Returns all changes after a revision, oldest first.
///
/// # Errors
/// Status 410 for a revision that the change log no longer reaches; a store that cannot be read.
pub fn changes_since(cluster: &mut Cluster, revision: u64) -> Result<Vec<Change>> {
    Ok(cluster.server.changes_since(revision)?.into_iter().map(Change::from).collect())
}

/// Returns the newest revision of a cluster, uncommitted changes included.
pub fn revision(cluster: &Cluster) -> u64 {
    cluster.server.revision()
}
