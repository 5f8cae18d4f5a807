//! The past of an engine: every state that is kept is right, and what is kept is what the rows say.

use std::collections::BTreeMap;

use super::random::Random;
use super::simulated_disk::SimulatedDisk;
use super::write::{RESERVE, RESERVE_BYTES};
use super::*;
use crate::store::engine::tests::pairs;

/// The rows of a state.
type State = BTreeMap<Vec<u8>, Vec<u8>>;

/// The row in which the tests say how many of the latest batches, and how many bytes, are kept.
const KEPT: &[u8] = b"z-kept";

/// The prefix of rows whose value is the number of a pinned batch.
const PIN: &[u8] = b"z-pin";

fn retention(engine: &dyn Engine) -> Result<Retention, StoreError> {
    let number = |bytes: &[u8]| u64::from_be_bytes(bytes[..8].try_into().expect("a number"));
    let kept = engine.get(KEPT)?.unwrap_or_else(|| [u64::MAX.to_be_bytes(), u64::MAX.to_be_bytes()].concat());
    let batches = engine.disk().map_or(0, DiskEngine::batches);
    let mut pinned = std::collections::BTreeSet::new();
    engine.scan(PIN, END, &mut |_, value| pinned.insert(number(value)))?;
    let imports = engine.disk().map(|disk| disk.list.imports.iter().copied().collect()).unwrap_or_default();
    Ok(Retention { from: batches.saturating_sub(number(&kept)), bytes: number(&kept[8..]), pinned, imports })
}

fn kept(batches: u64, bytes: u64) -> Write {
    (KEPT.to_vec(), Some([batches.to_be_bytes(), bytes.to_be_bytes()].concat()))
}

fn pin(batch: u64) -> Write {
    (PIN.to_vec(), Some(batch.to_be_bytes().to_vec()))
}

fn open(disk: &SimulatedDisk) -> DiskEngine {
    let mut engine = DiskEngine::open_on(Box::new(disk.clone()), Path::new("/s")).expect("open");
    engine.set_retention(retention);
    engine.journal_bytes = 4_000;
    engine
}

fn create() -> (SimulatedDisk, DiskEngine) {
    let disk = SimulatedDisk::default();
    drop(DiskEngine::create_on(Box::new(disk.clone()), Path::new("/s")).expect("create"));
    let engine = open(&disk);
    (disk, engine)
}

fn row(i: usize, len: usize) -> Write {
    (format!("k{i:04}").into_bytes(), Some(vec![i as u8; len]))
}

/// The writes that turn the present into a state of the past.
fn difference(engine: &DiskEngine, past: &Past) -> Vec<Write> {
    let mut writes = Vec::new();
    let present = engine.past(engine.batches()).expect("readable").expect("kept");
    let mut each = |key: &[u8], _: Option<&[u8]>, value: Option<&[u8]>| {
        writes.push((key.to_vec(), value.map(<[u8]>::to_vec)));
        true
    };
    present.differences(past, &[], END, &mut each).expect("compared");
    writes
}

fn state(engine: &dyn Engine) -> State {
    pairs(engine, b"", END).into_iter().collect()
}

/// Commits batches of random rows, some of them in new processes, and returns the state after each, the empty one first.
fn history(commits: usize, seed: u64) -> (SimulatedDisk, DiskEngine, Vec<State>) {
    let (disk, mut engine) = create();
    let (mut random, mut states) = (Random::new(seed), vec![State::new()]);
    for number in 0..commits {
        if number % 3 == 0 {
            engine = open(&disk);
        }
        let count = if random.below(10) == 0 { 60 } else { 1 + random.below(6) };
        let write = |random: &mut Random| {
            let (key, value) = row(random.below(200), random.below(300));
            (key, value.filter(|_| random.below(4) > 0))
        };
        engine.apply((0..count).map(|_| write(&mut random)).collect()).expect("apply");
        states.push(state(&engine));
    }
    (disk, engine, states)
}

#[test]
fn every_state_of_the_past_can_be_read() {
    let (disk, engine, states) = history(150, 1);
    let has_several = engine.list.past.iter().any(|segment| segment.runs.len() > 1);
    assert!(engine.list.past.len() > 10 && has_several, "{:?}", engine.list);
    for engine in [engine, open(&disk)] {
        for (batch, state_then) in states.iter().enumerate().skip(1) {
            let past = engine.past(batch as u64).expect("readable").expect("kept");
            assert!(state(&past) == *state_then, "batch {batch}");
            let (key, value) = state_then.iter().next().expect("a row");
            assert_eq!(past.get(key).expect("get").as_ref(), Some(value));
        }
        assert!(engine.past(151).expect("readable").is_none(), "the future");
    }
}

