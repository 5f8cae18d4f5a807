//! The directory of a store on disk: its format, its lock, its data, and the detection of commits by other processes.
//!
//! - `store` is the [`manifest`]: the format and the generation of the data. It is replaced atomically.
//! - `lock` is locked by the process that has the store open.
//! - `state` is the [`commit_counter`]: watches compare it without the lock, and a lost commit is detected by it.
//! - `data-N` is the engine's directory of generation `N`.
//! - `sled-N` is the record that a compaction has made; after a store of format 1 was taken over, it is the old `data-N`.
//! - `branch` and `branches` belong to the [branches](crate::branches) of the cluster.
//! - `new`, `new-record` and every other `data-N` and `sled-N` are leftovers of a process that was killed, and are removed.
//!
//! This module knows no objects. A directory with other contents is refused and left unchanged.

mod commit_counter;
mod lock;
mod locked_store;
mod manifest;
mod watch;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

pub(crate) use locked_store::LockedStore;

use super::StoreError;
use commit_counter::CommitCounter;
use manifest::Manifest;

/// A directory that is a store or may become one. It is neither locked nor open.
pub(crate) struct StoreDir {
    dir: PathBuf,
    /// The commit counter when this process last released the store.
    observed: Arc<Mutex<Option<CommitCounter>>>,
}

impl StoreDir {
    /// Opens a directory, creating it if it does not exist.
    ///
    /// # Errors
    /// If the directory contains something other than a store, or cannot be read or created.
    pub(crate) fn open(dir: impl Into<PathBuf>) -> Result<StoreDir, StoreError> {
        let dir = dir.into();
        match fs::metadata(&dir) {
            Ok(found) if found.is_dir() => inspect(&dir)?,
            Ok(_) => return Err(StoreError::Foreign { path: dir, reason: "it is not a directory".into() }),
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                if let Ok(target) = fs::read_link(&dir) {
                    let reason = format!("it is a link to {}, which does not exist", target.display());
                    return Err(StoreError::Foreign { path: dir, reason });
                }
                create_durably(&dir)?;
            }
            Err(e) if e.kind() == io::ErrorKind::NotADirectory => {
                let reason = "a part of its path is not a directory".into();
                return Err(StoreError::Foreign { path: dir, reason });
            }
            Err(e) => return Err(StoreError::from_io(&dir, e)),
        }
        Ok(StoreDir { dir, observed: Arc::default() })
    }

    /// Returns whether a directory is a store, without creating or locking anything.
    ///
    /// # Errors
    /// If the directory cannot be read, or holds a store of another program or format.
    pub(crate) fn is_store(dir: &Path) -> Result<bool, StoreError> {
        Ok(Manifest::read(dir)?.is_some())
    }

    /// Waits until no other process has the store open, and locks it. After one second of waiting, calls `on_wait` once.
    ///
    /// # Errors
    /// [`StoreError::Locked`] after `timeout`, and [`StoreError::Replaced`] if the store was locked before and is gone;
    /// otherwise as [`StoreDir::open`].
    pub(crate) fn lock(&self, timeout: Duration, on_wait: &mut dyn FnMut()) -> Result<LockedStore, StoreError> {
        // A directory that is being removed must not get a new file.
        if self.observed().is_some() && !self.dir.join(manifest::FILE).exists() {
            return Err(StoreError::Replaced { path: self.dir.clone() });
        }
        let file = lock::acquire(&self.dir, timeout, on_wait)?;
        // Another process may have created, reset or compacted the store in the meantime.
        inspect(&self.dir)?;
        LockedStore::new(&self.dir, file, self.observed.clone())
    }

    /// Sleeps until another process has committed since this one last released the store, for at most `timeout`. Returns
    /// false after the timeout. The store is not locked meanwhile.
    pub(crate) fn wait_for_change(&self, timeout: Duration) -> bool {
        watch::until_changed(&self.dir, self.observed(), timeout)
    }

    /// The commit counter when this process last released the store; `None` if it has not.
    fn observed(&self) -> Option<CommitCounter> {
        // A thread that panicked while it held the mutex has left a whole value: it is replaced by one assignment.
        *self.observed.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// The size of all files of the store in bytes.
    ///
    /// # Errors
    /// If a directory cannot be read.
    pub(crate) fn bytes_on_disk(&self) -> Result<u64, StoreError> {
        bytes_below(&self.dir)
    }
}

