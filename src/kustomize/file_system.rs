//! The file system that a build reads (`kyaml/filesys/filesystem.go`, the reading half).

use std::io;
use std::path::{Path, PathBuf};

/// Read access to files and directories.
pub trait FileSystem {
    /// Reads a file.
    ///
    /// # Errors
    /// When the file does not exist or cannot be read.
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;

    /// Returns whether the path is a directory.
    ///
    /// # Errors
    /// When the path does not exist.
    fn is_dir(&self, path: &Path) -> io::Result<bool>;

    /// Returns the absolute path with all symbolic links resolved.
    ///
    /// # Errors
    /// When the path does not exist.
    fn canonicalize(&self, path: &Path) -> io::Result<PathBuf>;

    /// Returns the directory that relative paths start from.
    fn current_dir(&self) -> PathBuf;
}

/// The file system of the operating system.
pub struct OsFileSystem;

impl FileSystem for OsFileSystem {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        std::fs::read(path)
    }

    fn is_dir(&self, path: &Path) -> io::Result<bool> {
        Ok(std::fs::metadata(path)?.is_dir())
    }

    fn canonicalize(&self, path: &Path) -> io::Result<PathBuf> {
        std::fs::canonicalize(path)
    }

    fn current_dir(&self) -> PathBuf {
        std::env::current_dir().unwrap_or_else(|_| PathBuf::from("/"))
    }
}
