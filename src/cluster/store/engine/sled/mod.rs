//! The engine of the record: the copy of a store that any program with sled can read, and the data of stores that earlier
//! versions have made. Only this module knows sled.
//!
//! The configuration suits large batches that are written once. Sled leaves two things to its caller. On Linux its flush does not reach the disk, so the data file is synchronized
//! afterwards. And the separate files of large pages are never synchronized, so large values are split into parts that
//! keep every page small.

mod open;
mod quiet;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};

use super::{Engine, Write};
use crate::store::StoreError;
use crate::store::keys::END;
use open::{has_segment, translate};

/// The size of the parts of a large value in bytes. Sled's pages have up to 17 entries and get a separate file from
/// 128 KiB on.
const PART_BYTES: usize = 6 * 1024;

/// The first byte of a stored value: the value follows, or the number of its parts does.
const WHOLE: u8 = 0;
const IN_PARTS: u8 = 1;

/// Returns the value that a copy has in place of that of a row, from the key and the value.
type ToValue = for<'a> fn(&[u8], &'a [u8]) -> Result<Cow<'a, [u8]>, StoreError>;

/// The size of the batches of [`SledEngine::copy_from`] in bytes.
const COPY_BYTES: usize = 8 << 20;

/// The key of the batch counter. Like the parts, it sorts after all keys.
const BATCHES: &[u8] = END;

/// An ordered map in a directory. Keys must be less than [`END`].
pub(crate) struct SledEngine {
    db: ::sled::Db,
    /// The data file, for synchronizing it.
    file: File,
    path: PathBuf,
    /// The number of batches applied since the directory was created.
    batches: u64,
}

impl SledEngine {
    /// Opens the engine in a directory, which is created if it does not exist.
    ///
    /// # Errors
    /// If the directory cannot be used, or its data cannot be read.
    pub(crate) fn open(path: &Path) -> Result<SledEngine, StoreError> {
        let db = open::open(path)?;
        let file = path.join("db");
        let file = File::open(&file).map_err(|e| StoreError::from_io(&file, e))?;
        let count = db.get(BATCHES).map_err(|e| translate(path, e))?;
        let batches = match count.as_deref().map(<[u8; 8]>::try_from) {
            Some(Ok(bytes)) => u64::from_be_bytes(bytes),
            Some(Err(error)) => return Err(StoreError::unreadable("its batch counter", error).at(path)),
            None => 0,
        };
        Ok(SledEngine { db, file, path: path.to_path_buf(), batches })
    }

    /// Opens an engine that has been written before, to which at least `batches` batches have been applied.
    ///
    /// The check is needed because sled treats a data file that it cannot read as empty, and everything behind a damaged
    /// segment as never written.
    ///
    /// # Errors
    /// As [`SledEngine::open`], or if any of the batches is missing.
    pub(crate) fn open_written(path: &Path, batches: u64) -> Result<SledEngine, StoreError> {
        let damaged = |reason: &str| StoreError::damaged(reason).at(path);
        if !has_segment(&path.join("db"))? {
            return Err(damaged("its data file is missing or is not a data file"));
        }
        let engine = SledEngine::open(path)?;
        match engine.batches {
            0 => Err(damaged("its data is missing")),
            found if found < batches => {
                Err(damaged(&format!("the last {} of {batches} commits are missing", batches - found)))
            }
            _ => Ok(engine),
        }
    }

    /// The number of batches applied since the directory was created.
    pub(in crate::store) fn batches(&self) -> u64 {
        self.batches
    }

    /// Copies all rows of another engine, with the values that `to_value` makes of their keys and values, in a few large
    /// batches, and continues its batch counter. Durable once this returns, but not atomic.
    ///
    /// # Errors
    /// If the other engine or a row cannot be read, or the disk fails.
    pub(in crate::store) fn copy_from(
        &mut self,
        from: &dyn Engine,
        batches: u64,
        to_value: ToValue,
    ) -> Result<(), StoreError> {
        self.batches = batches;
        let (mut batch, mut bytes, mut result) = (Vec::new(), 0, Ok(()));
        from.scan(&[], END, &mut |key, value| {
            result = to_value(key, value).and_then(|value| {
                bytes += key.len() + value.len();
                batch.push((key.to_vec(), Some(value.into_owned())));
                if bytes < COPY_BYTES {
                    return Ok(());
                }
                bytes = 0;
                self.apply(std::mem::take(&mut batch))
            });
            result.is_ok()
        })?;
        result?;
        self.write(batch.into_iter().collect())
    }

    /// Applies writes as one durable batch.
    fn write(&mut self, writes: BTreeMap<Vec<u8>, Option<Vec<u8>>>) -> Result<(), StoreError> {
        let mut batch = ::sled::Batch::default();
        for (key, value) in writes {
            let old = self.db.get(&key).map_err(|e| self.failed(e))?;
            let old_parts = old.and_then(|stored| parts(&stored)).unwrap_or(0);
            let new_parts = put(&mut batch, key.as_slice(), value);
            (new_parts..old_parts).for_each(|index| batch.remove(part_key(&key, index)));
        }
        batch.insert(BATCHES, &(self.batches + 1).to_be_bytes());
        self.db.apply_batch(batch).map_err(|e| self.failed(e))?;
        self.sync()?;
        self.batches += 1;
        Ok(())
    }

    /// Flushes and synchronizes the data file.
    fn sync(&self) -> Result<(), StoreError> {
        self.db.flush().map_err(|e| self.failed(e))?;
        self.file.sync_data().map_err(|e| StoreError::from_io(&self.path, e))
    }

    /// Restores a value from its stored form, joining its parts.
    fn join(&self, key: &[u8], stored: &[u8]) -> Result<Vec<u8>, StoreError> {
        let broken = || StoreError::damaged("a part of a value is missing").at(&self.path);
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
        // A batch of sled has one write per key. Sorted writes touch each page once.
        let writes: BTreeMap<Vec<u8>, Option<Vec<u8>>> = writes.into_iter().collect();
        if writes.is_empty() {
            return Ok(());
        }
        self.write(writes)
    }

    fn bytes_on_disk(&self) -> Result<u64, StoreError> {
        self.db.size_on_disk().map_err(|e| self.failed(e))
    }
}

/// Adds one write to a batch and returns the number of parts of the value; 0 for one that is not split.
fn put(batch: &mut ::sled::Batch, key: &[u8], value: Option<Vec<u8>>) -> u32 {
    let Some(mut value) = value else {
        batch.remove(key);
        return 0;
    };
    if value.len() <= PART_BYTES {
        value.insert(0, WHOLE);
        batch.insert(key, value);
        return 0;
    }
    let mut count = 0;
    for part in value.chunks(PART_BYTES) {
        batch.insert(part_key(key, count), part);
        count += 1;
    }
    let mut stored = vec![IN_PARTS];
    stored.extend(count.to_be_bytes());
    batch.insert(key, stored);
    count
}

/// The number of parts of a stored value; `None` if it is not split, or unreadable.
fn parts(stored: &[u8]) -> Option<u32> {
    match stored.split_first()? {
        (&IN_PARTS, count) => Some(u32::from_be_bytes(count.try_into().ok()?)),
        _ => None,
    }
}

/// The key of a part. Parts sort after all keys, out of the range of every scan.
fn part_key(key: &[u8], index: u32) -> Vec<u8> {
    [END, key, &index.to_be_bytes()].concat()
}