#[test]
fn the_difference_turns_the_present_into_the_past_and_back() {
    let (disk, mut engine, mut states) = history(150, 2);
    let mut random = Random::new(3);
    for step in 0..60 {
        let batch = 1 + random.below(states.len() - 1);
        let past = engine.past(batch as u64).expect("readable").expect("kept");
        let writes = difference(&engine, &past);
        let present = states.last().expect("a state");
        for (key, value) in &writes {
            assert!(present.get(key) != value.as_ref(), "only what differs is written");
        }
        if !writes.is_empty() {
            engine.apply(writes).expect("apply");
            states.push(state(&engine));
        }
        assert!(states.last() == Some(&states[batch]), "step {step}, back to batch {batch}");
        if step % 5 == 0 {
            engine = open(&disk);
        }
    }
}

#[test]
fn the_present_is_replaced_by_the_past_without_copies() {
    let (disk, mut engine, mut states) = history(150, 11);
    let mut random = Random::new(12);
    for step in 0..60 {
        let batch = 1 + random.below(states.len() - 1);
        let past = engine.past(batch as u64).expect("readable").expect("kept");
        let (key, value) = row(random.below(200), 10);
        let over = vec![(key.clone(), value.clone()), (row(7, 0).0, None)];
        engine.go_to(&past, over).expect("there");
        let mut expected = states[batch].clone();
        expected.remove(&row(7, 0).0);
        if key != row(7, 0).0 {
            expected.insert(key, value.expect("a value"));
        }
        assert!(state(&engine) == expected && state(&open(&disk)) == expected, "step {step}, to batch {batch}");
        states.push(expected);
        if random.below(3) == 0 {
            engine = open(&disk);
            engine.apply((0..30).map(|_| row(random.below(200), 300)).collect()).expect("apply");
            states.push(state(&engine));
        }
    }
    for (batch, state_then) in states.iter().enumerate().skip(1).step_by(7) {
        assert!(state(&engine.past(batch as u64).expect("readable").expect("kept")) == *state_then, "batch {batch}");
    }
}

#[test]
fn two_states_of_the_past_are_compared() {
    let (_, engine, states) = history(80, 4);
    for (old, new) in [(1, 80), (40, 41), (60, 30), (7, 7)] {
        let past = |batch: usize| engine.past(batch as u64).expect("readable").expect("kept");
        let mut found = Vec::new();
        let mut each = |key: &[u8], old: Option<&[u8]>, new: Option<&[u8]>| {
            found.push((key.to_vec(), old.map(<[u8]>::to_vec), new.map(<[u8]>::to_vec)));
            true
        };
        past(old).differences(&past(new), b"", END, &mut each).expect("compared");
        let keys: std::collections::BTreeSet<&Vec<u8>> = states[old].keys().chain(states[new].keys()).collect();
        let expected = keys.into_iter().map(|key| (key.clone(), states[old].get(key), states[new].get(key)));
        let expected: Vec<_> = expected.filter(|(_, old, new)| old != new).collect();
        assert_eq!(found.len(), expected.len());
        assert!(found.iter().zip(expected).all(|(f, e)| (&f.0, f.1.as_ref(), f.2.as_ref()) == (&e.0, e.1, e.2)));
    }
}

#[test]
fn the_past_is_kept_as_far_as_the_rows_say() {
    let (disk, mut engine, states) = history(100, 5);
    let names = |disk: &SimulatedDisk| disk.names().expect("names").len();
    let before = names(&disk);
    engine.apply(vec![kept(20, u64::MAX), pin(30)]).expect("apply");
    engine.trim_past().expect("trimmed");
    let is_kept = |engine: &DiskEngine, batch: u64| engine.past(batch).expect("readable").is_some();
    assert!((81..=101).all(|batch| is_kept(&engine, batch)) && is_kept(&engine, 30));
    assert!((1..20).chain(50..60).all(|batch| !is_kept(&engine, batch)));
    assert!(names(&disk) < before * 2 / 3, "{} of {before}", names(&disk));
    assert!(state(&engine.past(30).expect("readable").expect("pinned")) == states[30]);
    // No bytes: only what is pinned, and the journal of the present.
    engine.apply(vec![kept(50, 0)]).expect("apply");
    engine.trim_past().expect("trimmed");
    assert_eq!(engine.list.past.len(), 1);
    engine.apply(vec![(PIN.to_vec(), None)]).expect("apply");
    engine.trim_past().expect("trimmed");
    assert!(engine.list.past.is_empty() && state(&open(&disk)).len() > 50);
    assert_eq!(engine.bytes_of_past().expect("sizes"), 0);
}

