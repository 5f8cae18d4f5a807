//! What a directory may be, who holds it, and that nothing is lost when a process ends in between.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use super::*;
use crate::store::Engine;

const LONG: Duration = Duration::from_secs(20);

fn temporary() -> tempfile::TempDir {
    tempfile::tempdir().expect("a directory")
}

fn hold(home: &Home) -> Held {
    home.lock(LONG, &mut || {}).expect("the lock")
}

/// Commits one row through a freshly opened engine.
fn put(home: &Home, key: &str, value: &str) {
    let mut engine = hold(home).engine().expect("an engine");
    engine.apply(vec![(key.into(), Some(value.into()))]).expect("apply");
}

fn get(home: &Home, key: &str) -> Option<String> {
    let value = hold(home).engine().expect("an engine").get(key.as_bytes()).expect("get");
    value.map(|v| String::from_utf8(v).expect("text"))
}

#[test]
fn a_store_is_made_private_and_found_again() {
    let above = temporary();
    let dir = above.path().join("share/kctl");
    let home = Home::open(&dir).expect("a home");
    assert!(!home.exists() && hold(&home).is_new());
    put(&home, "a", "1");
    assert!(home.exists() && home.size() > 0);
    #[cfg(unix)]
    for path in [dir.clone(), above.path().join("share"), dir.join("data-1")] {
        let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&path).expect("metadata").permissions());
        assert_eq!(mode & 0o777, 0o700, "{}", path.display());
    }
    assert_eq!(get(&Home::open(&dir).expect("a home"), "a").as_deref(), Some("1"));
}

#[test]
fn foreign_and_damaged_directories_are_refused_and_left_alone() {
    type Plant = fn(&Path);
    let cases: [(Plant, &str); 6] = [
        (
            |d| fs::write(d.join("notes.txt"), "mine").expect("write"),
            "is not a store of this program: it holds \"notes.txt\"",
        ),
        (|d| fs::write(d.join("store"), "tins of beans").expect("write"), "/store says something else"),
        (
            |d| fs::write(d.join("store"), "kctl-store 2\nwhatever\n").expect("write"),
            "its format is 2, and this program knows 1",
        ),
        (|d| fs::write(d.join("store"), "kctl-store 1\ngeneration x\n").expect("write"), "store cannot be read"),
        (|d| fs::create_dir(d.join("data-1")).expect("mkdir"), "is damaged: its file \"store\" is missing"),
        (|d| fs::create_dir(d.join("store")).expect("mkdir"), "cannot use "),
    ];
    for (plant, want) in cases {
        let dir = temporary();
        plant(dir.path());
        let before = names_in(dir.path()).expect("names");
        let error = Home::open(dir.path()).err().map(|e| e.to_string()).unwrap_or_default();
        assert!(error.contains(want), "{error:?} does not say {want:?}");
        assert_eq!(names_in(dir.path()).expect("names"), before);
    }
    let dir = temporary();
    fs::write(dir.path().join("file"), "").expect("write");
    let error = Home::open(dir.path().join("file")).err().expect("refused").to_string();
    assert!(error.ends_with("it is not a directory"), "{error}");
}

#[test]
fn lost_data_is_noticed() {
    let dir = temporary();
    let home = Home::open(dir.path()).expect("a home");
    put(&home, "a", "1");
    let error = |home: &Home| hold(home).engine().err().map(|e| e.to_string()).unwrap_or_default();
    let kept = fs::read(dir.path().join("data-1/db")).expect("read");
    fs::write(dir.path().join("data-1/db"), "").expect("write");
    assert!(error(&home).contains("its data file is missing or holds something else"), "{}", error(&home));
    fs::write(dir.path().join("data-1/db"), kept).expect("write");
    assert_eq!(get(&home, "a").as_deref(), Some("1"));
    let mut file = state::open(dir.path()).expect("the state");
    State { generation: 1, batches: 9 }.write(&mut file).expect("write");
    assert!(error(&home).contains("of 9 commits the last 7 are gone"), "{}", error(&home));
    fs::remove_dir_all(dir.path().join("data-1")).expect("remove");
    assert!(error(&home).starts_with("the store /"), "{}", error(&home));
    assert!(!dir.path().join("data-1").exists());
}

