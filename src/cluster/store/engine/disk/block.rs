//! A block of a run: the bytes of rows that are read and checked at once, and the blocks that have been read lately.

use std::cell::{Cell, RefCell};
use std::io;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::files::DiskFile;
use super::rows::{self, Row, take_u32, take_u64};

/// The failure to read a run.
#[derive(Debug)]
pub(super) enum RunError {
    Io(io::Error),
    /// The file is not what was written.
    Corrupt,
}

impl From<io::Error> for RunError {
    fn from(error: io::Error) -> RunError {
        match error.kind() {
            io::ErrorKind::UnexpectedEof => RunError::Corrupt,
            _ => RunError::Io(error),
        }
    }
}

pub(super) type Result<T> = std::result::Result<T, RunError>;

/// The place of a block in its file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Place {
    pub(super) offset: u64,
    pub(super) len: u32,
}

impl Place {
    pub(super) fn to_bytes(self) -> [u8; 12] {
        let mut bytes = [0; 12];
        bytes[..8].copy_from_slice(&self.offset.to_le_bytes());
        bytes[8..].copy_from_slice(&self.len.to_le_bytes());
        bytes
    }

    /// Takes a place off the front of bytes; `None` if there are too few.
    pub(super) fn take(bytes: &mut &[u8]) -> Option<Place> {
        Some(Place { offset: take_u64(bytes)?, len: take_u32(bytes)? })
    }
}

/// The rows of a block, in the order of their keys.
#[derive(Debug)]
pub(super) struct Block {
    bytes: Vec<u8>,
    /// The offset of each row, so that a key is found by halving.
    starts: Vec<u32>,
}

impl Block {
    /// Reads a block of a file of a length.
    pub(super) fn read(file: &dyn DiskFile, file_len: u64, place: Place) -> Result<Block> {
        // A damaged place must not allocate more than the file has.
        if place.offset.saturating_add(place.len.into()) > file_len {
            return Err(RunError::Corrupt);
        }
        let mut bytes = vec![0; place.len as usize];
        file.read_at(place.offset, &mut bytes)?;
        let (rows, crc) = bytes.split_last_chunk().ok_or(RunError::Corrupt)?;
        if crc32fast::hash(rows) != u32::from_le_bytes(*crc) {
            return Err(RunError::Corrupt);
        }
        let starts = starts(rows).ok_or(RunError::Corrupt)?;
        let len = rows.len();
        bytes.truncate(len);
        Ok(Block { bytes, starts })
    }

    /// The number of rows.
    pub(super) fn len(&self) -> usize {
        self.starts.len()
    }

    /// The row at an index; `None` at the end.
    pub(super) fn row(&self, index: usize) -> Option<Row<'_>> {
        rows::decode(&mut self.bytes.get(*self.starts.get(index)? as usize..)?)
    }

    /// The number of rows whose keys are less than `key`, or equal to it if `or_equal`.
    pub(super) fn count_below(&self, key: &[u8], or_equal: bool) -> usize {
        let is_below = |start: &u32| match rows::decode(&mut &self.bytes[*start as usize..]) {
            Some((found, _)) => found < key || (or_equal && found == key),
            None => false,
        };
        self.starts.partition_point(is_below)
    }

    /// The size in memory, in bytes.
    fn size(&self) -> usize {
        self.bytes.len() + self.starts.len() * size_of::<u32>()
    }
}

/// The offsets of rows in their bytes; `None` if the bytes do not consist of whole rows.
fn starts(rows: &[u8]) -> Option<Vec<u32>> {
    let mut rest = rows;
    let mut starts = Vec::new();
    while !rest.is_empty() {
        starts.push(u32::try_from(rows.len() - rest.len()).ok()?);
        rows::decode(&mut rest)?;
    }
    Some(starts)
}

/// The size in bytes of the blocks of one generation of a [`BlockCache`]. A bulk command looks up a dozen keys a pod, in any
/// order, and most of them are in no block: it would read most blocks again and again if they did not fit.
const GENERATION_BYTES: usize = 4 << 20;

/// The blocks of a run that have been read lately, by their offsets. It has two generations: when the young one is full, it
/// becomes the old one, whose blocks are dropped unless they have been read again.
#[derive(Debug, Default)]
pub(super) struct BlockCache {
    young: RefCell<FxHashMap<u64, Arc<Block>>>,
    old: RefCell<FxHashMap<u64, Arc<Block>>>,
    /// The size in bytes of the young blocks.
    bytes: Cell<usize>,
}

impl BlockCache {
    /// Returns the block at an offset, which `read` reads if it is not here.
    pub(super) fn get(&self, offset: u64, read: impl FnOnce() -> Result<Block>) -> Result<Arc<Block>> {
        if let Some(block) = self.young.borrow().get(&offset) {
            return Ok(block.clone());
        }
        let kept = self.old.borrow_mut().remove(&offset);
        let block = match kept {
            Some(block) => block,
            None => Arc::new(read()?),
        };
        self.insert(offset, block.clone());
        Ok(block)
    }

    fn insert(&self, offset: u64, block: Arc<Block>) {
        let mut young = self.young.borrow_mut();
        let bytes = self.bytes.get() + block.size();
        if bytes > GENERATION_BYTES {
            self.old.replace(std::mem::take(&mut young));
            self.bytes.set(block.size());
        } else {
            self.bytes.set(bytes);
        }
        young.insert(offset, block);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(bytes: usize) -> Block {
        Block { bytes: vec![0; bytes], starts: Vec::new() }
    }

    #[test]
    fn blocks_that_are_read_again_are_kept_and_the_others_dropped() {
        let cache = BlockCache::default();
        let third = GENERATION_BYTES / 3;
        let is_kept = |offset| cache.get(offset, || Err(RunError::Corrupt)).is_ok();
        for offset in 0..8 {
            cache.get(offset, || Ok(block(third))).expect("a block");
            assert!(is_kept(0));
        }
        assert!((5..8).all(is_kept), "the newest ones are kept");
        assert!(!(1..4).any(is_kept), "old ones are dropped");
    }

    #[test]
    fn a_key_is_found_between_the_rows_of_a_block() {
        let mut bytes = Vec::new();
        ["b", "d", "f"].iter().for_each(|key| rows::encode(&mut bytes, (key.as_bytes(), Some(b"value"))));
        let block = Block { starts: starts(&bytes).expect("whole rows"), bytes };
        let below = |key: &str| (block.count_below(key.as_bytes(), false), block.count_below(key.as_bytes(), true));
        assert_eq!(["a", "b", "c", "f", "g"].map(below), [(0, 0), (0, 1), (1, 1), (2, 3), (3, 3)]);
        assert_eq!(starts(&block.bytes[..block.bytes.len() - 1]), None);
    }
}
