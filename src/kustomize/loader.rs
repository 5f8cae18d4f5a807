//! Access to the files of a kustomization (`api/internal/loader/fileloader.go`): load restrictions, roots and cycles.

use std::path::{Component, Path, PathBuf};

use super::error::{KustomizeError, Result, fail};
use super::file_system::FileSystem;
use super::remote::{self, Remote};
use super::repository::Repository;
use kctl_base::go::{self, io_error};

/// Loads the files that one kustomization names.
#[derive(Clone)]
pub(super) struct Loader<'a> {
    files: &'a dyn FileSystem,
    remote: &'a dyn Remote,
    /// True when files must lie in or below `root`.
    restrict_to_root: bool,
    /// The canonical path of the directory of the kustomization.
    root: PathBuf,
    /// The roots on the way from the outermost kustomization, this one last.
    visited: Vec<PathBuf>,
    /// The repositories on that way, the innermost last.
    clones: Vec<ClonedRepository>,
}

/// A repository on this machine.
#[derive(Clone)]
struct ClonedRepository {
    /// The text that names it.
    raw: String,
    /// The canonical path of its root.
    path: PathBuf,
}

impl<'a> Loader<'a> {
    /// Creates the loader for the directory of the outermost kustomization.
    ///
    /// # Errors
    /// When the path is neither a directory nor a repository.
    pub(super) fn new(
        files: &'a dyn FileSystem,
        remote: &'a dyn Remote,
        path: &str,
        restrict_to_root: bool,
    ) -> Result<Loader<'a>> {
        let root = PathBuf::new();
        let loader = Loader { files, remote, restrict_to_root, root, visited: Vec::new(), clones: Vec::new() };
        if let Some(repository) = repository(path)? {
            return loader.new_at_clone(&repository);
        }
        let root = confirm_directory(files, path).map_err(|e| e.wrap(NOT_DIRECTORY))?;
        Ok(loader.below(root))
    }

    /// Creates the loader for another kustomization: at a path relative to this one, or in a repository (`fileLoader.New`).
    ///
    /// # Errors
    /// When the path is absolute, not a directory, or contains a root that is being visited, or the repository cannot be
    /// cloned.
    pub(super) fn new_at(&self, path: &str) -> Result<Loader<'a>> {
        if path.is_empty() {
            return fail("new root cannot be empty");
        }
        if let Some(repository) = repository(path)? {
            return self.new_at_clone(&repository);
        }
        if path.starts_with('/') {
            return fail(format!("new root '{path}' cannot be absolute"));
        }
        let joined = clean(&self.root.join(path));
        let root = confirm_directory(self.files, &joined.to_string_lossy()).map_err(|e| e.wrap(NOT_DIRECTORY))?;
        if let Some(clone) = self.clones.last().filter(|clone| !root.starts_with(&clone.path)) {
            return fail(format!(
                "security; bases in kustomizations found in cloned git repos must be within the repo, but base '{}' is outside '{}'",
                root.display(),
                clone.path.display()
            ));
        }
        for visited in self.visited.iter().rev() {
            if visited.starts_with(&root) {
                return fail(format!(
                    "cycle detected: candidate root '{}' contains visited root '{}'",
                    root.display(),
                    visited.display()
                ));
            }
        }
        Ok(self.clone().below(root))
    }

    /// Clones a repository and creates the loader for its kustomization (`newLoaderAtGitClone`). Its files are restricted to
    /// that directory, whatever the restriction of the build.
    fn new_at_clone(&self, repository: &Repository) -> Result<Loader<'a>> {
        let raw = &repository.raw;
        if let Some(clone) = self.clones.iter().rev().find(|clone| clone.raw.starts_with(raw)) {
            return fail(format!("cycle detected: URI '{raw}' referenced by previous URI '{}'", clone.raw));
        }
        let path = self.remote.fetch(repository)?;
        let wanted = clean(&path.join(&repository.directory)).to_string_lossy().into_owned();
        let root = resolve(self.files, &wanted)?;
        if !self.files.is_dir(&root).unwrap_or(false) {
            let name = root.file_name().unwrap_or_default().to_string_lossy();
            return fail(format!("'{wanted}' refers to file '{name}'; expecting directory"));
        }
        if !root.starts_with(&path) {
            let (wanted, path) = (go::quote(&wanted), go::quote(&path.to_string_lossy()));
            return fail(format!("{wanted} refers to directory outside of repo {path}"));
        }
        let mut loader = Loader { restrict_to_root: true, ..self.clone() };
        loader.clones.push(ClonedRepository { raw: raw.clone(), path });
        Ok(loader.below(root))
    }

    /// Returns the loader with another root, which is visited after this one.
    fn below(mut self, root: PathBuf) -> Loader<'a> {
        self.visited.push(root.clone());
        Loader { root, ..self }
    }

    /// Returns the canonical path of the directory.
    pub(super) fn root(&self) -> String {
        self.root.to_string_lossy().into_owned()
    }

    /// Reads a file at a path relative to the root, or on a web server.
    ///
    /// # Errors
    /// When the path lies outside of a restricted root, cannot be read, or the server does not have the file.
    pub(super) fn load(&self, path: &str) -> Result<Vec<u8>> {
        if remote::is_remote_file(path) {
            return remote::read_file(self.remote, path);
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

/// Returns the repository that a path names; `None` for a directory.
///
/// # Errors
/// When the path is that of a registry.
fn repository(path: &str) -> Result<Option<Repository>> {
    match path.starts_with("oci://") {
        true => fail(format!("kustomizations in registries are not supported: '{path}'")),
        false => Ok(Repository::parse(path)),
    }
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
    fn paths_are_cleaned() {
        assert_eq!(clean(Path::new("/a/./b/../c")), PathBuf::from("/a/c"));
    }
}
