//! Small named values (clock, settings, the controllers' memory) and the counters behind everything random.

use std::fmt::Debug;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::keys::{self, Key};
use super::overlay::encode;
use super::{Store, StoreError};
use kctl_base::json::Value;

/// A named value of a type of the caller's.
pub trait Memory: Serialize + DeserializeOwned + Clone + Debug + 'static {}

impl<T: Serialize + DeserializeOwned + Clone + Debug + 'static> Memory for T {}

impl Store {
    /// A named value.
    pub fn row(&mut self, name: &str) -> Result<Option<Value>, StoreError> {
        let bytes = self.overlay.bytes(&Key::Row(name.into()).encode())?;
        bytes.map(|b| decode(name, &b)).transpose()
    }

    /// A named value as a type of the caller's; nothing, too, when it is none of that type.
    pub fn typed_row<T: Memory>(&mut self, name: &str) -> Result<Option<T>, StoreError> {
        let key = Key::Row(name.into()).encode();
        if let Some(value) = self.overlay.value::<T>(&key) {
            return Ok(Some(value.clone()));
        }
        Ok(self.overlay.bytes(&key)?.and_then(|b| serde_json::from_slice(&b).ok()))
    }

    /// Sets a named value, or removes it. A value that is there already is not staged.
    pub fn set_row(&mut self, name: &str, value: Option<Value>) {
        let key = Key::Row(name.into()).encode();
        let bytes = value.as_ref().map(encode);
        match (self.overlay.bytes(&key), bytes) {
            (Ok(old), new) if old == new => {}
            (_, Some(new)) => self.overlay.put(key, new),
            (_, None) => self.overlay.remove(key),
        }
    }

    /// As [`Store::set_row`], with a value of the caller's type, which is encoded at the commit only.
    pub fn set_typed_row<T: Memory>(&mut self, name: &str, value: Option<T>) {
        let key = Key::Row(name.into()).encode();
        let Some(value) = value else { return self.set_row(name, None) };
        if self.overlay.is_staged(&key) || !matches!(self.overlay.bytes(&key), Ok(Some(old)) if old == encode(&value)) {
            self.overlay.put_value(key, Box::new(value));
        }
    }

    /// Changes a named value of the caller's type where it is; one that is not there starts as its default.
    pub fn change_typed_row<T: Memory + Default, R>(
        &mut self,
        name: &str,
        change: impl FnOnce(&mut T) -> R,
    ) -> Result<R, StoreError> {
        if let Some(value) = self.overlay.value_mut::<T>(&Key::Row(name.into()).encode()) {
            return Ok(change(value));
        }
        let mut value = self.typed_row::<T>(name)?.unwrap_or_default();
        let result = change(&mut value);
        self.set_typed_row(name, Some(value));
        Ok(result)
    }

    /// The named values whose names start with a text, ordered by name.
    pub fn rows_with_prefix(&mut self, start: &str) -> Result<Vec<(String, Value)>, StoreError> {
        let mut found = Vec::new();
        self.overlay.scan(&keys::rows(start), &mut |key, value| {
            found.push((key.to_vec(), value.to_vec()));
            true
        })?;
        let read = |(key, value): (Vec<u8>, Vec<u8>)| match Key::decode(&key)? {
            Key::Row(name) => Ok((name.to_string(), decode(&name, &value)?)),
            other => Err(StoreError::damaged(format!("{other} is among the named values"))),
        };
        found.into_iter().map(read).collect()
    }

    /// The number of the next draw for a purpose on behalf of an owner: 0, 1, 2 and so on.
    pub fn next_counter(&mut self, purpose: &str, owner: &str) -> Result<u64, StoreError> {
        let key = Key::Counter { owner: owner.into(), purpose: purpose.into() };
        let row = key.encode();
        let next = self.overlay.bytes(&row)?.map_or(Ok(0), |bytes| number(&key, &bytes))?;
        self.overlay.put(row, (next + 1).to_be_bytes().to_vec());
        Ok(next)
    }

    /// Drops all counters of an owner that will never come back, so that they do not pile up.
    pub fn forget_counters(&mut self, owner: &str) -> Result<(), StoreError> {
        let mut rows = Vec::new();
        self.overlay.scan(&keys::counters(owner), &mut |row, _| {
            rows.push(row.to_vec());
            true
        })?;
        rows.into_iter().for_each(|row| self.overlay.remove(row));
        Ok(())
    }
}

/// Reads the row of a named value.
pub(super) fn decode(name: &str, bytes: &[u8]) -> Result<Value, StoreError> {
    serde_json::from_slice(bytes).map_err(|e| StoreError::damaged(format!("row {name} cannot be read: {e}")))
}

/// Reads a row that is a number.
pub(super) fn number(key: &Key, bytes: &[u8]) -> Result<u64, StoreError> {
    let bytes = bytes.try_into().map_err(|_| StoreError::damaged(format!("{key} is no number")))?;
    Ok(u64::from_be_bytes(bytes))
}
