//! A run: an immutable file of rows in the order of their keys.
//!
//! The file is a tree of blocks. A leaf holds [rows](super::rows); a block above it holds a row for each block below: the
//! first key there, and its place. Every block ends with its CRC-32. The file ends with a footer that gives the place of
//! the root, the number of levels above the leaves, and the sizes by which runs are chosen for merging.
//!
//! A look-up reads one block a level, three in a store of a gigabyte, unless it was read lately.

use std::io;
use std::sync::Arc;

use super::block::{Block, BlockCache, Place, Result, RunError};
use super::files::{Disk, DiskFile};
use super::rows::{self, Row, take_u32, take_u64};

/// The size in bytes from which a block is complete. A row that is larger makes a block of its own size.
const BLOCK_BYTES: usize = 16 * 1024;

/// The last bytes of a file, with the version of its format.
const MAGIC: &[u8; 8] = b"kctlrun1";

/// Root offset, root length, levels, CRC-32, magic.
const FOOTER_BYTES: u64 = 8 + 4 + 4 + 4 + 8;

/// An open run.
#[derive(Debug)]
pub(super) struct Run {
    file: Arc<dyn DiskFile>,
    len: u64,
    root: Arc<Block>,
    /// The number of levels above the leaves; 0 if the root is a leaf.
    levels: u32,
    /// The blocks below the root.
    blocks: BlockCache,
}

impl Run {
    /// Opens a run by the name of its file.
    pub(super) fn open(disk: &dyn Disk, name: &str) -> Result<Run> {
        let file = disk.open(name)?;
        let len = file.len()?;
        let mut footer = [0; FOOTER_BYTES as usize];
        file.read_at(len.checked_sub(FOOTER_BYTES).ok_or(RunError::Corrupt)?, &mut footer)?;
        let (root, levels) = read_footer(&footer).ok_or(RunError::Corrupt)?;
        let root = Arc::new(Block::read(&*file, len, root)?);
        Ok(Run { file, len, root, levels, blocks: BlockCache::default() })
    }

    /// The size of the file in bytes.
    pub(super) fn len(&self) -> u64 {
        self.len
    }

    /// Returns the value of a key: `Some(None)` if the run says that it is removed, `None` if it says nothing.
    pub(super) fn get(&self, key: &[u8]) -> Result<Option<Option<Vec<u8>>>> {
        let cursor = self.cursor(key)?;
        Ok(match cursor.row() {
            Some((found, value)) if found == key => Some(value.map(<[u8]>::to_vec)),
            _ => None,
        })
    }

    /// Returns a cursor at the first row whose key is `from` or greater.
    pub(super) fn cursor(&self, from: &[u8]) -> Result<Cursor<'_>> {
        let mut cursor = Cursor { run: self, path: Vec::new(), leaf: self.root.clone(), at: 0 };
        for _ in 0..self.levels {
            // The first block also stands for the keys before it.
            cursor.at = cursor.leaf.count_below(from, true).saturating_sub(1);
            cursor.descend()?;
        }
        cursor.at = cursor.leaf.count_below(from, false);
        cursor.leave_finished_blocks()?;
        Ok(cursor)
    }

    fn block(&self, place: Place) -> Result<Arc<Block>> {
        self.blocks.get(place.offset, || Block::read(&*self.file, self.len, place))
    }
}

/// A position in the rows of a run.
#[derive(Debug)]
pub(super) struct Cursor<'a> {
    run: &'a Run,
    /// The blocks above the leaf, with the index of the row after the one that was followed.
    path: Vec<(Arc<Block>, usize)>,
    leaf: Arc<Block>,
    /// The index of the current row in the leaf.
    at: usize,
}

impl Cursor<'_> {
    /// The current row; `None` at the end.
    pub(super) fn row(&self) -> Option<Row<'_>> {
        self.leaf.row(self.at)
    }

    /// Moves to the next row.
    pub(super) fn advance(&mut self) -> Result<()> {
        self.at += 1;
        self.leave_finished_blocks()
    }

    /// Moves on to the first row of the next leaf if the current one has none left.
    fn leave_finished_blocks(&mut self) -> Result<()> {
        while self.at >= self.leaf.len() {
            // Up to the lowest block that has a row left, and down to its first leaf.
            let Some((block, at)) = self.path.pop() else { return Ok(()) };
            if at == block.len() {
                continue;
            }
            (self.leaf, self.at) = (block, at);
            while self.path.len() < self.run.levels as usize {
                self.descend()?;
            }
        }
        Ok(())
    }

    /// Goes one level down from the block in `leaf`, to the first row of the block at the current row.
    fn descend(&mut self) -> Result<()> {
        let place = self.leaf.row(self.at).and_then(|(_, place)| Place::take(&mut place?));
        let below = self.run.block(place.ok_or(RunError::Corrupt)?)?;
        self.path.push((std::mem::replace(&mut self.leaf, below), self.at + 1));
        self.at = 0;
        Ok(())
    }
}

