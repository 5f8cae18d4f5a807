//! Repair of a store: objects that cannot be decoded are found with their bytes, and removed.

use super::keys::{self, Key};
use super::objects::row_of;
use super::{Change, ChangeKind, ObjectKey, Store, StoreError, object_row};
use kctl_base::json::{Parts, json};
use std::sync::Arc;

impl Store {
    /// Returns the committed objects that cannot be decoded, with the bytes of their rows.
    ///
    /// # Errors
    /// If the engine fails.
    pub(crate) fn unreadable_objects(&self) -> Result<Vec<(ObjectKey, Vec<u8>)>, StoreError> {
        let mut found = Vec::new();
        let (from, to) = keys::all_objects();
        self.batch.engine().scan(&from, &to, &mut |row, bytes| {
            // A row whose key is damaged, too, is no object; the check reports it.
            if let (Ok(Key::Object(key)), Err(_)) = (Key::decode(row), object_row::decode(row, bytes, Parts::All)) {
                found.push((key.into_owned(), bytes.to_vec()));
            }
            true
        })?;
        Ok(found)
    }

    /// Removes an object that cannot be decoded, with the rows that lead to it, at the next revision.
    ///
    /// The change log is read backwards from the present objects, so that it starts anew with this change; watches of older
    /// revisions have to list again.
    ///
    /// # Errors
    /// If the engine fails.
    pub(crate) fn remove_unreadable(&mut self, key: &ObjectKey) -> Result<(), StoreError> {
        let row = row_of(key);
        for index in self.index_rows_to(&row)? {
            self.batch.remove(index);
        }
        self.batch.remove(row);
        self.lists.invalidate(&key.resource);
        for revision in self.staged.log_start..=self.committed.revision {
            self.batch.remove(Key::Change(revision).encode());
        }
        self.staged.log_start = self.committed.revision + 1;
        let revision = self.next_revision();
        let remains = json!({"metadata": {"name": key.name, "namespace": key.namespace}});
        let object = Arc::new(remains);
        self.pending.push(Change {
            revision,
            kind: ChangeKind::Deleted,
            key: key.clone(),
            object: object.clone(),
            old: Some(object),
            cause: self.cause.clone(),
        });
        Ok(())
    }

    /// Returns the index rows that lead to an object, whatever their values.
    fn index_rows_to(&self, object: &[u8]) -> Result<Vec<Vec<u8>>, StoreError> {
        let mut found = Vec::new();
        self.batch.scan(&keys::all_indexes(), &mut |row, _| {
            if keys::object_of_index(row).is_ok_and(|target| target == object) {
                found.push(row.to_vec());
            }
            true
        })?;
        Ok(found)
    }
}

#[cfg(test)]
impl Store {
    /// Stages the bytes of an object, which need not be an object.
    pub(crate) fn write_bytes(&mut self, key: &ObjectKey, bytes: &[u8]) {
        self.batch.put(row_of(key), bytes.to_vec());
    }
}
