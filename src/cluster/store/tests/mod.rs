//! The store over the engine in memory: staging, committing, lists and indexes.

mod change_log;
mod check;
mod cost;
mod disk;
mod repair;
mod timeline;

use super::engine::Write;
use super::*;
use kctl_base::json::json;
use kctl_base::object::{ObjectMeta, ValueRead};
use kctl_base::sim::Time;

/// Indexes objects by their node and their labels.
pub(in crate::store) fn indexer(_resource: &str, object: &Object) -> Vec<(&'static str, String)> {
    let node = object.at("/spec/nodeName").map(|_| ("node", object.str("/spec/nodeName").to_string()));
    node.into_iter().chain(object.labels().into_iter().map(|(k, v)| ("label", format!("{k}={v}")))).collect()
}

/// An empty store in memory.
pub(in crate::store) fn store() -> Store {
    Store::new(Box::new(MemoryEngine::new()), indexer).expect("an empty store")
}

/// A pod's key.
pub(in crate::store) fn pod(name: &str) -> ObjectKey {
    ObjectKey::new("pods", "default", name)
}

/// A pod bound to a node.
pub(in crate::store) fn on(name: &str, node: &str) -> Object {
    json!({"kind": "Pod", "metadata": {"name": name, "namespace": "default"}, "spec": {"nodeName": node}})
}

fn named(namespace: &str, name: &str) -> Object {
    json!({"metadata": {"namespace": namespace, "name": name}})
}

fn names(objects: &[Arc<Object>]) -> Vec<String> {
    objects.iter().map(|o| format!("{}/{}", o.namespace(), o.name())).collect()
}

const NOW: Time = Time::from_secs(1_000_000);

#[test]
fn writes_are_visible_at_once_and_durable_after_the_commit() {
    let mut store = store();
    assert!(store.is_new() && !store.is_dirty());
    let written = store.write(&pod("a"), on("a", "n1")).expect("write");
    assert_eq!((written.resource_version(), store.revision()), ("2", 2));
    assert_eq!(store.get(&pod("a")).expect("get").expect("a pod"), written);
    store.commit(NOW).expect("commit");
    assert!(!store.is_dirty() && !store.is_new());
    let same = store.get(&pod("a")).expect("get").expect("a pod");
    assert!(Arc::ptr_eq(&same, &written), "not decoded again");
    store.remove(&pod("a")).expect("remove");
    assert_eq!(store.get(&pod("a")).expect("get"), None);
    store.discard();
    assert_eq!(store.revision(), 2);
    assert_eq!(store.get(&pod("a")).expect("get"), Some(written));
    assert_eq!(store.remove(&pod("b")).expect("remove"), None);
    assert!(!store.is_dirty(), "removing nothing changes nothing");
}

#[test]
fn lists_merge_staged_and_stored_objects() {
    let mut store = store();
    let key = |ns: &str, name: &str| ObjectKey::new("pods", ns, name);
    for (ns, name) in [("b", "1"), ("a", "3"), ("a", "1"), ("a-b", "1")] {
        store.write(&key(ns, name), named(ns, name)).expect("write");
    }
    store.write(&ObjectKey::new("podsx", "a", "9"), named("a", "9")).expect("write");
    store.commit(NOW).expect("commit");
    for (ns, name) in [("a", "2"), ("a", "4"), ("c", "1"), ("a", "0")] {
        store.write(&key(ns, name), named(ns, name)).expect("write");
    }
    store.remove(&key("a", "3")).expect("remove");
    store.write(&key("a", "1"), json!({"metadata": {"namespace": "a", "name": "1"}, "new": true})).expect("write");
    let all = store.list("pods", None).expect("list");
    assert_eq!(names(&all), ["a/0", "a/1", "a/2", "a/4", "a-b/1", "b/1", "c/1"]);
    assert!(all[1].flag("/new"));
    assert_eq!(names(&store.list("pods", Some("a")).expect("list")), ["a/0", "a/1", "a/2", "a/4"]);
    assert_eq!(store.list("pods", Some("")).expect("list").len(), 0);
    store.commit(NOW).expect("commit");
    assert_eq!(names(&store.list("pods", None).expect("list")), names(&all));
}

#[test]
fn index_rows_follow_their_objects() {
    let mut store = store();
    for (name, node) in [("b", "n1"), ("a", "n1"), ("c", "n2")] {
        store.write(&pod(name), on(name, node)).expect("write");
    }
    store.commit(NOW).expect("commit");
    store.write(&pod("a"), on("a", "n2")).expect("write");
    store
        .write(
            &ObjectKey::new("leases", "x", "l"),
            json!({"metadata": {"name": "l", "namespace": "x"}, "spec": {"nodeName": "n2"}}),
        )
        .expect("write");
    let at = |store: &mut Store, node: &str| names(&store.by_index("node", node).expect("by index"));
    assert_eq!(at(&mut store, "n1"), ["default/b"]);
    assert_eq!(at(&mut store, "n2"), ["x/l", "default/a", "default/c"]);
    assert_eq!(names(&store.by_index_in("node", "n2", "pods", None).expect("by index")), ["default/a", "default/c"]);
    assert_eq!(store.by_index_in("node", "n2", "pods", Some("other")).expect("by index").len(), 0);
    store.remove(&pod("b")).expect("remove");
    store.commit(NOW).expect("commit");
    assert_eq!(store.keys_by_index("node", "n1").expect("keys"), []);
    assert_eq!(store.check().expect("check"), Vec::<String>::new());
}

