//! The timeline: the delayed work queue of the controllers, which key to reconcile at which time.
//!
//! A controller's key has at most one entry. An entry is stored as two rows, one ordered by time and one found by key.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::keys::{self, Key};
use super::{Store, StoreError, Trigger};
use kctl_base::sim::{Due, Time};

/// The value of an entry's row; the time is in the key of the row.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Entry {
    controller: String,
    key: String,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    recurring: bool,
    /// The revision of the change that had woken the controller when it added the entry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cause: Option<u64>,
}

impl Store {
    /// Adds an entry for a controller's key, replacing an earlier one. `recurring` marks work that repeats for ever, such as
    /// a resync. A failure is reported by the next commit.
    pub(crate) fn schedule(&mut self, controller: &str, key: &str, at: Time, recurring: bool) {
        let result = self.replace(controller, key, Some((at, recurring)));
        self.report_at_commit(result);
    }

    /// Removes the entry of a controller's key, if there is one. A failure is reported by the next commit.
    pub(crate) fn unschedule(&mut self, controller: &str, key: &str) {
        let result = self.replace(controller, key, None);
        self.report_at_commit(result);
    }

    /// Returns the entry of a controller's key; `None` if there is none.
    ///
    /// # Errors
    /// If the engine fails or the entry cannot be read.
    pub(crate) fn scheduled(&mut self, controller: &str, key: &str) -> Result<Option<Due>, StoreError> {
        self.entry_of(&scheduled_row(controller, key))
    }

    /// Returns the entry to which a row leads, by the key of that row; `None` if there is no such row.
    fn entry_of(&mut self, scheduled: &[u8]) -> Result<Option<Due>, StoreError> {
        let Some(row) = self.batch.bytes(scheduled)? else { return Ok(None) };
        let missing = || {
            let row = keys::describe(scheduled);
            StoreError::damaged(format!("{row} leads to an entry that does not exist"))
        };
        if let Some(entry) = self.batch.value::<Entry>(&row) {
            return entry.clone().at(&row).map(Some);
        }
        let entry = self.batch.bytes(&row)?.ok_or_else(missing)?;
        read(&row, &entry).map(Some)
    }

    /// Returns the first entry; `None` if the timeline is empty.
    ///
    /// # Errors
    /// If the engine fails or the entry cannot be read.
    pub(crate) fn next_due(&mut self) -> Result<Option<Due>, StoreError> {
        let first = self.due(1)?.pop();
        // Nothing is left before the first entry, so the next scan can start there.
        self.due_from = match &first {
            Some(due) => Key::Due(due.at, due.sequence).encode(),
            None => keys::timeline().1,
        };
        Ok(first)
    }

    /// Returns the first `count` entries, in the order in which they are due.
    ///
    /// # Errors
    /// If the engine fails or an entry cannot be read.
    pub(crate) fn due(&mut self, count: usize) -> Result<Vec<Due>, StoreError> {
        let mut found = Vec::new();
        self.each_due(&mut |due| {
            if found.len() < count {
                found.push(due);
            }
            found.len() < count
        })?;
        Ok(found)
    }

    /// Passes the entries to `each`, in the order in which they are due, until it returns `false`.
    ///
    /// # Errors
    /// If the engine fails or an entry cannot be read.
    pub(crate) fn each_due(&mut self, each: &mut dyn FnMut(Due) -> bool) -> Result<(), StoreError> {
        let (from, to) = keys::timeline();
        let mut failure = None;
        let range = (from.max(self.due_from.clone()), to);
        self.batch.scan_values(&range, &mut |row, entry: Cow<'_, Entry>| match entry.into_owned().at(row) {
            Ok(due) => each(due),
            Err(error) => {
                failure = Some(error);
                false
            }
        })?;
        failure.map_or(Ok(()), Err)
    }

    /// Removes and returns the first entry if it is due by `until`; `None` otherwise.
    ///
    /// # Errors
    /// If the engine fails or the entry cannot be read.
    pub(crate) fn take_due(&mut self, until: Time) -> Result<Option<Due>, StoreError> {
        let Some(due) = self.next_due()?.filter(|due| due.at <= until) else { return Ok(None) };
        self.drop_entry(&due);
        self.batch.remove(scheduled_row(&due.controller, &due.key));
        Ok(Some(due))
    }

    fn replace(&mut self, controller: &str, key: &str, to: Option<(Time, bool)>) -> Result<(), StoreError> {
        let scheduled = scheduled_row(controller, key);
        let old = self.entry_of(&scheduled)?;
        match (&old, to) {
            (None, None) => return Ok(()),
            (Some(old), Some((at, recurring))) if (old.at, old.recurring) == (at, recurring) => return Ok(()),
            (Some(old), _) => self.drop_entry(old),
            (None, Some(_)) => {}
        }
        let Some((at, recurring)) = to else {
            self.batch.remove(scheduled);
            return Ok(());
        };
        let row = Key::Due(at, self.staged.sequence).encode();
        self.staged.sequence += 1;
        self.due_from = std::mem::take(&mut self.due_from).min(row.clone());
        let cause = self.cause.trigger.map(Trigger::revision);
        let entry = Entry { controller: controller.into(), key: key.into(), recurring, cause };
        self.batch.put_value(row.clone(), Box::new(entry));
        self.batch.put(scheduled, row);
        Ok(())
    }

    fn drop_entry(&mut self, due: &Due) {
        let row = Key::Due(due.at, due.sequence).encode();
        match due.sequence < self.committed.sequence {
            true => self.batch.remove(row),
            // Added by this command: the engine does not have it.
            false => self.batch.unstage(&row),
        }
    }

    /// Keeps the first failure of a call that cannot return it, for the next commit.
    pub(super) fn report_at_commit(&mut self, result: Result<(), StoreError>) {
        if let Err(error) = result {
            self.failure.get_or_insert(error);
        }
    }
}

/// The encoded key of the row that leads to the entry of a controller's key.
fn scheduled_row(controller: &str, key: &str) -> Vec<u8> {
    Key::Scheduled { controller: controller.into(), key: key.into() }.encode()
}

impl Entry {
    /// Joins the value of a row with what is in its key.
    fn at(self, row: &[u8]) -> Result<Due, StoreError> {
        let Key::Due(at, sequence) = Key::decode(row)? else {
            return Err(StoreError::damaged(format!("{} is on the timeline", keys::describe(row))));
        };
        let Entry { controller, key, recurring, cause } = self;
        Ok(Due { at, sequence, controller, key, recurring, cause })
    }
}

/// Decodes the two halves of an entry's row.
pub(super) fn read(row: &[u8], entry: &[u8]) -> Result<Due, StoreError> {
    let entry: Entry =
        kctl_base::json::from_slice(entry).map_err(|e| StoreError::unreadable(keys::describe(row), e))?;
    entry.at(row)
}
