//! [`Kind`]: everything that the API server and kubectl know about one kind of object.

use std::sync::Arc;

use kctl_base::cel;
use kctl_base::field::{ErrorList, FieldError};
use kctl_base::json::Value;
use kctl_base::labels::Selector;
use kctl_base::object::{Object, ObjectMeta, ValueWrite};
use kctl_base::patch::{FieldType, Types};
use kctl_base::sim::Time;
use kctl_base::view::{Cell, Column};

use crate::shared::table::age;
use crate::{Names, PrefixWriter};

/// A kind of object: its names, strategy, table and description.
///
/// Every method but [`Kind::names`] has a default, so a kind implements only those in which it differs from a plain object
/// with a `spec` and a `status`. The methods correspond to the strategy of a resource in `pkg/registry/<group>/<resource>`,
/// its print handler in `pkg/printers/internalversion` and its describer in `kubectl/pkg/describe`.
///
/// This is one trait rather than one for each concern: a kind typically overrides six to ten methods spread over all
/// concerns, and the list of kinds needs all of them behind one `dyn` type, so smaller traits would add an `impl` block for
/// each concern to every kind without making any of them shorter.
pub trait Kind: Send + Sync {
    // ----- Discovery ------------------------------------------------------------------------------------------------------

    /// The names under which the kind is served.
    fn names(&self) -> &Names;