#[test]
fn one_holds_the_store_and_the_others_wait() {
    let dir = temporary();
    let home = Home::open(dir.path()).expect("a home");
    let held = hold(&home);
    let other = Home::open(dir.path()).expect("a home");
    let error = other.lock(Duration::from_millis(50), &mut || panic!("not told so soon")).err().expect("locked");
    assert!(error.to_string().ends_with("is in use by another process (waited 0 s)"), "{error}");
    let told = AtomicUsize::new(0);
    thread::scope(|scope| {
        let waiting = scope.spawn(|| {
            other
                .lock(LONG, &mut || told.store(told.load(Ordering::SeqCst) + 1, Ordering::SeqCst))
                .map(drop)
                .expect("the lock");
        });
        thread::sleep(Duration::from_millis(1_200));
        assert_eq!(told.load(Ordering::SeqCst), 1);
        drop(held);
        waiting.join().expect("the lock in the end");
    });
}

#[test]
fn an_engine_keeps_the_lock() {
    let dir = temporary();
    let home = Home::open(dir.path()).expect("a home");
    let engine = hold(&home).engine().expect("an engine");
    assert!(home.lock(Duration::from_millis(20), &mut || {}).is_err());
    drop(engine);
    hold(&home);
}

#[test]
fn no_update_is_lost_between_many() {
    let dir = temporary();
    put(&Home::open(dir.path()).expect("a home"), "n", "0");
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let home = Home::open(dir.path()).expect("a home");
                for _ in 0..5 {
                    let mut engine = hold(&home).engine().expect("an engine");
                    let old = engine.get(b"n").expect("get").expect("a number");
                    let next = String::from_utf8_lossy(&old).parse::<u32>().expect("a number") + 1;
                    engine.apply(vec![(b"n".to_vec(), Some(next.to_string().into()))]).expect("apply");
                }
            });
        }
    });
    assert_eq!(get(&Home::open(dir.path()).expect("a home"), "n").as_deref(), Some("20"));
}

#[test]
fn compaction_keeps_everything_and_reset_nothing() {
    let dir = temporary();
    let home = Home::open(dir.path()).expect("a home");
    let mut engine = hold(&home).engine().expect("an engine");
    for round in 0..4u8 {
        engine
            .apply((0..2_000u16).map(|i| (i.to_be_bytes().to_vec(), Some(vec![round; 2_000]))).collect())
            .expect("apply");
    }
    engine.apply((5..2_000u16).map(|i| (i.to_be_bytes().to_vec(), None)).collect()).expect("apply");
    let batches = engine.batches();
    drop(engine);
    let mut held = hold(&home);
    let (before, after) = held.compact().expect("compaction");
    assert!(after * 4 < before, "{before} -> {after}");
    let engine = held.engine().expect("an engine");
    assert!(engine.batches() > batches);
    assert_eq!(engine.get(&4u16.to_be_bytes()).expect("get"), Some(vec![3; 2_000]));
    assert_eq!(engine.get(&5u16.to_be_bytes()).expect("get"), None);
    drop(engine);
    assert_eq!(names_in(dir.path()).expect("names"), ["data-2", "lock", "state", "store"]);
    held.reset().expect("reset");
    assert!(held.is_new());
    assert_eq!(held.engine().expect("an engine").get(&4u16.to_be_bytes()).expect("get"), None);
}

