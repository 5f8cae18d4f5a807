//! The kinds of objects that kctl serves: names, defaults, validation, preparation, table columns and descriptions.
//!
//! Kinds are pure: they know neither store nor clock nor flags. Whatever else they read is passed in, other objects as a
//! [`Lookup`] and the time as an argument.
//!
//! # Adding a kind
//!
//! 1. Create `<group>/<kind>.rs`, or a folder with `mod.rs`, `validate.rs` and `describe.rs` when it grows beyond about 300
//!    lines. A kind with little behaviour is a static `TableKind` (see
//!    `coordination.rs`); any other is a unit struct that implements [`Kind`] (see `apps/replica_set`).
//! 2. Implement [`Kind::names`] and those methods whose defaults do not fit. Validation follows the upstream
//!    `pkg/apis/<group>/validation/validation.go`, preparation `pkg/registry/<group>/<resource>/strategy.go`, the table
//!    `pkg/printers/internalversion/printers.go`, the description `kubectl/pkg/describe/describe.go`. Rules that several kinds
//!    share are in [`shared`].
//! 3. Add it to [`KINDS`], at its place in `kubectl api-resources`. Discovery, short names, completion and tables are derived
//!    from that list.
//! 4. If the kind contains a pod template, add its path to [`pod_spec_path`].
//!
//! Kinds that CustomResourceDefinitions define are built by [`custom`]; [`Catalog`] finds kinds of both sorts by name.

pub mod admission;
mod apiextensions;
mod apiregistration;
mod apps;
mod auth;
mod autoscaling;
mod batch;
pub mod catalog;
pub mod certificates;
mod coordination;
pub mod core;
pub mod custom;
mod discovery;
mod flowcontrol;
pub mod gates;
pub mod generic_describe;
mod kind;
mod names;
mod networking;
mod node;
mod policy;
mod prefix_writer;
pub mod rbac;
mod resource;
mod scheduling;
pub mod shared;
mod storage;

pub use catalog::Catalog;
pub(crate) use kind::keep_metadata;
pub use kind::{Describer, Kind, Lookup, NameRule, ScalePaths};
pub use names::Names;
pub use prefix_writer::PrefixWriter;
pub use shared::pod_template::{pod_spec_path, pod_template_path};
pub(crate) use shared::table::since;
pub use shared::table::{age, pairs};

/// All built-in kinds, in the order of `kubectl api-resources`.
pub static KINDS: &[&dyn Kind] = &[
    &core::BINDING,
    &core::COMPONENT_STATUS,
    &core::ConfigMap,
    &core::Endpoints,
    &core::Event,
    &core::LimitRange,
    &core::Namespace,
    &core::Node,
    &core::PersistentVolumeClaim,
    &core::PersistentVolume,
    &core::pod::Pod,
    &core::pod_template::PodTemplate,
    &core::replication_controller::ReplicationController,
    &core::ResourceQuota,
    &core::Secret,
    &core::ServiceAccount,
    &core::Service,
    &admission::MUTATING_POLICY,
    &admission::MUTATING_POLICY_BINDING,
    &admission::MUTATING_WEBHOOKS,
    &admission::VALIDATING_POLICY,
    &admission::VALIDATING_POLICY_BINDING,
    &admission::VALIDATING_WEBHOOKS,
    &apiextensions::CustomResourceDefinition,
    &apiregistration::API_SERVICE,
    &apps::controller_revision::ControllerRevision,
    &apps::daemon_set::DaemonSet,
    &apps::deployment::Deployment,
    &apps::replica_set::ReplicaSet,
    &apps::stateful_set::StatefulSet,
    &auth::SELF_SUBJECT_REVIEW,
    &auth::TOKEN_REVIEW,
    &auth::LOCAL_SUBJECT_ACCESS_REVIEW,
    &auth::SELF_SUBJECT_ACCESS_REVIEW,
    &auth::SELF_SUBJECT_RULES_REVIEW,
    &auth::SUBJECT_ACCESS_REVIEW,
    &autoscaling::HorizontalPodAutoscaler,
    &batch::cron_job::CronJob,
    &batch::job::Job,
    &certificates::CertificateSigningRequest,
    &coordination::LEASE,
    &discovery::EndpointSlice,
    &flowcontrol::FLOW_SCHEMA,
    &flowcontrol::PRIORITY_LEVEL,
    &networking::INGRESS_CLASS,
    &networking::Ingress,
    &networking::IP_ADDRESS,
    &networking::NetworkPolicy,
    &networking::SERVICE_CIDR,
    &node::RUNTIME_CLASS,
    &policy::PodDisruptionBudget,
    &rbac::CLUSTER_ROLE_BINDING,
    &rbac::CLUSTER_ROLE,
    &rbac::ROLE_BINDING,
    &rbac::ROLE,
    &resource::DEVICE_CLASS,
    &resource::RESOURCE_CLAIM,
    &resource::RESOURCE_CLAIM_TEMPLATE,
    &resource::RESOURCE_SLICE,
    &scheduling::PriorityClass,
    &storage::CSI_DRIVER,
    &storage::CSI_NODE,
    &storage::CSI_STORAGE_CAPACITY,
    &storage::StorageClass,
    &storage::VOLUME_ATTACHMENT,
    &storage::VOLUME_ATTRIBUTES_CLASS,
];

#[cfg(test)]
mod parity;
