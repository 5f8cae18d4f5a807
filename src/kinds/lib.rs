//! What kctl knows of each kind of object: names, defaults, validation, preparation, table and description.
//!
//! A kind is one file (or folder) below its group and one line in [`KINDS`]; discovery, short names, completion, tables and
//! `api-resources` are derived from that list. Kinds are pure: no store, no clock, no flags. What needs other objects is
//! given to them as a [`Lookup`].

pub mod admission;
pub mod apiextensions;
pub mod apps;
pub mod auth;
pub mod autoscaling;
pub mod batch;
pub mod catalog;
pub mod certificates;
pub mod core;
#[cfg(test)]
mod corpus_tests;
pub mod custom;
pub mod describer;
pub mod discovery;
pub mod flowcontrol;
pub mod generic_describe;
pub mod networking;
pub mod policy;
pub mod rbac;
pub mod resource;
pub mod scheduling;
pub mod shared;
pub mod small_groups;
pub mod storage;

use std::sync::Arc;

pub use catalog::Catalog;
pub use describer::Describer;
pub use shared::pod_template::{pod_spec_path, pod_template_path};

use kctl_base::field::ErrorList;
use kctl_base::json::SharedStr;
use kctl_base::labels::Selector;
use kctl_base::object::{Object, ObjectMeta, ValueRead, ValueWrite};
use kctl_base::sim::Time;
use kctl_base::view::{Cell, Column};

/// The one list of kinds, in the order of `kubectl api-resources`.
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
    &small_groups::API_SERVICE,
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
    &small_groups::LEASE,
    &discovery::EndpointSlice,
    &flowcontrol::FLOW_SCHEMA,
    &flowcontrol::PRIORITY_LEVEL,
    &networking::INGRESS_CLASS,
    &networking::Ingress,
    &networking::IP_ADDRESS,
    &networking::NetworkPolicy,
    &networking::SERVICE_CIDR,
    &small_groups::RUNTIME_CLASS,
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

/// What a kind is called and where it lives. Names of custom kinds are interned for the life of the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Names {
    /// `apps`; empty for the core group.
    pub group: &'static str,
    /// `v1`: the version in which objects are stored and shown.
    pub version: &'static str,
    /// `Deployment`.
    pub kind: &'static str,
    /// `deployments`.
    pub plural: &'static str,
    /// `deployment`.
    pub singular: &'static str,
    /// `deploy`.
    pub short: &'static [&'static str],
    /// Whether objects live in a namespace.
    pub namespaced: bool,
    /// `all`.
    pub categories: &'static [&'static str],
}

impl Names {
    /// The names of a built-in kind; the singular is the kind in lower case.
    pub const fn builtin(
        group_version: (&'static str, &'static str),
        kind: &'static str,
        plural: &'static str,
        singular: &'static str,
        namespaced: bool,
    ) -> Names {
        Names {
            group: group_version.0,
            version: group_version.1,
            kind,
            plural,
            singular,
            short: &[],
            namespaced,
            categories: &[],
        }
    }

    /// Adds short names.
    pub const fn short(mut self, short: &'static [&'static str]) -> Names {
        self.short = short;
        self
    }

    /// Adds categories such as `all`.
    pub const fn categories(mut self, categories: &'static [&'static str]) -> Names {
        self.categories = categories;
        self
    }

    /// `deployments.apps`, `pods`: the key of the resource in the store and in messages.
    pub fn resource(&self) -> SharedStr {
        match self.group {
            "" => SharedStr::new_static(self.plural),
            group => SharedStr::from_iter([self.plural, ".", group]),
        }
    }

    /// `deployment.apps`, `pod`: how kubectl names it before `/name`.
    pub fn singular_group(&self) -> String {
        if self.group.is_empty() { self.singular.to_string() } else { format!("{}.{}", self.singular, self.group) }
    }

    /// `apps/v1`, `v1`.
    pub fn api_version(&self) -> String {
        if self.group.is_empty() { self.version.to_string() } else { format!("{}/{}", self.group, self.version) }
    }
}

