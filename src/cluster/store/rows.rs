//! Named values (the clock, settings, the state of controllers) and the counters behind generated names and numbers.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::keys::{self, Key};
use super::write_batch::Encode as _;
use super::{Store, StoreError};
use kctl_base::json::Value;

/// A type that a named value can have.
pub trait RowValue: Serialize + DeserializeOwned + Clone + PartialEq + 'static {}

impl<T: Serialize + DeserializeOwned + Clone + PartialEq + 'static> RowValue for T {}

impl Store {
    /// Returns a named value; `None` if there is none.
    ///
    /// # Errors
    /// If the engine fails or the row is not JSON.
    pub(crate) fn row(&mut self, name: &str) -> Result<Option<Value>, StoreError> {
        let bytes = self.batch.bytes(&Key::Row(name.into()).encode())?;
        bytes.map(|b| decode(name, &b)).transpose()
    }

    /// Returns a named value as a type of the caller's; `None` if there is none.
    ///
    /// # Errors
    /// If the engine fails or the row is not a value of this type: it is never mistaken for a missing one.
    pub(crate) fn typed_row<T: RowValue>(&mut self, name: &str) -> Result<Option<T>, StoreError> {
        let key = Key::Row(name.into()).encode();
        if let Some(value) = self.batch.value::<T>(&key) {
            return Ok(Some(value.clone()));
        }
        let Some(bytes) = self.batch.bytes(&key)? else { return Ok(None) };
        let value: T = kctl_base::json::from_slice(&bytes).map_err(|e| unreadable(name, e))?;
        self.batch.keep_value(key, value.clone(), bytes.len());
        Ok(Some(value))
    }

    /// Sets a named value, or removes it for `None`. A value that does not change is not staged.
    pub(crate) fn set_row(&mut self, name: &str, value: Option<Value>) {
        let key = Key::Row(name.into()).encode();
        let Some(value) = value else { return self.remove_row(key) };
        let new = match value.encode() {
            Ok(new) => new,
            Err(source) => {
                let row = Key::Row(name.into()).to_string();
                return self.report_at_commit(Err(StoreError::Encode { row, source }));
            }
        };
        match self.batch.bytes(&key) {
            Ok(Some(old)) if old == new => {}
            // A stored value that cannot be read counts as a different one and is replaced.
            _ => self.batch.put(key, new),
        }
    }

    fn remove_row(&mut self, key: Vec<u8>) {
        // A stored value that cannot be read is removed.
        if !matches!(self.batch.has(&key), Ok(false)) {
            self.batch.remove(key);
        }
    }

    /// Like [`Store::set_row`], with a value of the caller's type, which is encoded only at the commit.
    pub(crate) fn set_typed_row<T: RowValue>(&mut self, name: &str, value: Option<T>) {
        let key = Key::Row(name.into()).encode();
        let Some(value) = value else { return self.remove_row(key) };
        let is_same = !self.batch.is_staged(&key)
            && match self.batch.value::<T>(&key) {
                Some(old) => *old == value,
                None => matches!(self.batch.bytes(&key), Ok(Some(old)) if value.encode().is_ok_and(|new| old == new)),
            };
        if !is_same {
            self.batch.put_value(key, Box::new(value));
        }
    }

    /// Changes a named value of the caller's type in place, starting from its default if there is none, and returns the
    /// result of `change`.
    ///
    /// # Errors
    /// As [`Store::typed_row`]; then `change` is not called.
    pub(crate) fn change_typed_row<T: RowValue + Default, R>(
        &mut self,
        name: &str,
        change: impl FnOnce(&mut T) -> R,
    ) -> Result<R, StoreError> {
        if let Some(value) = self.batch.value_mut::<T>(&Key::Row(name.into()).encode()) {
            return Ok(change(value));
        }
        let mut value = self.typed_row::<T>(name)?.unwrap_or_default();
        let result = change(&mut value);
        self.set_typed_row(name, Some(value));
        Ok(result)
    }

