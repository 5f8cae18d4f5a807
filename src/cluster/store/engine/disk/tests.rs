//! The engine on disk agrees with the one in memory, keeps what it was given, and refuses damaged data.

use super::simulated_disk::SimulatedDisk;
use super::write::RESERVE_BYTES;
use super::*;
use crate::store::MemoryEngine;
use crate::store::engine::tests::{Mirror, pairs, suite};

fn open(disk: &SimulatedDisk) -> DiskEngine {
    DiskEngine::open_on(Box::new(disk.clone()), Path::new("/s")).expect("open")
}

fn create() -> (SimulatedDisk, DiskEngine) {
    let disk = SimulatedDisk::default();
    let engine = DiskEngine::create_on(Box::new(disk.clone()), Path::new("/s")).expect("create");
    (disk, engine)
}

fn row(i: u32, len: usize) -> Write {
    (format!("k{i:06}").into_bytes(), Some(vec![i as u8; len]))
}

#[test]
fn the_engine_passes_the_suite_and_agrees_with_memory() {
    suite(&mut create().1);
    let dir = tempfile::tempdir().expect("a directory");
    let right = DiskEngine::create(dir.path()).expect("create");
    suite(&mut Mirror { left: MemoryEngine::new(), right });
    let mut mirror = Mirror { left: MemoryEngine::new(), right: create().1 };
    mirror.right.journal_bytes = 150_000;
    // Enough for runs of several sizes, with rows that hide and remove those below.
    for round in 0..65u32 {
        let writes = (0..100).map(|i| row((i * 7 + round * 131) % 5_000, 300));
        let removals = (0..20).map(|i| (row((i * 11 + round * 17) % 5_000, 0).0, None));
        mirror.apply(writes.chain(removals).collect()).expect("apply");
        if round % 10 == 9 {
            pairs(&mirror, b"", END);
            (0..5_000).step_by(37).for_each(|i| drop(mirror.get(&row(i, 0).0)));
        }
    }
    assert!(mirror.right.runs.len() > 1, "{:?}", mirror.right.list);
}

#[test]
fn a_commit_synchronizes_once() {
    let (disk, mut engine) = create();
    // The first batch, a new cluster, becomes a run.
    engine.apply(vec![row(10, 100)]).expect("apply");
    assert!(engine.runs.len() == 1 && engine.recent.is_empty());
    let before = disk.syncs();
    for i in 0..10 {
        engine.apply(vec![row(i, 100)]).expect("apply");
    }
    assert_eq!(disk.syncs() - before, 10);
    let events = disk.events();
    drop(open(&disk));
    assert_eq!(disk.events(), events, "opening writes nothing");
}

#[test]
fn batches_survive_reopening_and_are_counted() {
    let (disk, mut engine) = create();
    for i in 0..2_000 {
        engine.apply(vec![row(i, 4_000)]).expect("apply");
    }
    let reopened = open(&disk);
    assert_eq!((reopened.batches(), reopened.list == engine.list), (2_000, true));
    assert!(pairs(&reopened, b"", END) == pairs(&engine, b"", END));
    assert!(reopened.runs.len() <= 6, "{:?}", reopened.list);
    let names = disk.names().expect("names");
    assert_eq!(names.iter().filter(|n| n.starts_with("run-")).count(), reopened.runs.len(), "{names:?}");
}

#[test]
fn large_runs_are_merged_in_portions_by_several_processes() {
    let (disk, engine) = create();
    let mut mirror = Mirror { left: MemoryEngine::new(), right: engine };
    mirror.apply((0..300).map(|i| row(i, 2_000)).collect()).expect("apply");
    let (mut portions, mut completed, mut length) = (0, 0, 0);
    for i in 0..600u32 {
        if i % 7 == 0 {
            mirror.right = open(&disk);
            mirror.right.journal_bytes = 10_000;
        }
        let removed = row(i * 13 % 300, 0).0;
        mirror.apply(vec![row(i * 31 % 400, 2_000), (removed, None)]).expect("apply");
        let now = if disk.names().expect("names").iter().any(|n| n == "merging") { disk.len("merging") } else { 0 };
        assert!(now <= length + 10_000 * 8 + 20_000, "from {length} to {now} bytes");
        portions += u32::from(now > length);
        completed += u32::from(now < length);
        length = now;
    }
    assert!(portions > 20 && completed > 2, "{portions} portions of {completed} merges");
    assert!(mirror.right.runs.len() < 9, "{:?}", mirror.right.list);
    assert!(pairs(&mirror, b"", END) == pairs(&open(&disk), b"", END));
}

#[test]
fn a_merge_whose_files_are_damaged_is_begun_anew() {
    for name in ["merging", "merging.state"] {
        let (disk, mut engine) = create();
        engine.apply((0..300).map(|i| row(i, 2_000)).collect()).expect("apply");
        let mut next = 0..;
        let mut apply = |disk: &SimulatedDisk| {
            let mut engine = open(disk);
            engine.journal_bytes = 10_000;
            engine.apply(vec![row(next.next().expect("endless") * 31 % 400, 2_000)]).expect("apply");
            disk.names().expect("names").iter().any(|n| n == "merging.state")
        };
        while !apply(&disk) {}
        if name == "merging" {
            disk.remove(name).expect("removed");
        } else {
            disk.flip_bit(name, 30);
        }
        while apply(&disk) {}
        while !apply(&disk) {}
        assert_eq!(pairs(&open(&disk), b"", END).len(), pairs(&open(&disk), b"k", b"l").len());
        assert!(pairs(&open(&disk), b"", END).len() >= 300);
    }
}

