//! Objects that cannot be decoded: the others stay readable, and a repair removes them.

use super::*;
use kctl_base::json::READ_DEPTH_MAX;

/// Returns a store with the pods `a` and `b`, of which `a` has these bytes.
fn damaged(bytes: &[u8]) -> Store {
    let mut store = store();
    store.write(&pod("a"), on("a", "n1")).expect("write");
    store.write(&pod("b"), on("b", "n1")).expect("write");
    store.commit(NOW).expect("commit");
    let mut engine = MemoryEngine::new();
    let rows = super::super::engine::tests::pairs(store.batch.engine(), b"", keys::END);
    engine.apply(rows.into_iter().map(|(k, v)| (k, Some(v))).collect()).expect("apply");
    engine.apply(vec![(objects::row_of(&pod("a")), Some(bytes.to_vec()))]).expect("apply");
    Store::new(Box::new(engine), indexer).expect("a store")
}

#[test]
fn an_unreadable_object_can_be_removed_and_leaves_a_consistent_store() {
    let deep = format!("{}1{}", "[".repeat(READ_DEPTH_MAX + 1), "]".repeat(READ_DEPTH_MAX + 1));
    for bytes in [b"{".as_slice(), b"\xff", b"", deep.as_bytes(), b"{} x"] {
        let mut store = damaged(bytes);
        assert_eq!(store.list_readable("pods").expect("a list").len(), 1);
        assert!(store.get(&pod("b")).expect("readable").is_some());
        let error = store.list("pods", None).expect_err("damage").to_string();
        assert!(error.contains("object pods/default/a cannot be read"), "{error}");
        assert_eq!(store.unreadable_objects().expect("a scan"), [(pod("a"), bytes.to_vec())]);
        let before = store.revision();
        store.remove_unreadable(&pod("a")).expect("removed");
        store.commit(NOW).expect("commit");
        assert_eq!(store.check().expect("check"), Vec::<String>::new());
        assert_eq!(store.list("pods", None).expect("a list").len(), 1);
        assert_eq!(store.by_index("node", "n1").expect("by index").len(), 1);
        let changes = store.changes_since(before).expect("changes");
        assert!(matches!(changes.as_slice(), [Change { kind: ChangeKind::Deleted, key, .. }] if *key == pod("a")));
        assert!(matches!(store.changes_since(before - 1), Err(ChangesGone::TooOld { .. })));
    }
}
