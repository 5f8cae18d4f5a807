//! All sessions that were recorded from a real control plane agree as far as they are known to, converted to transcripts and
//! run by `kctl test --like-cluster`. They are beside the repository; those that it has itself are left to
//! [`transcripts`](crate::transcripts).

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::harness::recording::{failures, known_differences, replay, to_cram};
use crate::harness::{Sandbox, copy_tree, testdata};

/// The steps that are known to differ, as `SESSION:NUMBER REASON`, which is compared exactly.
const DIFFERS: &str = "\
controllers/71-namespaces-gc:7 a status that the namespace controller writes in several steps, recorded between two of them
";

/// The number of sessions that run at the same time.
const THREADS: usize = 2;

fn shared() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared")
}

/// The sessions below a directory by their path in it, without the extension.
fn sessions(below: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut directories = vec![below.to_path_buf()];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(&directory).expect("a directory") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                directories.push(path);
            } else if path.extension().is_some_and(|extension| extension == "parity") {
                let name = path.strip_prefix(below).expect("a path below it").with_extension("");
                found.insert(name.to_string_lossy().into_owned(), fs::read_to_string(&path).expect("a session"));
            }
        }
    }
    found
}

#[test]
fn recorded_sessions_agree() {
    let recordings = shared().join("parity");
    if !recordings.is_dir() {
        // A closed stderr must not fail the tests.
        drop(writeln!(std::io::stderr(), "skipped: recorded_sessions_agree: there is no {}", recordings.display()));
        return;
    }
    let own = sessions(&testdata().join("parity"));
    let others: Vec<(String, String)> =
        sessions(&recordings).into_iter().filter(|(name, text)| own.get(name) != Some(text)).collect();
    let next = AtomicUsize::new(0);
    let work = || {
        let sessions = std::iter::from_fn(|| others.get(next.fetch_add(1, Ordering::Relaxed)));
        sessions.flat_map(|(name, session)| check(&recordings, name, session)).collect::<Vec<String>>()
    };
    let failed = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(work)).collect();
        threads.into_iter().flat_map(|thread| thread.join().expect("a result")).collect::<Vec<_>>()
    });
    assert!(failed.is_empty(), "{}", failed.join("\n\n"));
}

/// Replays a session in a new sandbox. Returns what does not agree.
fn check(recordings: &Path, name: &str, session: &str) -> Vec<String> {
    let sandbox = Sandbox::new(7);
    copy_tree(recordings, &sandbox.path("parity"));
    copy_tree(&shared().join("testdata/seeds"), &sandbox.path("testdata/seeds"));
    let directory = Path::new("parity").join(name);
    let directory = directory.parent().expect("a directory").to_string_lossy();
    let steps = replay(&sandbox, &to_cram(session, 7, &directory));
    failures(name, &steps, &known_differences(DIFFERS, name))
}
