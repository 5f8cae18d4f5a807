//! The controllers: everything that acts because an object changed or because time passed.
//!
//! A controller is level-driven: its `reconcile` reads the objects that a [`Key`] names, compares them with the desired
//! state, writes the difference through the API server and returns an [`Action`]. It does not know which change enqueued the
//! key. The decisions are pure functions over plain values and are tested as such; `reconcile` itself only reads and writes.
//! What a controller has to know between two calls is in the objects, or in its state in the store ([`Context::state`]); the
//! cache in memory ([`Context::cache`]) only saves time.
//!
//! # Adding a controller
//!
//! 1. Create `controllers/NAME.rs`, or a folder with `mod.rs` where it has several parts, and declare it below. The module
//!    header names the directory of the Kubernetes sources that it follows.
//! 2. Define a constant [`Controller`] with its name, its [`Watch`]es and its `reconcile` function. A watch maps a change to
//!    the object itself ([`Watch::primary`]), to its controlling owner ([`Watch::owned`]), or by a function
//!    ([`Watch::mapped`]).
//! 3. Write the decision as a function from values to a plan, in `plan.rs` or beside `reconcile`, and test it with tables.
//! 4. Return errors with `?`. They are logged, kept for `kctl sim show`, and retried with backoff by the [`Driver`].
//! 5. Add the constant to [`CONTROLLERS`].
//! 6. Test it from end to end with `shared::testing::Bench`, a cluster in memory.

mod admission_policy_status;
mod api_service;
mod certificates;
mod cluster_role_aggregation;
mod crd_cleanup;
mod crd_naming;
pub(crate) mod cron_job;
mod daemon_set;
mod deployment;
mod disruption;
mod endpoint_slice;
mod endpoints;
mod ephemeral_volume;
mod event_ttl;
mod flow_schema;
mod garbage_collector;
mod history;
pub(crate) mod horizontal_pod_autoscaler;
mod job;
pub(crate) mod kubelet;
mod namespace;
pub(crate) mod node;
pub(crate) mod persistent_volume;
mod pod_gc;
mod replica_set;
mod resource_quota;
pub(crate) mod root_ca;
pub(crate) mod runtime;
pub(crate) mod scheduler;
mod service_account;
mod service_account_token;
mod service_cidr;
mod shared;
mod stateful_set;
mod storage_protection;
mod ttl_after_finished;

pub(crate) use shared::pods;
#[cfg(test)]
pub(crate) use shared::testing;

pub(crate) use runtime::{Action, Context, Controller, Driver, Event, Key, Watch};

/// The list of controllers. One change enqueues their keys in this order: controllers that create or delete pods run before
/// those that count them, so that a Deployment sees each of its ReplicaSets change on its own, as in a real cluster.
pub(crate) static CONTROLLERS: &[Controller] = &[
    node::kubelet::CONTROLLER,
    node::lifecycle::CONTROLLER,
    node::eviction::CONTROLLER,
    node::static_pods::CONTROLLER,
    pod_gc::CONTROLLER,
    ephemeral_volume::CONTROLLER,
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
    service_account_token::CONTROLLER,
    root_ca::CONTROLLER,
    replica_set::REPLICA_SET,
    replica_set::REPLICATION_CONTROLLER,
    deployment::CONTROLLER,
    stateful_set::CONTROLLER,
    daemon_set::CONTROLLER,
    job::CONTROLLER,
    cron_job::CONTROLLER,
    ttl_after_finished::CONTROLLER,
    certificates::APPROVING,
    certificates::SIGNING,
    certificates::CLEANER,
    scheduler::CONTROLLER,
    kubelet::CONTROLLER,
    garbage_collector::CONTROLLER,
    namespace::CONTROLLER,
    crd_naming::CONTROLLER,
    crd_cleanup::CONTROLLER,
    admission_policy_status::CONTROLLER,
    cluster_role_aggregation::CONTROLLER,
    flow_schema::CONTROLLER,
    api_service::CONTROLLER,
    service_cidr::CONTROLLER,
    event_ttl::CONTROLLER,
];
