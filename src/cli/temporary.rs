//! Temporary files and directories that only the user can read. They are removed when they are dropped, and when a signal or
//! a panic ends the process.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};

use kctl_base::sim::ids;

#[cfg(unix)]
use crate::process_group;

/// The paths to remove when the process ends; `None` until signals are watched.
static PATHS: Mutex<Option<Vec<PathBuf>>> = Mutex::new(None);

/// Locks the paths. A signal ends the process only while nobody holds the lock.
fn lock() -> MutexGuard<'static, Option<Vec<PathBuf>>> {
    PATHS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A temporary file or directory, by default with a random name in the directory for temporary files.
#[derive(Debug)]
pub(crate) struct Temporary {
    path: PathBuf,
}

impl Temporary {
    /// Creates a file with a content. Its name begins with `prefix` and ends in `suffix`.
    ///
    /// # Errors
    /// The file cannot be created or written.
    pub(crate) fn file(prefix: &str, suffix: &str, content: &str) -> io::Result<Temporary> {
        let (file, ()) = Temporary::create(|| Ok((write_new(prefix, suffix, content)?, ())))?;
        Ok(file)
    }

    /// Creates an empty directory whose name begins with `prefix`.
    ///
    /// # Errors
    /// The directory cannot be created.
    pub(crate) fn directory(prefix: &str) -> io::Result<Temporary> {
        Temporary::directory_in(&std::env::temp_dir(), prefix)
    }

    /// Creates an empty directory in another one. Its name begins with `prefix`.
    ///
    /// # Errors
    /// The directory cannot be created.
    pub(crate) fn directory_in(parent: &Path, prefix: &str) -> io::Result<Temporary> {
        let create = |name: &str| {
            let mut builder = tempfile::Builder::new();
            #[cfg(unix)]
            builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
            Ok(builder.prefix(name).rand_bytes(0).tempdir_in(parent)?.keep())
        };
        let (directory, ()) = Temporary::create(|| Ok((with_random_name(prefix, create)?, ())))?;
        Ok(directory)
    }

    /// Creates an empty file at a path where there is none, for example as a lock. Returns the open file, too.
    ///
    /// # Errors
    /// There is a file, or it cannot be created.
    pub(crate) fn exclusive(path: &Path) -> io::Result<(Temporary, File)> {
        Temporary::create(|| Ok((path.to_path_buf(), File::create_new(path)?)))
    }

    /// Creates something at a path, and returns it beside its `Temporary`.
    fn create<T>(create: impl FnOnce() -> io::Result<(PathBuf, T)>) -> io::Result<(Temporary, T)> {
        let mut paths = lock();
        if paths.is_none() {
            remove_on_signals()?;
        }
        let (path, created) = create()?;
        paths.get_or_insert_default().push(path.clone());
        Ok((Temporary { path }, created))
    }

    /// Returns the path.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Writes a file into this directory.
    ///
    /// # Errors
    /// The file cannot be written.
    pub(crate) fn write(&self, name: &str, content: &str) -> io::Result<()> {
        // A directory that grows while a signal removes it would stay.
        let _paths = lock();
        std::fs::write(self.path.join(name), content)
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        let mut paths = lock();
        remove(&self.path);
        paths.iter_mut().for_each(|paths| paths.retain(|path| *path != self.path));
    }
}

/// Removes everything temporary, for a process that ends without dropping it.
pub(crate) fn remove_all() {
    let paths = match PATHS.try_lock() {
        Ok(paths) => paths,
        Err(TryLockError::Poisoned(error)) => error.into_inner(),
        // This thread may hold the lock; then one path stays, which nobody else can read.
        Err(TryLockError::WouldBlock) => return,
    };
    paths.iter().flatten().for_each(|path| remove(path));
}

/// Creates a file that stays, and returns its path. Its name begins with `prefix` and ends in `suffix`.
///
/// # Errors
/// The file cannot be created or written.
pub(crate) fn keep(prefix: &str, suffix: &str, content: &str) -> io::Result<PathBuf> {
    write_new(prefix, suffix, content)
}