    /// Changes a named value of the caller's type in place, if there is one, and removes it if `change` returns `false`.
    ///
    /// # Errors
    /// As [`Store::typed_row`]; then `change` is not called.
    pub(crate) fn retain_typed_row<T: RowValue>(
        &mut self,
        name: &str,
        change: impl FnOnce(&mut T) -> bool,
    ) -> Result<(), StoreError> {
        let key = Key::Row(name.into()).encode();
        if let Some(value) = self.batch.value_mut::<T>(&key) {
            if !change(value) {
                self.batch.remove(key);
            }
            return Ok(());
        }
        if let Some(mut value) = self.typed_row::<T>(name)? {
            let is_kept = change(&mut value);
            self.set_typed_row(name, is_kept.then_some(value));
        }
        Ok(())
    }

    /// Returns the named values whose names have a prefix, ordered by name.
    ///
    /// # Errors
    /// If the engine fails or one of the rows is not JSON.
    pub(crate) fn rows_with_prefix(&mut self, prefix: &str) -> Result<Vec<(String, Value)>, StoreError> {
        let mut found = Vec::new();
        self.batch.scan(&keys::rows(prefix), &mut |key, value| {
            found.push((key.to_vec(), value.to_vec()));
            true
        })?;
        let read = |(key, value): (Vec<u8>, Vec<u8>)| match Key::decode(&key)? {
            Key::Row(name) => Ok((name.to_string(), decode(&name, &value)?)),
            other => Err(StoreError::damaged(format!("{other} is among the named values"))),
        };
        found.into_iter().map(read).collect()
    }

    /// Returns the named values whose names have a prefix as a type of the caller's, ordered by name.
    ///
    /// # Errors
    /// If the engine fails or one of the rows is not a value of this type.
    pub(crate) fn typed_rows_with_prefix<T: RowValue>(&mut self, prefix: &str) -> Result<Vec<T>, StoreError> {
        let (mut found, mut failure) = (Vec::new(), None);
        self.batch.scan(&keys::rows(prefix), &mut |key, value| match kctl_base::json::from_slice(value) {
            Ok(value) => {
                found.push(value);
                true
            }
            Err(error) => {
                failure = Some(StoreError::unreadable(keys::describe(key), error));
                false
            }
        })?;
        failure.map_or(Ok(found), Err)
    }

    /// Increments the counter of a purpose and an owner and returns its value before: 0, 1, 2 and so on.
    ///
    /// # Errors
    /// If the engine fails or the row is not a number.
    pub(crate) fn next_counter(&mut self, purpose: &str, owner: &str) -> Result<u64, StoreError> {
        let key = Key::Counter { owner: owner.into(), purpose: purpose.into() };
        let row = key.encode();
        let next = self.batch.bytes(&row)?.map_or(Ok(0), |bytes| number(&key, &bytes))?;
        self.batch.put(row, (next + 1).to_be_bytes().to_vec());
        Ok(next)
    }

    /// Removes the counters of an owner that has been deleted, so that they do not accumulate.
    ///
    /// # Errors
    /// If the engine fails.
    pub(crate) fn forget_counters(&mut self, owner: &str) -> Result<(), StoreError> {
        let mut rows = Vec::new();
        self.batch.scan(&keys::counters(owner), &mut |row, _| {
            rows.push(row.to_vec());
            true
        })?;
        rows.into_iter().for_each(|row| self.batch.remove(row));
        Ok(())
    }
}

/// Decodes the row of a named value.
pub(super) fn decode(name: &str, bytes: &[u8]) -> Result<Value, StoreError> {
    kctl_base::json::from_slice(bytes).map_err(|e| unreadable(name, e))
}

fn unreadable(name: &str, error: serde_json::Error) -> StoreError {
    StoreError::unreadable(Key::Row(name.into()), error)
}

/// Decodes a row that holds a number.
pub(super) fn number(key: &Key, bytes: &[u8]) -> Result<u64, StoreError> {
    let number = bytes.first_chunk().filter(|_| bytes.len() == size_of::<u64>());
    number.copied().map(u64::from_be_bytes).ok_or_else(|| StoreError::damaged(format!("{key} is not a number")))
}
