//! Which directories are accepted, how the lock excludes other processes, and that a killed process loses nothing.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use super::*;
use crate::store::Engine;

const LONG: Duration = Duration::from_secs(20);

fn temporary() -> tempfile::TempDir {
    tempfile::tempdir().expect("a directory")
}

fn lock(store_dir: &StoreDir) -> LockedStore {
    store_dir.lock(LONG, &mut || {}).expect("the lock")
}

/// Commits one row through a newly opened engine.
fn put(store_dir: &StoreDir, key: &str, value: &str) {
    let mut engine = lock(store_dir).engine().expect("an engine");
    engine.apply(vec![(key.into(), Some(value.into()))]).expect("apply");
}

fn get(store_dir: &StoreDir, key: &str) -> Option<String> {
    let value = lock(store_dir).engine().expect("an engine").get(key.as_bytes()).expect("get");
    value.map(|v| String::from_utf8(v).expect("text"))
}

#[test]
fn a_new_store_is_private_and_can_be_reopened() {
    let above = temporary();
    let dir = above.path().join("share/kctl");
    let store_dir = StoreDir::open(&dir).expect("a store directory");
    assert!(lock(&store_dir).is_new());
    put(&store_dir, "a", "1");
    assert!(!lock(&store_dir).is_new() && store_dir.bytes_on_disk().expect("size") > 0);
    #[cfg(unix)]
    for path in [dir.clone(), above.path().join("share"), dir.join("data-1")] {
        let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&path).expect("metadata").permissions());
        assert_eq!(mode & 0o777, 0o700, "{}", path.display());
    }
    #[cfg(unix)]
    for path in ["store", "state", "lock", "data-1/db", "data-1/conf"].map(|name| dir.join(name)) {
        let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&path).expect("metadata").permissions());
        assert_eq!(mode & 0o777, 0o600, "{}", path.display());
    }
    assert_eq!(get(&StoreDir::open(&dir).expect("a store directory"), "a").as_deref(), Some("1"));
}

#[cfg(unix)]
#[test]
fn links_to_nowhere_and_paths_through_files_are_refused() {
    let above = temporary();
    fs::write(above.path().join("file"), "x").expect("a file");
    std::os::unix::fs::symlink("gone", above.path().join("link")).expect("a link");
    for (name, reason) in [
        ("file", "it is not a directory"),
        ("file/below", "a part of its path is not a directory"),
        ("link", "it is a link to gone, which does not exist"),
    ] {
        let path = above.path().join(name);
        let error = StoreDir::open(&path).err().expect("an error").to_string();
        assert_eq!(error, format!("{} is not a store of this program: {reason}", path.display()));
    }
}

#[test]
fn foreign_and_damaged_directories_are_refused_and_unchanged() {
    type Plant = fn(&Path);
    let cases: [(Plant, &str); 6] = [
        (
            |d| fs::write(d.join("notes.txt"), "mine").expect("write"),
            "is not a store of this program: it contains \"notes.txt\"",
        ),
        (|d| fs::write(d.join("store"), "tins of beans").expect("write"), "/store is not a manifest"),
        (
            |d| fs::write(d.join("store"), "kctl-store 2\nwhatever\n").expect("write"),
            "its format is 2, and this program supports 1",
        ),
        (|d| fs::write(d.join("store"), "kctl-store 1\ngeneration x\n").expect("write"), "store cannot be read"),
        (|d| fs::create_dir(d.join("data-1")).expect("mkdir"), "is damaged: its file \"store\" is missing"),
        (|d| fs::create_dir(d.join("store")).expect("mkdir"), "cannot use "),
    ];
    for (plant, want) in cases {
        let dir = temporary();
        plant(dir.path());
        let before = names_in(dir.path()).expect("names");
        let error = StoreDir::open(dir.path()).err().map(|e| e.to_string()).unwrap_or_default();
        assert!(error.contains(want), "{error:?} does not contain {want:?}");
        assert_eq!(names_in(dir.path()).expect("names"), before);
    }
    let dir = temporary();
    fs::write(dir.path().join("file"), "").expect("write");
    let error = StoreDir::open(dir.path().join("file")).err().expect("refused").to_string();
    assert!(error.ends_with("it is not a directory"), "{error}");
}

