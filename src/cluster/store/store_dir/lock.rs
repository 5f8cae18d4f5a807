//! The lock that gives one process at a time access to a store. It is a lock of the operating system, which releases it
//! when the process ends.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::Path;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use crate::store::StoreError;

/// The name of the locked file. It is never removed, because other processes may be waiting for it.
pub(super) const FILE: &str = "lock";

/// The delay before the caller is notified that it is waiting.
const NOTIFY_AFTER: Duration = Duration::from_secs(1);

/// Locks the file in a directory, waiting for at most `timeout`. It stays locked until the returned file is dropped.
pub(super) fn acquire(dir: &Path, timeout: Duration, on_wait: &mut dyn FnMut()) -> Result<File, StoreError> {
    let (path, start) = (dir.join(FILE), Instant::now());
    let failed = |e: io::Error| StoreError::from_io(&path, e);
    let mut wait = Wait { start, timeout, on_wait, notified: false };
    loop {
        let file = open(&path).map_err(failed)?;
        let file = match file.try_lock() {
            Ok(()) => file,
            Err(TryLockError::WouldBlock) => match wait.until_locked(file).map_err(failed)? {
                Some(file) => file,
                None => return Err(StoreError::Locked { path: dir.to_path_buf(), waited: timeout }),
            },
            Err(TryLockError::Error(e)) => return Err(failed(e)),
        };
        // The whole directory may have been removed and created again while this process was waiting.
        if is_still_at(&file, &path).map_err(failed)? {
            return Ok(file);
        }
    }
}

/// Opens the file, creating it if it does not exist. Where nothing may be written, an existing file can be locked as well.
fn open(path: &Path) -> io::Result<File> {
    match super::private_file().read(true).open(path) {
        Err(denied) if is_denied(&denied) => File::open(path).map_err(|_| denied),
        opened => opened,
    }
}

fn is_denied(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied)
}

/// The state of one wait.
struct Wait<'a> {
    start: Instant,
    timeout: Duration,
    on_wait: &'a mut dyn FnMut(),
    notified: bool,
}

impl Wait<'_> {
    /// Blocks in the system's queue of waiting processes, which is fair and wakes up at once; `None` after the timeout.
    fn until_locked(&mut self, file: File) -> io::Result<Option<File>> {
        let (sender, receiver) = mpsc::channel();
        thread::spawn(move || {
            let locked = file.lock().map(|()| file);
            // After a timeout the receiver is gone; the file is dropped here, which releases the lock.
            drop(sender.send(locked));
        });
        loop {
            let next = if self.notified { self.timeout } else { NOTIFY_AFTER.min(self.timeout) };
            match receiver.recv_timeout(next.saturating_sub(self.start.elapsed())) {
                Ok(locked) => return locked.map(Some),
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(io::Error::other("the thread that waits for the lock has ended"));
                }
                Err(RecvTimeoutError::Timeout) if self.start.elapsed() >= self.timeout => return Ok(None),
                Err(RecvTimeoutError::Timeout) => self.notify(),
            }
        }
    }

    /// Calls `on_wait`, the first time only.
    fn notify(&mut self) {
        if !self.notified {
            self.notified = true;
            (self.on_wait)();
        }
    }
}

/// Returns true if a path still leads to an open file.
#[cfg(unix)]
fn is_still_at(file: &File, path: &Path) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt as _;
    let open = file.metadata()?;
    match fs::metadata(path) {
        Ok(found) => Ok((open.dev(), open.ino()) == (found.dev(), found.ino())),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(e) => Err(e),
    }
}

/// On other systems an open file cannot be removed.
#[cfg(not(unix))]
fn is_still_at(_file: &File, path: &Path) -> io::Result<bool> {
    fs::exists(path)
}
