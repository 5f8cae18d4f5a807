//! The lock that keeps a store to one process at a time. It is the system's: a process that ends gives it back.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::Path;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use crate::store::StoreError;

/// The name of the file that is locked. It is never removed: a process may be waiting for it.
pub(super) const FILE: &str = "lock";

/// How long nobody is told that there is something to wait for.
const QUIET: Duration = Duration::from_secs(1);

/// Locks the file in a directory; it stays locked until the answer is dropped.
pub(super) fn take(dir: &Path, timeout: Duration, on_wait: &mut dyn FnMut()) -> Result<File, StoreError> {
    let (path, start) = (dir.join(FILE), Instant::now());
    let failed = |e: io::Error| StoreError::from_io(&path, e);
    let mut wait = Wait { start, timeout, on_wait, told: false };
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
        // Somebody may have removed the whole directory, and made it again, while this process was waiting.
        if is_still_at(&file, &path).map_err(failed)? {
            return Ok(file);
        }
    }
}

fn open(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.create(true).truncate(false).read(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

struct Wait<'a> {
    start: Instant,
    timeout: Duration,
    on_wait: &'a mut dyn FnMut(),
    told: bool,
}

impl Wait<'_> {
    /// Waits in the system's queue, so that everybody has his turn at once; `None` when the time is over.
    fn until_locked(&mut self, file: File) -> io::Result<Option<File>> {
        let (sender, receiver) = mpsc::channel();
        thread::spawn(move || {
            let locked = file.lock().map(|()| file);
            // When nobody waits any more the file is dropped here, and with it the lock.
            drop(sender.send(locked));
        });
        loop {
            let next = if self.told { self.timeout } else { QUIET.min(self.timeout) };
            match receiver.recv_timeout(next.saturating_sub(self.start.elapsed())) {
                Ok(locked) => return locked.map(Some),
                Err(RecvTimeoutError::Disconnected) => return Err(io::Error::other("waiting for the lock has failed")),
                Err(RecvTimeoutError::Timeout) if self.start.elapsed() >= self.timeout => return Ok(None),
                Err(RecvTimeoutError::Timeout) => self.tell(),
            }
        }
    }

    fn tell(&mut self) {
        if !self.told {
            self.told = true;
            (self.on_wait)();
        }
    }
}

/// Whether an open file is the one that a path leads to.
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

/// Elsewhere an open file cannot be removed.
#[cfg(not(unix))]
fn is_still_at(_file: &File, path: &Path) -> io::Result<bool> {
    fs::exists(path)
}