#[test]
fn files_of_the_past_take_no_more_room_than_allowed() {
    let (_, mut engine) = create();
    engine.apply(vec![kept(u64::MAX, 100_000), row(0, 10)]).expect("apply");
    for i in 0..400 {
        engine.apply(vec![row(i % 70, 500)]).expect("apply");
        assert!(engine.bytes_of_past().expect("sizes") <= 100_000);
    }
    assert!(engine.past(380).expect("readable").is_some() && engine.past(100).expect("readable").is_none());
}

#[test]
fn a_full_disk_takes_the_past_before_the_reserve() {
    for room in [0, 200, 3_000] {
        let (disk, mut engine, _) = history(150, 6);
        let before = state(&engine);
        disk.set_room(Some(room));
        engine.apply(vec![row(1, 5_000)]).expect("the past makes room");
        assert!(engine.list.past.len() <= 1 && disk.len(RESERVE) == RESERVE_BYTES, "{:?}", engine.list);
        assert_eq!(state(&open(&disk)).len(), state(&engine).len());
        assert!(state(&engine).len() >= before.len());
    }
    let (disk, mut engine, states) = history(150, 6);
    engine.apply(vec![pin(75)]).expect("apply");
    disk.set_room(Some(100));
    engine.apply(vec![row(1, 5_000)]).expect("the past makes room");
    assert!(state(&engine.past(75).expect("readable").expect("pinned")) == states[75]);
}

#[test]
fn damage_of_the_past_is_noticed_and_disturbs_no_commit() {
    let (disk, engine, states) = history(60, 7);
    let names = engine.list.names_of_past();
    let mut noticed = 0;
    for (i, name) in names.iter().enumerate() {
        let bit = disk.len(name) * 4 + i;
        disk.flip_bit(name, bit);
        for batch in 1..=60 {
            match open(&disk).past(batch).and_then(|past| {
                let (past, mut found) = (past.expect("kept"), State::new());
                past.scan(b"", END, &mut |key, value| found.insert(key.to_vec(), value.to_vec()).is_none())?;
                Ok(found)
            }) {
                Ok(found) => assert!(found == states[batch as usize], "{name}, batch {batch}"),
                Err(error) => {
                    assert!(matches!(error, StoreError::Damaged { .. }), "{error}");
                    noticed += 1;
                }
            }
        }
        disk.flip_bit(name, bit);
    }
    assert!(noticed > names.len(), "{noticed} of {}", names.len());
    names.iter().for_each(|name| disk.remove(name).expect("removed"));
    let mut engine = open(&disk);
    assert!(matches!(engine.past(3), Err(StoreError::Damaged { .. })));
    (0..40).for_each(|i| engine.apply(vec![row(i, 400)]).expect("apply"));
    assert!(engine.bytes_on_disk().expect("size") > 0);
}

#[test]
fn an_imported_state_is_kept_beside_the_past() {
    let (disk, mut engine, _) = history(40, 8);
    let mut rows = (0..500).map(|i| row(i, 100));
    let mut next = || Ok(rows.next().and_then(|(key, value)| Some((key, value?))));
    let run = engine.import(&mut next).expect("imported");
    (0..60).for_each(|i| engine.apply(vec![row(i, 300)]).expect("apply"));
    for engine in [engine, open(&disk)] {
        let imported = engine.imported(run).expect("readable").expect("kept");
        assert_eq!(state(&imported).len(), 500);
        assert!(engine.imported(run + 1).expect("readable").is_none());
        let present = state(&engine);
        let mut result = present.clone();
        for (key, value) in difference(&engine, &imported) {
            match value {
                Some(value) => result.insert(key, value),
                None => result.remove(&key),
            };
        }
        assert!(result == state(&imported));
    }
}

#[test]
fn an_import_that_fails_leaves_nothing() {
    let (disk, mut engine, _) = history(10, 9);
    let mut rows = (0..3).map(|i| row(i, 100));
    let mut next = || match rows.next() {
        Some((key, value)) => Ok(value.map(|value| (key, value))),
        None => Err(StoreError::damaged("the file ends early")),
    };
    assert!(engine.import(&mut next).is_err());
    (0..60).for_each(|i| engine.apply(vec![row(i, 300)]).expect("apply"));
    let left = disk
        .names()
        .expect("names")
        .into_iter()
        .filter(|name| engine.list.is_leftover(name, &engine.list.names_of_past()));
    assert_eq!(left.count(), 0);
}
