//! A batch reads as if it had been applied, whatever the engine holds.

use proptest::prelude::*;

use super::*;
use crate::store::MemoryEngine;
use kctl_base::json::{Parts, json};

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(0u8..4, 0..3)
}

fn writes() -> impl Strategy<Value = Vec<Write>> {
    let value = prop::option::of(prop::collection::vec(any::<u8>(), 0..2));
    prop::collection::vec((bytes(), value), 0..20)
}

/// The first `stop` rows of a range.
fn scanned(batch: &WriteBatch, range: &Range, stop: usize) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut found = Vec::new();
    let mut each = |key: &[u8], value: &[u8]| {
        found.push((key.to_vec(), value.to_vec()));
        found.len() < stop
    };
    batch.scan(range, &mut each).expect("a scan");
    found
}

proptest! {
    #[test]
    fn staged_writes_read_as_if_applied(
        stored in writes(),
        staged in writes(),
        ranges in prop::collection::vec((bytes(), bytes()), 0..8),
        from in bytes(),
        to in bytes(),
        stop in 1usize..6,
    ) {
        let mut engine = MemoryEngine::new();
        engine.apply(stored.clone()).expect("apply");
        let mut batch = WriteBatch::new(Box::new(engine));
        for (key, value) in staged.clone() {
            match value {
                Some(bytes) => batch.put(key, bytes),
                None => batch.remove(key),
            }
        }
        let mut whole = MemoryEngine::new();
        whole.apply(stored.into_iter().chain(staged).collect()).expect("apply");
        let whole = WriteBatch::new(Box::new(whole));
        // The ranges that earlier scans found empty must not change the results of later scans.
        for other in ranges {
            prop_assert_eq!(scanned(&batch, &other, stop), scanned(&whole, &other, stop));
        }
        let range = (from, to);
        prop_assert_eq!(scanned(&batch, &range, stop), scanned(&whole, &range, stop));
        prop_assert_eq!(batch.bytes(&range.0).expect("get"), whole.bytes(&range.0).expect("get"));
        batch.commit(Vec::new()).expect("commit");
        prop_assert_eq!(scanned(&batch, &range, stop), scanned(&whole, &range, stop));
    }
}

#[test]
fn a_long_command_keeps_a_bounded_size_of_decoded_objects() {
    let mut batch = WriteBatch::new(Box::new(MemoryEngine::new()));
    let key = |i: usize| format!("o{i:06}").into_bytes();
    let text = "x".repeat(1 << 20);
    for portion in 0..7 {
        for i in 0..10 {
            batch.put_object(key(portion * 10 + i), Arc::new(json!({"i": i, "text": text})));
        }
        batch.commit(Vec::new()).expect("a commit");
        assert!(
            batch.decoded.bytes() > 1 << 20 && batch.decoded.bytes() <= decoded::OBJECT_BYTES_MAX && batch.len() == 0
        );
    }
    batch.put_object(key(69), Arc::new(json!({"i": 69})));
    batch.commit(Vec::new()).expect("a commit");
    let mut seen = 0;
    let mut visit = |object: Arc<Object>| {
        seen += object["i"].as_u64().unwrap_or_default();
        true
    };
    batch.visit_objects(&(b"o".to_vec(), b"p".to_vec()), Parts::All, 0, &mut visit).expect("the objects");
    assert!(seen == 7 * 45 - 9 + 69 && batch.decoded.bytes() <= decoded::OBJECT_BYTES_MAX);
    for i in 0..70 {
        batch.remove(key(i));
    }
    batch.commit(Vec::new()).expect("a commit");
    assert_eq!(batch.decoded.bytes(), 0);
}

#[test]
fn nothing_is_known_of_rows_that_have_been_forgotten() {
    let mut batch = WriteBatch::new(Box::new(MemoryEngine::new()));
    batch.keep_value(b"a".to_vec(), 7_u64, 1);
    assert_eq!(batch.value::<u64>(b"a"), Some(&7));
    batch.forget();
    assert_eq!(batch.value::<u64>(b"a"), None);
}

#[test]
fn values_stay_decoded_after_a_commit_until_their_rows_change() {
    let mut batch = WriteBatch::new(Box::new(MemoryEngine::new()));
    batch.put_value(b"a".to_vec(), Box::new(7_u64));
    batch.commit(Vec::new()).expect("a commit");
    assert_eq!((batch.value::<u64>(b"a"), batch.value::<u32>(b"a")), (Some(&7), None));
    batch.put(b"a".to_vec(), b"8".to_vec());
    assert_eq!(batch.value::<u64>(b"a"), None);
    batch.discard();
    assert_eq!(batch.value::<u64>(b"a"), Some(&7));
    batch.put(b"a".to_vec(), b"8".to_vec());
    batch.commit(Vec::new()).expect("a commit");
    assert_eq!(batch.value::<u64>(b"a"), None);
    batch.keep_value(b"a".to_vec(), 8_u64, 1);
    batch.remove(b"a".to_vec());
    batch.commit(Vec::new()).expect("a commit");
    assert_eq!(batch.value::<u64>(b"a"), None);
}
