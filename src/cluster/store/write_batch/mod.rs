//! A write batch over the engine that can be read through: staged rows first, then the rows of the engine.
//!
//! The engine does not see the batch before the commit. (RocksDB calls this a `WriteBatchWithIndex`.) The batch knows keys
//! and values as bytes, and objects as values that are decoded once; it knows no rules about either.

mod decoded;
mod decoding;
mod empty_ranges;
mod halves;
mod merge;
mod staged_map;
#[cfg(test)]
mod tests;

use std::any::Any;
use std::borrow::Cow;
use std::cell::RefCell;
use std::sync::Arc;

use rustc_hash::FxHashSet;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::engine::{OverlayEngine, Write};
use super::keys::{self, Range};
use super::{Engine, MemoryEngine, StoreError, object_row};
use decoded::Decoded;
use decoding::{DECODE_PARALLEL_FROM, Found, decode, decode_all};
use empty_ranges::EmptyRanges;
use halves::map_all;
use kctl_base::json::{Known, Parts};
use kctl_base::object::Object;
use merge::{Merge, Row};
use staged_map::StagedMap;

/// A staged value.
enum Staged {
    /// An object, which is encoded only at the commit.
    Object(Arc<Object>),
    /// A value of a type of the caller's, which is encoded only at the commit.
    Value(Box<dyn Encode>),
    /// Encoded bytes.
    Bytes(Vec<u8>),
}

impl Staged {
    fn object(&self) -> Option<&Object> {
        match self {
            Staged::Object(object) => Some(object),
            Staged::Value(_) | Staged::Bytes(_) => None,
        }
    }
}

/// A typed value that a row is encoded from. It keeps its type while it is staged, so that it need not be decoded to be read.
pub(super) trait Encode: Any {
    /// Encodes the value as the bytes of its row.
    fn encode(&self) -> Result<Vec<u8>, serde_json::Error>;
}

impl<T: Serialize + Any> Encode for T {
    fn encode(&self) -> Result<Vec<u8>, serde_json::Error> {
        serde_json::to_vec(self)
    }
}

/// An engine with staged writes.
pub(super) struct WriteBatch {
    engine: Box<dyn Engine>,
    /// Staged rows by key; `None` for a row that is removed.
    staged: StagedMap<Option<Staged>>,
    /// Objects of the engine that have been decoded, but for those that are staged or removed.
    decoded: Decoded<Arc<Object>>,
    /// What objects that are decoded may share with those before, for each of the threads that decode.
    known: [Known; 2],
    /// Values of other rows of the engine that have been decoded for the caller, or were encoded for the engine.
    values: Decoded<Box<dyn Any>>,
    /// Keys that the engine does not have: a new object is looked up several times before it is written.
    absent: RefCell<FxHashSet<Vec<u8>>>,
    /// Ranges in which the engine has no rows.
    empty: RefCell<EmptyRanges>,
}

/// The number of absent keys that are remembered one by one, which is enough for a short command. Beyond it, looking for the
/// gaps between the rows pays.
const ABSENT_MAX: usize = 500;

/// The number of rows from which on half of them are encoded on another thread.
const ENCODE_PARALLEL_FROM: usize = 300;
/// The numbers of rows that a scan decodes at once.
const PORTION_MIN: usize = 8;
const PORTION_MAX: usize = 512;

impl WriteBatch {
    /// Creates an empty batch over an engine.
    pub(super) fn new(engine: Box<dyn Engine>) -> WriteBatch {
        WriteBatch {
            engine,
            staged: StagedMap::default(),
            decoded: Decoded::new(decoded::OBJECT_BYTES_MAX),
            known: Default::default(),
            values: Decoded::new(decoded::VALUE_BYTES_MAX),
            absent: RefCell::default(),
            empty: RefCell::default(),
        }
    }

    /// The engine without the staged writes.
    pub(super) fn engine(&self) -> &dyn Engine {
        self.engine.as_ref()
    }

    /// Like [`WriteBatch::engine`], for changes that concern no rows.
    pub(super) fn engine_mut(&mut self) -> &mut dyn Engine {
        self.engine.as_mut()
    }

    /// Forgets what it knows of the rows of the engine.
    pub(super) fn forget(&mut self) {
        self.decoded.clear();
        self.values.clear();
        self.absent.borrow_mut().clear();
        self.empty.borrow_mut().clear();
    }

    /// Lays an engine in memory over the engine, which is only read from now on. Nothing may be staged.
    pub(super) fn cover(&mut self) {
        let base = std::mem::replace(&mut self.engine, Box::new(MemoryEngine::new()));
        self.engine = Box::new(OverlayEngine::new(base));
    }

    /// Takes the engine in memory and everything staged off again; does nothing if there is none.
    pub(super) fn uncover(&mut self) {
        if let Some(base) = self.engine.take_base() {
            *self = WriteBatch::new(base);
        }
    }

