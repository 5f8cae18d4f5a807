//! An engine over another one, which is only read: what is written stays in memory, and is gone with the engine.

use std::collections::BTreeMap;
use std::ops::Bound;

use super::{Engine, MemoryEngine, Write};
use crate::store::StoreError;

/// The rows of a base engine, and those written over them.
pub(crate) struct OverlayEngine {
    base: Box<dyn Engine>,
    /// The written rows; `None` for a row that is removed.
    written: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
}

impl OverlayEngine {
    /// Creates an engine that has the rows of another one.
    pub(crate) fn new(base: Box<dyn Engine>) -> OverlayEngine {
        OverlayEngine { base, written: BTreeMap::new() }
    }
}

impl Engine for OverlayEngine {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        match self.written.get(key) {
            Some(row) => Ok(row.clone()),
            None => self.base.get(key),
        }
    }

    fn scan(&self, from: &[u8], to: &[u8], each: &mut dyn FnMut(&[u8], &[u8]) -> bool) -> Result<(), StoreError> {
        if from >= to {
            return Ok(());
        }
        let bounds = (Bound::Included(from), Bound::Excluded(to));
        let mut written = self.written.range::<[u8], _>(bounds).peekable();
        let mut go_on = true;
        self.base.scan(from, to, &mut |key, stored| {
            while let Some((before, row)) = written.next_if(|(next, _)| go_on && next.as_slice() < key) {
                go_on = row.as_ref().is_none_or(|row| each(before, row));
            }
            if go_on {
                go_on = match written.next_if(|(next, _)| next.as_slice() == key) {
                    Some((_, row)) => row.as_ref().is_none_or(|row| each(key, row)),
                    None => each(key, stored),
                };
            }
            go_on
        })?;
        while go_on && let Some((key, row)) = written.next() {
            go_on = row.as_ref().is_none_or(|row| each(key, row));
        }
        Ok(())
    }

    fn apply(&mut self, batch: Vec<Write>) -> Result<(), StoreError> {
        self.written.extend(batch);
        Ok(())
    }

    fn bytes_on_disk(&self) -> Result<u64, StoreError> {
        self.base.bytes_on_disk()
    }

    fn take_base(&mut self) -> Option<Box<dyn Engine>> {
        self.written.clear();
        Some(std::mem::replace(&mut self.base, Box::new(MemoryEngine::new())))
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{Mirror, pairs, suite};
    use super::*;

    /// An engine with some rows that the suite does not use.
    fn base() -> MemoryEngine {
        let mut base = MemoryEngine::new();
        let rows = (0..300u16).map(|i| (format!("base{i:03}").into_bytes(), Some(i.to_be_bytes().to_vec())));
        base.apply(rows.collect()).expect("apply");
        base
    }

    #[test]
    fn passes_the_engine_suite() {
        suite(&mut OverlayEngine::new(Box::new(MemoryEngine::new())));
        suite(&mut OverlayEngine::new(Box::new(base())));
    }

    #[test]
    fn is_like_one_engine_with_all_rows() {
        let mut engine = Mirror { left: base(), right: OverlayEngine::new(Box::new(base())) };
        let key = |i: usize| format!("base{:03}", i * 7919 % 400).into_bytes();
        for round in 0..60 {
            let value = |i: usize| (!i.is_multiple_of(3)).then(|| vec![round as u8, i as u8]);
            engine.apply((round * 5..round * 5 + 9).map(|i| (key(i), value(i))).collect()).expect("apply");
            assert_eq!(engine.get(&key(round * 11)).expect("get"), engine.left.get(&key(round * 11)).expect("get"));
            let all = pairs(&engine, &key(round), &key(round + 1));
            let mut first = Vec::new();
            let mut until_half = |key: &[u8], value: &[u8]| {
                first.push((key.to_vec(), value.to_vec()));
                first.len() < all.len().div_ceil(2)
            };
            engine.right.scan(&key(round), &key(round + 1), &mut until_half).expect("scan");
            assert_eq!(first, all[..all.len().div_ceil(2)], "a scan ends when it is told to");
        }
    }

    #[test]
    fn the_base_keeps_its_rows() {
        let mut engine = OverlayEngine::new(Box::new(base()));
        engine.apply(vec![(b"base000".to_vec(), None), (b"new".to_vec(), Some(vec![1]))]).expect("apply");
        let under = engine.take_base().expect("the base");
        assert_eq!(pairs(&*under, b"", &[0xff]), pairs(&base(), b"", &[0xff]));
        assert!(MemoryEngine::new().take_base().is_none(), "other engines have none");
    }
}