fn read_footer(footer: &[u8; FOOTER_BYTES as usize]) -> Option<(Place, u32)> {
    let (mut fields, end) = footer.split_at(16);
    let mut end = end;
    if take_u32(&mut end)? != crc32fast::hash(fields) || end != MAGIC {
        return None;
    }
    let place = Place::take(&mut fields)?;
    Some((place, take_u32(&mut fields)?))
}

/// Writes a run from rows in ascending order.
#[derive(Debug)]
pub(super) struct Writer {
    file: Arc<dyn DiskFile>,
    offset: u64,
    /// The unfinished block of each level, leaves first.
    levels: Vec<NewBlock>,
}

/// A block that is being filled.
#[derive(Debug, Default)]
struct NewBlock {
    first: Vec<u8>,
    bytes: Vec<u8>,
    /// The number of blocks of the level that have been written.
    written: usize,
}

impl Writer {
    /// Creates the file.
    pub(super) fn create(disk: &dyn Disk, name: &str) -> io::Result<Writer> {
        Ok(Writer { file: disk.create(name)?, offset: 0, levels: vec![NewBlock::default()] })
    }

    /// Appends a row, whose key is greater than all before.
    pub(super) fn add(&mut self, row: Row<'_>) -> io::Result<()> {
        self.add_at(0, row)
    }

    /// Writes what is left and returns once the file survives a power failure.
    pub(super) fn finish(&mut self) -> io::Result<()> {
        let mut level = 0;
        // The first level with a single block is the root.
        while self.levels[level].written > 0 {
            self.write_block(level)?;
            level += 1;
        }
        let root = self.append(level)?;
        let mut footer = root.to_bytes().to_vec();
        footer.extend(u32::try_from(level).map_err(io::Error::other)?.to_le_bytes());
        let crc = crc32fast::hash(&footer);
        footer.extend(crc.to_le_bytes());
        footer.extend(MAGIC);
        self.file.write_at(self.offset, &footer)?;
        self.file.sync()
    }

    /// Writes the rows added so far, returns once they survive a power failure, and appends what [`Writer::resume`] needs to
    /// `state`: the offset, and for each level above the leaves the number of blocks written and its unfinished block.
    pub(super) fn suspend(&mut self, state: &mut Vec<u8>) -> io::Result<()> {
        self.write_block(0)?;
        self.file.sync()?;
        state.extend(self.offset.to_le_bytes());
        for level in &self.levels {
            state.extend((level.written as u64).to_le_bytes());
            rows::encode(state, (&level.first, Some(&level.bytes)));
        }
        Ok(())
    }

    /// Opens the file of a writer that was suspended; `None` if the file or the state is not usable.
    pub(super) fn resume(disk: &dyn Disk, name: &str, mut state: &[u8]) -> Option<Writer> {
        let file = disk.open(name).ok()?;
        let offset = take_u64(&mut state)?;
        if file.len().ok()? < offset {
            return None;
        }
        let mut levels = Vec::new();
        while !state.is_empty() {
            let written = take_u64(&mut state)?.try_into().ok()?;
            let (first, bytes) = rows::decode(&mut state)?;
            levels.push(NewBlock { first: first.to_vec(), bytes: bytes?.to_vec(), written });
        }
        file.truncate(offset).ok()?;
        Some(Writer { file, offset, levels })
    }

    fn add_at(&mut self, level: usize, row: Row<'_>) -> io::Result<()> {
        if level == self.levels.len() {
            self.levels.push(NewBlock::default());
        }
        let block = &mut self.levels[level];
        if block.bytes.is_empty() {
            block.first = row.0.to_vec();
        }
        rows::encode(&mut block.bytes, row);
        if block.bytes.len() >= BLOCK_BYTES {
            self.write_block(level)?;
        }
        Ok(())
    }

    /// Writes the block of a level and adds its place to the level above.
    fn write_block(&mut self, level: usize) -> io::Result<()> {
        if self.levels[level].bytes.is_empty() {
            return Ok(());
        }
        let place = self.append(level)?;
        self.levels[level].written += 1;
        let first = std::mem::take(&mut self.levels[level].first);
        self.add_at(level + 1, (&first, Some(&place.to_bytes())))
    }

    /// Appends the block of a level, with its checksum, and empties it.
    fn append(&mut self, level: usize) -> io::Result<Place> {
        let mut bytes = std::mem::take(&mut self.levels[level].bytes);
        bytes.extend(crc32fast::hash(&bytes).to_le_bytes());
        let place = Place { offset: self.offset, len: u32::try_from(bytes.len()).map_err(io::Error::other)? };
        self.file.write_at(self.offset, &bytes)?;
        self.offset += bytes.len() as u64;
        // The next block needs as much room.
        bytes.clear();
        self.levels[level].bytes = bytes;
        Ok(place)
    }
}
