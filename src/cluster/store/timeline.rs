//! The timeline: which controller has to look at which of its keys again, and when.
//!
//! There is one entry at most for a controller's key. An entry is two rows, one found by its instant, one by its key.

use serde::{Deserialize, Serialize};

use super::keys::{self, Key};
use super::{Store, StoreError};
use kctl_base::sim::{Due, Time};

/// What the row of an entry says beyond its key.
#[derive(Serialize, Deserialize)]
struct Entry {
    controller: String,
    key: String,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    recurring: bool,
}

impl Store {
    /// Makes an entry for a controller's key; the one that was there goes. A failure to read it is told by the commit.
    pub fn schedule(&mut self, controller: &str, key: &str, at: Time, recurring: bool) {
        let result = self.replace(controller, key, Some((at, recurring)));
        self.remember(result);
    }

    /// Removes the entry of a controller's key, if there is one. A failure to read it is told by the commit.
    pub fn unschedule(&mut self, controller: &str, key: &str) {
        let result = self.replace(controller, key, None);
        self.remember(result);
    }

    /// The entry of a controller's key.
    pub fn scheduled(&mut self, controller: &str, key: &str) -> Result<Option<Due>, StoreError> {
        let scheduled = Key::Scheduled { controller: controller.into(), key: key.into() };
        let Some(row) = self.overlay.bytes(&scheduled.encode())? else { return Ok(None) };
        let missing = || StoreError::damaged(format!("{scheduled} leads to no entry of the timeline"));
        let entry = self.overlay.bytes(&row)?.ok_or_else(missing)?;
        read(&row, &entry).map(Some)
    }

    /// The first entry.
    pub fn next_due(&mut self) -> Result<Option<Due>, StoreError> {
        let first = self.due(1)?.pop();
        // What lies before it is gone, so the next search need not pass over it again.
        self.due_from = match &first {
            Some(due) => Key::Due(due.at, due.sequence).encode(),
            None => keys::timeline().1,
        };
        Ok(first)
    }

    /// The first `count` entries, in the order in which they are due.
    pub fn due(&mut self, count: usize) -> Result<Vec<Due>, StoreError> {
        let mut found = Vec::new();
        self.each_due(&mut |due| {
            if found.len() < count {
                found.push(due);
            }
            found.len() < count
        })?;
        Ok(found)
    }

    /// Hands the entries to `each`, in the order in which they are due, until it answers `false`.
    pub fn each_due(&mut self, each: &mut dyn FnMut(Due) -> bool) -> Result<(), StoreError> {
        let (from, to) = keys::timeline();
        let mut failure = None;
        self.overlay.scan(&(from.max(self.due_from.clone()), to), &mut |row, entry| match read(row, entry) {
            Ok(due) => each(due),
            Err(error) => {
                failure = Some(error);
                false
            }
        })?;
        failure.map_or(Ok(()), Err)
    }

    /// Removes and answers the first entry, if it is due at `until`.
    pub fn take_due(&mut self, until: Time) -> Result<Option<Due>, StoreError> {
        let Some(due) = self.next_due()?.filter(|due| due.at <= until) else { return Ok(None) };
        self.replace(&due.controller, &due.key, None)?;
        Ok(Some(due))
    }

    fn replace(&mut self, controller: &str, key: &str, to: Option<(Time, bool)>) -> Result<(), StoreError> {
        let scheduled = Key::Scheduled { controller: controller.into(), key: key.into() }.encode();
        let old = self.scheduled(controller, key)?;
        match (&old, to) {
            (None, None) => return Ok(()),
            (Some(old), Some((at, recurring))) if (old.at, old.recurring) == (at, recurring) => return Ok(()),
            (Some(old), _) => self.drop_entry(old),
            (None, Some(_)) => {}
        }
        let Some((at, recurring)) = to else {
            self.overlay.remove(scheduled);
            return Ok(());
        };
        let row = Key::Due(at, self.staged.sequence).encode();
        self.staged.sequence += 1;
        self.due_from = std::mem::take(&mut self.due_from).min(row.clone());
        self.overlay.put(row.clone(), Entry { controller: controller.into(), key: key.into(), recurring }.encode());
        self.overlay.put(scheduled, row);
        Ok(())
    }

    fn drop_entry(&mut self, due: &Due) {
        let row = Key::Due(due.at, due.sequence).encode();
        match due.sequence < self.committed.sequence {
            true => self.overlay.remove(row),
            // Made by this command: the engine has never seen it.
            false => self.overlay.unstage(&row),
        }
    }

    fn remember(&mut self, result: Result<(), StoreError>) {
        if let Err(error) = result {
            self.failure.get_or_insert(error);
        }
    }
}

impl Entry {
    fn encode(&self) -> Vec<u8> {
        // Writing texts and a flag as JSON into memory cannot fail.
        serde_json::to_vec(self).unwrap_or_default()
    }
}

/// Reads the row of an entry.
pub(super) fn read(row: &[u8], entry: &[u8]) -> Result<Due, StoreError> {
    let Key::Due(at, sequence) = Key::decode(row)? else {
        return Err(StoreError::damaged(format!("{} is on the timeline", keys::describe(row))));
    };
    let Entry { controller, key, recurring } = serde_json::from_slice(entry)
        .map_err(|e| StoreError::damaged(format!("{} cannot be read: {e}", keys::describe(row))))?;
    Ok(Due { at, sequence, controller, key, recurring })
}
