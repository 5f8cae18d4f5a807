//! Copies of an engine in another directory, which share its immutable files by hard links where the file system has them.

use std::fs;
use std::io;
use std::path::Path;

use super::files::Directory;
use super::journal::{self, Journal};
use super::run_list::RunList;
use super::write::create_reserve;
use super::{DiskEngine, END, Engine as _, RetentionOf, Writer};
use crate::store::StoreError;

impl DiskEngine {
    /// Writes all rows as a single run into an empty directory, with the past as far as it is kept.
    ///
    /// # Errors
    /// If the rows cannot be read, or the disk fails.
    pub(in crate::store) fn compact_into(
        &mut self,
        to: &Path,
        retention: Option<RetentionOf>,
    ) -> Result<(), StoreError> {
        self.retention = retention;
        let (disk, failed) = (Directory::new(to), |e| StoreError::from_io(to, e));
        let (run, journal) = (self.list.next, self.list.next + 1);
        let mut list = self.list.clone();
        (list.batches, list.next, list.journal, list.runs) = (self.batches, journal + 1, journal, vec![run]);
        self.retire_present(&mut list).map_err(failed)?;
        list.names_of_past().iter().try_for_each(|name| link(&self.path, to, name)).map_err(failed)?;
        let mut writer = Writer::create(&disk, &RunList::name(run)).map_err(failed)?;
        let mut written = Ok(());
        self.scan(&[], END, &mut |key, value| {
            written = writer.add((key, Some(value)));
            written.is_ok()
        })?;
        written.and_then(|()| writer.finish()).map_err(failed)?;
        Journal::create(&disk, journal).and_then(|_| finish(&disk, &list)).map_err(failed)
    }

    /// Makes an engine with the same rows and the same past in an empty directory.
    ///
    /// # Errors
    /// If the disk fails.
    pub(in crate::store) fn branch_into(&self, to: &Path) -> Result<(), StoreError> {
        let (disk, failed) = (Directory::new(to), |e| StoreError::from_io(to, e));
        let runs = self.list.runs.iter().map(|run| RunList::name(*run));
        let mut names = runs.chain(self.list.names_of_past());
        names.try_for_each(|name| link(&self.path, to, &name)).map_err(failed)?;
        // Both engines go on with the journal.
        copy(&self.path, to, &journal::name(self.list.journal)).map_err(failed)?;
        finish(&disk, &self.list).map_err(failed)
    }
}

/// Adds the files that every engine has, the list last.
fn finish(disk: &Directory, list: &RunList) -> io::Result<()> {
    create_reserve(disk)?;
    list.write(disk)
}

/// Gives a file a name in another directory, or copies it where the file system has no hard links. A file of the past that
/// is missing is missing in both.
fn link(from: &Path, to: &Path, name: &str) -> io::Result<()> {
    match fs::hard_link(from.join(name), to.join(name)) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound && !from.join(name).exists() => Ok(()),
        Err(_) => copy(from, to, name),
    }
}

fn copy(from: &Path, to: &Path, name: &str) -> io::Result<()> {
    fs::copy(from.join(name), to.join(name))?;
    fs::File::open(to.join(name))?.sync_all()
}
