//! Decoding what reads of many objects have found.

use std::sync::Arc;

use super::decoded::Decoded;
use super::halves::map_all;
use crate::store::{StoreError, object_row};
use kctl_base::json::{Known, Parts};
use kctl_base::object::Object;

/// The number of rows from which on half of them are decoded on another thread, which takes longer.
pub(super) const DECODE_PARALLEL_FROM: usize = 128;

/// What a read of objects has found.
pub(super) enum Found {
    Object(Result<Arc<Object>, StoreError>),
    /// The key and the bytes of a row that has not been decoded.
    Row(Vec<u8>, Vec<u8>),
}

impl Found {
    fn row(&self) -> Option<(&[u8], &[u8])> {
        match self {
            Found::Row(key, bytes) => Some((key, bytes)),
            Found::Object(_) => None,
        }
    }
}

/// Decodes the rows among what has been found, in its order; whole objects are kept.
pub(super) fn decode_all(
    decoded: &mut Decoded<Arc<Object>>,
    known: &mut [Known; 2],
    found: Vec<Found>,
    parts: Parts,
) -> impl Iterator<Item = Result<Arc<Object>, StoreError>> {
    let rows: Vec<(&[u8], &[u8])> = found.iter().filter_map(Found::row).collect();
    let decode = |known: &mut Known, (key, bytes): &(&[u8], &[u8])| {
        object_row::decode_sharing(key, bytes, parts, known).map(Arc::new)
    };
    let mut objects = map_all(known, &rows, DECODE_PARALLEL_FROM, decode).into_iter();
    // There is an object for each row.
    found.into_iter().filter_map(move |found| match found {
        Found::Object(object) => Some(object),
        Found::Row(key, bytes) => {
            let object = objects.next()?;
            if let (Ok(object), Parts::All) = (&object, parts) {
                decoded.insert(key.into(), object.clone(), bytes.len());
            }
            Some(object)
        }
    })
}

/// Decodes an object and keeps it.
pub(super) fn decode(
    decoded: &mut Decoded<Arc<Object>>,
    [known, _]: &mut [Known; 2],
    key: &[u8],
    bytes: &[u8],
) -> Result<Arc<Object>, StoreError> {
    let object = Arc::new(object_row::decode_sharing(key, bytes, Parts::All, known)?);
    decoded.insert(key.into(), object.clone(), bytes.len());
    Ok(object)
}
