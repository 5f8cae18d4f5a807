//! Access to the files of a kustomization (`api/internal/loader/fileloader.go`): load restrictions, roots and cycles.

use std::path::{Component, Path, PathBuf};

use super::error::{KustomizeError, Result, fail};
use super::file_system::FileSystem;
use kctl_base::go::io_error;

/// Loads the files that one kustomization names.
#[derive(Clone)]
pub(super) struct Loader<'a> {
    files: &'a dyn FileSystem,
    /// True when files must lie in or below `root`.
    restrict_to_root: bool,
    /// The canonical path of the directory of the kustomization.
    root: PathBuf,
    /// The roots on the way from the outermost kustomization, this one last.
    visited: Vec<PathBuf>,
}

impl<'a> Loader<'a> {
    /// Creates the loader for the directory of the outermost kustomization.
    ///
    /// # Errors
    /// When the path is a remote repository or not a directory.
    pub(super) fn new(files: &'a dyn FileSystem, path: &str, restrict_to_root: bool) -> Result<Loader<'a>> {
        if is_repository(path) {
            return fail(remote_refused(path));
        }
        let root = confirm_directory(files, path).map_err(|e| e.wrap(NOT_DIRECTORY))?;
        Ok(Loader { files, restrict_to_root, visited: vec![root.clone()], root })
    }

    /// Creates the loader for another kustomization at a path relative to this one (`fileLoader.New`).
    ///
    /// # Errors
    /// When the path is absolute, remote, not a directory, or contains a root that is being visited.
    pub(super) fn new_at(&self, path: &str) -> Result<Loader<'a>> {
        if path.is_empty() {
            return fail("new root cannot be empty");
        }
        if is_repository(path) {
            return fail(remote_refused(path));
        }
        if path.starts_with('/') {
            return fail(format!("new root '{path}' cannot be absolute"));
        }
        let joined = clean(&self.root.join(path));
        let root = confirm_directory(self.files, &joined.to_string_lossy()).map_err(|e| e.wrap(NOT_DIRECTORY))?;
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
        Ok(Loader { files: self.files, restrict_to_root: self.restrict_to_root, root, visited })
    }

    /// Returns the canonical path of the directory.
    pub(super) fn root(&self) -> String {
        self.root.to_string_lossy().into_owned()
    }

    /// Reads a file at a path relative to the root.
    ///
    /// # Errors
    /// When the path is a URL, lies outside of a restricted root, or cannot be read.
    pub(super) fn load(&self, path: &str) -> Result<Vec<u8>> {
        if let Some(rest) = path.strip_prefix("http://").or_else(|| path.strip_prefix("https://")) {
            let host = rest.split(['/', ':', '?']).next().unwrap_or(rest);
            return fail(format!("Get \"{path}\": dial tcp: lookup {host}: no such host"));
        }
        let absolute = clean(&self.root.join(path));
        let file = match self.restrict_to_root {
            true => self.confirm_inside(&absolute)?,
            false => absolute,
        };
        self.files.read(&file).map_err(|e| KustomizeError::new(format!("open {}: {}", file.display(), io_error(&e))))
    }

    /// Reads a file as UTF-8; invalid bytes become U+FFFD.
    pub(super) fn load_string(&self, path: &str) -> Result<String> {
        Ok(String::from_utf8_lossy(&self.load(path)?).into_owned())
    }

    /// Returns the canonical path of a file in or below the root (`RestrictionRootOnly`).
    fn confirm_inside(&self, path: &Path) -> Result<PathBuf> {
        let path = path.to_string_lossy();
        let real = resolve(self.files, &path)?;
        if self.files.is_dir(&real).unwrap_or(false) {
            return fail(format!("'{path}' must resolve to a file"));
        }
        match real.starts_with(&self.root) {
            true => Ok(real),
            false => fail(format!("security; file '{path}' is not in or below '{}'", self.root.display())),
        }
    }
}

const NOT_DIRECTORY: &str = "must build at directory";

fn remote_refused(path: &str) -> String {
    format!("remote kustomizations are not supported, there is no network: '{path}'")
}

/// Returns whether a path names a git repository or registry instead of a directory (`api/internal/git/repospec.go`).
fn is_repository(path: &str) -> bool {
    let path = path.strip_prefix("git::").unwrap_or(path);
    let prefixes = ["github.com/", "github.com:", "gh:", "git@", "ssh://", "file://", "oci://"];
    let remote = path.strip_prefix("https://").or_else(|| path.strip_prefix("http://"));
    prefixes.iter().any(|prefix| path.to_lowercase().starts_with(prefix))
        || remote.is_some_and(|rest| {
            rest.starts_with("github.com/") || rest.contains(".git") || rest.contains("_git/") || rest.contains("//")
        })
}

/// Returns the canonical path of a directory.
fn confirm_directory(files: &dyn FileSystem, path: &str) -> Result<PathBuf> {
    if path.is_empty() {
        return fail("directory path cannot be empty string");
    }
    let real = resolve(files, path).map_err(|e| e.wrap("not a valid directory"))?;
    match files.is_dir(&real).unwrap_or(false) {
        true => Ok(real),
        false => fail(format!("'{path}': file is not directory")),
    }
}

/// Returns the canonical path; the error names the first component that does not exist.
fn resolve(files: &dyn FileSystem, path: &str) -> Result<PathBuf> {
    let absolute = clean(&files.current_dir().join(path));
    files.canonicalize(&absolute).map_err(|error| {
        let mut missing = PathBuf::new();
        for part in absolute.components() {
            missing.push(part);
            if files.is_dir(&missing).is_err() {
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

/// Removes `.` and `..` from a path without looking at the file system (`filepath.Clean`).
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
    fn repositories_are_distinguished_from_directories() {
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
