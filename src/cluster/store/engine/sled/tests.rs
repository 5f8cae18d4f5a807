//! The engine on disk: it agrees with the one in memory, keeps what it was given, and refuses damaged data.

use super::*;
use crate::store::MemoryEngine;
use crate::store::engine::tests::{Mirror, pairs, suite};

fn dir() -> tempfile::TempDir {
    tempfile::tempdir().expect("a directory")
}

#[test]
fn sled_passes_the_engine_suite() {
    let dir = dir();
    suite(&mut SledEngine::open(&dir.path().join("data")).expect("open"));
}

#[test]
fn sled_and_memory_agree() {
    let dir = dir();
    let right = SledEngine::open(&dir.path().join("data")).expect("open");
    suite(&mut Mirror { left: MemoryEngine::new(), right });
}

#[test]
fn applied_batches_survive_reopening() {
    let dir = dir();
    let big: Vec<u8> = (0..300_000u32).map(|i| (i % 7) as u8).collect();
    for round in 0..3u8 {
        let mut engine = SledEngine::open(dir.path()).expect("open");
        if round > 0 {
            assert_eq!(engine.get(b"round").expect("get"), Some(vec![round - 1]));
            assert!(engine.get(b"big").expect("get").as_ref() == Some(&big));
        }
        let batch = vec![(b"round".to_vec(), Some(vec![round])), (b"big".to_vec(), Some(big.clone()))];
        engine.apply(batch).expect("apply");
    }
    let blobs = std::fs::read_dir(dir.path().join("blobs")).expect("blobs").count();
    assert_eq!(blobs, 0, "no page is large enough to get a file of its own");
}

#[test]
fn copy_from_copies_every_row() {
    let (left, right) = (dir(), dir());
    let mut from = SledEngine::open(left.path()).expect("open");
    let row = |i: u32| (format!("k{i:05}").into_bytes(), Some(vec![7; if i == 5 { 40_000 } else { 10 }]));
    from.apply((0..1_000).map(row).collect()).expect("apply");
    let mut to = SledEngine::open(right.path()).expect("open");
    to.copy_from(&from, 1, |_, value| Ok(value.into())).expect("copy");
    assert!(pairs(&from, b"", END) == pairs(&to, b"", END));
}

#[test]
fn an_engine_that_lost_data_is_refused() {
    let dir = dir();
    let mut engine = SledEngine::open(dir.path()).expect("open");
    engine.apply(vec![(b"a".to_vec(), Some(vec![1]))]).expect("apply");
    engine.apply(vec![(b"a".to_vec(), Some(vec![2]))]).expect("apply");
    drop(engine);
    let refused = |batches: u64| SledEngine::open_written(dir.path(), batches).err().map(|e| e.to_string());
    assert_eq!(refused(2), None);
    assert!(refused(5).is_some_and(|e| e.contains("the last 3 of 5 commits are missing")));
    let file = dir.path().join("db");
    for content in [vec![], vec![0; 700_000], b"nonsense".repeat(100_000)] {
        std::fs::write(&file, &content).expect("write");
        assert!(refused(0).is_some_and(|e| e.contains("missing or is not a data file")));
        assert!(std::fs::read(&file).expect("read") == content, "the file is unchanged");
    }
    std::fs::remove_file(&file).expect("remove");
    assert!(refused(0).is_some() && !file.exists());
}

#[test]
fn an_unfinished_snapshot_is_ignored() {
    let dir = dir();
    let mut engine = SledEngine::open(dir.path()).expect("open");
    engine.apply(vec![(b"a".to_vec(), Some(vec![1]))]).expect("apply");
    drop(engine);
    for half in [&b""[..], b"half of it, and no checksum"] {
        std::fs::write(dir.path().join("snap.00000000FFFFFFFF.generating"), half).expect("write");
        let engine = SledEngine::open_written(dir.path(), 1).expect("open");
        assert_eq!(engine.get(b"a").expect("get"), Some(vec![1]));
    }
}
