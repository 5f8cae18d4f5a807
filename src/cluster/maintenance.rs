//! Maintenance of a store directory without opening the cluster in it: no clock moves and no controller runs.
//!
//! Every function takes the lock of the store first and fails with [`StoreError::Locked`] if another process keeps it for
//! `lock_timeout`; zero waits for ever.

use std::path::Path;

use crate::api::index_entries;
use crate::options::lock_timeout;
use crate::origin;
use crate::store::{LockedStore, ObjectKey, Store, StoreDir, StoreError, retention};
use kctl_base::object::{Object, ObjectMeta as _};
use kctl_base::sim::Duration;

/// The result of a check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The newest revision.
    pub revision: u64,
    /// The size of the data in bytes.
    pub bytes_on_disk: u64,
    /// A sentence for every problem, naming the row; empty for a consistent store.
    pub problems: Vec<String>,
}

/// Checks the consistency of the store in a directory.
///
/// # Errors
/// If the directory is not a store, or its data cannot be opened. Damaged rows are problems in the report, not errors.
pub fn check(dir: &Path, lock_timeout: Duration) -> Result<Report, StoreError> {
    let mut store = open(dir, lock_timeout)?;
    let mut problems = store.check()?;
    // The general check has reported rows that are not even JSON.
    problems.extend(origin::check(&mut store)?.filter(|problem| !problems.contains(problem)));
    Ok(Report { revision: store.revision(), bytes_on_disk: store.bytes_on_disk()?, problems })
}

/// Returns the newest revision of the store in a directory, reading nothing else.
///
/// # Errors
/// As [`check`].
pub fn revision(dir: &Path, lock_timeout: Duration) -> Result<u64, StoreError> {
    Ok(open(dir, lock_timeout)?.revision())
}

/// Writes objects of resources into a store as they are, past the API server and the controllers, as a restore does.
///
/// # Errors
/// As [`check`], or if there is no cluster in the directory.
pub fn import(
    dir: &Path,
    lock_timeout: Duration,
    objects: impl IntoIterator<Item = (&'static str, Object)>,
) -> Result<(), StoreError> {
    let mut store = open(dir, lock_timeout)?;
    let now = origin::now(&mut store).map_err(|e| e.at(dir))?;
    for (resource, object) in objects {
        let key = ObjectKey::new(resource, object.namespace(), object.name());
        store.write(&key, object)?;
    }
    store.commit(now)
}

/// Rewrites the data of a store without stale rows, and returns its size in bytes before and after.
///
/// # Errors
/// As [`check`], or if there is no space for the copy; then the data is unchanged.
pub fn compact(dir: &Path, lock_timeout: Duration) -> Result<(u64, u64), StoreError> {
    lock(dir, lock_timeout)?.compact(Some(retention))
}

/// Removes the data of a store. The next command creates a new cluster.
///
/// # Errors
/// If the directory is not a store or cannot be written.
pub fn reset(dir: &Path, lock_timeout: Duration) -> Result<(), StoreError> {
    lock(dir, lock_timeout)?.reset()
}

/// Returns the size of all files of a store in bytes, without taking the lock.
///
/// # Errors
/// If the directory is not a store or cannot be read.
pub fn bytes_on_disk(dir: &Path) -> Result<u64, StoreError> {
    StoreDir::open(dir)?.bytes_on_disk()
}

/// Returns whether a directory is a store, without taking the lock.
///
/// # Errors
/// If the directory cannot be read, or holds a store of another program or format.
pub fn is_store(dir: &Path) -> Result<bool, StoreError> {
    StoreDir::is_store(dir)
}

fn lock(dir: &Path, timeout: Duration) -> Result<LockedStore, StoreError> {
    StoreDir::open(dir)?.lock(lock_timeout(timeout), &mut || {})
}

/// Opens the store; the engine keeps the lock.
fn open(dir: &Path, timeout: Duration) -> Result<Store, StoreError> {
    let engine = lock(dir, timeout)?.engine()?;
    Store::new(Box::new(engine), index_entries).map_err(|e| e.at(dir))
}
