//! Changes a file together with other processes: under client-go's lock, and as a whole or not at all.
//!
//! Upstream: `lockFile` and `WriteToFile` in `client-go/tools/clientcmd`.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::temporary::Temporary;
use crate::{CliError, CliResult};

/// The time between two attempts to take a lock.
const RETRY: Duration = Duration::from_millis(5);

/// The age from which on a lock that no process holds is abandoned. Whoever lives needs it for a moment only.
const ABANDONED_AFTER: Duration = Duration::from_secs(10);

/// A held lock.
pub(crate) struct Lock {
    /// The lock file, which is removed first.
    _file: Temporary,
    /// The same file, locked in the operating system as long as this process lives.
    _alive: File,
}

impl Lock {
    /// Locks a file until the result is dropped: by a file beside it, `FILE.lock`, which only one process can create.
    /// Unlike client-go, waits for other processes, at most `timeout` or without one for ever, and removes what a process
    /// has left that was killed.
    ///
    /// # Errors
    /// The lock cannot be created, or another process has kept it all the time.
    pub(crate) fn take(file: &Path, timeout: Option<Duration>) -> CliResult<Lock> {
        let failed = |path: &Path, error| CliError::io(format!("open {}", path.display()), error);
        let folder = folder(file);
        fs::create_dir_all(folder).map_err(|error| failed(folder, error))?;
        let mut name = OsString::from(file);
        name.push(".lock");
        let (path, start) = (PathBuf::from(name), Instant::now());
        let in_time = || timeout.is_none_or(|timeout| start.elapsed() < timeout);
        loop {
            match Lock::create(&path) {
                Ok(lock) => return Ok(lock),
                Err(error) if error.kind() == ErrorKind::AlreadyExists && in_time() => {
                    // A lock file that cannot be examined is taken for a held one.
                    let _ = remove_abandoned(&path);
                    std::thread::sleep(RETRY);
                }
                Err(error) => return Err(failed(&path, error)),
            }
        }
    }

    fn create(path: &Path) -> io::Result<Lock> {
        let (file, alive) = Temporary::exclusive(path)?;
        alive.lock()?;
        Ok(Lock { _file: file, _alive: alive })
    }
}

/// Removes a lock file whose process has been killed.
#[cfg(unix)]
fn remove_abandoned(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::MetadataExt as _;
    let file = File::open(path)?;
    let found = file.metadata()?;
    if found.modified()?.elapsed().is_ok_and(|age| age > ABANDONED_AFTER) && file.try_lock().is_ok() {
        // Only who has locked the abandoned file removes it, so that nobody removes the lock of its successor.
        let now = fs::metadata(path)?;
        if (now.dev(), now.ino()) == (found.dev(), found.ino()) {
            fs::remove_file(path)?;
        }
    }
    Ok(())
}

/// Other systems do not tell whether two paths lead to one file; there, the user has to remove the lock file.
#[cfg(not(unix))]
fn remove_abandoned(_path: &Path) -> io::Result<()> {
    Ok(())
}

/// Replaces the content of a file atomically and durably. A new file is private; an existing one keeps its permissions, and a
/// link still points to it.
///
/// # Errors
/// The file cannot be written.
pub(crate) fn replace(path: &Path, text: &str) -> io::Result<()> {
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
    let folder = folder(&path);
    let mut prefix = OsString::from(".");
    prefix.extend([path.file_name().unwrap_or_default(), "-".as_ref()]);
    let mut new = tempfile::Builder::new().prefix(&prefix).tempfile_in(folder)?;
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
