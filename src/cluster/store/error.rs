//! What can go wrong below the API: the disk, the directory, the bytes in it.
//!
//! The texts name the path and say what was found; what to do about it and the exit code are the caller's.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A failure of the store. None of them is the fault of a request.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The operating system refused a read or a write.
    #[error("cannot use {}: {source}", path.display())]
    Io {
        /// What was read or written.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// No space is left; what was being written is not in the store.
    #[error("no space left on the disk of {}", path.display())]
    Full {
        /// What was written.
        path: PathBuf,
    },
    /// The directory, or the disk it is on, may not be written.
    #[error("{} cannot be written: {reason}", path.display())]
    ReadOnly {
        /// What was to be written.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// The directory belongs to something else, or to another version of the store's format.
    #[error("{} is not a store of this program: {reason}", path.display())]
    Foreign {
        /// The directory.
        path: PathBuf,
        /// What was found there.
        reason: String,
    },
    /// The store holds something that it cannot have been given.
    #[error("the store {}is damaged: {reason}", place(path))]
    Damaged {
        /// The directory; empty for a store in memory.
        path: PathBuf,
        /// What was found.
        reason: String,
    },
    /// Another process has held the store for the whole waiting time.
    #[error("the store {} is in use by another process (waited {} s)", path.display(), waited.as_secs())]
    Locked {
        /// The directory.
        path: PathBuf,
        /// How long it was waited for.
        waited: Duration,
    },
}

/// A path with a blank behind it, or nothing.
fn place(path: &Path) -> String {
    match path.as_os_str().is_empty() {
        true => String::new(),
        false => format!("{} ", path.display()),
    }
}

impl StoreError {
    /// Sorts a failure of the operating system into what the caller can do about it.
    pub fn from_io(path: &Path, source: io::Error) -> StoreError {
        let path = path.to_path_buf();
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => StoreError::Full { path },
            io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied => {
                StoreError::ReadOnly { path, reason: system_text(&source) }
            }
            _ => StoreError::Io { path, source },
        }
    }

    /// A store in which something unexpected was found.
    pub fn damaged(reason: impl Into<String>) -> StoreError {
        StoreError::Damaged { path: PathBuf::new(), reason: reason.into() }
    }

    /// The same error with the directory it happened in, where none is known yet.
    #[must_use]
    pub fn at(self, directory: &Path) -> StoreError {
        match self {
            StoreError::Damaged { path, reason } if path.as_os_str().is_empty() => {
                StoreError::Damaged { path: directory.to_path_buf(), reason }
            }
            other => other,
        }
    }
}

/// What the system says, in lower case and without the error number.
fn system_text(error: &io::Error) -> String {
    let text = error.to_string().to_lowercase();
    text.split(" (os error").next().unwrap_or_default().to_string()
}

/// Why the changes since a revision cannot be given.
#[derive(Debug, thiserror::Error)]
pub enum ChangesGone {
    /// The change log starts later: 410 Gone. The reader has to list again.
    #[error("too old resource version: {asked} ({oldest})")]
    TooOld {
        /// The revision asked for.
        asked: u64,
        /// The oldest revision from which changes can be given.
        oldest: u64,
    },
    /// The store itself failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn system_errors_are_sorted() {
        let of = |code: i32| StoreError::from_io(Path::new("/s"), io::Error::from_raw_os_error(code)).to_string();
        assert_eq!(of(28), "no space left on the disk of /s");
        assert_eq!(of(13), "/s cannot be written: permission denied");
        assert_eq!(of(30), "/s cannot be written: read-only file system");
        assert_eq!(of(5), "cannot use /s: Input/output error (os error 5)");
    }

    #[test]
    fn damage_names_the_directory_once_it_is_known() {
        let error = StoreError::damaged("a row is missing");
        assert_eq!(error.to_string(), "the store is damaged: a row is missing");
        assert_eq!(error.at(Path::new("/s")).to_string(), "the store /s is damaged: a row is missing");
    }
}
