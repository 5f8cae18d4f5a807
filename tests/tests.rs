//! The integration tests, in one binary. A file that is not listed here fails [`layers`].

#[path = "harness/mod.rs"]
mod harness;

/// Malformed files, closed pipes, damaged stores.
mod bad_input;
/// Numbers of instructions are compared within a margin, and not across tools.
mod baseline;
/// Shells get an answer, whatever the state of the store.
mod completion;
/// Many processes on one store lose no write.
mod concurrency;
/// SIGKILL at any moment loses no acknowledged write and leaves no partial one.
mod crash;
/// Paths and variables that are not UTF-8, and variables without a sense.
mod environment;
/// Each seed is a future, and invariants tell them apart.
mod futures;
/// Mutated inputs for parsers, patches and the whole server.
mod fuzz;
/// Transcripts of users run, are compared, updated and recorded.
mod golden;
/// States of the past come back as a whole, in one store or in several.
mod history;
/// Manifests come from servers that are trusted.
#[cfg(target_os = "linux")]
mod https;
/// Containers reach nothing of this machine.
mod isolation;
/// The kubeconfig file is changed by one process at a time, as a whole or not at all.
mod kubeconfig;
/// Every verb and flag of kubectl is known, and what becomes of it.
mod kubectl_surface;
/// Modules use lower layers only, and no test file is forgotten.
mod layers;
/// The README states the limits that tests show, and no others.
mod limits;
/// Endless work stays within a bound of memory.
mod memory;
/// Output that cannot be written is an error.
mod output;
/// Sessions recorded from a real control plane that are beside the repository.
mod parity_transcripts;
/// Plain commands of a transcript share a process.
mod plain_commands;
/// A plan changes nothing on disk.
mod plan;
/// Requests to a local port are answered by a pod, while other commands use the store.
mod port_forward;
/// Clusters are like those of the installer that they name.
mod profiles;
/// The commands of the seed documents.
mod seed_commands;
/// Signals end commands at any moment and leave the store whole.
mod signals;
/// Random operations on a cluster violate no invariant.
mod simulation;
/// Stores of every released format open and go on.
mod stores;
/// The files of `edit` and `diff` for other programs are private and removed.
mod temporary_files;
/// A shell in a container is used by hand, on a terminal.
mod terminal;
/// Pictures have the characters of the locale and begin where they are told to.
mod timeline;
/// Sessions recorded from a real control plane, replayed twice each.
mod transcripts;
/// Tutorials about what containers see of their cluster, with their output.
mod tutorials;
/// Failures of the store show as themselves.
mod unavailable_store;
/// Watches print the changes of other processes.
mod watching;
