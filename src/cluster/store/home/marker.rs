//! The file that makes a directory a store: its format, and which directory holds the data.

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

use super::sync_dir;
use crate::store::StoreError;

/// The file's name, and the name under which it is written before it takes the place of the old one.
pub(super) const FILE: &str = "store";
pub(super) const NEW_FILE: &str = "store.new";

/// The first word, and the version of everything below it: files, keys and rows.
const TITLE: &str = "kctl-store";
const FORMAT: u32 = 1;

/// What the file says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Marker {
    /// Which `data-N` counts. Grows with every compaction and every reset.
    pub(super) generation: u64,
    /// Whether the data has been made. A store without is empty, one that has lost it is damaged.
    pub(super) written: bool,
    /// How many bytes the data was when it was last compared with what lives in it.
    pub(super) weighed: u64,
}

impl Marker {
    /// Reads the file; `None` when there is none.
    pub(super) fn read(dir: &Path) -> Result<Option<Marker>, StoreError> {
        let path = dir.join(FILE);
        match fs::read(&path) {
            Ok(bytes) => Marker::parse(dir, &String::from_utf8_lossy(&bytes)).map(Some),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(StoreError::from_io(&path, e)),
        }
    }

    /// Replaces the file in one step, durably.
    pub(super) fn write(&self, dir: &Path) -> Result<(), StoreError> {
        let new = dir.join(NEW_FILE);
        let write = || {
            let mut file = fs::File::create(&new)?;
            file.write_all(self.text().as_bytes())?;
            file.sync_all()?;
            fs::rename(&new, dir.join(FILE))
        };
        write().map_err(|e| StoreError::from_io(&dir.join(FILE), e))?;
        sync_dir(dir)
    }

    fn text(&self) -> String {
        let Marker { generation, written, weighed } = self;
        format!("{TITLE} {FORMAT}\ngeneration {generation}\nwritten {written}\nweighed {weighed}\n")
    }

    fn parse(dir: &Path, text: &str) -> Result<Marker, StoreError> {
        let (path, file) = (dir.to_path_buf(), dir.join(FILE));
        let mut lines = text.lines();
        let Some(format) = lines.next().and_then(|line| line.strip_prefix(TITLE)?.strip_prefix(' ')) else {
            return Err(StoreError::Foreign { path, reason: format!("{} says something else", file.display()) });
        };
        if format != FORMAT.to_string() {
            let reason = format!("its format is {format}, and this program knows {FORMAT}");
            return Err(StoreError::Foreign { path, reason });
        }
        let mut field = |name: &str| lines.next()?.strip_prefix(name)?.strip_prefix(' ');
        let marker = (|| {
            Some(Marker {
                generation: field("generation")?.parse().ok()?,
                written: field("written")?.parse().ok()?,
                weighed: field("weighed")?.parse().ok()?,
            })
        })();
        marker.ok_or_else(|| StoreError::Damaged { path, reason: format!("{} cannot be read", file.display()) })
    }
}
