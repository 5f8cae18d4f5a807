//! Opening sled's files, and telling apart what can be wrong with them.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use super::quiet;
use crate::store::StoreError;

/// The longest wait for a process that has released the store and is still closing sled's files.
const CLOSING_TIMEOUT: Duration = Duration::from_secs(10);

/// The interval at which segments with their headers follow each other in sled's data file.
const SEGMENT_BYTES: u64 = 512 * 1024;

/// Opens sled's directory, and waits while a process that is exiting still has it locked.
pub(super) fn open(path: &Path) -> Result<::sled::Db, StoreError> {
    let config = ::sled::Config::new()
        .path(path)
        .mode(::sled::Mode::LowSpace)
        .cache_capacity(64 << 20)
        // The first pass of the flusher also collects garbage, which nothing else does.
        .flush_every_ms(Some(500));
    let start = Instant::now();
    let mut cleaned = false;
    loop {
        // Sled asserts its expectations of its files; a damaged file must not end the program.
        let config = config.clone();
        let opened = quiet::catch(move || config.open()).map_err(|e| StoreError::from_io(path, e))?;
        let error = match opened {
            Some(Ok(db)) => return Ok(db),
            Some(Err(error)) => error,
            None => return Err(StoreError::damaged("its data cannot be read").at(path)),
        };
        // Sled holds its lock when it reports corruption, so no other process is still writing a snapshot.
        if matches!(error, ::sled::Error::Corruption { .. }) && !std::mem::replace(&mut cleaned, true) {
            remove_unfinished_snapshots(path)?;
            continue;
        }
        if !is_locked(&error) {
            return Err(translate(path, error));
        }
        if start.elapsed() > CLOSING_TIMEOUT {
            return Err(StoreError::Locked { path: path.to_path_buf(), waited: start.elapsed() });
        }
        thread::sleep(Duration::from_millis(2));
    }
}

/// Removes snapshots that were not completed, because the process was killed or the disk was full. Sled would read them in
/// place of the last complete one. They contain nothing that is not in the data file as well.
fn remove_unfinished_snapshots(path: &Path) -> Result<(), StoreError> {
    let failed = |e| StoreError::from_io(path, e);
    for entry in std::fs::read_dir(path).map_err(failed)? {
        let file = entry.map_err(failed)?.path();
        if file.extension().is_some_and(|e| e == "generating") {
            std::fs::remove_file(file).map_err(failed)?;
        }
    }
    Ok(())
}

/// Returns true if a file has at least one segment that sled wrote. Reads only the headers of the segments.
pub(super) fn has_segment(path: &Path) -> Result<bool, StoreError> {
    let failed = |e| StoreError::from_io(path, e);
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(e) => return Err(failed(e)),
    };
    let mut header = [0; 20];
    for start in (0..file.metadata().map_err(failed)?.len()).step_by(SEGMENT_BYTES as usize) {
        file.seek(SeekFrom::Start(start)).map_err(failed)?;
        match file.read_exact(&mut header) {
            Ok(()) => {}
            Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => return Ok(false),
            Err(e) => return Err(failed(e)),
        }
        // The header starts with its checksum, whose bits are inverted.
        let (sum, rest) = header.split_at(4);
        if sum == (!crc32fast::hash(rest)).to_le_bytes() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Returns true if sled could not lock its file; only the message tells.
fn is_locked(error: &::sled::Error) -> bool {
    matches!(error, ::sled::Error::Io(e) if e.to_string().contains("could not acquire lock"))
}

/// Translates an error of sled.
pub(super) fn translate(path: &Path, error: ::sled::Error) -> StoreError {
    let path = path.to_path_buf();
    match error {
        ::sled::Error::Io(e) => StoreError::from_io(&path, kind_in_message(&e).map_or(e, io::Error::from)),
        ::sled::Error::Unsupported(reason) => StoreError::Foreign { path, reason },
        error @ ::sled::Error::Corruption { .. } => {
            StoreError::Damaged { path, reason: "its data is corrupt".into(), cause: Some(error.into()) }
        }
        error => StoreError::Damaged { path, reason: error.to_string(), cause: Some(error.into()) },
    }
}

/// Sled passes on some errors of the system as a message only; returns the kind that the message names.
fn kind_in_message(error: &io::Error) -> Option<io::ErrorKind> {
    let message = error.to_string();
    let known = [
        ("StorageFull", io::ErrorKind::StorageFull),
        ("No space left", io::ErrorKind::StorageFull),
        ("ReadOnlyFilesystem", io::ErrorKind::ReadOnlyFilesystem),
        ("Read-only file system", io::ErrorKind::ReadOnlyFilesystem),
        ("PermissionDenied", io::ErrorKind::PermissionDenied),
        ("Permission denied", io::ErrorKind::PermissionDenied),
    ];
    known.into_iter().find(|(word, _)| message.contains(word)).map(|(_, kind)| kind)
}