/// Where the scale subresource finds its numbers: JSON pointers into the object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScalePaths {
    /// Desired replicas, `/spec/replicas`.
    pub spec_replicas: &'static str,
    /// Observed replicas, `/status/replicas`.
    pub status_replicas: &'static str,
    /// The label selector: an object (`/spec/selector`) or, in a custom resource, a text; may be empty.
    pub selector: &'static str,
}

/// A kind of object.
pub trait Kind: Send + Sync {
    /// What it is called.
    fn names(&self) -> &Names;

    /// Other (group, version) pairs under which it is served beside the stored one.
    fn other_versions(&self) -> &'static [(&'static str, &'static str)] {
        &[]
    }

    /// Rewrites an object between served versions (`apiVersion` says which one it has).
    fn convert(&self, _object: &mut Object, _group: &str, _version: &str) {}

    /// The verbs of discovery.
    fn verbs(&self) -> &'static [&'static str] {
        &["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"]
    }

    /// Whether there is a status that only `/status` writes.
    fn has_status(&self) -> bool {
        true
    }

    /// The scale subresource, where there is one.
    fn scale(&self) -> Option<ScalePaths> {
        None
    }

    /// Fills in what was left out (after decoding, before admission and validation).
    fn set_defaults(&self, _object: &mut Object) {}

    /// Brings a new object into the state in which it is created; the default drops a status that was sent along and
    /// starts the generation where the kind has one.
    fn prepare_create(&self, new: &mut Object) {
        if self.has_status() {
            new.remove_at("/status");
        }
        if self.counts_generations() {
            new.put("/metadata/generation", 1);
        }
    }

    /// Brings an update of the main resource into shape; the default keeps the old status and raises the generation when
    /// anything but metadata and status differs.
    fn prepare_update(&self, new: &mut Object, old: &Object) {
        if self.has_status() {
            match old.get("status") {
                Some(status) if new.get("status") == Some(status) => {}
                Some(status) => new.put("/status", status.clone()),
                None => drop(new.remove_at("/status")),
            }
        }
        if self.counts_generations() {
            let step = i64::from(self.spec_differs(new, old));
            new.put("/metadata/generation", old.generation() + step);
        }
    }

    /// Brings an update of `/status` into shape; the default takes only the status from `new`.
    fn prepare_status(&self, new: &mut Object, old: &Object) {
        for (key, value) in old.as_object().into_iter().flatten() {
            if key != "status" && key != "metadata" && new.get(key) != Some(value) {
                new[key.as_str()] = value.clone();
            }
        }
        keep_metadata(new, old, &["labels", "finalizers", "ownerReferences", "generation"]);
    }

    /// Whether `metadata.generation` is kept for this kind.
    fn counts_generations(&self) -> bool {
        false
    }

    /// Whether `new` asks for something else than `old`: what raises the generation.
    fn spec_differs(&self, new: &Object, old: &Object) -> bool {
        let parts = |o: &Object| {
            o.as_object().map(|m| {
                m.iter()
                    .filter(|(k, _)| *k != "metadata" && *k != "status")
                    .map(|(k, v)| (k.clone(), v.clone()))
                    .collect::<Vec<_>>()
            })
        };
        parts(new) != parts(old)
    }

    /// What is wrong with an object (metadata apart, which the server checks for all kinds alike).
    fn validate(&self, _object: &Object) -> ErrorList {
        ErrorList::new()
    }

    /// What is wrong with an update, beside [`Kind::validate`] of the new object.
    fn validate_update(&self, _new: &Object, _old: &Object) -> ErrorList {
        ErrorList::new()
    }

    /// What is wrong with an update of `/status`.
    fn validate_status(&self, _new: &Object, _old: &Object) -> ErrorList {
        ErrorList::new()
    }

    /// The rules of its own that a new object or a new version breaks; asked for when nothing else keeps them from being
    /// evaluated ([`kctl_base::field::Cause::hides_rules`]).
    fn broken_rules(&self, _new: &Object, _old: Option<&Object>) -> ErrorList {
        ErrorList::new()
    }

    /// How names of this kind are checked: the default is a DNS subdomain.
    fn name_rule(&self) -> NameRule {
        NameRule::Subdomain
    }

    /// Warnings for the client on create (`old` is `None`) and update.
    fn warnings(&self, _new: &Object, _old: Option<&Object>) -> Vec<String> {
        Vec::new()
    }

    /// The columns of its table, the wide ones included.
    fn columns(&self) -> Vec<Column> {
        vec![Column::new("Name"), Column::new("Age")]
    }

    /// One row of its table.
    fn row(&self, object: &Object, now: Time) -> Vec<Cell> {
        vec![object.name().into(), age(object, now)]
    }

    /// The value of a field in a field selector beside `metadata.name` and `metadata.namespace`; `None` when the field is
    /// not supported for this kind.
    fn selectable_field(&self, _object: &Object, _field: &str) -> Option<String> {
        None
    }

    /// Writes what `describe` says of the object; false when the kind has no description of its own and the generic one
    /// is to be used.
    fn describe(&self, _object: &Object, _look: &dyn Lookup, _out: &mut Describer) -> bool {
        false
    }

    /// The grace period in seconds with which a deletion gives the object time (Pods), 0 for none; `None` for kinds that know
    /// no such thing.
    fn grace_period(&self, _object: &Object, _asked: Option<i64>) -> Option<i64> {
        None
    }

    /// What a deletion does to the dependents when the request does not say: true orphans them.
    fn orphans_by_default(&self) -> bool {
        false
    }

    /// Takes out of an object what its kind does not know and answers the paths; only kinds that bring their own schema do
    /// so, built-in ones are decoded against the embedded one.
    fn prune(&self, _object: &mut Object) -> Vec<String> {
        Vec::new()
    }

    /// Index entries of an object beside those that every object has (its owners' uids).
    fn index(&self, _object: &Object) -> Vec<(&'static str, String)> {
        Vec::new()
    }
}

