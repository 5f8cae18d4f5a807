//! The check finds damage and names the row.

use super::*;
use keys::Key;

/// Returns the problems of a consistent store after one write to its engine.
fn damaged(key: &Key, value: Option<&[u8]>) -> Vec<String> {
    let mut store = store();
    store.write(&pod("a"), on("a", "n1")).expect("write");
    store.write(&pod("b"), on("b", "n1")).expect("write");
    store.write(&pod("b"), on("b", "n2")).expect("write");
    store.set_row("clock", Some(json!(1)));
    store.next_counter("uid", "o").expect("counter");
    store.schedule("job", "a", Time::from_secs(10), false);
    store.commit(NOW).expect("commit");
    assert_eq!(store.check().expect("check"), Vec::<String>::new());
    let mut engine = MemoryEngine::new();
    let rows = super::super::engine::tests::pairs(store.batch.engine(), b"", keys::END);
    engine.apply(rows.into_iter().map(|(k, v)| (k, Some(v))).collect()).expect("apply");
    engine.apply(vec![(key.encode(), value.map(Into::into))]).expect("apply");
    Store::new(Box::new(engine), indexer).expect("a store").check().expect("check")
}

#[test]
fn damage_is_found_and_named() {
    let object = |name: &str| Key::Object(std::borrow::Cow::Owned(pod(name)));
    let index = |name: &str, node: &str| Key::Index {
        index: "node".into(),
        value: node.to_string().into(),
        object: std::borrow::Cow::Owned(pod(name)),
    };
    let ten = Time::from_secs(10);
    let scheduled = Key::Scheduled { controller: "job".into(), key: "a".into() };
    let counter = Key::Counter { owner: "o".into(), purpose: "uid".into() };
    let renamed: &[u8] =
        br#"{"metadata":{"name":"x","namespace":"default","resourceVersion":"2"},"spec":{"nodeName":"n1"}}"#;
    let ahead: &[u8] =
        br#"{"metadata":{"name":"a","namespace":"default","resourceVersion":"9"},"spec":{"nodeName":"n1"}}"#;
    let twice: &[u8] =
        br#"{"metadata":{"name":"a","namespace":"default","resourceVersion":"4"},"spec":{"nodeName":"n1"}}"#;
    let cases: &[(Key, Option<&[u8]>, &str)] = &[
        (object("a"), Some(b"{"), "object pods/default/a cannot be read"),
        (object("a"), None, "index node=n1 pods/default/a has no such object"),
        (object("a"), Some(renamed), "object pods/default/a is named pods/default/x"),
        (object("a"), Some(ahead), "pods/default/a has revision 9, but the newest is 4"),
        (object("a"), Some(twice), "pods/default/a and pods/default/b both have revision 4"),
        (
            object("a"),
            Some(br#"{"metadata":{"name":"a","namespace":"default"}}"#),
            "has the invalid resourceVersion \"\"",
        ),
        (index("b", "n2"), None, "index node=n2 pods/default/b is missing"),
        (index("b", "n1"), Some(b""), "index node=n1 pods/default/b has no such object"),
        (Key::Change(3), None, "change 3 is missing"),
        (Key::Change(3), Some(b"12345678{}"), "change 3 cannot be read"),
        (
            Key::Change(7),
            Some(br#"12345678{"kind":"A","resource":"p","name":"n"}"#),
            "change 7 is outside the log, 2 to 4",
        ),
        (
            Key::Change(4),
            Some(br#"12345678{"kind":"M","resource":"pods","namespace":"default","name":"b","undo":{"x":{"y":0}}}"#),
            "change 4 of pods/default/b does not fit the object",
        ),
        (
            Key::Change(2),
            Some(br#"12345678{"kind":"A","resource":"pods","namespace":"default","name":"b"}"#),
            "change 2 of pods/default/b has no object",
        ),
        (Key::Row("clock".into()), Some(b"x"), "row clock cannot be read"),
        (counter, Some(b"x"), "counter o uid is not a number"),
        (Key::Due(ten, 0), None, "the entry of job a is not on the timeline"),
        (Key::Due(ten, 0), Some(b"x"), "due 1970-01-01T00:00:10.000000Z #0 cannot be read"),
        (scheduled, None, "due 1970-01-01T00:00:10.000000Z #0 is not the entry of job a"),
        (
            Key::Due(ten, 5),
            Some(br#"{"controller":"job","key":"a"}"#),
            "the timeline has an entry #5, but the next would be #1",
        ),
        (Key::Meta("x".into()), Some(b"x"), "meta x is not a number"),
    ];
    for (key, value, want) in cases {
        let problems = damaged(key, *value);
        assert!(problems.iter().any(|p| p.contains(want)), "{key}: {want:?} is not in {problems:#?}");
    }
}

#[test]
fn reading_a_damaged_object_is_an_error() {
    let mut engine = MemoryEngine::new();
    engine.apply(vec![(objects::row_of(&pod("a")), Some(b"{".to_vec()))]).expect("apply");
    let mut store = Store::new(Box::new(engine), indexer).expect("a store");
    let error = store.get(&pod("a")).expect_err("damage").to_string();
    assert!(error.starts_with("the store is damaged: object pods/default/a cannot be read: EOF"), "{error}");
    assert!(store.list("pods", None).is_err());
}
