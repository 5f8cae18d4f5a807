//! The engine on disk. Only this file knows sled.
//!
//! The configuration is for a process that lives a few milliseconds: one tree, one batch a command, little garbage. Two
//! things that sled leaves to its caller are done here: on Linux its flush does not reach the disk, so its file is
//! synchronised after it; and its pages must stay small, because the separate files of large ones are not synchronised at
//! all, so large values are cut into parts.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use super::engine::Write;
use super::keys::END;
use super::{Engine, StoreError};

/// The largest piece of a value. Sled's pages have up to 17 entries and get a file of their own from 128 KiB on.
const PART: usize = 6 * 1024;

/// A stored value starts with one of these: it follows, or the number of its parts follows.
const WHOLE: u8 = 0;
const IN_PARTS: u8 = 1;

/// How long to wait for what is left of a process that has given back the store, and is still closing its files.
const CLOSING: Duration = Duration::from_secs(10);

/// How many bytes [`SledEngine::load`] puts into one batch.
const LOAD_BYTES: usize = 8 << 20;

/// The row that counts the batches. Like the parts it lies behind all keys.
const BATCHES: &[u8] = END;

/// The part of sled's file that starts with a header of its own.
const SEGMENT: u64 = 512 * 1024;

/// What is called with the number of batches after each one has become durable.
type Listener = Box<dyn FnMut(u64) + Send>;

/// An ordered map in a directory. Keys must be less than [`END`].
pub struct SledEngine {
    db: ::sled::Db,
    /// The file that holds the data, to be synchronised.
    file: File,
    path: PathBuf,
    /// How many batches have been applied since the directory was made.
    batches: u64,
    /// Last, so that what it holds lives until sled has been closed.
    applied: Option<Listener>,
}

impl SledEngine {
    /// Opens the engine in a directory, which is made when it is not there.
    pub fn open(path: &Path) -> Result<SledEngine, StoreError> {
        let db = open_patiently(path)?;
        let file = path.join("db");
        let file = File::open(&file).map_err(|e| StoreError::from_io(&file, e))?;
        let count = db.get(BATCHES).map_err(|e| translate(path, e))?;
        let batches = count.and_then(|c| c.as_ref().try_into().ok()).map_or(0, u64::from_be_bytes);
        Ok(SledEngine { db, file, path: path.to_path_buf(), batches, applied: None })
    }

    /// Opens an engine that has been written before, and says so when it has lost any of at least `batches` batches.
    ///
    /// Sled itself takes a file it cannot read for an empty one, and what follows a broken place for never written.
    pub fn open_written(path: &Path, batches: u64) -> Result<SledEngine, StoreError> {
        let damaged = |reason: String| StoreError::Damaged { path: path.to_path_buf(), reason };
        if !holds_a_segment(&path.join("db"))? {
            return Err(damaged("its data file is missing or holds something else".into()));
        }
        let engine = SledEngine::open(path)?;
        match engine.batches {
            0 => Err(damaged("its data is gone".into())),
            found if found < batches => {
                Err(damaged(format!("of {batches} commits the last {} are gone", batches - found)))
            }
            _ => Ok(engine),
        }
    }

    /// How many batches have been applied since the directory was made.
    pub fn batches(&self) -> u64 {
        self.batches
    }

    /// Calls `applied` with the number of batches after each one has become durable.
    pub(super) fn on_apply(&mut self, applied: impl FnMut(u64) + Send + 'static) {
        self.applied = Some(Box::new(applied));
    }

    /// Makes an engine that holds nothing one that has been written.
    pub(super) fn begin(&mut self) -> Result<(), StoreError> {
        self.write(BTreeMap::new())
    }

    /// Copies everything out of another engine, in few large batches, and goes on with its count of batches. Durable when
    /// this answers, but not atomic.
    pub(super) fn load(&mut self, from: &SledEngine) -> Result<(), StoreError> {
        self.batches = from.batches;
        let (mut batch, mut bytes, mut result) = (Vec::new(), 0, Ok(()));
        from.scan(&[], END, &mut |key, value| {
            batch.push((key.to_vec(), Some(value.to_vec())));
            bytes += key.len() + value.len();
            if bytes >= LOAD_BYTES {
                bytes = 0;
                result = self.apply(std::mem::take(&mut batch));
            }
            result.is_ok()
        })?;
        result?;
        self.write(batch.into_iter().collect())
    }