#[test]
fn lost_data_is_detected() {
    let dir = temporary();
    let store_dir = StoreDir::open(dir.path()).expect("a store directory");
    put(&store_dir, "a", "1");
    let error = |store_dir: &StoreDir| lock(store_dir).engine().err().map(|e| e.to_string()).unwrap_or_default();
    let kept = fs::read(dir.path().join("data-1/db")).expect("read");
    fs::write(dir.path().join("data-1/db"), "").expect("write");
    assert!(error(&store_dir).contains("its data file is missing or is not a data file"), "{}", error(&store_dir));
    fs::write(dir.path().join("data-1/db"), kept).expect("write");
    assert_eq!(get(&store_dir, "a").as_deref(), Some("1"));
    let mut file = commit_counter::open(dir.path()).expect("the counter");
    CommitCounter { generation: 1, batches: 9 }.write(&mut file).expect("write");
    assert!(error(&store_dir).contains("the last 7 of 9 commits are missing"), "{}", error(&store_dir));
    fs::remove_dir_all(dir.path().join("data-1")).expect("remove");
    assert!(error(&store_dir).starts_with("the store /"), "{}", error(&store_dir));
    assert!(!dir.path().join("data-1").exists());
}

#[test]
fn one_process_locks_the_store_and_the_others_wait() {
    let dir = temporary();
    let store_dir = StoreDir::open(dir.path()).expect("a store directory");
    let locked = lock(&store_dir);
    let other = StoreDir::open(dir.path()).expect("a store directory");
    let error = other.lock(Duration::from_millis(50), &mut || panic!("notified too early")).err().expect("locked");
    assert!(error.to_string().ends_with("is in use by another process (waited 0 s)"), "{error}");
    let notified = AtomicUsize::new(0);
    thread::scope(|scope| {
        let waiting = scope.spawn(|| {
            other
                .lock(LONG, &mut || notified.store(notified.load(Ordering::SeqCst) + 1, Ordering::SeqCst))
                .map(drop)
                .expect("the lock");
        });
        thread::sleep(Duration::from_millis(1_200));
        assert_eq!(notified.load(Ordering::SeqCst), 1);
        drop(locked);
        waiting.join().expect("the lock in the end");
    });
}

#[test]
fn an_engine_keeps_the_lock() {
    let dir = temporary();
    let store_dir = StoreDir::open(dir.path()).expect("a store directory");
    let engine = lock(&store_dir).engine().expect("an engine");
    assert!(store_dir.lock(Duration::from_millis(20), &mut || {}).is_err());
    drop(engine);
    lock(&store_dir);
}

#[test]
fn no_update_of_concurrent_processes_is_lost() {
    let dir = temporary();
    put(&StoreDir::open(dir.path()).expect("a store directory"), "n", "0");
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let store_dir = StoreDir::open(dir.path()).expect("a store directory");
                for _ in 0..5 {
                    let mut engine = lock(&store_dir).engine().expect("an engine");
                    let old = engine.get(b"n").expect("get").expect("a number");
                    let next = String::from_utf8_lossy(&old).parse::<u32>().expect("a number") + 1;
                    engine.apply(vec![(b"n".to_vec(), Some(next.to_string().into()))]).expect("apply");
                }
            });
        }
    });
    assert_eq!(get(&StoreDir::open(dir.path()).expect("a store directory"), "n").as_deref(), Some("20"));
}

#[test]
fn compaction_keeps_all_rows_and_reset_none() {
    let dir = temporary();
    let store_dir = StoreDir::open(dir.path()).expect("a store directory");
    let mut engine = lock(&store_dir).engine().expect("an engine");
    for round in 0..4u8 {
        engine
            .apply((0..2_000u16).map(|i| (i.to_be_bytes().to_vec(), Some(vec![round; 2_000]))).collect())
            .expect("apply");
    }
    engine.apply((5..2_000u16).map(|i| (i.to_be_bytes().to_vec(), None)).collect()).expect("apply");
    let batches = engine.batches();
    drop(engine);
    let mut locked = lock(&store_dir);
    let (before, after) = locked.compact().expect("compaction");
    assert!(after * 4 < before, "{before} -> {after}");
    let engine = locked.engine().expect("an engine");
    assert!(engine.batches() > batches);
    assert_eq!(engine.get(&4u16.to_be_bytes()).expect("get"), Some(vec![3; 2_000]));
    assert_eq!(engine.get(&5u16.to_be_bytes()).expect("get"), None);
    drop(engine);
    assert_eq!(names_in(dir.path()).expect("names"), ["data-2", "lock", "state", "store"]);
    locked.reset().expect("reset");
    assert!(locked.is_new());
    assert_eq!(locked.engine().expect("an engine").get(&4u16.to_be_bytes()).expect("get"), None);
}

