//! Which directories are accepted, how the lock excludes other processes, and that a killed process loses nothing.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use super::*;
use crate::store::{Engine, SledEngine};

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
    for path in ["store", "state", "lock", "data-1/journal", "data-1/runs"].map(|name| dir.join(name)) {
        let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&path).expect("metadata").permissions());
        assert_eq!(mode & 0o777, 0o600, "{}", path.display());
    }
    assert_eq!(get(&StoreDir::open(&dir).expect("a store directory"), "a").as_deref(), Some("1"));
}

#[test]
fn a_store_can_be_opened_while_another_process_creates_it() {
    for _ in 0..40 {
        let dir = temporary();
        thread::scope(|scope| {
            let created = scope.spawn(|| put(&StoreDir::open(dir.path()).expect("a store directory"), "a", "1"));
            while !created.is_finished() {
                StoreDir::open(dir.path()).expect("a store directory");
            }
        });
    }
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
            |d| fs::write(d.join("store"), "kctl-store 5\nwhatever\n").expect("write"),
            "its format is 5, and this program supports up to 4: update kctl",
        ),
        (|d| fs::write(d.join("store"), "kctl-store 4\ngeneration x\n").expect("write"), "store cannot be read"),
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
    let kept = fs::read(dir.path().join("data-1/journal")).expect("read");
    fs::write(dir.path().join("data-1/journal"), "").expect("write");
    assert!(error(&store_dir).contains("its file \"journal\" is damaged"), "{}", error(&store_dir));
    fs::write(dir.path().join("data-1/journal"), kept).expect("write");
    assert_eq!(get(&store_dir, "a").as_deref(), Some("1"));
    let mut file = commit_counter::open(dir.path()).expect("the counter");
    CommitCounter { generation: 1, batches: 9 }.write(&mut file).expect("write");
    assert!(error(&store_dir).contains("the last 8 of 9 commits are missing"), "{}", error(&store_dir));
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
    let (before, after) = locked.compact(None).expect("compaction");
    assert!(after * 2 < before, "{before} -> {after}");
    let engine = locked.engine().expect("an engine");
    assert_eq!(engine.batches(), batches);
    assert_eq!(engine.get(&4u16.to_be_bytes()).expect("get"), Some(vec![3; 2_000]));
    assert_eq!(engine.get(&5u16.to_be_bytes()).expect("get"), None);
    drop(engine);
    assert_eq!(names_in(dir.path()).expect("names"), ["data-2", "lock", "sled-2", "state", "store"]);
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
    for left in ["new", "new-record", "data-2", "data-77", "sled-2"] {
        fs::create_dir_all(dir.path().join(left)).expect("mkdir");
        fs::write(dir.path().join(left).join("db"), "half").expect("write");
    }
    fs::write(dir.path().join("store.new"), "half").expect("write");
    assert_eq!(get(&store_dir, "a").as_deref(), Some("1"));
    let mut locked = lock(&store_dir);
    locked.compact(None).expect("compaction into a name that was taken");
    drop(locked);
    assert_eq!(get(&store_dir, "a").as_deref(), Some("1"));
    assert_eq!(names_in(dir.path()).expect("names"), ["data-2", "lock", "sled-2", "state", "store"]);
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

/// The rows of a store as an earlier version wrote it, in a directory of sled.
fn sled_store(dir: &Path) {
    let data = dir.join("data-3");
    fs::create_dir(&data).expect("mkdir");
    let mut engine = SledEngine::open(&data).expect("open");
    engine.apply(vec![(b"a".to_vec(), Some(b"1".to_vec()))]).expect("apply");
    engine.apply(vec![(b"b".to_vec(), Some(vec![b'x'; 50_000]))]).expect("apply");
    fs::write(dir.join("store"), "kctl-store 1\ngeneration 3\nwritten true\nweighed 0\n").expect("write");
}

#[test]
fn a_store_of_an_earlier_version_is_taken_over() {
    let dir = temporary();
    sled_store(dir.path());
    let store_dir = StoreDir::open(dir.path()).expect("a store directory");
    assert_eq!(get(&store_dir, "a").as_deref(), Some("1"));
    assert_eq!(get(&store_dir, "b").map(|b| b.len()), Some(50_000));
    assert_eq!(names_in(dir.path()).expect("names"), ["data-3", "data-4", "lock", "state", "store"]);
    put(&store_dir, "a", "2");
    assert_eq!(lock(&store_dir).engine().expect("an engine").batches(), 3);
    lock(&store_dir).compact(None).expect("compaction");
    assert_eq!(names_in(dir.path()).expect("names"), ["data-5", "lock", "sled-5", "state", "store"]);
}

#[test]
fn the_manifest_of_an_earlier_version_is_updated_before_the_data_is_written() {
    let dir = temporary();
    let store_dir = StoreDir::open(dir.path()).expect("a store directory");
    put(&store_dir, "a", "1");
    let manifest = fs::read_to_string(dir.path().join("store")).expect("read");
    fs::write(dir.path().join("store"), manifest.replace("kctl-store 4", "kctl-store 2")).expect("write");
    assert_eq!(get(&store_dir, "a").as_deref(), Some("1"));
    assert_eq!(fs::read_to_string(dir.path().join("store")).expect("read"), manifest);
}

#[test]
fn damage_to_a_store_of_an_earlier_version_is_detected() {
    let dir = temporary();
    sled_store(dir.path());
    let store_dir = StoreDir::open(dir.path()).expect("a store directory");
    let mut file = commit_counter::open(dir.path()).expect("the counter");
    CommitCounter { generation: 3, batches: 9 }.write(&mut file).expect("write");
    let error = lock(&store_dir).engine().err().expect("damaged").to_string();
    assert!(error.contains("the last 7 of 9 commits are missing"), "{error}");
    fs::write(dir.path().join("data-3/db"), "").expect("write");
    let error = lock(&store_dir).engine().err().expect("damaged").to_string();
    assert!(error.contains("its data file is missing or is not a data file"), "{error}");
}

#[test]
fn compaction_makes_a_record_that_sled_can_read() {
    let dir = temporary();
    let store_dir = StoreDir::open(dir.path()).expect("a store directory");
    put(&store_dir, "a", "1");
    put(&store_dir, "b", "2");
    lock(&store_dir).compact(None).expect("compaction");
    let record = SledEngine::open(&dir.path().join("sled-2")).expect("open");
    let value = |key: &[u8]| record.get(key).expect("get");
    assert_eq!((value(b"a"), value(b"b"), value(b"c")), (Some(b"1".to_vec()), Some(b"2".to_vec()), None));
}