/// Refuses a directory that is neither a store nor empty, without changing it.
fn inspect(dir: &Path) -> Result<(), StoreError> {
    if Manifest::read(dir)?.is_some() {
        return Ok(());
    }
    let mut names = names_in(dir)?;
    names.retain(|name| ![lock::FILE, manifest::NEW_FILE].contains(&name.as_str()));
    // Another process may have created the store since: the manifest comes before everything else.
    if !names.is_empty() && Manifest::read(dir)?.is_some() {
        return Ok(());
    }
    match names.first() {
        None => Ok(()),
        Some(_) if names.iter().any(|name| locked_store::is_data(name)) => {
            Err(StoreError::damaged(format!("its file {:?} is missing", manifest::FILE)).at(dir))
        }
        Some(name) => Err(StoreError::Foreign { path: dir.to_path_buf(), reason: format!("it contains {name:?}") }),
    }
}

/// The names of the entries of a directory, sorted.
fn names_in(dir: &Path) -> Result<Vec<String>, StoreError> {
    let entries = fs::read_dir(dir).and_then(Iterator::collect::<io::Result<Vec<_>>>);
    let entries = entries.map_err(|e| StoreError::from_io(dir, e))?;
    let mut names: Vec<String> = entries.iter().map(|e| e.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    Ok(names)
}

/// Creates a directory and its parents with access for the owner only, because the store may contain Secrets.
fn create_private(dir: &Path) -> Result<(), StoreError> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir).map_err(|e| StoreError::from_io(dir, e))
}

/// Creates a directory and its parents like [`create_private`], and makes their names durable: a store whose directory is
/// lost in a power failure is lost with all that was acknowledged.
fn create_durably(dir: &Path) -> Result<(), StoreError> {
    let missing = dir.ancestors().take_while(|path| !path.exists()).count();
    create_private(dir)?;
    for parent in dir.ancestors().skip(1).take(missing) {
        // The parent of a relative path of one component is the current directory.
        match sync_dir(if parent.as_os_str().is_empty() { Path::new(".") } else { parent }) {
            // A directory that may be written but not listed cannot be opened.
            Ok(()) | Err(StoreError::ReadOnly { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// The options to open a file for writing, or to create it with access for its owner only.
fn private_file() -> fs::OpenOptions {
    let mut options = fs::File::options();
    options.create(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// Takes the access to the files below a directory from everybody but their owner. Sled creates them with the mode that the
/// user has set for files (umask).
fn make_private(dir: &Path) -> Result<(), StoreError> {
    #[cfg(unix)]
    for name in names_in(dir)? {
        use std::os::unix::fs::PermissionsExt as _;
        let path = dir.join(name);
        let failed = |e: io::Error| StoreError::from_io(&path, e);
        let found = match fs::symlink_metadata(&path) {
            Ok(found) => found,
            Err(e) if e.kind() == io::ErrorKind::NotFound => continue,
            Err(e) => return Err(failed(e)),
        };
        let mut permissions = found.permissions();
        if !found.is_symlink() && permissions.mode() & 0o077 != 0 {
            permissions.set_mode(permissions.mode() & !0o077);
            fs::set_permissions(&path, permissions).map_err(failed)?;
        }
        if found.is_dir() {
            make_private(&path)?;
        }
    }
    Ok(())
}

/// The size of all files below a directory in bytes. Files that disappear meanwhile do not count.
fn bytes_below(dir: &Path) -> Result<u64, StoreError> {
    let mut bytes = 0;
    for name in names_in(dir)? {
        let path = dir.join(name);
        match fs::symlink_metadata(&path) {
            Ok(found) if found.is_dir() => bytes += bytes_below(&path)?,
            Ok(found) => bytes += found.len(),
            Err(e) if e.kind() == io::ErrorKind::NotFound => {}
            Err(e) => return Err(StoreError::from_io(&path, e)),
        }
    }
    Ok(bytes)
}

/// Makes the entries of a directory durable.
pub(crate) fn sync_dir(dir: &Path) -> Result<(), StoreError> {
    fs::File::open(dir).and_then(|d| d.sync_all()).map_err(|e| StoreError::from_io(dir, e))
}

#[cfg(test)]
mod tests;
