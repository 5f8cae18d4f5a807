//! The control plane: the store, the API server over it, the controllers, and the clock that drives them.

pub mod api;
mod bootstrap;
pub mod client;
mod clock;
mod cluster;
pub mod console;
pub mod controllers;
pub mod dns;
mod fault_injection;
mod location;
pub mod maintenance;
mod open;
mod options;
mod origin;
pub mod simulation;
pub mod store;
#[cfg(test)]
mod tests;

pub use api::{FieldValidation, LogOptions, PatchType, Propagation, User, WatchEvent};
pub use client::{Client, Transport, WaitFor, WaitOutcome};
pub use cluster::{Cluster, ClusterError};
pub use options::{Backend, OpenOptions};
