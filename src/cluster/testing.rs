//! Clusters on a simulated disk that fails, fills up or loses power, for tests of the whole control plane.
//!
//! No verb uses it, so the linker leaves it out of the program.

use std::path::Path;

use crate::api::index_entries;
use crate::location::Location;
use crate::store::disk::DiskEngine;
use crate::store::{Store, StoreError};
use crate::{Cluster, ClusterError, OpenOptions};

pub use crate::store::disk::simulated_disk::SimulatedDisk;

/// The size of the journal in bytes: so short that a few commits write a run, and merge it with others.
const JOURNAL_BYTES: u64 = 40_000;

/// Opens the cluster on a disk as a new process does, creating it on an empty one. The backend of the options is ignored.
///
/// # Errors
/// As [`Cluster::open`].
pub fn open_on(disk: &SimulatedDisk, options: OpenOptions) -> Result<Cluster, ClusterError> {
    let store = open_store(disk)?;
    let backend = crate::Backend::Memory;
    Cluster::start(Location::new(OpenOptions { backend, ..options })?, store)
}

fn open_store(disk: &SimulatedDisk) -> Result<Store, StoreError> {
    let path = Path::new("/simulated");
    let mut engine = match disk.is_empty() {
        true => DiskEngine::create_on(Box::new(disk.clone()), path),
        false => DiskEngine::open_on(Box::new(disk.clone()), path),
    }?;
    engine.journal_bytes = JOURNAL_BYTES;
    Store::new(Box::new(engine), index_entries)
}

/// Makes a cluster commit at every occasion, as if each commit took so long that the next one is due already.
pub fn make_slow(cluster: &mut Cluster) {
    cluster.commit_work = 0;
}
