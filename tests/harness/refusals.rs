//! The common part of the tests of refused commands: a store with content, and that an error leaves it as it was.

use super::cluster::{dump, revision};
use super::{Output, Sandbox};

/// A sandbox with a few objects in its store.
pub(crate) fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new(3);
    sandbox.must("kctl create configmap kept --from-literal=a=b");
    sandbox
}

/// Checks the store and returns its revision and all objects.
pub(crate) fn content(sandbox: &Sandbox) -> String {
    assert_eq!(sandbox.problems(), Vec::<String>::new());
    let mut cluster = sandbox.cluster();
    format!("{}\n{}", revision(&mut cluster), dump(&mut cluster))
}

/// Asserts that a command failed with an error that contains `says`: nothing on standard output, exit code 1, no panic.
#[track_caller]
pub(crate) fn assert_refused(what: &str, got: &Output, says: &str) {
    assert!(!got.err.contains("panicked"), "{what}: {}", got.err);
    assert_eq!((got.out.as_str(), got.code), ("", 1), "{what}: {got:?}");
    assert!(
        got.err.starts_with("error: ") && got.err.contains(says),
        "{what}: {:?} does not contain {says:?}",
        got.err
    );
}
