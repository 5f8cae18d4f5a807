//! The file that counts commits, for watches and for the detection of lost commits. It is written after the commit and not
//! synchronized: after a power failure it may lag behind the data, but it is never ahead.

use std::fs::File;
use std::io::{Read as _, Seek as _, Write as _};
use std::path::Path;

use crate::store::StoreError;

/// The name of the file.
pub(super) const FILE: &str = "state";

/// The number of commits of one generation of the data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct CommitCounter {
    /// The `N` of `data-N`.
    pub(super) generation: u64,
    /// The number of batches of the engine.
    pub(super) batches: u64,
}

impl CommitCounter {
    /// Reads the file; `None` if it does not exist or is incomplete, which says nothing about the data.
    pub(super) fn read(dir: &Path) -> Option<CommitCounter> {
        let mut bytes = [0; 16];
        File::open(dir.join(FILE)).ok()?.read_exact(&mut bytes).ok()?;
        let bits = u128::from_be_bytes(bytes);
        Some(CommitCounter { generation: (bits >> 64) as u64, batches: bits as u64 })
    }

    /// Overwrites the file with a single write, so that readers see either the old or the new counter.
    pub(super) fn write(self, file: &mut File) -> std::io::Result<()> {
        let bits = u128::from(self.generation) << 64 | u128::from(self.batches);
        file.rewind()?;
        file.write_all(&bits.to_be_bytes())
    }
}

/// Opens the file for writing, creating it if it does not exist.
pub(super) fn open(dir: &Path) -> Result<File, StoreError> {
    let path = dir.join(FILE);
    let file = super::private_file().open(&path);
    file.map_err(|e| StoreError::from_io(&path, e))
}