    /// The number of staged rows.
    pub(super) fn len(&self) -> usize {
        self.staged.len()
    }

    /// The bytes of a row that is not an object; `None` if there is no such row.
    pub(super) fn bytes(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        match self.staged.get(key) {
            Some(Some(Staged::Bytes(bytes))) => Ok(Some(bytes.clone())),
            Some(Some(Staged::Value(value))) => encode(key, value.as_ref()).map(Some),
            Some(Some(Staged::Object(_)) | None) => Ok(None),
            None => self.stored(key),
        }
    }

    /// Returns true if there is a row.
    pub(super) fn has(&self, key: &[u8]) -> Result<bool, StoreError> {
        match self.staged.get(key) {
            Some(staged) => Ok(staged.is_some()),
            None => Ok(self.stored(key)?.is_some()),
        }
    }

    /// The bytes of a row of the engine.
    fn stored(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let mut absent = self.absent.borrow_mut();
        if absent.len() >= ABSENT_MAX {
            return self.stored_or_gap(key);
        }
        if absent.contains(key) {
            return Ok(None);
        }
        let bytes = self.engine.get(key)?;
        if bytes.is_none() {
            absent.insert(key.to_vec());
        }
        Ok(bytes)
    }

    /// Like [`WriteBatch::stored`], for a long command: what surrounds an absent key is remembered to be empty.
    fn stored_or_gap(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        if self.empty.borrow().contains_key(key) {
            return Ok(None);
        }
        if let Some(bytes) = self.engine.get(key)? {
            return Ok(Some(bytes));
        }
        let mut end = keys::END.to_vec();
        self.engine.scan(key, keys::END, &mut |next, _| {
            next.clone_into(&mut end);
            false
        })?;
        self.empty.borrow_mut().insert(key, end);
        Ok(None)
    }

    /// The value of a row that need not be decoded, because it is staged or was decoded before; `None` if there is none of this
    /// type.
    pub(super) fn value<T: Any>(&self, key: &[u8]) -> Option<&T> {
        match self.staged.get(key) {
            Some(Some(Staged::Value(value))) => (value.as_ref() as &dyn Any).downcast_ref(),
            Some(_) => None,
            None => self.values.get(key)?.downcast_ref(),
        }
    }

    /// Keeps the value that a row of the engine of `bytes` bytes has been decoded to.
    pub(super) fn keep_value<T: Any>(&mut self, key: Vec<u8>, value: T, bytes: usize) {
        if !self.is_staged(&key) {
            self.values.insert(key.into(), Box::new(value), bytes);
        }
    }

    /// The staged value of a row, for changing it in place.
    pub(super) fn value_mut<T: Any>(&mut self, key: &[u8]) -> Option<&mut T> {
        match self.staged.get_mut(key)? {
            Some(Staged::Value(value)) => (value.as_mut() as &mut dyn Any).downcast_mut(),
            _ => None,
        }
    }

    /// Returns true if a write or a removal of the row is staged.
    pub(super) fn is_staged(&self, key: &[u8]) -> bool {
        self.staged.contains_key(key)
    }

    /// An object; `None` if there is no such row. Every version is decoded at most once.
    pub(super) fn object(&mut self, key: &[u8]) -> Result<Option<Arc<Object>>, StoreError> {
        if let Some(known) = self.in_memory(key) {
            return Ok(known);
        }
        match self.stored(key)? {
            Some(bytes) => decode(&mut self.decoded, &mut self.known, key, &bytes).map(Some),
            None => Ok(None),
        }
    }

    /// What is staged for a row or was decoded of it: an object, or that there is none; `None` if only the engine can tell.
    fn in_memory(&self, key: &[u8]) -> Option<Option<Arc<Object>>> {
        match self.staged.get(key) {
            Some(Some(Staged::Object(object))) => Some(Some(object.clone())),
            Some(_) => Some(None),
            None => self.decoded.get(key).map(|object| Some(object.clone())),
        }
    }

    /// The objects of rows, in their order.
    ///
    /// # Errors
    /// If the engine fails, or a row is missing or cannot be decoded.
    pub(super) fn objects_of(&mut self, rows: Vec<Vec<u8>>) -> Result<Vec<Arc<Object>>, StoreError> {
        if rows.len() < DECODE_PARALLEL_FROM {
            return rows.iter().map(|row| self.object(row)?.ok_or_else(|| missing(row))).collect();
        }
        let found: Result<Vec<Found>, StoreError> = rows.into_iter().map(|row| self.find(row)).collect();
        decode_all(&mut self.decoded, &mut self.known, found?, Parts::All).collect()
    }