#[test]
fn rows_and_counters_are_committed_and_discarded() {
    let mut store = store();
    store.set_row("sim/a", Some(json!({"x": 1})));
    store.set_row("sim/b", Some(json!(2)));
    store.set_row("clock", Some(json!("virtual")));
    assert_eq!(store.next_counter("uid", "o").expect("counter"), 0);
    assert_eq!(store.next_counter("uid", "o").expect("counter"), 1);
    assert_eq!(store.next_counter("name", "o").expect("counter"), 0);
    store.commit(NOW).expect("commit");
    store.set_row("clock", Some(json!("virtual")));
    assert!(!store.is_dirty(), "the value has not changed");
    store.set_row("sim/b", None);
    store.set_row("sim/c", Some(json!(3)));
    assert_eq!(store.next_counter("uid", "o").expect("counter"), 2);
    let rows = store.rows_with_prefix("sim/").expect("rows");
    assert_eq!(rows, [("sim/a".to_string(), json!({"x": 1})), ("sim/c".to_string(), json!(3))]);
    assert_eq!(store.row("sim/b").expect("row"), None);
    store.forget_counters("o").expect("forget");
    assert_eq!(store.next_counter("name", "o").expect("counter"), 0);
    store.discard();
    assert_eq!(store.row("sim/b").expect("row"), Some(json!(2)));
    assert_eq!(store.next_counter("uid", "o").expect("counter"), 2);
}

#[test]
fn a_typed_row_that_cannot_be_decoded_is_an_error() {
    let mut store = store();
    assert_eq!(store.typed_row::<u32>("n").expect("row"), None);
    store.set_typed_row("n", Some(7u32));
    store.commit(NOW).expect("commit");
    assert_eq!(store.typed_row::<u32>("n").expect("row"), Some(7));
    store.set_row("n", Some(json!("seven")));
    for result in [store.typed_row::<u32>("n").map(drop), store.change_typed_row("n", |n: &mut u32| *n += 1)] {
        let error = result.expect_err("not a number").to_string();
        assert!(error.starts_with("the store is damaged: row n cannot be read: invalid type"), "{error}");
    }
}

#[test]
fn a_value_that_json_cannot_represent_fails_the_commit() {
    let mut store = store();
    let value: std::collections::BTreeMap<(u8, u8), u8> = [((1, 2), 3)].into();
    store.set_typed_row("pairs", Some(value));
    let error = store.commit(NOW).expect_err("keys that are not strings").to_string();
    assert!(error.starts_with("row pairs cannot be encoded: "), "{error}");
    store.discard();
    assert_eq!(store.row("pairs").expect("row"), None);
}

#[test]
fn only_nodes_are_read_to_complete_the_indexes_of_version_1() {
    let mut store = store();
    for key in [pod("a"), ObjectKey::new("nodes", "", "b")] {
        store.write(&key, on("a", "n1")).expect("write");
    }
    store.commit(NOW).expect("commit");
    let (from, _) = keys::indexed("node", "n1", None, None);
    let mut rows = super::engine::tests::pairs(store.batch.engine(), b"", keys::END);
    rows.retain(|(key, _)| !key.starts_with(&from));
    rows.push((keys::Key::Meta("indexes".into()).encode(), 1u64.to_be_bytes().to_vec()));
    let mut engine = MemoryEngine::new();
    engine.apply(rows.into_iter().map(|(key, value)| (key, Some(value))).collect()).expect("apply");
    let store = Store::new(Box::new(engine), indexer).expect("a store");
    let found = store.keys_by_index("node", "n1").expect("by index");
    assert_eq!(found, [ObjectKey::new("nodes", "", "b")]);
}

#[test]
fn the_first_write_completes_the_indexes_of_an_earlier_version() {
    let mut store = store();
    store.write(&pod("a"), on("a", "n1")).expect("write");
    store.commit(NOW).expect("commit");
    let mut engine = MemoryEngine::new();
    let (from, _) = keys::indexed("node", "n1", None, None);
    let rows = super::engine::tests::pairs(store.batch.engine(), b"", keys::END);
    let is_earlier = |key: &[u8]| !key.starts_with(&from) && key != keys::Key::Meta("indexes".into()).encode();
    engine.apply(rows.into_iter().filter(|(k, _)| is_earlier(k)).map(|(k, v)| (k, Some(v))).collect()).expect("apply");
    let mut store = Store::new(Box::new(engine), indexer).expect("a store");
    let found = |store: &mut Store| names(&store.by_index("node", "n1").expect("by index"));
    assert_eq!(found(&mut store), ["default/a"]);
    assert!(!store.is_dirty(), "a command that reads need not write");
    store.discard();
    assert_eq!((found(&mut store), store.check().expect("check")), (vec!["default/a".to_string()], vec![]));
    store.set_row("clock", Some(json!(1)));
    store.commit(NOW).expect("commit");
    assert_eq!((found(&mut store), store.check().expect("check")), (vec!["default/a".to_string()], vec![]));
    assert!(!store.is_dirty());
}