/// Takes fields of the metadata from the old version: what a status write can not change.
pub fn keep_metadata(new: &mut Object, old: &Object, fields: &[&str]) {
    let new = new.map_mut("/metadata");
    for field in fields {
        match old.get("metadata").and_then(|metadata| metadata.get(field)) {
            Some(value) if new.get(field) == Some(value) => {}
            Some(value) => drop(new.insert(*field, value.clone())),
            None => drop(new.remove(field)),
        }
    }
}

/// Which rule `metadata.name` obeys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameRule {
    /// RFC 1123 subdomain, 253 characters: most kinds.
    Subdomain,
    /// RFC 1123 label, 63 characters: namespaces.
    Label,
    /// RFC 1035 label: services.
    Label1035,
    /// A path segment: RBAC kinds.
    PathSegment,
}

/// Reading access to other objects, for descriptions.
pub trait Lookup {
    /// One object; `resource` as in [`Names::resource`].
    fn get(&self, resource: &str, namespace: &str, name: &str) -> Option<Arc<Object>>;
    /// Objects of a namespace (`None`: of all) that a selector matches, by name.
    fn list(&self, resource: &str, namespace: Option<&str>, selector: Option<&Selector>) -> Vec<Arc<Object>>;
    /// The objects that `uid` owns, of one resource.
    fn owned(&self, resource: &str, uid: &str) -> Vec<Arc<Object>>;
    /// The events about an object, in the order in which describe shows them.
    fn events(&self, object: &Object) -> Vec<Arc<Object>>;
    /// The pods bound to a node.
    fn pods_on_node(&self, node: &str) -> Vec<Arc<Object>>;
    /// The present.
    fn now(&self) -> Time;
    /// Whether events are to be shown (`--show-events`).
    fn show_events(&self) -> bool {
        true
    }
}

/// The AGE column: time since creation, `<unknown>` without a timestamp.
pub fn age(object: &Object, now: Time) -> String {
    since(object.creation_time(), now)
}

/// The time since an instant as tables print it; `<unknown>` without one.
pub fn since(then: Option<Time>, now: Time) -> String {
    then.map_or_else(|| "<unknown>".into(), |t| (now - t).human())
}

/// `key=value` pairs with commas, or `<none>`: labels and selectors in tables.
pub fn pairs(object: &Object, pointer: &str) -> String {
    let pairs: Vec<String> = object.strings(pointer).iter().map(|(k, v)| format!("{k}={v}")).collect();
    if pairs.is_empty() { "<none>".into() } else { pairs.join(",") }
}
