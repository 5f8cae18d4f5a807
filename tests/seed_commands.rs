//! The commands of the five seed documents, each document as a transcript.
//!
//! A comment before each step names its entry in the list of commands. Where a document shows output of an older Kubernetes
//! version, the transcript has that of the current one. `kctl test --like-cluster --update testdata/seeds` accepts the output
//! of today, to be reviewed before it is committed.

use crate::harness::{Sandbox, testdata};

fn check(document: &str) {
    let file = testdata().join("seeds").join(format!("{document}.t"));
    let done = Sandbox::new(9).run(&format!("kctl test --like-cluster {}", file.display()));
    assert_eq!(done.code, 0, "{}{}", done.out, done.err);
}

#[test]
fn document_000() {
    check("000");
}

#[test]
fn document_001() {
    check("001");
}

#[test]
fn document_002() {
    check("002");
}

#[test]
fn document_003() {
    check("003");
}

#[test]
fn document_004() {
    check("004");
}
