//! The controllers: everything that acts because an object changed or because time passed.
//!
//! A controller is one file (or folder) and one line in [`CONTROLLERS`]. Its reconciler is level-driven: it reads what is,
//! compares it with what should be, writes the difference through the API server and answers when to look again. It never
//! sleeps, keeps nothing in memory between calls and does not know who changed what. The decisions are pure functions that
//! are tested with plain values; only the thin `reconcile` reads and writes.

mod admission_policy_status;
mod crd_naming;
pub mod cron_job;
pub mod daemon_set;
pub mod deployment;
pub mod disruption;
pub mod endpoint_slice;
pub mod endpoints;
pub mod event_ttl;
pub mod garbage_collector;
pub mod history;
pub mod horizontal_pod_autoscaler;
pub mod job;
pub mod kubelet;
pub mod namespace;
pub mod node;
pub mod persistent_volume;
pub mod pod_gc;
pub mod replica_set;
pub mod resource_quota;
pub mod root_ca;
pub mod runtime;
pub mod scheduler;
pub mod service_account;
pub mod shared;
pub mod stateful_set;
pub mod storage_protection;
pub mod ttl_after_finished;

pub use runtime::{Action, Context, Controller, Driver, Event, Key, Watch};

/// The list of controllers. One change enqueues their keys in this order: controllers that create or delete pods run before
/// those that count them, so that a Deployment sees each of its ReplicaSets change on its own, as in a real cluster.
pub static CONTROLLERS: &[Controller] = &[
    node::kubelet::CONTROLLER,
    node::lifecycle::CONTROLLER,
    node::eviction::CONTROLLER,
    pod_gc::CONTROLLER,
    persistent_volume::CONTROLLER,
    persistent_volume::provisioner::CONTROLLER,
    storage_protection::CLAIMS,
    storage_protection::VOLUMES,
    endpoints::CONTROLLER,
    endpoint_slice::CONTROLLER,
    endpoint_slice::mirror::CONTROLLER,
    resource_quota::CONTROLLER,
    disruption::CONTROLLER,
    horizontal_pod_autoscaler::CONTROLLER,
    service_account::CONTROLLER,
    root_ca::CONTROLLER,
    replica_set::REPLICA_SET,
    replica_set::REPLICATION_CONTROLLER,
    deployment::CONTROLLER,
    stateful_set::CONTROLLER,
    daemon_set::CONTROLLER,
    job::CONTROLLER,
    cron_job::CONTROLLER,
    ttl_after_finished::CONTROLLER,
    scheduler::CONTROLLER,
    kubelet::CONTROLLER,
    garbage_collector::CONTROLLER,
    namespace::CONTROLLER,
    crd_naming::CONTROLLER,
    admission_policy_status::CONTROLLER,
    event_ttl::CONTROLLER,
];
