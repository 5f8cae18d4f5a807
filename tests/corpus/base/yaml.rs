//! YAML that the server and kubectl printed.

use kctl_base::yaml::{split_documents, to_yaml};

use crate::recordings::{files, text};

/// Output that was read and written again is the same byte for byte.
pub(super) fn recorded_output_round_trips() {
    let mut different = Vec::new();
    for name in files("corpus", ".out.yaml") {
        let recorded = text(&format!("corpus/{name}"));
        let documents = split_documents(&recorded).into_iter().map(|document| match document.load() {
            Ok(loaded) => to_yaml(&loaded.value),
            Err(error) => error.to_string(),
        });
        if documents.collect::<Vec<_>>().join("---\n") != recorded {
            different.push(name);
        }
    }
    assert!(different.is_empty(), "{} files: {different:#?}", different.len());
}
