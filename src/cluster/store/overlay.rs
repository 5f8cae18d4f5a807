//! What a command has staged, laid over the engine: reads see it, the engine does not until the commit.
//!
//! Knows keys and values as bytes, and objects as values that are decoded once; knows no rules about either.

use std::any::Any;
use std::cell::RefCell;
use std::fmt::Debug;
use std::ops::Bound;
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};
use serde::Serialize;

use super::engine::Write;
use super::gaps::Gaps;
use super::keys::{self, Range};
use super::layer::Layer;
use super::{Engine, StoreError};
use kctl_base::object::Object;

/// A staged value.
#[derive(Debug)]
enum Staged {
    /// An object, encoded at the commit only.
    Object(Arc<Object>),
    /// Anything else that is written and read often, the same.
    Value(Box<dyn Encode>),
    /// Anything else.
    Bytes(Vec<u8>),
}

/// A value that can be written as bytes and remains what it is as long as it is staged.
pub(super) trait Encode: Any + Debug {
    /// The bytes of its row.
    fn encode(&self) -> Vec<u8>;
}

impl<T: Serialize + Any + Debug> Encode for T {
    fn encode(&self) -> Vec<u8> {
        encode(self)
    }
}

/// A value found by a scan over both.
enum Found<'a> {
    Staged(&'a Staged),
    Stored(&'a [u8]),
}

/// What is staged by key; nothing where a row goes.
type Stage = Layer<Option<Staged>>;

/// An engine and what is staged on it.
pub(super) struct Overlay {
    engine: Box<dyn Engine>,
    staged: Stage,
    /// Decoded objects of the engine. Never iterated, so its order does not matter.
    decoded: FxHashMap<Arc<[u8]>, Arc<Object>>,
    /// Keys that the engine was asked for in vain: whatever is new is looked for several times before it is there.
    absent: RefCell<FxHashSet<Vec<u8>>>,
    /// Ranges in which the engine has nothing.
    gaps: RefCell<Gaps>,
}

/// So many absent keys are remembered: one is asked for again soon or not at all.
const ABSENT: usize = 500;

impl Overlay {
    /// Nothing staged yet.
    pub(super) fn new(engine: Box<dyn Engine>) -> Overlay {
        Overlay {
            engine,
            staged: Stage::default(),
            decoded: FxHashMap::default(),
            absent: RefCell::default(),
            gaps: RefCell::default(),
        }
    }

    /// The engine below, without what is staged.
    pub(super) fn engine(&self) -> &dyn Engine {
        self.engine.as_ref()
    }

    /// Whether nothing is staged.
    pub(super) fn is_empty(&self) -> bool {
        self.staged.is_empty()
    }

    /// The bytes of a row that is not an object.
    pub(super) fn bytes(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        match self.staged.get(key) {
            Some(Some(Staged::Bytes(bytes))) => Ok(Some(bytes.clone())),
            Some(Some(Staged::Value(value))) => Ok(Some(value.as_ref().encode())),
            Some(Some(Staged::Object(_)) | None) => Ok(None),
            None => self.stored(key),
        }
    }

    /// What the engine has.
    fn stored(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let mut absent = self.absent.borrow_mut();
        if absent.contains(key) {
            return Ok(None);
        }
        let found = self.engine.get(key)?;
        if found.is_none() {
            if absent.len() >= ABSENT {
                absent.clear();
            }
            absent.insert(key.to_vec());
        }
        Ok(found)
    }

    /// The staged value of a row, if it is of this type.
    pub(super) fn value<T: Any>(&self, key: &[u8]) -> Option<&T> {
        match self.staged.get(key)? {
            Some(Staged::Value(value)) => (value.as_ref() as &dyn Any).downcast_ref(),
            _ => None,
        }
    }

    /// The same, to be changed.
    pub(super) fn value_mut<T: Any>(&mut self, key: &[u8]) -> Option<&mut T> {
        match self.staged.get_mut(key)? {
            Some(Staged::Value(value)) => (value.as_mut() as &mut dyn Any).downcast_mut(),
            _ => None,
        }
    }

    /// Whether anything is staged for a row.
    pub(super) fn is_staged(&self, key: &[u8]) -> bool {
        self.staged.contains_key(key)
    }

    /// An object, decoded now or earlier.
    pub(super) fn object(&mut self, key: &[u8]) -> Result<Option<Arc<Object>>, StoreError> {
        match self.staged.get(key) {
            Some(Some(Staged::Object(object))) => return Ok(Some(object.clone())),
            Some(_) => return Ok(None),
            None => {}
        }
        if let Some(object) = self.decoded.get(key) {
            return Ok(Some(object.clone()));
        }
        match self.stored(key)? {
            Some(bytes) => decode(&mut self.decoded, key, &bytes).map(Some),
            None => Ok(None),
        }
    }

    /// Stages an object.
    pub(super) fn put_object(&mut self, key: Vec<u8>, object: Arc<Object>) {
        self.staged.insert(key, Some(Staged::Object(object)));
    }

    /// Stages a value.
    pub(super) fn put_value(&mut self, key: Vec<u8>, value: Box<dyn Encode>) {
        self.staged.insert(key, Some(Staged::Value(value)));
    }

    /// Stages any other row.
    pub(super) fn put(&mut self, key: Vec<u8>, bytes: Vec<u8>) {
        self.staged.insert(key, Some(Staged::Bytes(bytes)));
    }

    /// Stages the end of a row. One that only this command has made leaves no trace: a command that lets a year pass makes
    /// and removes a million of them, and every scan would have to pass over what is left.
    pub(super) fn remove(&mut self, key: Vec<u8>) {
        let is_new = matches!(self.staged.get(&key), Some(Some(_))) && matches!(self.stored(&key), Ok(None));
        match is_new {
            true => self.staged.remove(&key),
            false => self.staged.insert(key, None),
        }
    }

    /// Takes back what is staged for a key that the engine does not have.
    pub(super) fn unstage(&mut self, key: &[u8]) {
        self.staged.remove(key);
    }

    /// Hands the rows of a range that are not objects to `each`, in order, until it answers `false`.
    pub(super) fn scan(&self, range: &Range, each: &mut dyn FnMut(&[u8], &[u8]) -> bool) -> Result<(), StoreError> {
        merge(self.engine.as_ref(), &self.gaps, &self.staged, range, &mut |key, found| match found {
            Found::Staged(Staged::Bytes(bytes)) => each(key, bytes),
            Found::Staged(Staged::Value(value)) => each(key, &value.as_ref().encode()),
            Found::Staged(Staged::Object(_)) => true,
            Found::Stored(bytes) => each(key, bytes),
        })
    }

    /// Whether a range has no more rows than so many; looks at one more at most.
    pub(super) fn has_at_most(&self, range: &Range, count: usize) -> Result<bool, StoreError> {
        let mut found = 0;
        merge(self.engine.as_ref(), &self.gaps, &self.staged, range, &mut |_, _| {
            found += 1;
            found <= count
        })?;
        Ok(found <= count)
    }

    /// The objects of a range, in order.
    pub(super) fn objects(&mut self, range: &Range) -> Result<Vec<Arc<Object>>, StoreError> {
        let mut objects = Vec::new();
        self.visit_objects(range, &mut |object| {
            objects.push(object);
            true
        })?;
        Ok(objects)
    }

    /// Calls `visit` for each object of a range, in order, until it returns `false`.
    pub(super) fn visit_objects(
        &mut self,
        range: &Range,
        visit: &mut dyn FnMut(Arc<Object>) -> bool,
    ) -> Result<(), StoreError> {
        let Overlay { engine, gaps, staged, decoded, .. } = self;
        let mut failure = None;
        merge(engine.as_ref(), gaps, staged, range, &mut |key, found| {
            let object = match found {
                Found::Staged(Staged::Object(object)) => Ok(object.clone()),
                Found::Staged(Staged::Bytes(bytes)) => decode(decoded, key, bytes),
                Found::Staged(Staged::Value(value)) => decode(decoded, key, &value.as_ref().encode()),
                Found::Stored(bytes) => match decoded.get(key) {
                    Some(object) => Ok(object.clone()),
                    None => decode(decoded, key, bytes),
                },
            };
            match object {
                Ok(object) => visit(object),
                Err(error) => {
                    failure = Some(error);
                    false
                }
            }
        })?;
        failure.map_or(Ok(()), Err)
    }

    /// Gives up what is staged.
    pub(super) fn discard(&mut self) {
        self.staged.clear();
    }

    /// Applies what is staged, and `more`, in one batch. After a failure everything is still staged.
    pub(super) fn commit(&mut self, more: Vec<Write>) -> Result<(), StoreError> {
        let mut batch = Vec::with_capacity(self.staged.len() + more.len());
        let mut encoder = Encoder::default();
        for (key, value) in self.staged.iter() {
            let value = match value {
                Some(Staged::Object(object)) => Some(encoder.encode(object)),
                Some(Staged::Value(value)) => Some(value.as_ref().encode()),
                Some(Staged::Bytes(bytes)) => Some(bytes.clone()),
                None => None,
            };
            batch.push((key.to_vec(), value));
        }
        batch.extend(more);
        self.absent.borrow_mut().clear();
        self.gaps.borrow_mut().clear();
        self.engine.apply(batch)?;
        for (key, value) in self.staged.drain() {
            match value {
                Some(Staged::Object(object)) => drop(self.decoded.insert(key, object)),
                _ => drop(self.decoded.remove(&*key)),
            }
        }
        Ok(())
    }
}

/// The JSON of an object or another value.
pub(super) fn encode<T: Serialize>(value: &T) -> Vec<u8> {
    // Writing into memory fails only where a key is no text, and all keys are.
    serde_json::to_vec(value).unwrap_or_default()
}

/// Encodes many objects through one buffer, so that none is moved again and again while it grows.
#[derive(Default)]
struct Encoder(Vec<u8>);

impl Encoder {
    fn encode(&mut self, object: &Object) -> Vec<u8> {
        self.0.clear();
        // As in [`encode`].
        drop(serde_json::to_writer(&mut self.0, object));
        self.0.clone()
    }
}

fn decode(
    decoded: &mut FxHashMap<Arc<[u8]>, Arc<Object>>,
    key: &[u8],
    bytes: &[u8],
) -> Result<Arc<Object>, StoreError> {
    let object: Object = serde_json::from_slice(bytes)
        .map_err(|e| StoreError::damaged(format!("{} cannot be read: {e}", keys::describe(key))))?;
    let object = Arc::new(object);
    decoded.insert(key.into(), object.clone());
    Ok(object)
}

/// Scans the engine where it may have rows.
fn scan(
    engine: &dyn Engine,
    gaps: &RefCell<Gaps>,
    from: &[u8],
    to: &[u8],
    each: &mut dyn FnMut(&[u8], &[u8]) -> bool,
) -> Result<(), StoreError> {
    if gaps.borrow().cover(from, to) {
        return Ok(());
    }
    let (mut found, mut next) = (false, None);
    engine.scan(from, keys::END, &mut |key, stored| {
        if key >= to {
            next = Some(key.to_vec());
            return false;
        }
        found = true;
        each(key, stored)
    })?;
    if !found {
        gaps.borrow_mut().learn(from, next.unwrap_or_else(|| keys::END.to_vec()));
    }
    Ok(())
}

/// Walks over engine and layer in the order of the keys; where both have a key, the layer's value counts.
fn merge(
    engine: &dyn Engine,
    gaps: &RefCell<Gaps>,
    layer: &Stage,
    (from, to): &Range,
    each: &mut dyn FnMut(&[u8], Found<'_>) -> bool,
) -> Result<(), StoreError> {
    if from >= to {
        return Ok(());
    }
    let bounds = (Bound::Included(from.as_slice()), Bound::Excluded(to.as_slice()));
    let mut above = layer.range(bounds).peekable();
    let mut go_on = true;
    scan(engine, gaps, from, to, &mut |key, stored| {
        while let Some((upper, value)) = above.next_if(|(upper, _)| go_on && *upper < key) {
            go_on = value.as_ref().is_none_or(|v| each(upper, Found::Staged(v)));
        }
        if !go_on {
            return false;
        }
        go_on = match above.next_if(|(upper, _)| *upper == key) {
            Some((_, Some(value))) => each(key, Found::Staged(value)),
            Some((_, None)) => true,
            None => each(key, Found::Stored(stored)),
        };
        go_on
    })?;
    for (upper, value) in above {
        if !go_on {
            break;
        }
        go_on = value.as_ref().is_none_or(|v| each(upper, Found::Staged(v)));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::store::MemoryEngine;

    fn bytes() -> impl Strategy<Value = Vec<u8>> {
        prop::collection::vec(0u8..4, 0..3)
    }

    fn writes() -> impl Strategy<Value = Vec<Write>> {
        let value = prop::option::of(prop::collection::vec(any::<u8>(), 0..2));
        prop::collection::vec((bytes(), value), 0..20)
    }

    /// The pairs of a range, `stop` of them at most.
    fn scanned(overlay: &Overlay, range: &Range, stop: usize) -> Vec<(Vec<u8>, Vec<u8>)> {
        let mut found = Vec::new();
        let mut each = |key: &[u8], value: &[u8]| {
            found.push((key.to_vec(), value.to_vec()));
            found.len() < stop
        };
        overlay.scan(range, &mut each).expect("a scan");
        found
    }

    proptest! {
        #[test]
        fn what_is_staged_reads_as_if_it_were_applied(
            stored in writes(),
            staged in writes(),
            ranges in prop::collection::vec((bytes(), bytes()), 0..8),
            from in bytes(),
            to in bytes(),
            stop in 1usize..6,
        ) {
            let mut engine = MemoryEngine::new();
            engine.apply(stored.clone()).expect("apply");
            let mut overlay = Overlay::new(Box::new(engine));
            for (key, value) in staged.clone() {
                match value {
                    Some(bytes) => overlay.put(key, bytes),
                    None => overlay.remove(key),
                }
            }
            let mut whole = MemoryEngine::new();
            whole.apply(stored.into_iter().chain(staged).collect()).expect("apply");
            let whole = Overlay::new(Box::new(whole));
            // What earlier scans have found out must not change what later ones find.
            for other in ranges {
                prop_assert_eq!(scanned(&overlay, &other, stop), scanned(&whole, &other, stop));
            }
            let range = (from, to);
            prop_assert_eq!(scanned(&overlay, &range, stop), scanned(&whole, &range, stop));
            prop_assert_eq!(overlay.bytes(&range.0).expect("get"), whole.bytes(&range.0).expect("get"));
            overlay.commit(Vec::new()).expect("commit");
            prop_assert_eq!(scanned(&overlay, &range, stop), scanned(&whole, &range, stop));
        }
    }
}
