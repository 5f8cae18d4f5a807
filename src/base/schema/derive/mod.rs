//! Derives the two committed files with the built-in schema from the API types of `k8s-openapi`.
//!
//! `definitions.txt` has the fields, types and required marks; `texts.txt` has the documentation for `explain`. They are
//! committed because the crate with the API types takes longer to compile than most of the others together, and changes
//! with each version of Kubernetes only. `KCTL_UPDATE_SCHEMA=1 cargo test -p kctl-base schema::derive` rewrites them; the
//! test then fails, so that the difference is read before it is committed.

mod lean;
mod roots;
mod texts;

use std::{fs, path::Path};

/// The environment variable that makes the test rewrite the files.
const UPDATE: &str = "KCTL_UPDATE_SCHEMA";

#[test]
fn the_committed_files_are_current() {
    let (roots, definitions) = roots::collect();
    let lean = lean::encode(&roots, &definitions).unwrap();
    let differing: Vec<&str> = [("definitions.txt", lean), ("texts.txt", texts::encode(&definitions))]
        .into_iter()
        .filter(|(name, derived)| differs(name, derived))
        .map(|(name, _)| name)
        .collect();
    assert!(differing.is_empty(), "{differing:?} differ from k8s-openapi; {UPDATE}=1 rewrites them");
}

/// Compares a file with what it is derived to be now, and rewrites it on demand.
fn differs(name: &str, derived: &str) -> bool {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("schema").join(name);
    let differs = fs::read_to_string(&path).unwrap_or_default() != derived;
    if differs && std::env::var_os(UPDATE).is_some() {
        fs::write(&path, derived).unwrap();
    }
    differs
}