#[test]
fn removed_rows_leave_nothing_behind() {
    let (_, mut engine) = create();
    engine.apply((0..1_000).map(|i| row(i, 3_000)).collect()).expect("apply");
    engine.apply((0..1_000).map(|i| (row(i, 0).0, None)).collect()).expect("apply");
    engine.apply((0..400).map(|i| row(i, 3_000)).collect()).expect("apply");
    engine.apply((0..400).map(|i| (row(i, 0).0, None)).chain([row(5, 1 << 20)]).collect()).expect("apply");
    assert_eq!(pairs(&engine, b"", END).len(), 1);
    assert!(engine.bytes_on_disk().expect("size") < 2 << 20);
}

#[test]
fn a_full_disk_keeps_the_old_state_and_can_be_read() {
    let (disk, mut engine) = create();
    engine.apply((0..300).map(|i| row(i, 3_000)).collect()).expect("apply");
    let before = pairs(&engine, b"", END);
    for room in [0, 100, 5_000, 500_000] {
        disk.set_room(Some(room));
        let error = engine.apply((0..300).map(|i| row(i, 3_001)).collect()).expect_err("full");
        assert!(matches!(error, StoreError::Full { .. }), "{error}");
        assert!(pairs(&open(&disk), b"", END) == before && pairs(&engine, b"", END) == before, "{room}");
    }
    // Removals fit where a new run does not.
    disk.set_room(Some(20_000));
    engine.apply((0..299).map(|i| (row(i, 0).0, None)).collect()).expect("apply");
    assert_eq!(pairs(&open(&disk), b"", END).len(), 1);
    disk.set_room(None);
    engine.apply(vec![row(7, 1 << 20)]).expect("apply");
    assert_eq!(pairs(&open(&disk), b"", END).len(), 2);
}

#[test]
fn removing_rows_frees_space_on_a_full_disk() {
    let (disk, mut engine) = create();
    engine.apply((0..300).map(|i| row(i, 3_000)).collect()).expect("apply");
    engine.apply((300..380).map(|i| row(i, 3_000)).collect()).expect("apply");
    let before = engine.bytes_on_disk().expect("size");
    disk.set_room(Some(0));
    let full = |engine: &mut DiskEngine| engine.apply(vec![row(1_000, 20_000)]).is_err();
    assert!(full(&mut engine));
    engine.apply((0..350).map(|i| (row(i, 0).0, None)).collect()).expect("removals fit");
    let after = open(&disk);
    assert_eq!(pairs(&after, b"", END).len(), 30);
    assert!(after.bytes_on_disk().expect("size") * 8 < before, "{before}");
    assert!(!full(&mut engine) && disk.len("reserve") == RESERVE_BYTES);
    assert_eq!(open(&disk).batches(), 4);
}

#[test]
fn every_flipped_bit_is_noticed_or_harmless() {
    let (disk, mut engine) = create();
    engine.apply((0..400).map(|i| row(i, 3_000)).collect()).expect("apply");
    (0..20).for_each(|i| engine.apply(vec![row(i, 50)]).expect("apply"));
    let (good, batches) = (pairs(&engine, b"", END), engine.batches());
    let mut noticed = 0;
    for name in ["journal", "runs", "run-0"] {
        let bits = disk.len(name) * 8;
        for bit in (0..200).map(|i| i * (bits / 200) + i % 8) {
            disk.flip_bit(name, bit);
            let mut found = Vec::new();
            let read = DiskEngine::open_on(Box::new(disk.clone()), Path::new("/s")).and_then(|engine| {
                engine.scan(b"", END, &mut |k, v| {
                    found.push((k.to_vec(), v.to_vec()));
                    true
                })?;
                Ok(engine.batches())
            });
            match read {
                // A journal that ends early is noticed by the number of batches, which the store knows.
                Ok(number) => assert!(found == good || number < batches, "{name}, bit {bit}"),
                Err(error) => assert!(matches!(error, StoreError::Damaged { .. }), "{error}"),
            }
            noticed += usize::from(found != good);
            disk.flip_bit(name, bit);
        }
    }
    assert!(noticed > 500, "{noticed}");
}

#[test]
fn missing_files_are_named() {
    for name in ["journal", "runs", "run-0"] {
        let (disk, mut engine) = create();
        engine.apply((0..400).map(|i| row(i, 3_000)).collect()).expect("apply");
        disk.remove(name).expect("remove");
        let error = DiskEngine::open_on(Box::new(disk), Path::new("/s")).err().expect("damaged").to_string();
        assert_eq!(error, format!("the store /s is damaged: its file {name:?} is missing"));
    }
}

#[test]
fn copying_keeps_all_rows_and_the_number_of_batches() {
    let (_, mut from) = create();
    (0..40).for_each(|i| from.apply((0..50).map(|j| row(i * 50 + j, 700)).collect()).expect("apply"));
    let (disk, mut to) = create();
    to.copy_from(&from, from.batches()).expect("copy");
    to.apply(vec![row(1, 1)]).expect("apply");
    let copy = open(&disk);
    assert_eq!((copy.batches(), pairs(&copy, b"", END).len()), (41, 2_000));
}
