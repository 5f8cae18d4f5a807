//! Operations are counted and bounded, and going back restores every row but those of the history.

use std::path::Path;

use super::*;
use crate::store::disk::simulated_disk::SimulatedDisk;
use crate::store::tests::{indexer, on, pod};
use kctl_base::sim::Time;

const NOW: Time = Time::from_secs(1_000_000);

fn open(disk: &SimulatedDisk) -> Store {
    let path = Path::new("/s");
    let engine = match disk.is_empty() {
        true => DiskEngine::create_on(Box::new(disk.clone()), path),
        false => DiskEngine::open_on(Box::new(disk.clone()), path),
    };
    Store::new(Box::new(engine.expect("an engine")), indexer).expect("a store")
}

/// Commits an operation that writes a pod.
fn operate(store: &mut Store, number: u64, name: &str, node: &str) {
    store.begin_operation();
    store.write(&pod(name), on(name, node)).expect("written");
    let (before, revision) = (store.position(), store.revision());
    let head = store.head().expect("a head");
    let operation = Operation {
        number,
        kind: OperationKind::Command,
        command: format!("kctl number {number}"),
        user: "admin".into(),
        real_time: NOW,
        began: NOW,
        ended: NOW,
        revision_before: revision - 1,
        revision,
        objects: store.totals(),
        before,
        after: before + 1,
        parent: head.state,
        state: number,
    };
    store.stage_operation(&operation, Head { state: number, ..head }).expect("staged");
    store.commit(NOW).expect("committed");
}

/// All rows except those of the history.
fn rows(store: &Store) -> Vec<(Vec<u8>, Vec<u8>)> {
    crate::store::engine::tests::pairs(store.batch.engine(), b"", &keys::history().0)
}

#[test]
fn objects_are_counted_by_what_an_operation_did_to_them_all_in_all() {
    let mut touched = Touched::default();
    for (key, existed) in [("new", false), ("new", true), ("old", true), ("gone", true), ("again", true)] {
        touched.write(key.as_bytes(), existed);
    }
    touched.write(b"short", false);
    ["short", "gone", "again", "deleted"].iter().for_each(|key| touched.remove(key.as_bytes()));
    touched.write(b"again", false);
    assert_eq!(touched.totals(), Totals { created: 1, changed: 2, deleted: 2 });
}

#[test]
fn going_back_restores_every_row_and_keeps_the_history() {
    let disk = SimulatedDisk::default();
    let mut store = open(&disk);
    let mut states = Vec::new();
    for number in 1..=6u64 {
        operate(&mut store, number, &format!("p{}", number % 4), &format!("n{number}"));
        states.push((store.position(), rows(&store), store.revision()));
    }
    assert_eq!(
        store.operation(5).expect("readable").expect("kept").objects,
        Totals { changed: 1, ..Totals::default() }
    );
    for (position, expected, revision) in states.iter().rev().chain(&states) {
        let past = store.past(*position).expect("readable").expect("kept");
        let difference = store.difference(&past).expect("compared");
        store.restore(&past, difference).expect("restored");
        assert!(rows(&store) == *expected && store.revision() == *revision, "position {position}");
        assert_eq!(store.check().expect("a check"), Vec::<String>::new());
        assert_eq!(store.operations().expect("readable").len(), 6);
    }
    assert!(rows(&open(&disk)) == states[5].1);
    let past = store.past(states[0].0).expect("readable").expect("kept");
    assert_eq!(store.difference(&past).expect("compared").totals, Totals { created: 0, changed: 1, deleted: 3 });
    operate(&mut store, 7, "p1", "n9");
    assert!(store.get(&pod("p2")).expect("readable").is_some());
}

#[test]
fn a_large_difference_is_not_written() {
    let disk = SimulatedDisk::default();
    let mut store = open(&disk);
    operate(&mut store, 1, "p", "n1");
    let (position, before) = (store.position(), rows(&store));
    for i in 0..300 {
        let text = kctl_base::json::json!({"metadata": {"name": format!("q{i}"), "namespace": "default"}, "text": "x".repeat(9_000)});
        store.write(&pod(&format!("q{i}")), text).expect("written");
    }
    operate(&mut store, 2, "p", "n2");
    let (later, after) = (store.position(), rows(&store));
    for (position, expected, totals) in [
        (position, &before, Totals { changed: 1, deleted: 300, ..Totals::default() }),
        (later, &after, Totals { created: 300, changed: 1, ..Totals::default() }),
    ] {
        let past = store.past(position).expect("readable").expect("kept");
        let difference = store.difference(&past).expect("compared");
        // Removals are small, whatever they remove.
        assert!(difference.writes.is_some() == (totals.created == 0) && difference.totals == totals);
        store.stage_snapshot("other", None);
        let size = store.bytes_on_disk().expect("size");
        store.restore(&past, difference).expect("restored");
        assert!(store.bytes_on_disk().expect("size") < size + 100_000, "nothing is copied");
        assert!(rows(&store) == *expected && rows(&open(&disk)) == *expected, "position {position}");
        assert_eq!(store.operations().expect("readable").len(), 2, "the history stays");
        assert_eq!(store.check().expect("a check"), Vec::<String>::new());
    }
    operate(&mut store, 3, "p", "n3");
    assert_eq!(open(&disk).operations().expect("readable").len(), 3);
}

#[test]
fn the_oldest_operations_are_dropped() {
    let disk = SimulatedDisk::default();
    let mut store = open(&disk);
    store.stage_limits(Limits { operations: 3, bytes: 1 << 20 }).expect("staged");
    (1..=8).for_each(|number| operate(&mut store, number, "p", &format!("n{number}")));
    let numbers = |store: &Store| store.operations().expect("readable").iter().map(|o| o.number).collect::<Vec<_>>();
    assert_eq!(numbers(&store), [6, 7, 8]);
    let kept = retention(store.batch.engine()).expect("readable");
    assert_eq!((kept.from, kept.bytes), (store.operation(6).expect("readable").expect("kept").before, 1 << 20));
    store.stage_limits(Limits { operations: 0, bytes: 0 }).expect("staged");
    store.commit_history().expect("committed");
    assert_eq!((numbers(&store).len(), retention(store.batch.engine()).expect("readable").from), (0, u64::MAX));
    operate(&mut store, 9, "p", "n1");
    assert_eq!((numbers(&open(&disk)).len(), store.check().expect("a check").len()), (0, 0));
}

#[test]
fn rows_of_the_history_that_cannot_be_read_are_problems() {
    let disk = SimulatedDisk::default();
    let mut store = open(&disk);
    operate(&mut store, 1, "p", "n1");
    for (key, problem) in [
        (Key::Operation(1), "operation 1 cannot be read"),
        (Key::Snapshot("s".into()), "snapshot s cannot be read"),
        (Key::History("other".into()), "history other is among the rows"),
    ] {
        store.batch.put(key.encode(), b"{}".to_vec());
        store.commit_history().unwrap_or_default();
        let problems = store.check().expect("a check");
        assert!(problems.iter().any(|p| p.starts_with(problem)), "{problems:?}");
    }
}
