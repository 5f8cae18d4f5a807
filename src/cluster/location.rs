//! The place where a cluster is stored, and its lock.

use crate::api::index_entries;
use crate::options::{Backend, OpenOptions, lock_timeout};
use crate::store::{LockedStore, MemoryEngine, Store, StoreDir, StoreError};

/// The storage of an open cluster.
pub(crate) struct Location {
    options: OpenOptions,
    /// The directory; `None` in memory.
    dir: Option<StoreDir>,
    /// The lock on the directory; `None` before the store is opened and while a watch sleeps.
    locked: Option<LockedStore>,
}

impl Location {
    /// Finds or creates the directory of a backend.
    ///
    /// # Errors
    /// If the directory is not a store or cannot be used.
    pub(crate) fn new(options: OpenOptions) -> Result<Location, StoreError> {
        let dir = match &options.backend {
            Backend::Directory(directory) => Some(StoreDir::open(directory)?),
            Backend::Memory => None,
        };
        Ok(Location { options, dir, locked: None })
    }

    /// The options that the cluster was opened with.
    pub(crate) fn options(&self) -> &OpenOptions {
        &self.options
    }

    /// Returns true if other processes can use the storage.
    pub(crate) fn is_shared(&self) -> bool {
        self.dir.is_some()
    }

    /// Takes the lock and opens the store; a new one in memory.
    ///
    /// # Errors
    /// If another process keeps the lock, or the store is damaged.
    pub(crate) fn open_store(&mut self) -> Result<Store, StoreError> {
        let Some(dir) = &self.dir else {
            return Store::new(Box::new(MemoryEngine::new()), index_entries);
        };
        let mut locked = dir.lock(lock_timeout(self.options.lock_timeout), &mut || (self.options.on_wait)())?;
        let engine = locked.engine()?;
        self.locked = Some(locked);
        Store::new(Box::new(engine), index_entries).map_err(|e| self.name(e))
    }

    /// Releases the lock and waits until another process has committed, for at most `timeout`.
    pub(crate) fn wait_for_change(&mut self, timeout: std::time::Duration) {
        self.locked = None;
        if let Some(dir) = &self.dir {
            dir.wait_for_change(timeout);
        }
    }

    /// Returns the error for a store that no longer holds the cluster that was opened.
    pub(crate) fn replaced(&self) -> StoreError {
        StoreError::Replaced { path: self.path() }
    }

    /// Returns the error for a store that holds another state than the one that followed from what was opened.
    pub(crate) fn restored(&self) -> StoreError {
        StoreError::Restored { path: self.path() }
    }

    /// The directory; empty in memory.
    fn path(&self) -> std::path::PathBuf {
        match &self.options.backend {
            Backend::Directory(directory) => directory.clone(),
            Backend::Memory => Default::default(),
        }
    }

    /// Adds the directory to an error of the store.
    pub(crate) fn name(&self, error: StoreError) -> StoreError {
        match &self.options.backend {
            Backend::Directory(directory) => error.at(directory),
            Backend::Memory => error,
        }
    }
}
