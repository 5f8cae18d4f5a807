//! The small file that says how often something was committed. It is written after the commit and not synchronised: after
//! a power cut it may lag behind the data, but it is never ahead of it.

use std::fs::File;
use std::io::{Read as _, Seek as _, Write as _};
use std::path::Path;

use crate::store::StoreError;

/// The file's name.
pub(super) const FILE: &str = "state";

/// Which data, and how many batches it has had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct State {
    /// The `N` of `data-N`.
    pub(super) generation: u64,
    /// The engine's number of batches.
    pub(super) batches: u64,
}

impl State {
    /// Reads the file; `None` when it is not there or was not written to its end.
    pub(super) fn read(dir: &Path) -> Option<State> {
        let mut bytes = [0; 16];
        File::open(dir.join(FILE)).ok()?.read_exact(&mut bytes).ok()?;
        let bits = u128::from_be_bytes(bytes);
        Some(State { generation: (bits >> 64) as u64, batches: bits as u64 })
    }

    /// Writes the file in place, with one write.
    pub(super) fn write(self, file: &mut File) -> std::io::Result<()> {
        let bits = u128::from(self.generation) << 64 | u128::from(self.batches);
        file.rewind()?;
        file.write_all(&bits.to_be_bytes())
    }
}

/// Opens the file for writing.
pub(super) fn open(dir: &Path) -> Result<File, StoreError> {
    let path = dir.join(FILE);
    let file = File::options().create(true).truncate(false).write(true).open(&path);
    file.map_err(|e| StoreError::from_io(&path, e))
}