    /// How many bytes the keys and values are.
    pub(super) fn live_bytes(&self) -> Result<u64, StoreError> {
        let mut bytes = 0;
        self.scan(&[], END, &mut |key, value| {
            bytes += (key.len() + value.len()) as u64;
            true
        })?;
        Ok(bytes)
    }

    /// Applies writes, each of another key, as one durable batch.
    fn write(&mut self, writes: BTreeMap<Vec<u8>, Option<Vec<u8>>>) -> Result<(), StoreError> {
        let mut batch = ::sled::Batch::default();
        for (key, value) in writes {
            let old = self.db.get(&key).map_err(|e| self.failed(e))?;
            let needless = old.and_then(|stored| parts(&stored)).unwrap_or(0);
            let kept = put(&mut batch, key.as_slice(), value);
            (kept..needless).for_each(|index| batch.remove(part_key(&key, index)));
        }
        batch.insert(BATCHES, &(self.batches + 1).to_be_bytes());
        self.db.apply_batch(batch).map_err(|e| self.failed(e))?;
        self.sync()?;
        self.batches += 1;
        if let Some(applied) = &mut self.applied {
            applied(self.batches);
        }
        Ok(())
    }

    /// Flushes and synchronises the data file.
    fn sync(&self) -> Result<(), StoreError> {
        self.db.flush().map_err(|e| self.failed(e))?;
        self.file.sync_data().map_err(|e| StoreError::from_io(&self.path, e))
    }

    /// The stored form of a value, parts joined.
    fn join(&self, key: &[u8], stored: &[u8]) -> Result<Vec<u8>, StoreError> {
        let broken = || StoreError::Damaged { path: self.path.clone(), reason: "a value has lost a part".into() };
        if let Some((&WHOLE, value)) = stored.split_first() {
            return Ok(value.to_vec());
        }
        let mut value = Vec::new();
        for index in 0..parts(stored).ok_or_else(broken)? {
            let part = self.db.get(part_key(key, index)).map_err(|e| self.failed(e))?;
            value.extend_from_slice(&part.ok_or_else(broken)?);
        }
        Ok(value)
    }

    fn failed(&self, error: ::sled::Error) -> StoreError {
        translate(&self.path, error)
    }
}

impl Engine for SledEngine {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let stored = self.db.get(key).map_err(|e| self.failed(e))?;
        stored.map(|stored| self.join(key, &stored)).transpose()
    }

    fn scan(&self, from: &[u8], to: &[u8], each: &mut dyn FnMut(&[u8], &[u8]) -> bool) -> Result<(), StoreError> {
        if from >= to {
            return Ok(());
        }
        for pair in self.db.range(from..to) {
            let (key, stored) = pair.map_err(|e| self.failed(e))?;
            let go_on = match stored.split_first() {
                Some((&WHOLE, value)) => each(&key, value),
                _ => each(&key, &self.join(&key, &stored)?),
            };
            if !go_on {
                break;
            }
        }
        Ok(())
    }

    fn apply(&mut self, writes: Vec<Write>) -> Result<(), StoreError> {
        // Sled's batch has one write for a key; sorting keeps the pages of neighbours together.
        let writes: BTreeMap<Vec<u8>, Option<Vec<u8>>> = writes.into_iter().collect();
        if writes.is_empty() {
            return Ok(());
        }
        self.write(writes)
    }

    fn bytes_on_disk(&self) -> u64 {
        self.db.size_on_disk().unwrap_or(0)
    }
}

/// Adds one write to a batch and answers in how many parts the value is.
fn put(batch: &mut ::sled::Batch, key: &[u8], value: Option<Vec<u8>>) -> u32 {
    let Some(mut value) = value else {
        batch.remove(key);
        return 0;
    };
    if value.len() <= PART {
        value.insert(0, WHOLE);
        batch.insert(key, value);
        return 0;
    }
    let mut count = 0;
    for part in value.chunks(PART) {
        batch.insert(part_key(key, count), part);
        count += 1;
    }
    let mut stored = vec![IN_PARTS];
    stored.extend(count.to_be_bytes());
    batch.insert(key, stored);
    count
}