    /// Finds the object of a row without decoding it.
    fn find(&self, key: Vec<u8>) -> Result<Found, StoreError> {
        match self.in_memory(&key) {
            Some(object) => Ok(Found::Object(Ok(object.ok_or_else(|| missing(&key))?))),
            None => {
                let bytes = self.stored(&key)?.ok_or_else(|| missing(&key))?;
                Ok(Found::Row(key, bytes))
            }
        }
    }

    /// Stages an object.
    pub(super) fn put_object(&mut self, key: Vec<u8>, object: Arc<Object>) {
        self.decoded.remove(&key);
        self.staged.insert(key, Some(Staged::Object(object)));
    }

    /// Stages a typed value.
    pub(super) fn put_value(&mut self, key: Vec<u8>, value: Box<dyn Encode>) {
        self.staged.insert(key, Some(Staged::Value(value)));
    }

    /// Stages a row as bytes.
    pub(super) fn put(&mut self, key: Vec<u8>, bytes: Vec<u8>) {
        self.staged.insert(key, Some(Staged::Bytes(bytes)));
    }

    /// Stages the removal of a row. A row that only this command has written leaves no trace: advancing the clock by a year
    /// writes and removes a million of them, and every later scan would have to skip the removals.
    pub(super) fn remove(&mut self, key: Vec<u8>) {
        if keys::is_object(&key) {
            self.decoded.remove(&key);
        }
        let is_new = matches!(self.staged.get(&key), Some(Some(_))) && matches!(self.stored(&key), Ok(None));
        match is_new {
            true => self.staged.remove(&key),
            false => self.staged.insert(key, None),
        }
    }

    /// Drops the staged write of a key that the engine does not have.
    pub(super) fn unstage(&mut self, key: &[u8]) {
        self.staged.remove(key);
    }

    /// Passes the rows of a range that are not objects to `each`, in key order, until it returns `false`.
    pub(super) fn scan(&self, range: &Range, each: &mut dyn FnMut(&[u8], &[u8]) -> bool) -> Result<(), StoreError> {
        let mut failure = None;
        self.merge().scan(range, &mut |key, row| match row {
            Row::Staged(Staged::Bytes(bytes)) => each(key, bytes),
            Row::Staged(Staged::Value(value)) => match encode(key, value.as_ref()) {
                Ok(bytes) => each(key, &bytes),
                Err(error) => {
                    failure = Some(error);
                    false
                }
            },
            Row::Staged(Staged::Object(_)) => true,
            Row::Stored(bytes) => each(key, bytes),
        })?;
        failure.map_or(Ok(()), Err)
    }

    /// Passes the rows of a range as values of a type to `each`, in key order, until it returns `false`. A staged value of
    /// the type need not be decoded.
    pub(super) fn scan_values<T: DeserializeOwned + Clone + Any>(
        &self,
        range: &Range,
        each: &mut dyn FnMut(&[u8], Cow<'_, T>) -> bool,
    ) -> Result<(), StoreError> {
        let mut failure = None;
        let read = |key: &[u8], bytes: &[u8]| match kctl_base::json::from_slice(bytes) {
            Ok(value) => Ok(Cow::Owned(value)),
            Err(error) => Err(StoreError::unreadable(keys::describe(key), error)),
        };
        self.merge().scan(range, &mut |key, row| {
            let value = match row {
                Row::Staged(Staged::Object(_)) => return true,
                Row::Staged(Staged::Bytes(bytes)) => read(key, bytes),
                Row::Staged(Staged::Value(value)) => match (value.as_ref() as &dyn Any).downcast_ref::<T>() {
                    Some(value) => Ok(Cow::Borrowed(value)),
                    None => encode(key, value.as_ref()).and_then(|bytes| read(key, &bytes)),
                },
                Row::Stored(bytes) => read(key, bytes),
            };
            match value {
                Ok(value) => each(key, value),
                Err(error) => {
                    failure = Some(error);
                    false
                }
            }
        })?;
        failure.map_or(Ok(()), Err)
    }

    /// Returns true if a range has at most `count` rows; reads at most one row more.
    pub(super) fn has_at_most(&self, range: &Range, count: usize) -> Result<bool, StoreError> {
        let mut found = 0;
        self.merge().scan(range, &mut |_, _| {
            found += 1;
            found <= count
        })?;
        Ok(found <= count)
    }

    /// The objects of a range, in key order.
    pub(super) fn objects(&mut self, range: &Range) -> Result<Vec<Arc<Object>>, StoreError> {
        let mut objects = Vec::new();
        self.visit_objects(range, Parts::All, usize::MAX, &mut |object| {
            objects.push(object);
            true
        })?;
        Ok(objects)
    }

    /// Passes the objects of a range to `visit`, in key order, until it returns `false`. They have at least these parts.
    /// `least` is the number of objects up to which it returns `true` in any case; 0 if that is not known.
    pub(super) fn visit_objects(
        &mut self,
        range: &Range,
        parts: Parts,
        least: usize,
        visit: &mut dyn FnMut(Arc<Object>) -> bool,
    ) -> Result<(), StoreError> {
        let mut failure = None;
        self.visit_rows(range, parts, least, &mut |object| match object {
            Ok(object) => visit(object),
            Err(error) => {
                failure = Some(error);
                false
            }
        })?;
        failure.map_or(Ok(()), Err)
    }

    /// Like [`WriteBatch::visit_objects`], and passes the error of an object that cannot be decoded.
    pub(super) fn visit_rows(
        &mut self,
        range: &Range,
        parts: Parts,
        least: usize,
        visit: &mut dyn FnMut(Result<Arc<Object>, StoreError>) -> bool,
    ) -> Result<(), StoreError> {
        let WriteBatch { engine, empty, staged, decoded, known, .. } = self;
        let merge = Merge { engine: engine.as_ref(), empty, staged };
        // The visitor may stop anywhere: portions that double decode in vain no more rows than were visited, and a few.
        let (mut portion, mut length) = (Vec::new(), least.clamp(PORTION_MIN, PORTION_MAX));
        let mut goes_on = true;
        merge.scan(range, &mut |key, row| {
            portion.push(match row {
                Row::Staged(Staged::Object(object)) => Found::Object(Ok(object.clone())),
                Row::Staged(Staged::Bytes(bytes)) => Found::Row(key.to_vec(), bytes.clone()),
                Row::Staged(Staged::Value(value)) => match encode(key, value.as_ref()) {
                    Ok(bytes) => Found::Row(key.to_vec(), bytes),
                    Err(error) => Found::Object(Err(error)),
                },
                Row::Stored(bytes) => match decoded.get(key) {
                    Some(object) => Found::Object(Ok(object.clone())),
                    None => Found::Row(key.to_vec(), bytes.to_vec()),
                },
            });
            if portion.len() == length {
                goes_on = decode_all(decoded, known, std::mem::take(&mut portion), parts).all(&mut *visit);
                length = PORTION_MAX.min(2 * length);
            }
            goes_on
        })?;
        if goes_on {
            decode_all(decoded, known, portion, parts).all(visit);
        }
        Ok(())
    }

    fn merge(&self) -> Merge<'_> {
        Merge { engine: self.engine.as_ref(), empty: &self.empty, staged: &self.staged }
    }

