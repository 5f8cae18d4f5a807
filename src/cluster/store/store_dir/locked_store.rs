//! A store that this process has locked: opening its engine, resetting and compacting it.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use super::commit_counter::{self, CommitCounter};
use super::manifest::Manifest;
use super::{bytes_below, make_private, names_in, sync_dir};
use crate::store::{Engine as _, SledEngine, StoreError};

/// The name of the directory in which data is created until it is complete.
const NEW: &str = "new";

/// The prefix of the names of data directories.
const DATA_PREFIX: &str = "data-";

/// Smaller data, in bytes, is never worth compacting.
const COMPACTION_BYTES_MIN: u64 = 16 << 20;

/// Data is compacted if it is more than this many times as large as its live rows.
const COMPACTION_RATIO: u64 = 8;

/// Returns true if a name has the form of a data directory: `data-1`.
pub(super) fn is_data(name: &str) -> bool {
    name.strip_prefix(DATA_PREFIX).is_some_and(|n| n.parse::<u64>().is_ok())
}

/// The held lock. It is released when this and every engine that was opened have been dropped.
struct LockGuard {
    dir: PathBuf,
    observed: Arc<Mutex<Option<CommitCounter>>>,
    _lock: File,
}

impl Drop for LockGuard {
    fn drop(&mut self) {
        // The lock is still held, so no other process can commit between this read and the release.
        let mut observed = self.observed.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        *observed = CommitCounter::read(&self.dir);
    }
}

/// A store that is locked by this process.
pub(crate) struct LockedStore {
    dir: PathBuf,
    manifest: Manifest,
    guard: Arc<LockGuard>,
}

impl LockedStore {
    /// Takes over the lock of a directory, and creates the manifest of a new store.
    pub(super) fn new(
        dir: &Path,
        lock: File,
        observed: Arc<Mutex<Option<CommitCounter>>>,
    ) -> Result<LockedStore, StoreError> {
        let guard = Arc::new(LockGuard { dir: dir.to_path_buf(), observed, _lock: lock });
        let manifest = match Manifest::read(dir)? {
            Some(manifest) => manifest,
            None => {
                create_private(dir)?;
                Manifest::default().write(dir)?;
                Manifest::default()
            }
        };
        let store = LockedStore { dir: dir.to_path_buf(), manifest, guard };
        store.remove_leftovers()?;
        Ok(store)
    }

    /// Returns true if the store has no data yet.
    #[cfg(test)]
    pub(crate) fn is_new(&self) -> bool {
        !self.manifest.has_data
    }

    /// Opens the engine, creating it for a new store and compacting it if most of its data is stale. The engine keeps the
    /// lock until it is dropped. Only one engine can be open at a time.
    ///
    /// # Errors
    /// If the data cannot be read, is damaged, or misses commits.
    pub(crate) fn engine(&mut self) -> Result<SledEngine, StoreError> {
        if !self.manifest.has_data {
            self.create_data()?;
        }
        let engine = self.open_data()?;
        let mut engine = if self.is_check_due(&engine)? { self.compact_if_stale(engine)? } else { engine };
        make_private(&self.data())?;
        self.publish_commits(&mut engine)?;
        Ok(engine)
    }

    /// Removes all data; the next engine is that of a new store. No engine may be open.
    ///
    /// # Errors
    /// If the files cannot be written or removed.
    pub(crate) fn reset(&mut self) -> Result<(), StoreError> {
        self.switch_generation(Manifest { generation: self.manifest.generation + 1, has_data: false, checked_bytes: 0 })
    }

    /// Rewrites the data without stale rows, and returns its size in bytes before and after. No engine may be open.
    ///
    /// # Errors
    /// If the data cannot be read or there is no space for the copy; then the data is unchanged.
    pub(crate) fn compact(&mut self) -> Result<(u64, u64), StoreError> {
        let before = self.data_bytes()?;
        if self.manifest.has_data {
            let engine = self.open_data()?;
            self.rewrite(engine)?;
        }
        Ok((before, self.data_bytes()?))
    }

    /// The size of the data in bytes; 0 before it has been created.
    fn data_bytes(&self) -> Result<u64, StoreError> {
        if self.manifest.has_data { bytes_below(&self.data()) } else { Ok(0) }
    }

    /// The directory of the current generation.
    fn data(&self) -> PathBuf {
        self.dir.join(format!("{DATA_PREFIX}{}", self.manifest.generation))
    }

    /// Creates empty data, which is complete before the manifest refers to it.
    fn create_data(&mut self) -> Result<(), StoreError> {
        let mut engine = SledEngine::open(&self.empty_new()?)?;
        engine.init()?;
        drop(engine);
        self.install(0)
    }

