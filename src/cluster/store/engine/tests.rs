//! One test suite for every engine, and a mirror that compares two engines.

use super::*;

/// Two engines that receive the same calls and must return the same results.
pub(in crate::store) struct Mirror<A, B> {
    pub(in crate::store) left: A,
    pub(in crate::store) right: B,
}

impl<A: Engine, B: Engine> Engine for Mirror<A, B> {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let (left, right) = (self.left.get(key)?, self.right.get(key)?);
        assert_eq!(left, right, "get {key:?}");
        Ok(left)
    }

    fn scan(&self, from: &[u8], to: &[u8], each: &mut dyn FnMut(&[u8], &[u8]) -> bool) -> Result<(), StoreError> {
        let (left, right) = (pairs(&self.left, from, to), pairs(&self.right, from, to));
        assert_eq!(left, right, "scan {from:?} to {to:?}");
        self.left.scan(from, to, each)
    }

    fn apply(&mut self, batch: Vec<Write>) -> Result<(), StoreError> {
        self.left.apply(batch.clone())?;
        self.right.apply(batch)
    }

    fn bytes_on_disk(&self) -> Result<u64, StoreError> {
        Ok(self.left.bytes_on_disk()?.max(self.right.bytes_on_disk()?))
    }
}

/// All pairs of a scan.
pub(in crate::store) fn pairs(engine: &dyn Engine, from: &[u8], to: &[u8]) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut found = Vec::new();
    engine
        .scan(from, to, &mut |key, value| {
            found.push((key.to_vec(), value.to_vec()));
            true
        })
        .expect("a scan");
    found
}

fn put(key: &str, value: &str) -> Write {
    (key.into(), Some(value.into()))
}

fn removal(key: &str) -> Write {
    (key.into(), None)
}

/// The behaviour that every engine must have. The engine must be empty.
pub(in crate::store) fn suite(engine: &mut dyn Engine) {
    reads_what_was_applied(engine);
    scans_in_order(engine);
    later_writes_of_a_batch_win(engine);
    values_of_any_size(engine);
    many_rows(engine);
}

fn reads_what_was_applied(engine: &mut dyn Engine) {
    assert_eq!(engine.get(b"a").expect("get"), None);
    engine.apply(vec![put("a", "1"), put("b", "")]).expect("apply");
    assert_eq!(engine.get(b"a").expect("get"), Some(b"1".to_vec()));
    assert_eq!(engine.get(b"b").expect("get"), Some(Vec::new()), "an empty value is a value");
    engine.apply(vec![removal("a"), removal("never there")]).expect("apply");
    assert_eq!(engine.get(b"a").expect("get"), None);
    engine.apply(vec![]).expect("an empty batch");
    engine.apply(vec![removal("b")]).expect("apply");
}

fn scans_in_order(engine: &mut dyn Engine) {
    engine
        .apply(vec![put("s3", "z"), put("s1", "x"), put("s10", "w"), put("s2", "y"), put("t", "outside")])
        .expect("apply");
    let keys = |from: &str, to: &str| -> Vec<String> {
        let found = pairs(engine, from.as_bytes(), to.as_bytes());
        found.into_iter().map(|(k, _)| String::from_utf8(k).expect("text")).collect()
    };
    assert_eq!(keys("s", "t"), ["s1", "s10", "s2", "s3"]);
    assert_eq!(keys("s10", "s3"), ["s10", "s2"], "the end is exclusive");
    assert_eq!((keys("s2", "s2").len(), keys("s3", "s1").len()), (0, 0));
    let mut seen = 0;
    let mut stop_at_two = |_: &[u8], _: &[u8]| {
        seen += 1;
        seen < 2
    };
    engine.scan(b"s", b"t", &mut stop_at_two).expect("scan");
    assert_eq!(seen, 2);
}

fn later_writes_of_a_batch_win(engine: &mut dyn Engine) {
    engine.apply(vec![put("w", "1"), removal("w"), put("w", "2"), put("v", "1"), removal("v")]).expect("apply");
    assert_eq!(engine.get(b"w").expect("get"), Some(b"2".to_vec()));
    assert_eq!(engine.get(b"v").expect("get"), None);
}

fn values_of_any_size(engine: &mut dyn Engine) {
    for size in [6_000usize, 8_192, 20_000, 1_500_000, 100] {
        let value: Vec<u8> = (0..size).map(|i| (i % 251) as u8).collect();
        engine.apply(vec![(b"big".to_vec(), Some(value.clone()))]).expect("apply");
        assert!(engine.get(b"big").expect("get") == Some(value.clone()), "{size} bytes");
        assert!(pairs(engine, b"big", b"bih") == [(b"big".to_vec(), value)], "{size} bytes, scanned");
    }
    engine.apply(vec![removal("big")]).expect("apply");
    assert_eq!(pairs(engine, b"", &[0xff]).iter().filter(|(k, _)| k.starts_with(b"big")).count(), 0);
}

fn many_rows(engine: &mut dyn Engine) {
    let key = |i: u32| format!("m{i:06}").into_bytes();
    engine.apply((0..5_000).map(|i| (key(i), Some(i.to_be_bytes().to_vec()))).collect()).expect("apply");
    engine.apply((0..5_000).filter(|i| i % 2 == 0).map(|i| (key(i), None)).collect()).expect("apply");
    let found = pairs(engine, b"m", b"n");
    assert_eq!(found.len(), 2_500);
    assert!(found.windows(2).all(|w| w[0].0 < w[1].0));
    assert_eq!(found[0], (key(1), 1u32.to_be_bytes().to_vec()));
}

#[test]
fn memory_passes_the_engine_suite() {
    suite(&mut MemoryEngine::new());
}
