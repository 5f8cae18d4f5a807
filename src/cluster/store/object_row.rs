//! The rows of objects: their format, and their form in the record.
//!
//! A row is a mark and the [binary form](kctl_base::json::to_binary) of the object. Stores of earlier versions, and the
//! record, have the object as JSON, which the mark cannot begin; both are read.

use std::borrow::Cow;

use super::StoreError;
use super::keys;
use kctl_base::json::{self, Known, Parts};
use kctl_base::object::Object;

/// The first byte of a row in binary form, which is in no UTF-8 text.
const BINARY: u8 = 0xc1;

/// Encodes an object in a buffer that is reused, so that the bytes are not moved again and again while they grow.
pub(super) fn encode(buffer: &mut Vec<u8>, object: &Object) -> Vec<u8> {
    buffer.clear();
    buffer.push(BINARY);
    json::to_binary(object, buffer);
    buffer.clone()
}

/// Decodes the row of an object, with at least these parts.
///
/// # Errors
/// If the row is damaged or nested too deeply.
pub(super) fn decode(key: &[u8], row: &[u8], parts: Parts) -> Result<Object, StoreError> {
    decode_sharing(key, row, parts, &mut Known::default())
}

/// Decodes as [`decode`] does, and takes over what is known from other objects.
///
/// # Errors
/// As [`decode`].
pub(super) fn decode_sharing(key: &[u8], row: &[u8], parts: Parts, known: &mut Known) -> Result<Object, StoreError> {
    let object = match row.split_first() {
        Some((&BINARY, binary)) => json::from_binary_sharing(binary, parts, known),
        _ => json::from_slice(row),
    };
    object.map_err(|e| StoreError::unreadable(keys::describe(key), e))
}

/// Returns any row as it is in the record: that of an object is JSON, so that other programs can read it. The row of an
/// object that cannot be decoded stays as it is.
///
/// # Errors
/// If an object cannot be encoded.
pub(super) fn to_record<'a>(key: &[u8], row: &'a [u8]) -> Result<Cow<'a, [u8]>, StoreError> {
    if !keys::is_object(key) || row.first() != Some(&BINARY) {
        return Ok(Cow::Borrowed(row));
    }
    match decode(key, row, Parts::All) {
        Ok(object) => serde_json::to_vec(&object)
            .map(Cow::Owned)
            .map_err(|source| StoreError::Encode { row: keys::describe(key), source }),
        Err(_) => Ok(Cow::Borrowed(row)),
    }
}
