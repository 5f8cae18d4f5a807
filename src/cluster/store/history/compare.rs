//! The objects in which two states differ.

use super::super::{ObjectKey, StoreError, object_row};
use super::{Key, Past, keys};
use kctl_base::json::Parts;
use kctl_base::object::Object;

/// An object that is not the same in two states.
#[derive(Clone, Debug, PartialEq)]
pub struct ObjectChange {
    /// The object.
    pub key: ObjectKey,
    /// The object in the first state; `None` if it was created later.
    pub old: Option<Object>,
    /// The object in the second state; `None` if it was deleted.
    pub new: Option<Object>,
}

/// A callback that receives an encoded key with the values of two states, which differ.
type EachRow<'a> = &'a mut dyn FnMut(&[u8], Option<&[u8]>, Option<&[u8]>) -> bool;

/// Returns the objects in which two states differ, ordered by resource, namespace and name.
///
/// # Errors
/// If a state cannot be read or an object cannot be decoded.
pub(crate) fn compare(old: &Past, new: &Past) -> Result<Vec<ObjectChange>, StoreError> {
    let (from, to) = keys::all_objects();
    collect(|each| old.differences(new, &from, &to, each))
}

fn collect(rows: impl FnOnce(EachRow<'_>) -> Result<(), StoreError>) -> Result<Vec<ObjectChange>, StoreError> {
    let (mut changes, mut failure) = (Vec::new(), None);
    rows(&mut |key, old, new| {
        match change(key, old, new) {
            Ok(change) => changes.push(change),
            Err(error) => failure = Some(error),
        }
        failure.is_none()
    })?;
    failure.map_or(Ok(changes), Err)
}

fn change(row: &[u8], old: Option<&[u8]>, new: Option<&[u8]>) -> Result<ObjectChange, StoreError> {
    let Key::Object(key) = Key::decode(row)? else {
        return Err(StoreError::damaged(format!("{} is among the objects", keys::describe(row))));
    };
    let object = |bytes: Option<&[u8]>| bytes.map(|bytes| object_row::decode(row, bytes, Parts::All)).transpose();
    Ok(ObjectChange { key: key.into_owned(), old: object(old)?, new: object(new)? })
}