#[test]
fn whatever_a_killed_process_leaves_is_cleaned_up() {
    let dir = temporary();
    for name in ["lock", "store.new"] {
        fs::write(dir.path().join(name), "half").expect("write");
    }
    let home = Home::open(dir.path()).expect("killed before the store was made");
    put(&home, "a", "1");
    for left in ["new", "data-2", "data-77"] {
        fs::create_dir_all(dir.path().join(left)).expect("mkdir");
        fs::write(dir.path().join(left).join("db"), "half").expect("write");
    }
    fs::write(dir.path().join("store.new"), "half").expect("write");
    assert_eq!(get(&home, "a").as_deref(), Some("1"));
    let mut held = hold(&home);
    held.compact().expect("compaction into a name that was in use");
    drop(held);
    assert_eq!(get(&home, "a").as_deref(), Some("1"));
    assert_eq!(names_in(dir.path()).expect("names"), ["data-2", "lock", "state", "store"]);
}

#[test]
fn watchers_wake_when_others_commit() {
    let dir = temporary();
    let home = Home::open(dir.path()).expect("a home");
    put(&home, "a", "1");
    assert!(!home.wait_for_change(Duration::from_millis(50)).expect("wait"), "its own commit is no news");
    let other = Home::open(dir.path()).expect("a home");
    thread::scope(|scope| {
        let waiting = scope.spawn(|| home.wait_for_change(LONG).expect("wait"));
        thread::sleep(Duration::from_millis(100));
        assert_eq!(get(&other, "a").as_deref(), Some("1"));
        thread::sleep(Duration::from_millis(100));
        assert!(!waiting.is_finished(), "reading is no news");
        put(&other, "b", "2");
        assert!(waiting.join().expect("woken"));
    });
    assert!(home.wait_for_change(Duration::ZERO).expect("wait"), "news until it is looked at");
    hold(&home);
    put(&other, "c", "3");
    assert!(home.wait_for_change(LONG).expect("wait"), "committed before the waiting began");
}

#[test]
fn a_directory_that_goes_while_waiting_is_made_again() {
    let dir = temporary();
    let path = dir.path().join("s");
    let home = Home::open(&path).expect("a home");
    let held = hold(&home);
    thread::scope(|scope| {
        let waiting = scope.spawn(|| home.lock(LONG, &mut || {}).map(drop));
        thread::sleep(Duration::from_millis(100));
        fs::remove_dir_all(&path).expect("remove");
        fs::create_dir(&path).expect("mkdir");
        drop(held);
        waiting.join().expect("no panic").expect("the new lock");
    });
    assert_eq!(names_in(&path).expect("names"), ["lock", "store"]);
}

#[test]
fn waste_is_compacted_when_the_store_is_opened() {
    let dir = temporary();
    let home = Home::open(dir.path()).expect("a home");
    let mut engine = hold(&home).engine().expect("an engine");
    let row = |i: u32, value: Option<Vec<u8>>| (i.to_be_bytes().to_vec(), value);
    engine.apply((0..5_000).map(|i| row(i, Some(vec![1; 5_000]))).collect()).expect("apply");
    drop(engine);
    drop(hold(&home).engine().expect("full of what lives"));
    let marker = Marker::read(dir.path()).expect("a marker").expect("a marker");
    assert!((marker.generation, marker.weighed > 16 << 20) == (1, true), "weighed, and left: {marker:?}");
    let mut engine = hold(&home).engine().expect("an engine");
    engine.apply((1..5_000).map(|i| row(i, None)).collect()).expect("apply");
    drop(engine);
    // As if it had grown to this size since it was weighed.
    Marker { weighed: 1, ..marker }.write(dir.path()).expect("write");
    let engine = hold(&home).engine().expect("an engine");
    assert_eq!(names_in(dir.path()).expect("names"), ["data-2", "lock", "state", "store"]);
    assert_eq!(engine.get(&0u32.to_be_bytes()).expect("get"), Some(vec![1; 5_000]));
    assert!(home.size() < 4 << 20, "{} bytes", home.size());
}
