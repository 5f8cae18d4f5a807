//! Programs on the PATH.

use std::path::{Path, PathBuf};

/// The directories of the PATH, each once.
pub(crate) fn folders() -> Vec<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = Vec::new();
    for folder in std::env::split_paths(&path) {
        if !folder.to_string_lossy().trim().is_empty() && !folders.contains(&folder) {
            folders.push(folder);
        }
    }
    folders
}

/// Returns whether a path is that of a program.
#[cfg(unix)]
pub(crate) fn is_executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::metadata(path).is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}

/// Returns whether a path is that of a program.
#[cfg(not(unix))]
pub(crate) fn is_executable(path: &Path) -> bool {
    path.is_file()
}

/// Returns the path of the program that a command names; `None` if there is none (Go's `exec.LookPath`).
pub(crate) fn find(command: &str) -> Option<PathBuf> {
    if command.contains('/') {
        return Some(PathBuf::from(command)).filter(|path| is_executable(path));
    }
    folders().into_iter().map(|folder| folder.join(command)).find(|path| !command.is_empty() && is_executable(path))
}
