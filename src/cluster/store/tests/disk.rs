//! The store over the engine on disk: compared with the one in memory, and reopened.

use std::time::Duration;

use super::super::engine::tests::Mirror;
use super::*;

/// Writes rows of every kind and commits them.
fn fill(store: &mut Store, round: i64) {
    for i in 0..30 {
        let name = format!("p{}", (i * 7 + round) % 40);
        store.write(&pod(&name), on(&name, &format!("n{}", (i + round) % 3))).expect("write");
        store.schedule("kubelet", &name, Time::from_secs(i * round), i % 2 == 0);
    }
    store.remove(&pod("p7")).expect("remove");
    store.set_row("round", Some(json!(round)));
    store.next_counter("uid", "o").expect("counter");
    store.take_due(Time::from_secs(20)).expect("take");
    store.commit(NOW).expect("commit");
}

/// Everything that can be read from a store.
fn all(store: &mut Store) -> String {
    let changes = store.changes_since(FIRST_REVISION).expect("changes");
    let pods = store.list("pods", None).expect("list");
    let found = names(&store.by_index("node", "n1").expect("by index"));
    let (due, row) = (store.due(100).expect("due"), store.row("round").expect("row"));
    format!("{} {changes:?} {pods:?} {found:?} {due:?} {row:?}", store.revision())
}

#[test]
fn both_engines_give_the_store_the_same_results() {
    let dir = tempfile::tempdir().expect("a directory");
    let right = DiskEngine::create(dir.path()).expect("create");
    let engine = Mirror { left: MemoryEngine::new(), right };
    let mut store = Store::new(Box::new(engine), indexer).expect("a store");
    for round in 1..6 {
        fill(&mut store, round);
    }
    all(&mut store);
    assert_eq!(store.check().expect("check"), Vec::<String>::new());
}

#[test]
fn a_reopened_store_has_the_same_contents() {
    let dir = tempfile::tempdir().expect("a directory");
    let store_dir = StoreDir::open(dir.path()).expect("a store directory");
    let open = || {
        let engine = store_dir.lock(Duration::from_secs(10), &mut || {}).and_then(|mut locked| locked.engine());
        Store::new(Box::new(engine.expect("an engine")), indexer).expect("a store")
    };
    let mut in_memory = store();
    for round in 1..4 {
        fill(&mut in_memory, round);
        let mut store = open();
        fill(&mut store, round);
        store.write(&pod("staged"), on("staged", "n1")).expect("write");
        drop(store);
        assert_eq!(all(&mut open()), all(&mut in_memory), "round {round}");
    }
    assert_eq!(open().check().expect("check"), Vec::<String>::new());
}

#[test]
fn the_record_has_objects_as_json() {
    let dir = tempfile::tempdir().expect("a directory");
    let store_dir = StoreDir::open(dir.path()).expect("a store directory");
    let lock = || store_dir.lock(Duration::from_secs(10), &mut || {}).expect("the lock");
    let mut store = Store::new(Box::new(lock().engine().expect("an engine")), indexer).expect("a store");
    let object = store.write(&pod("a"), on("a", "n1")).expect("write");
    store.commit(NOW).expect("commit");
    drop(store);
    lock().compact(None).expect("compaction");
    let record = SledEngine::open(&dir.path().join("sled-2")).expect("open");
    let row = record.get(&objects::row_of(&pod("a"))).expect("get").expect("the object");
    assert_eq!(kctl_base::json::from_slice::<Object>(&row).expect("JSON"), *object);
    // As a row of an earlier version, it is read and becomes binary when it is written.
    let mut engine = MemoryEngine::new();
    let rows = super::super::engine::tests::pairs(&record, b"", keys::END);
    engine.apply(rows.into_iter().map(|(k, v)| (k, Some(v))).collect()).expect("apply");
    let mut store = Store::new(Box::new(engine), indexer).expect("a store");
    assert_eq!(store.get(&pod("a")).expect("get"), Some(object));
    store.write(&pod("a"), on("a", "n2")).expect("write");
    store.commit(NOW).expect("commit");
    let row = store.batch.engine().get(&objects::row_of(&pod("a"))).expect("get").expect("the object");
    assert!(kctl_base::json::from_slice::<Object>(&row).is_err());
    assert_eq!(store.check().expect("check"), Vec::<String>::new());
}
