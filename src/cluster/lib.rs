//! The control plane: the store, the API server over it, the controllers, and the clock that drives them.
//!
//! The modules in the order of their layers; each uses only those above it:
//!
//! | module | what it is |
//! |---|---|
//! | `store` | objects, revisions, indexes, the change log and the timeline in an ordered key-value engine |
//! | `profile` | what installers bring along, and what a new cluster is created from |
//! | `api` | the API server: authorization, admission, strategies, watches; every request goes through one `handle` |
//! | `simulation`, `dns` | declared faults and usage; names as pods resolve them |
//! | `controllers` | everything that reacts to changes and to time: workload controllers, scheduler, kubelet, ... |
//! | `cluster` | the composition: opens the store, moves the clock, runs the controllers, commits |
//! | `chronicle` | what happened to pods and workloads, told from the changes |
//! | `invariants` | expressions that must hold after every change |
//! | `trial` | futures of which nothing is kept, and what happened in them |
//! | `client`, `console` | what the outside uses: a typed client of the API server, and the console of the simulation and its history |
//! | `branches` | clusters side by side, each in a store of its own |
//!
//! Outside this crate an object can be reached only through a [`Client`] (or a [`transport::Transport`], for a front end
//! such as HTTP). The store and the controllers cannot be named.

mod api;
mod bootstrap;
pub mod branches;
pub mod chronicle;
pub mod client;
mod clock;
mod cluster;
pub mod console;
mod controllers;
mod default_class;
#[cfg(test)]
mod disk_fault_tests;
pub mod dns;
mod error;
mod fault_injection;
mod hints;
#[cfg(test)]
mod history_tests;
pub mod inspection;
mod invariants;
mod location;
mod login;
pub mod maintenance;
mod network;
mod open;
mod operations;
mod options;
mod origin;
pub mod profile;
mod recorder;
pub mod simulation;
mod store;
pub mod testing;
#[cfg(test)]
mod tests;
pub mod trial;
pub mod why;

/// The requests and responses of the API server, for front ends that carry them.
pub mod transport {
    pub use crate::api::{
        Body, Log, ObjectList, Options, Payload, Request, Requester, Response, Result, SessionCall, Verb,
    };
    pub use crate::client::Transport;
}

pub use api::{
    AttachOptions, ExecOptions, FieldValidation, Forwarded, LogOptions, PatchType, Propagation, SessionState, User,
    WatchEvent,
};
pub use client::{Client, WaitFor, WaitOutcome};
pub use cluster::Cluster;
pub use controllers::runtime::Failure;
pub use error::ClusterError;
pub use invariants::{Broken, Invariant};
pub use options::{Backend, OpenOptions};
pub use store::{ObjectChange, Operation, OperationKind, Snapshot, StoreError, Totals};
