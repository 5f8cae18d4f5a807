//! Failures below the API: of the disk, the directory, and the bytes in it.
//!
//! Messages name the path and the problem; the remedy and the exit code are up to the caller.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// An error of any type.
type Cause = Box<dyn std::error::Error + Send + Sync>;

/// A failure of the store. None is the fault of a request.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The operating system failed a read or a write.
    #[error("cannot use {}: {source}", path.display())]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// The error of the operating system.
        source: io::Error,
    },
    /// The disk is full; the batch that was being written has not been stored.
    #[error("no space left on the disk of {}", path.display())]
    Full {
        /// The file or directory that was written.
        path: PathBuf,
        /// The error of the operating system.
        source: io::Error,
    },
    /// The directory, or the disk it is on, is not writable.
    #[error("{} cannot be written: {}", path.display(), system_message(source))]
    ReadOnly {
        /// The file or directory that was written.
        path: PathBuf,
        /// The error of the operating system.
        source: io::Error,
    },
    /// The directory is not a store, or has another version of the store's format.
    #[error("{} is not a store of this program: {reason}", path.display())]
    Foreign {
        /// The directory.
        path: PathBuf,
        /// The evidence.
        reason: String,
    },
    /// The store contains something that it cannot have written.
    #[error("the store {}is damaged: {reason}", with_space(path))]
    Damaged {
        /// The directory; empty for a store in memory, or as long as the directory is not known.
        path: PathBuf,
        /// The evidence, with the row that it was found in.
        reason: String,
        /// The error of the decoder, if there was one; `reason` includes its message.
        #[source]
        cause: Option<Cause>,
    },
    /// A value cannot be represented as JSON.
    #[error("{row} cannot be encoded: {source}")]
    Encode {
        /// The row, as [`keys::describe`](super::keys::describe) names it.
        row: String,
        /// The error of the encoder.
        source: serde_json::Error,
    },
    /// Another process has removed or reset the store while this one slept.
    #[error("the store {} has been removed or reset by another process", path.display())]
    Replaced {
        /// The directory.
        path: PathBuf,
    },
    /// Another process has taken the cluster back to another state while this one slept.
    #[error("another process has taken the cluster in {} to another state of its history", path.display())]
    Restored {
        /// The directory.
        path: PathBuf,
    },
    /// A file is not a snapshot, is damaged, or has another version of the format.
    #[error("{} is not a snapshot that can be imported: {reason}", path.display())]
    NotASnapshot {
        /// The file.
        path: PathBuf,
        /// The evidence.
        reason: String,
    },
    /// Another process held the store for the whole waiting time.
    #[error("the store {} is in use by another process (waited {} s)", path.display(), waited.as_secs())]
    Locked {
        /// The directory.
        path: PathBuf,
        /// The waiting time.
        waited: Duration,
    },
}

/// A path followed by a space; nothing for an empty path.
fn with_space(path: &Path) -> String {
    match path.as_os_str().is_empty() {
        true => String::new(),
        false => format!("{} ", path.display()),
    }
}

impl StoreError {
    /// Classifies an error of the operating system by the remedy it needs.
    pub(crate) fn from_io(path: &Path, source: io::Error) -> StoreError {
        let path = path.to_path_buf();
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => StoreError::Full { path, source },
            io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied => {
                StoreError::ReadOnly { path, source }
            }
            _ => StoreError::Io { path, source },
        }
    }

    /// Damage without an underlying error: a row that is missing or contradicts another one.
    pub(crate) fn damaged(reason: impl Into<String>) -> StoreError {
        StoreError::Damaged { path: PathBuf::new(), reason: reason.into(), cause: None }
    }

    /// A row that cannot be decoded. `row` names it: `row clock`, `object pods/default/web`.
    pub(crate) fn unreadable(row: impl std::fmt::Display, error: impl Into<Cause>) -> StoreError {
        let cause = error.into();
        StoreError::Damaged {
            path: PathBuf::new(),
            reason: format!("{row} cannot be read: {cause}"),
            cause: Some(cause),
        }
    }

    /// Adds the directory to an error that does not name one yet.
    #[must_use]
    pub(crate) fn at(self, directory: &Path) -> StoreError {
        match self {
            StoreError::Damaged { path, reason, cause } if path.as_os_str().is_empty() => {
                StoreError::Damaged { path: directory.to_path_buf(), reason, cause }
            }
            other => other,
        }
    }
}

/// The message of the operating system in lower case and without the error number.
fn system_message(error: &io::Error) -> String {
    let message = error.to_string().to_lowercase();
    message.split(" (os error").next().unwrap_or_default().to_string()
}

/// Why the changes since a revision cannot be returned.
#[derive(Debug, thiserror::Error)]
pub enum ChangesGone {
    /// The change log starts later (410 Gone in the API): the reader has to list again.
    #[error("too old resource version: {asked} ({oldest})")]
    TooOld {
        /// The revision that was asked for.
        asked: u64,
        /// The oldest revision from which changes can be returned.
        oldest: u64,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;

    use super::*;

    #[test]
    fn system_errors_are_classified() {
        let of = |code: i32| StoreError::from_io(Path::new("/s"), io::Error::from_raw_os_error(code));
        for (code, message) in [
            (28, "no space left on the disk of /s"),
            (13, "/s cannot be written: permission denied"),
            (30, "/s cannot be written: read-only file system"),
            (5, "cannot use /s: Input/output error (os error 5)"),
        ] {
            let error = of(code);
            assert_eq!(error.to_string(), message);
            let source = error.source().and_then(|source| source.downcast_ref::<io::Error>());
            assert_eq!(source.and_then(io::Error::raw_os_error), Some(code), "{error}");
        }
    }

    #[test]
    fn damage_names_the_directory_once_it_is_known() {
        let error = StoreError::damaged("a row is missing");
        assert_eq!(error.to_string(), "the store is damaged: a row is missing");
        assert_eq!(error.at(Path::new("/s")).to_string(), "the store /s is damaged: a row is missing");
    }

    #[test]
    fn an_unreadable_row_keeps_the_error_of_the_decoder() {
        let syntax = serde_json::from_str::<u8>("{").expect_err("not a number");
        let error = StoreError::unreadable("row clock", syntax);
        assert!(error.to_string().starts_with("the store is damaged: row clock cannot be read: "), "{error}");
        assert!(error.source().is_some_and(|source| source.is::<serde_json::Error>()));
    }
}