fn write_new(prefix: &str, suffix: &str, content: &str) -> io::Result<PathBuf> {
    with_random_name(prefix, |name| {
        let mut file = tempfile::Builder::new().prefix(name).suffix(suffix).rand_bytes(0).tempfile()?;
        file.write_all(content.as_bytes())?;
        Ok(file.into_temp_path().keep()?)
    })
}

/// The number of names that are tried (`os.CreateTemp`).
const ATTEMPTS: usize = 10_000;

/// Creates something under a name of a prefix and a random number, as `nextRandom` in Go's `os` package makes them.
fn with_random_name<T>(prefix: &str, create: impl Fn(&str) -> io::Result<T>) -> io::Result<T> {
    let mut created = Err(io::ErrorKind::AlreadyExists.into());
    for _ in 0..ATTEMPTS {
        created = create(&format!("{prefix}{}", ids::fresh_seed() as u32));
        if !created.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::AlreadyExists) {
            break;
        }
    }
    created
}

/// Removes a file or a directory. One that cannot be removed stays in the directory for temporary files, which does no harm:
/// nobody else can read it.
fn remove(path: &Path) {
    let _ = match path.is_dir() {
        true => std::fs::remove_dir_all(path),
        false => std::fs::remove_file(path),
    };
}

/// The number of attempts to remove what processes still use that are being killed, and the time between them.
#[cfg(unix)]
const REMOVALS: usize = 20;
#[cfg(unix)]
const BETWEEN_REMOVALS: std::time::Duration = std::time::Duration::from_millis(10);

/// Removes a file or a directory in which processes may still write that are being killed.
#[cfg(unix)]
fn remove_in_the_end(path: &Path) {
    for _ in 0..REMOVALS {
        remove(path);
        if !path.exists() {
            break;
        }
        std::thread::sleep(BETWEEN_REMOVALS);
    }
}

/// Removes everything temporary and kills [process groups](process_group) when a signal ends the process, which still dies
/// of the signal.
#[cfg(unix)]
fn remove_on_signals() -> io::Result<()> {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    let ignored = ignored_signals();
    let watched = [SIGHUP, SIGINT, SIGTERM].into_iter().filter(|signal| ignored >> (signal - 1) & 1 == 0);
    let mut signals = signal_hook::iterator::Signals::new(watched)?;
    std::thread::Builder::new().name("signals".into()).spawn(move || {
        for signal in signals.forever() {
            let paths = lock();
            process_group::kill_all();
            paths.iter().flatten().for_each(|path| remove_in_the_end(path));
            // Does not return for these signals; if it failed, the next one would be waited for.
            let _ = signal_hook::low_level::emulate_default_handler(signal);
        }
    })?;
    Ok(())
}

/// The signals that the process was started with as ignored, by `nohup` or as a background job of a script, as a set of bits
/// from signal 1 on. They stay ignored. Empty on systems that do not tell.
#[cfg(unix)]
fn ignored_signals() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    ignored.and_then(|bits| u64::from_str_radix(bits.trim(), 16).ok()).unwrap_or(0)
}

#[cfg(not(unix))]
fn remove_on_signals() -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_and_directories_are_private_and_removed() {
        let file = Temporary::file("a-", ".yaml", "text").expect("a file");
        let directory = Temporary::directory("LIVE-").expect("a directory");
        directory.write("x", "y").expect("a file in it");
        let kept = keep("a-", ".yaml", "text").expect("a file");
        assert_eq!(std::fs::read_to_string(file.path()).expect("its content"), "text");
        assert_ne!(file.path(), kept);
        #[cfg(unix)]
        for (path, mode) in [(file.path(), 0o600), (directory.path(), 0o700), (&kept, 0o600)] {
            let permissions = std::fs::metadata(path).expect("metadata").permissions();
            assert_eq!(std::os::unix::fs::PermissionsExt::mode(&permissions) & 0o777, mode, "{}", path.display());
        }
        let paths = [file.path().to_path_buf(), directory.path().to_path_buf()];
        drop((file, directory));
        assert_eq!(paths.map(|path| path.exists()), [false, false]);
        assert!(kept.exists());
        std::fs::remove_file(kept).expect("to remove it");
    }
}
