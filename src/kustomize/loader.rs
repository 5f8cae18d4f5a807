//! The files of a kustomization: what may be read from where, and which directories lead to which.

use std::path::{Component, Path, PathBuf};

use super::error::{KustomizeError, Result, fail};
use kctl_base::go::io_error;

/// Where files come from.
pub trait Files {
    /// The bytes of a file.
    fn read(&self, path: &Path) -> std::io::Result<Vec<u8>>;
    /// Whether a path is a directory; an error where there is nothing.
    fn is_directory(&self, path: &Path) -> std::io::Result<bool>;
    /// The path without links; an error where there is nothing.
    fn canonical(&self, path: &Path) -> std::io::Result<PathBuf>;
    /// The directory that relative paths start from.
    fn current(&self) -> PathBuf;
}

/// The files of the operating system.
pub struct OsFiles;

impl Files for OsFiles {
    fn read(&self, path: &Path) -> std::io::Result<Vec<u8>> {
        std::fs::read(path)
    }

    fn is_directory(&self, path: &Path) -> std::io::Result<bool> {
        Ok(std::fs::metadata(path)?.is_dir())
    }

    fn canonical(&self, path: &Path) -> std::io::Result<PathBuf> {
        std::fs::canonicalize(path)
    }

    fn current(&self) -> PathBuf {
        std::env::current_dir().unwrap_or_else(|_| PathBuf::from("/"))
    }
}

/// Reads what one kustomization names.
#[derive(Clone)]
pub(super) struct Loader<'a> {
    files: &'a dyn Files,
    /// Whether files have to lie in or below the directory of the kustomization.
    restricted: bool,
    root: PathBuf,
    /// The directories that led here, this one last.
    visited: Vec<PathBuf>,
}

impl<'a> Loader<'a> {
    /// A loader for the directory that a build starts with.
    pub(super) fn start(files: &'a dyn Files, path: &str, restricted: bool) -> Result<Loader<'a>> {
        if is_repository(path) {
            return fail(no_network(path));
        }
        let root = confirm_directory(files, path).map_err(|e| e.within(NOT_DIRECTORY))?;
        Ok(Loader { files, restricted, visited: vec![root.clone()], root })
    }

    /// A loader for another kustomization, as a path from this one.
    pub(super) fn enter(&self, path: &str) -> Result<Loader<'a>> {
        if path.is_empty() {
            return fail("new root cannot be empty");
        }
        if is_repository(path) {
            return fail(no_network(path));
        }
        if path.starts_with('/') {
            return fail(format!("new root '{path}' cannot be absolute"));
        }
        let joined = clean(&self.root.join(path));
        let root = confirm_directory(self.files, &joined.to_string_lossy()).map_err(|e| e.within(NOT_DIRECTORY))?;
        for visited in self.visited.iter().rev() {
            if visited.starts_with(&root) {
                return fail(format!(
                    "cycle detected: candidate root '{}' contains visited root '{}'",
                    root.display(),
                    visited.display()
                ));
            }
        }
        let mut visited = self.visited.clone();
        visited.push(root.clone());
        Ok(Loader { files: self.files, restricted: self.restricted, root, visited })
    }

    /// The directory.
    pub(super) fn root(&self) -> String {
        self.root.to_string_lossy().into_owned()
    }

    /// The bytes of a file.
    pub(super) fn load(&self, path: &str) -> Result<Vec<u8>> {
        if let Some(rest) = path.strip_prefix("http://").or_else(|| path.strip_prefix("https://")) {
            let host = rest.split(['/', ':', '?']).next().unwrap_or(rest);
            return fail(format!("Get \"{path}\": dial tcp: lookup {host}: no such host"));
        }
        let whole = clean(&self.root.join(path));
        let file = match self.restricted {
            true => self.confirm_inside(&whole)?,
            false => whole,
        };
        self.files.read(&file).map_err(|e| KustomizeError::new(format!("open {}: {}", file.display(), io_error(&e))))
    }

    /// The text of a file.
    pub(super) fn load_text(&self, path: &str) -> Result<String> {
        Ok(String::from_utf8_lossy(&self.load(path)?).into_owned())
    }

    fn confirm_inside(&self, path: &Path) -> Result<PathBuf> {
        let shown = path.to_string_lossy();
        let real = resolve(self.files, &shown)?;
        if self.files.is_directory(&real).unwrap_or(false) {
            return fail(format!("'{shown}' must resolve to a file"));
        }
        match real.starts_with(&self.root) {
            true => Ok(real),
            false => fail(format!("security; file '{shown}' is not in or below '{}'", self.root.display())),
        }
    }
}

const NOT_DIRECTORY: &str = "must build at directory";

fn no_network(path: &str) -> String {
    format!("remote kustomizations are not supported, there is no network: '{path}'")
}

/// Whether a path names a repository instead of a directory.
fn is_repository(path: &str) -> bool {
    let path = path.strip_prefix("git::").unwrap_or(path);
    let starts = ["github.com/", "github.com:", "gh:", "git@", "ssh://", "file://", "oci://"];
    let remote = path.strip_prefix("https://").or_else(|| path.strip_prefix("http://"));
    starts.iter().any(|s| path.to_lowercase().starts_with(s))
        || remote.is_some_and(|rest| {
            rest.starts_with("github.com/") || rest.contains(".git") || rest.contains("_git/") || rest.contains("//")
        })
}

/// The directory that a path leads to, without links.
fn confirm_directory(files: &dyn Files, path: &str) -> Result<PathBuf> {
    if path.is_empty() {
        return fail("directory path cannot be empty string");
    }
    let real = resolve(files, path).map_err(|e| e.within("not a valid directory"))?;
    match files.is_directory(&real).unwrap_or(false) {
        true => Ok(real),
        false => fail(format!("'{path}': file is not directory")),
    }
}

/// The path without links; the first part that is missing is named when there is nothing.
fn resolve(files: &dyn Files, path: &str) -> Result<PathBuf> {
    let absolute = clean(&files.current().join(path));
    files.canonical(&absolute).map_err(|error| {
        let mut missing = PathBuf::new();
        for part in absolute.components() {
            missing.push(part);
            if files.is_directory(&missing).is_err() {
                break;
            }
        }
        KustomizeError::new(format!(
            "evalsymlink failure on '{path}' : lstat {}: {}",
            missing.display(),
            io_error(&error)
        ))
    })
}

/// A path without `.` and `..`, as a text alone tells.
fn clean(path: &Path) -> PathBuf {
    let mut clean = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                clean.pop();
            }
            other => clean.push(other),
        }
    }
    clean
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repositories_are_told_from_directories() {
        for path in [
            "github.com/a/b/c?ref=v1",
            "https://github.com/a/b",
            "git@github.com:a/b",
            "https://example.com/a.git//dir",
            "ssh://git@host/a",
        ] {
            assert!(is_repository(path), "{path}");
        }
        for path in ["../base", "base", "https://example.com/x.yaml", "/absolute", "github"] {
            assert!(!is_repository(path), "{path}");
        }
    }

    #[test]
    fn paths_are_cleaned() {
        assert_eq!(clean(Path::new("/a/./b/../c")), PathBuf::from("/a/c"));
    }
}
