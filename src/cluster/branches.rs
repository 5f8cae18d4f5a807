//! Branches: futures of a cluster side by side, each a store of its own.
//!
//! The store itself is the branch [`MAIN`]; every other one is in `branches/NAME` below it. The file `branch` names the one
//! that commands use unless they name another.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::api::index_entries;
use crate::console::SavedState;
use crate::error::ClusterError;
use crate::options::lock_timeout;
use crate::store::{LockedStore, Store, StoreDir, StoreError, sync_dir};
use kctl_base::order::Order as _;
use kctl_base::sim::Duration;

/// The name of the store itself.
const MAIN: &str = "main";

/// The directory of the branches below the store.
const DIRECTORY: &str = "branches";

/// The file with the name of the current branch.
const CURRENT: &str = "branch";

/// The prefixes of directories that are being made or removed; no name begins like them.
const NEW: &str = ".new-";
const OLD: &str = ".old-";

/// Returns the directory of a branch of the store in `base`, by default of the current one.
///
/// # Errors
/// If there is no such branch.
pub fn directory(base: &Path, name: Option<&str>) -> Result<PathBuf, ClusterError> {
    let name = match name {
        Some(name) => name.to_string(),
        None => current(base)?,
    };
    if name == MAIN {
        return Ok(base.to_path_buf());
    }
    let directory = place(base, &name);
    match is_name(&name) && StoreDir::is_store(&directory)? {
        true => Ok(directory),
        false => refuse(format!("there is no branch \"{name}\" (to create it: kctl --branch=main branch {name})")),
    }
}

/// Returns the name of the current branch.
///
/// # Errors
/// If the file that names it cannot be read.
pub fn current(base: &Path) -> Result<String, ClusterError> {
    let path = base.join(CURRENT);
    match fs::read_to_string(&path) {
        Ok(name) => Ok(name.trim().to_string()),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(MAIN.into()),
        Err(error) => Err(StoreError::from_io(&path, error).into()),
    }
}

/// Returns the names of all branches, [`MAIN`] first.
///
/// # Errors
/// If the directory cannot be read.
pub fn list(base: &Path) -> Result<Vec<String>, ClusterError> {
    let path = base.join(DIRECTORY);
    let mut names = Vec::new();
    match fs::read_dir(&path) {
        Ok(entries) => {
            for entry in entries {
                let entry = entry.map_err(|e| StoreError::from_io(&path, e))?;
                names.push(entry.file_name().to_string_lossy().into_owned());
            }
        }
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {}
        Err(error) => return Err(StoreError::from_io(&path, error).into()),
    }
    names.retain(|name| is_name(name));
    names.order();
    names.insert(0, MAIN.into());
    Ok(names)
}

/// Creates a branch of the store in `base` from the store in `from`, which shares its files. It is there as a whole or not
/// at all.
///
/// # Errors
/// A name that is taken; a store that is locked for longer than the timeout or cannot be read; a disk that fails.
pub fn create(base: &Path, from: &Path, name: &str, timeout: Duration) -> Result<(), ClusterError> {
    let place = place(base, name);
    // One process at a time makes or removes branches.
    let mut main = lock(base, timeout)?;
    let parent = base.join(DIRECTORY);
    clear(&parent);
    if name == MAIN || place.exists() {
        return refuse(format!("there is a branch \"{name}\" already"));
    }
    let new = parent.join(format!("{NEW}{name}"));
    match from == base {
        true => main.branch_into(&new)?,
        false => lock(from, timeout)?.branch_into(&new)?,
    }
    rename(&new, &place)?;
    sync_dir(&parent)?;
    Ok(sync_dir(base)?)
}

/// Removes a branch.
///
/// # Errors
/// A branch that does not exist, is the current one, or is in use for longer than the timeout.
pub fn delete(base: &Path, name: &str, timeout: Duration) -> Result<(), ClusterError> {
    if name == MAIN {
        return refuse("the branch \"main\" cannot be deleted (to delete the cluster: kctl store reset)".into());
    }
    let place = directory(base, Some(name))?;
    if current(base)? == name {
        return refuse(format!("the branch \"{name}\" is the current one (to use another: kctl branch switch main)"));
    }
    let (_main, _locked) = (lock(base, timeout)?, lock(&place, timeout)?);
    let parent = base.join(DIRECTORY);
    clear(&parent);
    rename(&place, &parent.join(format!("{OLD}{name}")))?;
    sync_dir(&parent)?;
    clear(&parent);
    Ok(())
}

/// Makes a branch the current one.
///
/// # Errors
/// A branch that does not exist, or a disk that fails.
pub fn switch(base: &Path, name: &str) -> Result<(), ClusterError> {
    directory(base, Some(name))?;
    let path = base.join(CURRENT);
    let new = base.join(format!("{CURRENT}.new"));
    let write = || {
        if name == MAIN {
            return remove_file(&path);
        }
        fs::write(&new, format!("{name}\n"))?;
        fs::File::open(&new)?.sync_all()?;
        fs::rename(&new, &path)
    };
    write().map_err(|e| StoreError::from_io(&path, e))?;
    Ok(sync_dir(base)?)
}

/// Removes all branches, so that the store itself is the current one.
///
/// # Errors
/// A disk that fails.
pub fn remove_all(base: &Path) -> Result<(), ClusterError> {
    let path = base.join(CURRENT);
    remove_file(&path).map_err(|e| StoreError::from_io(&path, e))?;
    let path = base.join(DIRECTORY);
    match fs::remove_dir_all(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(StoreError::from_io(&path, error).into()),
        _ => Ok(()),
    }
}

/// Opens the present state of a branch, for a comparison.
///
/// # Errors
/// As [`directory`], and a store that cannot be locked or read.
pub fn state(base: &Path, name: &str, timeout: Duration) -> Result<SavedState, ClusterError> {
    let directory = directory(base, Some(name))?;
    let store = Store::new(Box::new(lock(&directory, timeout)?.engine()?), index_entries)?;
    let present = store.past(store.position())?;
    let missing = || StoreError::damaged("its present state is missing").at(&directory);
    Ok(SavedState(present.ok_or_else(missing)?))
}

/// The directory of a branch other than [`MAIN`].
fn place(base: &Path, name: &str) -> PathBuf {
    base.join(DIRECTORY).join(name)
}

/// Returns true for what can be the name of a branch, and of a directory on every system: a label of DNS.
pub fn is_name(name: &str) -> bool {
    let is_inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let ends = |c: char| c.is_ascii_alphanumeric();
    name.len() <= 63 && name.bytes().all(is_inner) && name.starts_with(ends) && name.ends_with(ends)
}

/// Removes what a process has left that was killed while it made or removed a branch. What stays takes room only.
fn clear(parent: &Path) {
    for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with(NEW) || name.starts_with(OLD) {
            drop(fs::remove_dir_all(entry.path()));
        }
    }
}

fn lock(directory: &Path, timeout: Duration) -> Result<LockedStore, StoreError> {
    StoreDir::open(directory)?.lock(lock_timeout(timeout), &mut || {})
}

fn rename(from: &Path, to: &Path) -> Result<(), StoreError> {
    fs::rename(from, to).map_err(|e| StoreError::from_io(to, e))
}

fn remove_file(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn refuse<T>(message: String) -> Result<T, ClusterError> {
    Err(ClusterError::History(message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_labels() {
        assert!(["a", "a-b", "x1", "1"].into_iter().all(is_name));
        let long = "a".repeat(64);
        assert!(!["", "-a", "a-", "A", "a.b", "a/b", "..", ".new-a", &long].into_iter().any(is_name));
    }
}