/// In how many parts a stored value is; `None` when it is whole, or unreadable.
fn parts(stored: &[u8]) -> Option<u32> {
    match stored.split_first()? {
        (&IN_PARTS, count) => Some(u32::from_be_bytes(count.try_into().ok()?)),
        _ => None,
    }
}

/// Parts lie behind all keys, where no scan meets them.
fn part_key(key: &[u8], index: u32) -> Vec<u8> {
    [END, key, &index.to_be_bytes()].concat()
}

/// Opens sled's directory; waits when a process that is going away still has it.
fn open_patiently(path: &Path) -> Result<::sled::Db, StoreError> {
    let config = ::sled::Config::new()
        .path(path)
        .mode(::sled::Mode::LowSpace)
        .cache_capacity(64 << 20)
        // The flusher's first pass also collects garbage, which nothing else does.
        .flush_every_ms(Some(500));
    let start = Instant::now();
    let mut cleaned = false;
    loop {
        // Sled asserts what it expects of its files; a file that is damaged must not end the program.
        let opened = std::panic::catch_unwind(AssertUnwindSafe(|| config.open()));
        let error = match opened {
            Ok(Ok(db)) => return Ok(db),
            Ok(Err(error)) => error,
            Err(_) => {
                let reason = "its data cannot be read".into();
                return Err(StoreError::Damaged { path: path.to_path_buf(), reason });
            }
        };
        // Sled has locked its file when it says so: whoever wrote a half snapshot is gone.
        if matches!(error, ::sled::Error::Corruption { .. }) && !std::mem::replace(&mut cleaned, true) {
            remove_half_snapshots(path)?;
            continue;
        }
        if !is_held(&error) {
            return Err(translate(path, error));
        }
        if start.elapsed() > CLOSING {
            return Err(StoreError::Locked { path: path.to_path_buf(), waited: start.elapsed() });
        }
        thread::sleep(Duration::from_millis(2));
    }
}

/// Removes snapshots that were not written to their end, because the process was killed or the disk was full. Sled would
/// read them in place of the whole one. They hold nothing that is not in the data file too.
fn remove_half_snapshots(path: &Path) -> Result<(), StoreError> {
    let failed = |e| StoreError::from_io(path, e);
    for entry in std::fs::read_dir(path).map_err(failed)? {
        let file = entry.map_err(failed)?.path();
        if file.extension().is_some_and(|e| e == "generating") {
            std::fs::remove_file(file).map_err(failed)?;
        }
    }
    Ok(())
}

/// Whether a file has at least one segment that sled wrote; reads only the segments' headers.
fn holds_a_segment(path: &Path) -> Result<bool, StoreError> {
    let failed = |e| StoreError::from_io(path, e);
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(e) => return Err(failed(e)),
    };
    let mut header = [0; 20];
    for start in (0..file.metadata().map_err(failed)?.len()).step_by(SEGMENT as usize) {
        file.seek(SeekFrom::Start(start)).map_err(failed)?;
        if file.read_exact(&mut header).is_err() {
            return Ok(false);
        }
        // The checksum comes first and is stored with its bits turned.
        let (sum, rest) = header.split_at(4);
        if sum == (!crc32(rest)).to_le_bytes() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The CRC of a few bytes (ISO 3309, as zip files and sled have it).
fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32, _| if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 };
    !bytes.iter().fold(!0, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), step))
}

/// Whether sled could not lock its file, which only its text says.
fn is_held(error: &::sled::Error) -> bool {
    matches!(error, ::sled::Error::Io(e) if e.to_string().contains("could not acquire lock"))
}

fn translate(path: &Path, error: ::sled::Error) -> StoreError {
    let path = path.to_path_buf();
    match error {
        ::sled::Error::Io(e) => match kind_in_text(&e) {
            Some(kind) => StoreError::from_io(&path, kind.into()),
            None => StoreError::from_io(&path, e),
        },
        ::sled::Error::Unsupported(reason) => StoreError::Foreign { path, reason },
        ::sled::Error::Corruption { .. } => StoreError::Damaged { path, reason: "its data is corrupt".into() },
        other => StoreError::Damaged { path, reason: other.to_string() },
    }
}

