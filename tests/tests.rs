//! The integration tests, one binary. Each module says what it shows; a file that is not listed here fails [`layers`].

#[path = "harness/mod.rs"]
mod harness;

/// Broken files, closed pipes, full disks, damaged stores.
mod bad_input;
/// Many processes on one store: nothing is lost.
mod concurrency;
/// Kill -9 at any moment loses nothing and leaves nothing half done.
mod crash;
/// The arrows between modules point down, and no test file is forgotten.
mod layers;
/// The commands of the seed documents, document by document.
mod seed_commands;
/// A random life of a cluster keeps the rules.
mod simulation;
/// Sessions recorded from a real control plane are replayed, twice each.
mod transcripts;
/// Watches see what other processes do.
mod watching;