#[test]
fn leftovers_of_a_killed_process_are_removed() {
    let dir = temporary();
    for name in ["lock", "store.new"] {
        fs::write(dir.path().join(name), "half").expect("write");
    }
    let store_dir = StoreDir::open(dir.path()).expect("killed before the store was created");
    put(&store_dir, "a", "1");
    for left in ["new", "data-2", "data-77"] {
        fs::create_dir_all(dir.path().join(left)).expect("mkdir");
        fs::write(dir.path().join(left).join("db"), "half").expect("write");
    }
    fs::write(dir.path().join("store.new"), "half").expect("write");
    assert_eq!(get(&store_dir, "a").as_deref(), Some("1"));
    let mut locked = lock(&store_dir);
    locked.compact().expect("compaction into a name that was taken");
    drop(locked);
    assert_eq!(get(&store_dir, "a").as_deref(), Some("1"));
    assert_eq!(names_in(dir.path()).expect("names"), ["data-2", "lock", "state", "store"]);
}

#[test]
fn watches_wake_up_when_another_process_commits() {
    let dir = temporary();
    let store_dir = StoreDir::open(dir.path()).expect("a store directory");
    put(&store_dir, "a", "1");
    assert!(!store_dir.wait_for_change(Duration::from_millis(50)), "its own commit does not count");
    let other = StoreDir::open(dir.path()).expect("a store directory");
    thread::scope(|scope| {
        let waiting = scope.spawn(|| store_dir.wait_for_change(LONG));
        thread::sleep(Duration::from_millis(100));
        assert_eq!(get(&other, "a").as_deref(), Some("1"));
        thread::sleep(Duration::from_millis(100));
        assert!(!waiting.is_finished(), "reading does not count");
        put(&other, "b", "2");
        assert!(waiting.join().expect("woken up"));
    });
    assert!(store_dir.wait_for_change(Duration::ZERO), "reported until the store is locked again");
    lock(&store_dir);
    put(&other, "c", "3");
    assert!(store_dir.wait_for_change(LONG), "committed before the wait began");
}

#[test]
fn a_directory_that_is_replaced_during_the_wait_is_locked_again() {
    let dir = temporary();
    let path = dir.path().join("s");
    let store_dir = StoreDir::open(&path).expect("a store directory");
    let locked = lock(&store_dir);
    thread::scope(|scope| {
        let waiting = scope.spawn(|| store_dir.lock(LONG, &mut || {}).map(drop));
        thread::sleep(Duration::from_millis(100));
        fs::remove_dir_all(&path).expect("remove");
        fs::create_dir(&path).expect("mkdir");
        drop(locked);
        waiting.join().expect("no panic").expect("the new lock");
    });
    assert_eq!(names_in(&path).expect("names"), ["lock", "store"]);
}

#[test]
fn stale_data_is_compacted_when_the_store_is_opened() {
    let dir = temporary();
    let store_dir = StoreDir::open(dir.path()).expect("a store directory");
    let mut engine = lock(&store_dir).engine().expect("an engine");
    let row = |i: u32, value: Option<Vec<u8>>| (i.to_be_bytes().to_vec(), value);
    engine.apply((0..5_000).map(|i| row(i, Some(vec![1; 5_000]))).collect()).expect("apply");
    drop(engine);
    drop(lock(&store_dir).engine().expect("nothing is stale"));
    let manifest = Manifest::read(dir.path()).expect("a manifest").expect("a manifest");
    assert!(
        (manifest.generation, manifest.checked_bytes > 16 << 20) == (1, true),
        "checked, but not compacted: {manifest:?}"
    );
    let mut engine = lock(&store_dir).engine().expect("an engine");
    engine.apply((1..5_000).map(|i| row(i, None)).collect()).expect("apply");
    drop(engine);
    // As if it had grown to this size since the last check.
    Manifest { checked_bytes: 1, ..manifest }.write(dir.path()).expect("write");
    let engine = lock(&store_dir).engine().expect("an engine");
    assert_eq!(names_in(dir.path()).expect("names"), ["data-2", "lock", "state", "store"]);
    assert_eq!(engine.get(&0u32.to_be_bytes()).expect("get"), Some(vec![1; 5_000]));
    let bytes = store_dir.bytes_on_disk().expect("size");
    assert!(bytes < 4 << 20, "{bytes} bytes");
}