/// Sled wraps some errors of the system as text only.
fn kind_in_text(error: &io::Error) -> Option<io::ErrorKind> {
    let text = error.to_string();
    let known = [
        ("StorageFull", io::ErrorKind::StorageFull),
        ("No space left", io::ErrorKind::StorageFull),
        ("ReadOnlyFilesystem", io::ErrorKind::ReadOnlyFilesystem),
        ("Read-only file system", io::ErrorKind::ReadOnlyFilesystem),
        ("PermissionDenied", io::ErrorKind::PermissionDenied),
        ("Permission denied", io::ErrorKind::PermissionDenied),
    ];
    known.into_iter().find(|(word, _)| text.contains(word)).map(|(_, kind)| kind)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::MemoryEngine;
    use crate::store::engine::tests::{Mirror, pairs, suite};

    fn dir() -> tempfile::TempDir {
        tempfile::tempdir().expect("a directory")
    }

    #[test]
    fn sled_is_an_engine() {
        let dir = dir();
        suite(&mut SledEngine::open(&dir.path().join("data")).expect("open"));
    }

    #[test]
    fn sled_and_memory_agree() {
        let dir = dir();
        let right = SledEngine::open(&dir.path().join("data")).expect("open");
        suite(&mut Mirror { left: MemoryEngine::new(), right });
    }

    #[test]
    fn what_was_applied_is_there_after_reopening() {
        let dir = dir();
        let big: Vec<u8> = (0..300_000u32).map(|i| (i % 7) as u8).collect();
        for round in 0..3u8 {
            let mut engine = SledEngine::open(dir.path()).expect("open");
            if round > 0 {
                assert_eq!(engine.get(b"round").expect("get"), Some(vec![round - 1]));
                assert!(engine.get(b"big").expect("get").as_ref() == Some(&big));
            }
            let batch = vec![(b"round".to_vec(), Some(vec![round])), (b"big".to_vec(), Some(big.clone()))];
            engine.apply(batch).expect("apply");
        }
        let blobs = std::fs::read_dir(dir.path().join("blobs")).expect("blobs").count();
        assert_eq!(blobs, 0, "no page is so large that it gets a file of its own");
    }

    #[test]
    fn loading_copies_everything() {
        let (left, right) = (dir(), dir());
        let mut from = SledEngine::open(left.path()).expect("open");
        let row = |i: u32| (format!("k{i:05}").into_bytes(), Some(vec![7; if i == 5 { 40_000 } else { 10 }]));
        from.apply((0..1_000).map(row).collect()).expect("apply");
        let mut to = SledEngine::open(right.path()).expect("open");
        to.load(&from).expect("load");
        assert!(pairs(&from, b"", END) == pairs(&to, b"", END));
    }

    #[test]
    fn an_engine_that_lost_something_is_refused() {
        let dir = dir();
        let mut engine = SledEngine::open(dir.path()).expect("open");
        engine.begin().expect("begin");
        engine.apply(vec![(b"a".to_vec(), Some(vec![1]))]).expect("apply");
        drop(engine);
        let refused = |batches: u64| SledEngine::open_written(dir.path(), batches).err().map(|e| e.to_string());
        assert_eq!(refused(2), None);
        assert!(refused(5).is_some_and(|e| e.contains("of 5 commits the last 3 are gone")));
        let file = dir.path().join("db");
        for content in [vec![], vec![0; 700_000], b"nonsense".repeat(100_000)] {
            std::fs::write(&file, &content).expect("write");
            assert!(refused(0).is_some_and(|e| e.contains("missing or holds something else")));
            assert!(std::fs::read(&file).expect("read") == content, "it is left as it was");
        }
        std::fs::remove_file(&file).expect("remove");
        assert!(refused(0).is_some() && !file.exists());
    }

    #[test]
    fn a_snapshot_that_was_not_written_to_its_end_does_no_harm() {
        let dir = dir();
        let mut engine = SledEngine::open(dir.path()).expect("open");
        engine.apply(vec![(b"a".to_vec(), Some(vec![1]))]).expect("apply");
        drop(engine);
        for half in [&b""[..], b"half of it, and no checksum"] {
            std::fs::write(dir.path().join("snap.00000000FFFFFFFF.generating"), half).expect("write");
            let engine = SledEngine::open_written(dir.path(), 1).expect("open");
            assert_eq!(engine.get(b"a").expect("get"), Some(vec![1]));
        }
    }

    #[test]
    fn the_checksum_is_the_usual_one() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
    }
}
