//! The integration tests, in one binary. A file that is not listed here fails [`layers`].

#[path = "harness/mod.rs"]
mod harness;

/// Malformed files, closed pipes, damaged stores.
mod bad_input;
/// Many processes on one store lose no write.
mod concurrency;
/// SIGKILL at any moment loses no acknowledged write and leaves no partial one.
mod crash;
/// Mutated inputs for parsers, patches and the whole server.
mod fuzz;
/// Modules use lower layers only, and no test file is forgotten.
mod layers;
/// The commands of the seed documents.
mod seed_commands;
/// Random operations on a cluster violate no invariant.
mod simulation;
/// Sessions recorded from a real control plane, replayed twice each.
mod transcripts;
/// Watches print the changes of other processes.
mod watching;