    fn open_data(&self) -> Result<SledEngine, StoreError> {
        // The counter of another generation says nothing about this one.
        let counter = CommitCounter::read(&self.dir).filter(|c| c.generation == self.manifest.generation);
        let engine = SledEngine::open_written(&self.data(), counter.map_or(0, |c| c.batches));
        // Users know the directory of the store, not that of its data.
        engine.map_err(|error| match error {
            StoreError::Damaged { reason, cause, .. } => StoreError::Damaged { path: self.dir.clone(), reason, cause },
            other => other,
        })
    }

    /// Returns true if stale rows should be looked for. That scans the whole store, so it runs only after the size has
    /// doubled.
    fn is_check_due(&self, engine: &SledEngine) -> Result<bool, StoreError> {
        Ok(engine.bytes_on_disk()? >= COMPACTION_BYTES_MIN.max(self.manifest.checked_bytes.saturating_mul(2)))
    }

    /// Compares the size of the data with that of its live rows, and rewrites it if most of it is stale.
    fn compact_if_stale(&mut self, engine: SledEngine) -> Result<SledEngine, StoreError> {
        let bytes = self.data_bytes()?;
        if bytes > COMPACTION_RATIO * engine.live_bytes()? {
            match self.rewrite(engine) {
                // Without space for a copy, the store is used as it is.
                Ok(()) | Err(StoreError::Full { .. }) => {}
                Err(error) => return Err(error),
            }
            return self.open_data();
        }
        self.manifest.checked_bytes = bytes;
        self.manifest.write(&self.dir)?;
        Ok(engine)
    }

    /// Copies the live rows into new data and switches to it atomically: if the process is killed, either generation is
    /// complete.
    fn rewrite(&mut self, old: SledEngine) -> Result<(), StoreError> {
        let path = self.empty_new()?;
        let mut new = SledEngine::open(&path)?;
        let copied = new.copy_from(&old);
        drop((old, new));
        match copied {
            Ok(()) => self.install(bytes_below(&path)?),
            Err(error) => {
                remove(&path)?;
                Err(error)
            }
        }
    }

    /// Creates an empty directory for new data.
    fn empty_new(&self) -> Result<PathBuf, StoreError> {
        let path = self.dir.join(NEW);
        remove(&path)?;
        create_private(&path)?;
        Ok(path)
    }

    /// Renames complete new data to the next generation and switches to it.
    fn install(&mut self, checked_bytes: u64) -> Result<(), StoreError> {
        let manifest = Manifest { generation: self.manifest.generation + 1, has_data: true, checked_bytes };
        let (new, data) = (self.dir.join(NEW), self.dir.join(format!("{DATA_PREFIX}{}", manifest.generation)));
        sync_dir(&new)?;
        remove(&data)?;
        fs::rename(&new, &data).map_err(|e| StoreError::from_io(&data, e))?;
        sync_dir(&self.dir)?;
        self.switch_generation(manifest)
    }

    /// Makes a manifest the current one, resets the commit counter, and removes the previous generation.
    fn switch_generation(&mut self, manifest: Manifest) -> Result<(), StoreError> {
        manifest.write(&self.dir)?;
        self.manifest = manifest;
        let mut file = commit_counter::open(&self.dir)?;
        let counter = CommitCounter { generation: manifest.generation, batches: 0 };
        counter.write(&mut file).map_err(|e| StoreError::from_io(&self.dir, e))?;
        self.remove_leftovers()
    }

    /// Removes unfinished and previous data.
    fn remove_leftovers(&self) -> Result<(), StoreError> {
        let current = self.manifest.has_data.then(|| self.data());
        for name in names_in(&self.dir)? {
            let path = self.dir.join(&name);
            if (name == NEW || is_data(&name)) && current.as_ref() != Some(&path) {
                remove(&path)?;
            }
        }
        Ok(())
    }

    /// Makes the engine publish every commit to watches, and keep the lock.
    fn publish_commits(&self, engine: &mut SledEngine) -> Result<(), StoreError> {
        let mut file = commit_counter::open(&self.dir)?;
        let (generation, guard) = (self.manifest.generation, self.guard.clone());
        engine.on_apply(move |batches| {
            // Moves the guard into the callback, which lives as long as the engine.
            let _keep = &guard;
            // The commit is durable even if this fails; watches then see it with the next commit.
            drop(CommitCounter { generation, batches }.write(&mut file));
        });
        Ok(())
    }
}

/// Removes a directory if it exists.
fn remove(path: &Path) -> Result<(), StoreError> {
    match fs::remove_dir_all(path) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(StoreError::from_io(path, e)),
        _ => Ok(()),
    }
}

/// Creates a directory that only its owner can access, or restricts an existing one.
fn create_private(path: &Path) -> Result<(), StoreError> {
    super::create_private(path)?;
    #[cfg(unix)]
    {
        let private = std::os::unix::fs::PermissionsExt::from_mode(0o700);
        fs::set_permissions(path, private).map_err(|e| StoreError::from_io(path, e))?;
    }
    Ok(())
}
