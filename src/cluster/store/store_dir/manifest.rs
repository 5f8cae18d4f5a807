//! The manifest: the file that makes a directory a store, with its format and the current generation of its data.

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

use super::{private_file, sync_dir};
use crate::store::StoreError;

/// The name of the file.
pub(super) const FILE: &str = "store";
/// The name under which a new manifest is written before it replaces the old one.
pub(super) const NEW_FILE: &str = "store.new";

/// The first word of the file.
const TITLE: &str = "kctl-store";

/// The version of the format of all files, keys and rows.
const FORMAT: u32 = 4;

/// The version in which `data-N` is a directory of sled.
const SLED_FORMAT: u32 = 1;

/// The contents of the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Manifest {
    /// The `N` of the current `data-N`; incremented by every compaction and reset.
    pub(super) generation: u64,
    /// True once `data-N` has been created. Before, the store is empty; afterwards it is damaged if the directory is missing.
    pub(super) has_data: bool,
    /// True for a store of an earlier version. Its rows can be read, but that version cannot read the rows of this one.
    pub(super) is_outdated: bool,
    /// True for a store of an earlier version whose data is in a directory of sled.
    pub(super) is_sled: bool,
    /// The name of the directory of sled with a copy of the data, made by the last compaction; empty if there is none.
    pub(super) record: String,
}

impl Manifest {
    /// Reads the file; `None` if there is none.
    pub(super) fn read(dir: &Path) -> Result<Option<Manifest>, StoreError> {
        let path = dir.join(FILE);
        match fs::read(&path) {
            Ok(bytes) => Manifest::parse(dir, &String::from_utf8_lossy(&bytes)).map(Some),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(StoreError::from_io(&path, e)),
        }
    }

    /// Replaces the file atomically and durably.
    pub(super) fn write(&self, dir: &Path) -> Result<(), StoreError> {
        let new = dir.join(NEW_FILE);
        let write = || {
            let mut file = private_file().truncate(true).open(&new)?;
            file.write_all(self.format().as_bytes())?;
            file.sync_all()?;
            fs::rename(&new, dir.join(FILE))
        };
        write().map_err(|e| StoreError::from_io(&dir.join(FILE), e))?;
        sync_dir(dir)
    }

    fn format(&self) -> String {
        let Manifest { generation, has_data, is_outdated: _, is_sled: _, record } = self;
        format!("{TITLE} {FORMAT}\ngeneration {generation}\nwritten {has_data}\nrecord {record}\n")
    }

    fn parse(dir: &Path, text: &str) -> Result<Manifest, StoreError> {
        let file = dir.join(FILE);
        let foreign = |reason| StoreError::Foreign { path: dir.to_path_buf(), reason };
        let mut lines = text.lines();
        let Some(format) = lines.next().and_then(|line| line.strip_prefix(TITLE)?.strip_prefix(' ')) else {
            return Err(foreign(format!("{} is not a manifest", file.display())));
        };
        let format: u32 = format.parse().unwrap_or_default();
        if format > FORMAT {
            let reason = format!("its format is {format}, and this program supports up to {FORMAT}: update kctl");
            return Err(foreign(reason));
        }
        if format < SLED_FORMAT {
            return Err(foreign(format!("{} is not a manifest", file.display())));
        }
        let mut field = |name: &str| lines.next()?.strip_prefix(name)?.strip_prefix(' ');
        let manifest = (|| {
            let (generation, has_data) = (field("generation")?.parse().ok()?, field("written")?.parse().ok()?);
            let is_sled = format == SLED_FORMAT;
            // The earlier format has the size of the data here, for a decision that is no longer taken.
            let record = if is_sled { String::new() } else { field("record")?.into() };
            Some(Manifest { generation, has_data, is_outdated: format < FORMAT, is_sled, record })
        })();
        manifest.ok_or_else(|| StoreError::damaged(format!("{} cannot be read", file.display())).at(dir))
    }
}
