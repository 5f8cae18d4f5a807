//! Changes a file together with other processes: under client-go's lock, and as a whole or not at all.
//!
//! Upstream: `lockFile` and `WriteToFile` in `client-go/tools/clientcmd`.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use crate::temporary::Temporary;
use crate::{CliError, CliResult};
use kctl_base::sim::Duration;

/// The time between two attempts to take a lock.
const RETRY: std::time::Duration = std::time::Duration::from_millis(5);

/// Locks a file until the result is dropped: by a file beside it, `FILE.lock`, which only one process can create. Other
/// than client-go, waits for other processes, at most `timeout`, without one for ever.
///
/// # Errors
/// The lock cannot be created, or another process has kept it all the time.
pub(super) fn lock(file: &Path, timeout: Option<Duration>) -> CliResult<Temporary> {
    let failed = |path: &Path, error| CliError::io(format!("open {}", path.display()), error);
    let folder = folder(file);
    fs::create_dir_all(folder).map_err(|error| failed(folder, error))?;
    let mut name = OsString::from(file);
    name.push(".lock");
    let (lock, start) = (PathBuf::from(name), Instant::now());
    let in_time = || timeout.is_none_or(|timeout| start.elapsed() < timeout.to_std());
    loop {
        match Temporary::exclusive(&lock) {
            Ok(held) => return Ok(held),
            Err(error) if error.kind() == ErrorKind::AlreadyExists && in_time() => std::thread::sleep(RETRY),
            Err(error) => return Err(failed(&lock, error)),
        }
    }
}

/// Replaces the content of a file atomically and durably. A new file is private; an existing one keeps its permissions, and a
/// link still points to it.
///
/// # Errors
/// The file cannot be written.
pub(super) fn replace(path: &Path, text: &str) -> io::Result<()> {
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
    let folder = folder(&path);
    let mut new = tempfile::Builder::new().prefix(".kubeconfig-").tempfile_in(folder)?;
    if let Ok(old) = fs::metadata(&path) {
        new.as_file().set_permissions(old.permissions())?;
    }
    new.write_all(text.as_bytes())?;
    new.as_file().sync_all()?;
    new.persist(&path)?;
    // On Unix, the directory holds the name.
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

/// The directory of a file.
fn folder(file: &Path) -> &Path {
    file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}