    /// The (group, version) pairs under which the kind is served besides the stored one.
    fn other_versions(&self) -> &'static [(&'static str, &'static str)] {
        &[]
    }

    /// Returns the kind as another of its versions describes it; `None` for kinds that are the same in all versions.
    fn at_version(&self, _version: &str) -> Option<Arc<dyn Kind>> {
        None
    }

    /// The version that describes the kind; objects are stored in that of [`Kind::names`].
    fn served_version(&self) -> &str {
        self.names().version
    }

    /// The warning that every request for a deprecated version gets.
    fn deprecation(&self) -> Option<String> {
        None
    }

    /// Converts an object, whose `apiVersion` names its present version, to another served version.
    fn convert(&self, _object: &mut Object, _group: &str, _version: &str) {}

    /// The verbs that discovery lists.
    fn verbs(&self) -> &'static [&'static str] {
        &["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"]
    }

    /// Returns whether the kind has a `status` that is written through the `status` subresource only.
    fn has_status(&self) -> bool {
        true
    }

    /// The fields behind the scale subresource; `None` when the kind cannot be scaled.
    fn scale(&self) -> Option<ScalePaths> {
        None
    }

    // ----- Decoding -------------------------------------------------------------------------------------------------------

    /// Removes the fields that the kind's schema does not know and returns their paths. Only custom kinds need it: objects of
    /// built-in kinds are decoded against the embedded OpenAPI schema.
    fn prune(&self, _object: &mut Object) -> Vec<String> {
        Vec::new()
    }

    /// The type of the objects for expressions. `None` for built-in kinds, whose types are in the embedded OpenAPI schema.
    fn expression_type(&self) -> Option<cel::Kind> {
        None
    }

    /// The types of the fields and that of an object, by which server-side apply merges. `None` for built-in kinds, whose
    /// types are in the embedded OpenAPI schema.
    fn field_types(&self) -> Option<(&dyn Types, FieldType)> {
        None
    }

    /// Sets the default values of missing fields. Runs after decoding, before admission and validation.
    fn set_defaults(&self, _object: &mut Object) {}

    // ----- Preparation: PrepareForCreate and PrepareForUpdate of the strategy ---------------------------------------------

    /// The `status` of a new object; `None` for no `status` field.
    fn initial_status(&self) -> Option<Value> {
        None
    }

    /// Prepares a new object for storage. The default sets the initial status, whatever `status` was sent along, and the
    /// first generation.
    fn prepare_create(&self, new: &mut Object) {
        match self.initial_status() {
            Some(status) => new.put("/status", status),
            None if self.has_status() => drop(new.remove_at("/status")),
            None => {}
        }
        if self.has_generation() {
            new.put("/metadata/generation", 1);
        }
    }

    /// Sets the defaults that a new object gets only when it is read back from the store, after its validation.
    fn set_defaults_on_read(&self, _new: &mut Object) {}

    /// Prepares an update through the main resource. The default keeps the old `status` and raises the generation when
    /// [`Kind::raises_generation`] says so.
    fn prepare_update(&self, new: &mut Object, old: &Object) {
        if self.has_status() {
            match old.get("status") {
                Some(status) if new.get("status") == Some(status) => {}
                Some(status) => new.put("/status", status.clone()),
                None => drop(new.remove_at("/status")),
            }
        }
        if self.has_generation() {
            let step = i64::from(self.raises_generation(new, old));
            new.put("/metadata/generation", old.generation() + step);
        }
    }

    /// Prepares an update through the `status` subresource. The default takes only `status` and the writable metadata from
    /// `new`.
    fn prepare_status(&self, new: &mut Object, old: &Object) {
        for (key, value) in old.as_object().into_iter().flatten() {
            if key != "status" && key != "metadata" && new.get(key) != Some(value) {
                new[key.as_str()] = value.clone();
            }
        }
        keep_metadata(new, old, &["labels", "finalizers", "ownerReferences", "generation"]);
    }

    /// Returns whether objects of the kind carry `metadata.generation`.
    fn has_generation(&self) -> bool {
        false
    }

    /// Returns whether an update raises `metadata.generation`. The default compares everything but `metadata` and `status`.
    fn raises_generation(&self, new: &Object, old: &Object) -> bool {
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

    // ----- Validation -----------------------------------------------------------------------------------------------------

    /// The rule that `metadata.name` obeys.
    fn name_rule(&self) -> NameRule {
        NameRule::Subdomain
    }

    /// Validates an object except for its metadata, which the server validates for all kinds alike.
    fn validate(&self, _object: &Object) -> ErrorList {
        ErrorList::new()
    }

    /// Returns whether a finalizer must have a domain or be one of the standard ones.
    fn has_known_finalizers(&self) -> bool {
        true
    }

    /// Validates the name of a new object beyond [`Kind::name_rule`].
    fn name_error(&self, _new: &Object) -> Option<FieldError> {
        None
    }

    /// Validates what only a new object must obey; [`Kind::validate`] has already seen it.
    fn validate_create(&self, _new: &Object) -> ErrorList {
        ErrorList::new()
    }

    /// Validates what only a new object must obey that a client sends to one of the groups in which the kind is served.
    fn validate_create_in(&self, _group: &str, _new: &Object) -> ErrorList {
        ErrorList::new()
    }

    /// Completes and validates the fields on which the values that the server allocates depend, before it allocates them: an
    /// error here, or of the allocation, is reported instead of those of [`Kind::validate`]. There is no `old` object on
    /// create.
    fn init_allocated(&self, _new: &mut Object, _old: Option<&Object>) -> ErrorList {
        ErrorList::new()
    }

    /// Validates the change from `old` to `new`; [`Kind::validate`] has already seen `new`.
    fn validate_update(&self, _new: &Object, _old: &Object) -> ErrorList {
        ErrorList::new()
    }

    /// Returns whether the errors about a change precede those about the new object.
    fn tells_change_first(&self) -> bool {
        false
    }

    /// Validates an update of the object itself. Kinds override it if what was wrong before may stay so.
    fn validate_change(&self, new: &Object, old: &Object) -> ErrorList {
        let (object, change) = (self.validate(new), self.validate_update(new, old));
        if self.tells_change_first() { [change, object].concat() } else { [object, change].concat() }
    }

    /// Validates an update through the `status` subresource.
    fn validate_status(&self, _new: &Object, _old: &Object) -> ErrorList {
        ErrorList::new()
    }

    /// Evaluates the CEL rules of the kind (`x-kubernetes-validations`) on a new object, or on an update when there is an
    /// `old` one. Not called for objects whose other errors keep rules from being evaluated
    /// ([`kctl_base::field::Cause::hides_rules`]).
    fn evaluate_rules(&self, _new: &Object, _old: Option<&Object>) -> ErrorList {
        ErrorList::new()
    }

    /// Warnings for the client on create (`old` is `None`) and update.
    fn warnings(&self, _new: &Object, _old: Option<&Object>) -> Vec<String> {
        Vec::new()
    }

    // ----- Deletion -------------------------------------------------------------------------------------------------------

    /// The grace period of a deletion in seconds, given the requested one: 0 deletes at once. `None` for kinds that are not
    /// deleted gracefully, which is every kind but Pod.
    fn grace_period(&self, _object: &Object, _requested: Option<i64>) -> Option<i64> {
        None
    }

    /// Returns whether a deletion that names no propagation policy orphans the dependents (`DefaultGarbageCollectionPolicy`).
    fn orphans_by_default(&self) -> bool {
        false
    }

    // ----- Lookup ---------------------------------------------------------------------------------------------------------

    /// The value of a field in a field selector, `metadata.name` and `metadata.namespace` apart; `None` when the kind does
    /// not support the field.
    fn selectable_field(&self, _object: &Object, _field: &str) -> Option<String> {
        None
    }

    /// The (index, value) pairs under which the store finds an object, besides the UIDs of its owners.
    fn index_entries(&self, _object: &Object) -> Vec<(&'static str, String)> {
        Vec::new()
    }

    // ----- Output ---------------------------------------------------------------------------------------------------------

    /// The columns of the kind's table, those of wide output included.
    fn columns(&self) -> Vec<Column> {
        vec![Column::new("Name"), Column::new("Age")]
    }

    /// The cells of one object, one for each of [`Kind::columns`].
    fn row(&self, object: &Object, now: Time) -> Vec<Cell> {
        vec![object.name().into(), age(object, now)]
    }

    /// The function that describes an object; `None` selects [`crate::generic_describe`].
    fn describer(&self) -> Option<Describer> {
        None
    }
}

