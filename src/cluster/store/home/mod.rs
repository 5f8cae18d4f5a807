//! The directory a store lives in: who may use it, what is in it, and when it has changed.
//!
//! - `store` says that this is a store, of which format, and which directory holds its data; it is replaced in one step;
//! - `lock` is locked by the process that holds the store;
//! - `state` counts commits: watchers look at it without the lock, and a lost commit is noticed by it;
//! - `data-N` is the engine's. `new` and any other `data-N` are leftovers of a process that ended in between, and go.
//!
//! Knows no objects. A directory of something else is refused and left as it is.

mod held;
mod lock;
mod marker;
mod state;
mod watch;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

pub use held::Held;

use super::StoreError;
use marker::Marker;
use state::State;

/// A directory that is a store, or may become one. Nothing is locked or open.
pub struct Home {
    dir: PathBuf,
    /// The state in which this process left the store the last time.
    seen: Arc<Mutex<Option<State>>>,
}

impl Home {
    /// Looks at a directory and makes it when it is not there. What holds something else is refused.
    pub fn open(dir: impl Into<PathBuf>) -> Result<Home, StoreError> {
        let dir = dir.into();
        match fs::metadata(&dir) {
            Ok(found) if found.is_dir() => inspect(&dir)?,
            Ok(_) => return Err(StoreError::Foreign { path: dir, reason: "it is not a directory".into() }),
            Err(e) if e.kind() == io::ErrorKind::NotFound => make_private(&dir)?,
            Err(e) => return Err(StoreError::from_io(&dir, e)),
        }
        Ok(Home { dir, seen: Arc::default() })
    }

    /// Where it is.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Whether a store has been made here.
    pub fn exists(&self) -> bool {
        matches!(Marker::read(&self.dir), Ok(Some(marker)) if marker.written)
    }

    /// Waits until no other process holds the store, and holds it. After a second of waiting `on_wait` is called, once.
    pub fn lock(&self, timeout: Duration, on_wait: &mut dyn FnMut()) -> Result<Held, StoreError> {
        let file = lock::take(&self.dir, timeout, on_wait)?;
        // Another process may have made, emptied or compacted the store in the meantime.
        inspect(&self.dir)?;
        Held::new(&self.dir, file, self.seen.clone())
    }

    /// Sleeps until another process has committed something since this one last held the store, at most for `timeout`.
    /// Answers whether something was committed. The store is not locked meanwhile.
    pub fn wait_for_change(&self, timeout: Duration) -> Result<bool, StoreError> {
        let seen = self.seen.lock().map_or(None, |seen| *seen);
        watch::until_changed(&self.dir, seen, timeout)
    }

    /// How many bytes the store takes up on disk.
    pub fn size(&self) -> u64 {
        size_of(&self.dir)
    }
}

/// Refuses a directory that is neither a store nor empty, without touching it.
fn inspect(dir: &Path) -> Result<(), StoreError> {
    if Marker::read(dir)?.is_some() {
        return Ok(());
    }
    let path = dir.to_path_buf();
    let mut names = names_in(dir)?;
    names.retain(|name| ![lock::FILE, marker::NEW_FILE].contains(&name.as_str()));
    match names.first() {
        None => Ok(()),
        Some(_) if names.iter().any(|name| held::is_data(name)) => {
            Err(StoreError::Damaged { path, reason: format!("its file {:?} is missing", marker::FILE) })
        }
        Some(name) => Err(StoreError::Foreign { path, reason: format!("it holds {name:?}") }),
    }
}

/// The names of what is in a directory, sorted.
fn names_in(dir: &Path) -> Result<Vec<String>, StoreError> {
    let entries = fs::read_dir(dir).and_then(Iterator::collect::<io::Result<Vec<_>>>);
    let entries = entries.map_err(|e| StoreError::from_io(dir, e))?;
    let mut names: Vec<String> = entries.iter().map(|e| e.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    Ok(names)
}

/// Makes a directory, and those above it, that only its owner can use: it will hold Secrets.
fn make_private(dir: &Path) -> Result<(), StoreError> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir).map_err(|e| StoreError::from_io(dir, e))
}

/// The bytes of all files below a directory.
fn size_of(dir: &Path) -> u64 {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    let size = |entry: fs::DirEntry| match entry.metadata() {
        Ok(found) if found.is_dir() => size_of(&entry.path()),
        Ok(found) => found.len(),
        Err(_) => 0,
    };
    entries.map(size).sum()
}

/// Makes the names in a directory durable.
fn sync_dir(dir: &Path) -> Result<(), StoreError> {
    fs::File::open(dir).and_then(|d| d.sync_all()).map_err(|e| StoreError::from_io(dir, e))
}

#[cfg(test)]
mod tests;