    /// Drops everything staged.
    pub(super) fn discard(&mut self) {
        self.staged.clear();
    }

    /// Applies the staged writes and `more` to the engine in one batch. After a failure everything is still staged.
    pub(super) fn commit(&mut self, more: Vec<Write>) -> Result<(), StoreError> {
        let mut writes = Vec::with_capacity(self.staged.len() + more.len());
        let objects: Vec<&Object> = self.staged.iter().filter_map(|(_, value)| value.as_ref()?.object()).collect();
        let mut objects = encode_all(&objects, |buffer, object| object_row::encode(buffer, object)).into_iter();
        // The sizes of the staged rows in key order.
        let mut sizes = Vec::with_capacity(self.staged.len());
        for (key, value) in self.staged.iter() {
            let value = match value {
                Some(Staged::Object(_)) => objects.next(),
                Some(Staged::Value(value)) => Some(encode(key, value.as_ref())?),
                Some(Staged::Bytes(bytes)) => Some(bytes.clone()),
                None => None,
            };
            sizes.push(value.as_ref().map_or(0, Vec::len));
            writes.push((key.to_vec(), value));
        }
        writes.extend(more);
        self.absent.borrow_mut().clear();
        self.empty.borrow_mut().clear();
        self.engine.apply(writes)?;
        for ((key, value), size) in self.staged.drain().zip(sizes) {
            match value {
                Some(Staged::Object(object)) => self.decoded.insert(key, object, size),
                Some(Staged::Value(value)) => self.values.insert(key, value, size),
                Some(Staged::Bytes(_)) | None => {
                    self.decoded.remove(&key);
                    self.values.remove(&key);
                }
            }
        }
        Ok(())
    }
}

/// The error about a row that is indexed but does not exist.
fn missing(key: &[u8]) -> StoreError {
    StoreError::damaged(format!("an index leads to {}, which does not exist", keys::describe(key)))
}

fn encode(key: &[u8], value: &dyn Encode) -> Result<Vec<u8>, StoreError> {
    value.encode().map_err(|source| StoreError::Encode { row: keys::describe(key), source })
}

/// Encodes items in their order. `encode` is given a buffer that it may use.
pub(super) fn encode_all<T: Sync>(items: &[T], encode: impl Fn(&mut Vec<u8>, &T) -> Vec<u8> + Sync) -> Vec<Vec<u8>> {
    map_all(&mut Default::default(), items, ENCODE_PARALLEL_FROM, encode)
}
