//! Snapshots: states with names, and their files.

use std::io::{Read, Write};
use std::path::Path;

use super::Console;
use super::history::{gone, refuse};
use crate::console::Result;
use crate::operations::{Goal, time_of};
use crate::store::{ObjectChange, OperationKind, Past, Snapshot, compare, export};
use kctl_base::sim::clock;

/// A state that can be compared with another one.
pub struct SavedState(pub(crate) Past);

impl SavedState {
    /// Returns the objects in which another state differs, ordered by resource, namespace and name.
    ///
    /// # Errors
    /// A state that cannot be read.
    pub fn differences(&self, other: &SavedState) -> Result<Vec<ObjectChange>> {
        Ok(compare(&self.0, &other.0)?)
    }
}

impl Console<'_> {
    /// Gives the present state a name.
    ///
    /// # Errors
    /// As every method here: a store that cannot be read or written. A name that is taken; a cluster in memory.
    pub fn save_snapshot(&mut self, name: &str) -> Result<Snapshot> {
        self.must_be_free(name)?;
        // Whatever is staged becomes durable by the same commit.
        self.cluster.stage_record()?;
        let (time, real_time) = (self.cluster.now(), clock::wall());
        let store = self.store();
        let (revision, operation, position) = (store.revision(), store.head()?.state, store.position() + 1);
        let snapshot = Snapshot { name: name.into(), time, real_time, revision, operation, position, import: None };
        store.stage_snapshot(name, Some(&snapshot));
        match self.cluster.has_recorded() {
            true => self.cluster.commit_staged().inspect_err(|_| self.cluster.discard())?,
            false => self.store().commit_history()?,
        }
        Ok(snapshot)
    }

    /// Returns the snapshots, ordered by name.
    ///
    /// # Errors
    /// A store that cannot be read.
    pub fn snapshots(&mut self) -> Result<Vec<Snapshot>> {
        Ok(self.store().snapshots()?)
    }

    /// Returns whether there is a snapshot of a name.
    ///
    /// # Errors
    /// A store that cannot be read.
    pub fn has_snapshot(&mut self, name: &str) -> Result<bool> {
        Ok(self.store().snapshot(name)?.is_some())
    }

    /// Makes the state of a snapshot the present one.
    ///
    /// # Errors
    /// Also if there is no such snapshot.
    pub fn restore_snapshot(&mut self, name: &str) -> Result<()> {
        let snapshot = self.snapshot(name)?;
        let (time, revision) = time_of(self.past_of(&snapshot)?)?;
        let past = self.past_of(&snapshot)?;
        let goal = Goal { kind: OperationKind::Restore, past, state: None, time, revision };
        self.cluster.go_to(goal, |head| head.redo.clear())?;
        Ok(())
    }

    /// Removes a snapshot.
    ///
    /// # Errors
    /// Also if there is no such snapshot.
    pub fn delete_snapshot(&mut self, name: &str) -> Result<()> {
        self.snapshot(name)?;
        self.cluster.commit()?;
        self.store().stage_snapshot(name, None);
        Ok(self.store().commit_history()?)
    }

    /// Opens the state of a snapshot, or the present one.
    ///
    /// # Errors
    /// Also if there is no such snapshot.
    pub fn state_of(&mut self, name: Option<&str>) -> Result<SavedState> {
        let Some(name) = name else {
            self.must_have_past()?;
            self.cluster.commit()?;
            let position = self.store().position();
            let present = self.store().past(position)?;
            return Ok(SavedState(present.ok_or_else(|| gone("of the present"))?));
        };
        let snapshot = self.snapshot(name)?;
        self.past_of(&snapshot).map(SavedState)
    }

    /// Writes a snapshot in the format that [`Console::import_snapshot`] reads; errors name the file at `path`.
    ///
    /// # Errors
    /// Also if there is no such snapshot, or those of the writer.
    pub fn export_snapshot(&mut self, name: &str, path: &Path, to: &mut dyn Write) -> Result<()> {
        let snapshot = self.snapshot(name)?;
        let header = export::Header { time: snapshot.time, revision: snapshot.revision };
        Ok(export::write(&self.past_of(&snapshot)?, &header, path, to)?)
    }

    /// Makes a snapshot of what [`Console::export_snapshot`] has written; errors name the file at `path`.
    ///
    /// # Errors
    /// A file that cannot be read, is damaged or is no snapshot; a name that is taken; a cluster in memory.
    pub fn import_snapshot(&mut self, name: &str, path: &Path, from: impl Read) -> Result<()> {
        self.must_be_free(name)?;
        self.cluster.commit()?;
        let (mut reader, header) = export::Reader::new(from, path)?;
        let run = self.store().import(&mut || reader.next_row())?;
        let snapshot = Snapshot {
            name: name.into(),
            time: header.time,
            real_time: clock::wall(),
            revision: header.revision,
            operation: 0,
            position: 0,
            import: Some(run),
        };
        self.store().stage_snapshot(name, Some(&snapshot));
        Ok(self.store().commit_history()?)
    }

    fn must_be_free(&mut self, name: &str) -> Result<()> {
        self.must_have_past()?;
        match self.store().snapshot(name)? {
            None => Ok(()),
            Some(_) => {
                refuse(format!("there is a snapshot \"{name}\" already (to replace it: kctl snapshot delete {name})"))
            }
        }
    }

    fn snapshot(&mut self, name: &str) -> Result<Snapshot> {
        match self.store().snapshot(name)? {
            Some(snapshot) => Ok(snapshot),
            None => refuse(format!("there is no snapshot \"{name}\" (to see them: kctl snapshot list)")),
        }
    }

    fn past_of(&mut self, snapshot: &Snapshot) -> Result<Past> {
        Ok(self.store().past_of(snapshot)?.ok_or_else(|| gone(&snapshot.name))?)
    }
}
