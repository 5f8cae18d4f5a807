//! Tests against the recordings in `testdata/parity`.

mod described;
mod refused;

/// Reads a file in `testdata/parity`.
fn parity(name: &str) -> String {
    let path = format!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../testdata/parity/{}"), name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}
