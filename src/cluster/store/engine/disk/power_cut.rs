//! Power failures at every moment of a history of commits: an acknowledged batch survives, and an interrupted one is there
//! as a whole or not at all.

use std::collections::BTreeMap;

use super::random::Random;
use super::simulated_disk::SimulatedDisk;
use super::*;
use crate::store::engine::tests::pairs;

/// The number of power failures tried, or a multiple of it if `KCTL_TEST_SCALE` is set, for a long run.
const CUTS: usize = 400;

/// The rows of a store after a commit, and the number of changes of the disk at which it was acknowledged.
struct Commit {
    rows: BTreeMap<Vec<u8>, Vec<u8>>,
    acknowledged: usize,
}

/// A batch as commands make them: some rows that many batches write, and now and then large ones or many removals.
fn batch(random: &mut Random) -> Vec<Write> {
    let large = random.below(12) == 0;
    let count = if large { 40 } else { 1 + random.below(12) };
    let row = |random: &mut Random| {
        let key = format!("k{:03}", random.below(300)).into_bytes();
        let size = if large { 12_000 } else { 600 };
        let value = vec![random.below(256) as u8; random.below(size)];
        (key, (random.below(4) > 0).then_some(value))
    };
    (0..count).map(|_| row(random)).collect()
}

/// Opens the engine with a journal so short that runs are written and merged all the time.
fn open(disk: &SimulatedDisk) -> DiskEngine {
    let mut engine = DiskEngine::open_on(Box::new(disk.clone()), Path::new("")).expect("the store opens");
    engine.journal_bytes = 2_000;
    // Such that much of the past is dropped in the middle of the history.
    engine.set_retention(|_| Ok(Retention { bytes: 500_000, pinned: [20].into(), ..Retention::default() }));
    engine
}

/// Commits batches to a disk and returns the disk with the states in between, the first of them empty.
fn history(random: &mut Random, commits: usize) -> (SimulatedDisk, Vec<Commit>) {
    let disk = SimulatedDisk::default();
    let mut engine = DiskEngine::create_on(Box::new(disk.clone()), Path::new("")).expect("create");
    let mut states = vec![Commit { rows: BTreeMap::new(), acknowledged: disk.events() }];
    for number in 0..commits {
        // As commands do, some batches come from a new process.
        if number % 3 == 0 {
            engine = open(&disk);
        }
        // Now and then, the present is replaced by another state.
        if number % 13 == 12 {
            let batch = 1 + random.below(number);
            if let Some(past) = engine.past(batch as u64).expect("the past can be read") {
                engine.go_to(&past, vec![(b"more".to_vec(), None)]).expect("there");
                let rows = states[batch].rows.clone();
                states.push(Commit { rows, acknowledged: disk.events() });
                continue;
            }
        }
        // The first one is so large that its run is merged in portions.
        let batch = match number {
            0 => (0..300).map(|i| (format!("k{i:03}").into_bytes(), Some(vec![0; 600]))).collect(),
            _ => batch(random),
        };
        let mut rows = states[number].rows.clone();
        for (key, value) in &batch {
            match value {
                Some(value) => rows.insert(key.clone(), value.clone()),
                None => rows.remove(key),
            };
        }
        engine.apply(batch).expect("apply");
        states.push(Commit { rows, acknowledged: disk.events() });
    }
    (disk, states)
}

/// Opens what a power failure left, and returns its rows and the number of batches.
fn rows(disk: &SimulatedDisk) -> (BTreeMap<Vec<u8>, Vec<u8>>, usize) {
    let engine = open(disk);
    (pairs(&engine, b"", END).into_iter().collect(), engine.batches() as usize)
}

#[test]
fn a_power_failure_leaves_the_old_or_the_new_state() {
    let cuts = Random::rounds(CUTS);
    let mut past_states = 0;
    for round in 0..cuts.div_ceil(200) {
        let mut random = Random::new(round as u64);
        let (disk, states) = history(&mut random, 60);
        for _ in 0..200 {
            let cut = states[0].acknowledged + random.below(disk.events() + 1 - states[0].acknowledged);
            let acknowledged = states.iter().rposition(|s| s.acknowledged <= cut).expect("the first one was");
            // Disks differ in how much they write by themselves.
            let likely = random.below(101);
            let left = disk.after_power_failure(cut, &mut || random.below(100) < likely);
            let (found, number) = rows(&left);
            assert!(number == acknowledged || number == acknowledged + 1, "{number} after {acknowledged}, cut {cut}");
            assert!(found == states[number].rows, "the rows after commit {number}, cut {cut}, round {round}");
            if cut.is_multiple_of(3) {
                past_states += check_past(&open(&left), &states, cut);
            }
            // What is left goes on as a store: a commit and another process.
            let mut engine = open(&left);
            engine.apply(vec![(b"more".to_vec(), Some(vec![1; 5_000]))]).expect("apply");
            let (found, after) = rows(&left);
            assert!(after == number + 1 && found.len() == states[number].rows.len() + 1, "cut {cut}, round {round}");
        }
    }
    assert!(past_states > cuts * 2, "{past_states} states of the past in {cuts} cuts");
}

/// Checks every state of the past that is kept, and returns their number. The pinned one is always there.
fn check_past(engine: &DiskEngine, states: &[Commit], cut: usize) -> usize {
    let mut kept = 0;
    for batch in 1..=engine.batches() {
        let Some(past) = engine.past(batch).expect("the past can be read") else {
            assert!(batch != 20, "cut {cut}: the pinned state is lost");
            continue;
        };
        let found: BTreeMap<Vec<u8>, Vec<u8>> = pairs(&past, b"", END).into_iter().collect();
        assert!(found == states[batch as usize].rows, "cut {cut}: the state after batch {batch}");
        kept += 1;
    }
    kept
}

#[test]
fn the_history_merges_runs_and_fills_journals() {
    let (disk, states) = history(&mut Random::new(0), 60);
    let engine = open(&disk);
    let is_merging = |cut: &usize| {
        let names = disk.after_power_failure(*cut, &mut || true).names().expect("names");
        names.iter().any(|name| name == "merging.state")
    };
    let began = (0..disk.events()).step_by(10).filter(is_merging);
    assert!(began.count() > 5, "merges take several commits");
    assert!(engine.list.next > 6 && engine.runs.len() > 1, "{:?}", engine.list);
    assert!(engine.runs.len() < engine.list.next as usize, "{:?}", engine.list);
    assert_eq!(states.len(), 61);
}