/// Writes the description of an object, as `kubectl describe` prints it before its columns are aligned.
pub type Describer = fn(&Object, &dyn Lookup, &mut PrefixWriter);

/// The fields behind the scale subresource, as JSON pointers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScalePaths {
    /// Desired replicas, `/spec/replicas`.
    pub spec_replicas: &'static str,
    /// Observed replicas, `/status/replicas`.
    pub status_replicas: &'static str,
    /// The label selector: an object (`/spec/selector`) or, for a custom resource, a string; may be empty.
    pub selector: &'static str,
}

impl ScalePaths {
    /// The fields that all scalable built-in kinds use.
    pub(crate) const BUILTIN: ScalePaths =
        ScalePaths { spec_replicas: "/spec/replicas", status_replicas: "/status/replicas", selector: "/spec/selector" };
}

/// The rule that `metadata.name` obeys (`k8s.io/apimachinery/pkg/api/validation/generic.go`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameRule {
    /// DNS subdomain of RFC 1123, at most 253 characters: most kinds.
    Subdomain,
    /// DNS label of RFC 1123, at most 63 characters: Namespaces, Services and StatefulSets.
    Label,
    /// A segment of a URL path: RBAC kinds.
    PathSegment,
}

/// Read access to other objects, for descriptions.
pub trait Lookup {
    /// One object; `resource` as in [`Names::resource`].
    fn get(&self, resource: &str, namespace: &str, name: &str) -> Option<Arc<Object>>;
    /// The objects of a namespace (`None`: of all) that a selector matches, by name.
    fn list(&self, resource: &str, namespace: Option<&str>, selector: Option<&Selector>) -> Vec<Arc<Object>>;
    /// The events about an object, in the order in which they are described.
    fn events(&self, object: &Object) -> Vec<Arc<Object>>;
    /// The objects of all namespaces that a field selector matches, by namespace and name.
    fn list_by_fields(&self, resource: &str, fields: &str) -> Vec<Arc<Object>>;
    /// The current time.
    fn now(&self) -> Time;
    /// Returns whether events are described (`--show-events`).
    fn show_events(&self) -> bool {
        true
    }
}

/// Restores metadata fields of the old object, for updates that must not change them.
pub(crate) fn keep_metadata(new: &mut Object, old: &Object, fields: &[&str]) {
    if old.get("metadata").is_some_and(|metadata| new.get("metadata") == Some(metadata)) {
        return;
    }
    let new = new.map_mut("/metadata");
    for field in fields {
        match old.get("metadata").and_then(|metadata| metadata.get(field)) {
            Some(value) if new.get(field) == Some(value) => {}
            Some(value) => drop(new.insert(*field, value.clone())),
            None => drop(new.remove(field)),
        }
    }
}
