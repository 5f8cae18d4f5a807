//! A store that this process has locked: opening its engine, resetting and compacting it.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use super::commit_counter::{self, CommitCounter};
use super::manifest::{self, Manifest};
use super::{bytes_below, make_private, names_in, sync_dir};
use crate::store::disk::RetentionOf;
use crate::store::{DiskEngine, SledEngine, StoreError, object_row};

/// The name of the directory in which data is created until it is complete.
const NEW: &str = "new";

/// The name of the directory in which a record is created until it is complete.
const NEW_RECORD: &str = "new-record";

/// The prefix of the names of data directories.
const DATA_PREFIX: &str = "data-";

/// The prefix of the names of records, directories of sled.
const RECORD_PREFIX: &str = "sled-";

/// Returns true if a name has the form of a data directory or of a record: `data-1`, `sled-1`.
pub(super) fn is_data(name: &str) -> bool {
    let number = name.strip_prefix(DATA_PREFIX).or_else(|| name.strip_prefix(RECORD_PREFIX));
    number.is_some_and(|n| n.parse::<u64>().is_ok())
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
        *observed = CommitCounter::read(&self.dir).or_else(|| {
            // A store that is being removed has changed; no store has this counter.
            let is_removed = !self.dir.join(manifest::FILE).exists();
            is_removed.then_some(CommitCounter { generation: 0, batches: 0 })
        });
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
        match store.remove_leftovers() {
            // Leftovers do not matter to one who can only read.
            Ok(()) | Err(StoreError::ReadOnly { .. }) => Ok(store),
            Err(error) => Err(error),
        }
    }

    /// Returns true if the store has no data yet.
    #[cfg(test)]
    pub(crate) fn is_new(&self) -> bool {
        !self.manifest.has_data
    }

    /// Opens the engine, creating it for a new store and taking over the data of a store of an earlier version. The engine
    /// keeps the lock until it is dropped. Only one engine can be open at a time.
    ///
    /// # Errors
    /// If the data cannot be read, is damaged, or misses commits.
    pub(crate) fn engine(&mut self) -> Result<DiskEngine, StoreError> {
        if !self.manifest.has_data {
            drop(DiskEngine::create(&empty(&self.dir.join(NEW))?)?);
            self.install(String::new())?;
        } else if self.manifest.is_sled {
            self.take_over_sled()?;
        } else if self.manifest.is_outdated {
            self.update_manifest()?;
        }
        let mut engine = self.open_data()?;
        self.publish_commits(&mut engine)?;
        Ok(engine)
    }

    /// Removes all data; the next engine is that of a new store. No engine may be open.
    ///
    /// # Errors
    /// If the files cannot be written or removed.
    pub(crate) fn reset(&mut self) -> Result<(), StoreError> {
        self.switch_generation(Manifest { generation: self.manifest.generation + 1, ..Manifest::default() })
    }

    /// Rewrites the data without stale rows and makes a new record of it, and returns the size of the data in bytes before
    /// and after. The past is kept as far as `retention` says. No engine may be open.
    ///
    /// The copies are complete and durable before the store switches to them, so that after a kill or a power failure
    /// either generation is whole.
    ///
    /// # Errors
    /// If the data cannot be read or there is no space for the copies; then the data is unchanged.
    pub(crate) fn compact(&mut self, retention: Option<RetentionOf>) -> Result<(u64, u64), StoreError> {
        if !self.manifest.has_data {
            return Ok((0, 0));
        }
        if self.manifest.is_sled {
            self.take_over_sled()?;
        }
        let before = bytes_below(&self.data())?;
        let written = self.rewrite(retention);
        if written.is_err() {
            // What is left of the copies takes up space.
            remove(&self.dir.join(NEW))?;
            remove(&self.dir.join(NEW_RECORD))?;
        }
        written?;
        Ok((before, bytes_below(&self.data())?))
    }

    /// Makes a store with the same data and the same past in a new directory, which shares the files that do not change. No
    /// engine may be open.
    ///
    /// # Errors
    /// If the data cannot be read, or there is no space for what is not shared.
    pub(crate) fn branch_into(&mut self, to: &Path) -> Result<(), StoreError> {
        let manifest = Manifest { generation: 1, has_data: true, ..Manifest::default() };
        let engine = self.engine()?;
        create_private(to)?;
        let data = empty(&to.join(format!("{DATA_PREFIX}{}", manifest.generation)))?;
        engine.branch_into(&data)?;
        manifest.write(to)
    }

    /// The directory of the current generation.
    fn data(&self) -> PathBuf {
        self.dir.join(format!("{DATA_PREFIX}{}", self.manifest.generation))
    }

    /// The number of commits that the data must have; 0 if it is not known.
    fn commits(&self) -> u64 {
        // The counter of another generation says nothing about this one.
        let counter = CommitCounter::read(&self.dir).filter(|c| c.generation == self.manifest.generation);
        counter.map_or(0, |c| c.batches)
    }

    fn open_data(&self) -> Result<DiskEngine, StoreError> {
        DiskEngine::open(&self.data(), self.commits()).map_err(|e| self.name(e))
    }

    /// Adds to damage the directory of the store, which users know, in place of that of its data.
    fn name(&self, error: StoreError) -> StoreError {
        match error {
            StoreError::Damaged { reason, cause, .. } => StoreError::Damaged { path: self.dir.clone(), reason, cause },
            other => other,
        }
    }

    /// Gives the manifest the present format, before the first row of that format is written.
    fn update_manifest(&mut self) -> Result<(), StoreError> {
        match self.manifest.write(&self.dir) {
            Ok(()) => self.manifest.is_outdated = false,
            // Nothing can be written there either.
            Err(StoreError::ReadOnly { .. }) => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// Copies the data of an earlier version, which stays as the record.
    fn take_over_sled(&mut self) -> Result<(), StoreError> {
        let record = format!("{DATA_PREFIX}{}", self.manifest.generation);
        let from = SledEngine::open_written(&self.data(), self.commits()).map_err(|e| self.name(e))?;
        DiskEngine::create(&empty(&self.dir.join(NEW))?)?.copy_from(&from, from.batches())?;
        drop(from);
        make_private(&self.dir.join(&record))?;
        self.install(record)
    }

    /// Copies the live rows into new data and into a new record, and switches to both.
    fn rewrite(&mut self, retention: Option<RetentionOf>) -> Result<(), StoreError> {
        let mut from = self.open_data()?;
        from.compact_into(&empty(&self.dir.join(NEW))?, retention)?;
        let new = empty(&self.dir.join(NEW_RECORD))?;
        SledEngine::open(&new)?.copy_from(&from, from.batches(), object_row::to_record)?;
        make_private(&new)?;
        sync_files(&new)?;
        let name = format!("{RECORD_PREFIX}{}", self.manifest.generation + 1);
        let record = self.dir.join(&name);
        remove(&record)?;
        fs::rename(&new, &record).map_err(|e| StoreError::from_io(&record, e))?;
        self.install(name)
    }

    /// Renames complete new data to the next generation and switches to it and to a record.
    fn install(&mut self, record: String) -> Result<(), StoreError> {
        let generation = self.manifest.generation + 1;
        let manifest = Manifest { generation, has_data: true, record, ..Manifest::default() };
        let (new, data) = (self.dir.join(NEW), self.dir.join(format!("{DATA_PREFIX}{}", manifest.generation)));
        remove(&data)?;
        fs::rename(&new, &data).map_err(|e| StoreError::from_io(&data, e))?;
        sync_dir(&self.dir)?;
        self.switch_generation(manifest)
    }

    /// Makes a manifest the current one, resets the commit counter, and removes the previous generation.
    fn switch_generation(&mut self, manifest: Manifest) -> Result<(), StoreError> {
        manifest.write(&self.dir)?;
        let counter = CommitCounter { generation: manifest.generation, batches: 0 };
        self.manifest = manifest;
        let mut file = commit_counter::open(&self.dir)?;
        counter.write(&mut file).map_err(|e| StoreError::from_io(&self.dir, e))?;
        self.remove_leftovers()
    }

    /// Removes unfinished and previous data.
    fn remove_leftovers(&self) -> Result<(), StoreError> {
        let current = self.manifest.has_data.then(|| self.data());
        for name in names_in(&self.dir)? {
            let path = self.dir.join(&name);
            let is_leftover = name == NEW || name == NEW_RECORD || is_data(&name);
            if is_leftover && current.as_ref() != Some(&path) && name != self.manifest.record {
                remove(&path)?;
            }
        }
        Ok(())
    }

    /// Makes the engine publish every commit to watches, and keep the lock.
    fn publish_commits(&self, engine: &mut DiskEngine) -> Result<(), StoreError> {
        let mut file = match commit_counter::open(&self.dir) {
            // Nothing can be committed there either.
            Err(StoreError::ReadOnly { .. }) => None,
            file => Some(file?),
        };
        let (generation, guard) = (self.manifest.generation, self.guard.clone());
        engine.on_apply(move |batches| {
            // Moves the guard into the callback, which lives as long as the engine.
            let _keep = &guard;
            // The commit is durable even if this fails; watches then see it with the next commit.
            drop(file.as_mut().map(|file| CommitCounter { generation, batches }.write(file)));
        });
        Ok(())
    }
}

/// Creates an empty directory, which only its owner can access, in place of one of that name.
fn empty(path: &Path) -> Result<PathBuf, StoreError> {
    remove(path)?;
    create_private(path)?;
    Ok(path.to_path_buf())
}

/// Makes the files of a directory and their names durable. Sled leaves that to the system for some of its files.
fn sync_files(dir: &Path) -> Result<(), StoreError> {
    for name in names_in(dir)? {
        let path = dir.join(name);
        match path.is_dir() {
            true => sync_files(&path)?,
            false => File::open(&path).and_then(|f| f.sync_all()).map_err(|e| StoreError::from_io(&path, e))?,
        }
    }
    sync_dir(dir)
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
