//! Access to the metadata of objects.

use std::collections::BTreeMap;

use super::{OwnerReference, ValueRead, ValueWrite};
use crate::json::Value;
use crate::sim::Time;

/// Accessors for `apiVersion`, `kind` and `metadata`.
pub trait ObjectMeta {
    /// The apiVersion, such as `apps/v1`.
    fn api_version(&self) -> &str;
    /// The kind, such as `Deployment`.
    fn kind(&self) -> &str;
    /// `metadata.name`.
    fn name(&self) -> &str;
    /// `metadata.name`, or `metadata.generateName` if that is empty: the name of a new object in error messages.
    fn name_or_prefix(&self) -> &str;
    /// `metadata.namespace`; empty for cluster-scoped objects.
    fn namespace(&self) -> &str;
    /// `metadata.uid`.
    fn uid(&self) -> &str;
    /// `metadata.resourceVersion`.
    fn resource_version(&self) -> &str;
    /// `metadata.generation`, or 0.
    fn generation(&self) -> i64;
    /// `metadata.creationTimestamp`.
    fn creation_time(&self) -> Option<Time>;
    /// `metadata.deletionTimestamp`: the time at which the object has to be gone.
    fn deletion_time(&self) -> Option<Time>;
    /// Returns `true` if `metadata.deletionTimestamp` is set.
    fn is_deleting(&self) -> bool;
    /// `metadata.labels`.
    fn labels(&self) -> BTreeMap<String, String>;
    /// Returns the value of an annotation.
    fn annotation(&self, key: &str) -> Option<&str>;
    /// Returns the value of a label.
    fn label(&self, key: &str) -> Option<&str>;
    /// `metadata.ownerReferences`.
    fn owners(&self) -> Vec<OwnerReference>;
    /// Iterates over the uids in `metadata.ownerReferences`.
    fn owner_uids(&self) -> impl Iterator<Item = &str>;
    /// Returns `true` if the object has a managing controller.
    fn is_managed(&self) -> bool;
    /// Returns the owner with `controller: true` (`metav1.GetControllerOf`).
    fn controller_of(&self) -> Option<OwnerReference>;
    /// Returns the name of the managing controller if it is of this kind.
    fn controller_of_kind(&self, kind: &str) -> Option<&str>;
    /// Returns `true` if the managing controller has this UID (`metav1.IsControlledBy`).
    fn is_controlled_by(&self, uid: &str) -> bool;
    /// `metadata.finalizers`.
    fn finalizers(&self) -> Vec<&str>;
    /// Returns `true` if the object has this finalizer.
    fn has_finalizer(&self, name: &str) -> bool;
    /// Sets an annotation.
    fn set_annotation(&mut self, key: &str, value: &str);
    /// Sets a label.
    fn set_label(&mut self, key: &str, value: &str);
    /// Adds a finalizer if it is missing.
    fn add_finalizer(&mut self, name: &str);
    /// Removes a finalizer, and the list if it is empty then.
    fn remove_finalizer(&mut self, name: &str);
}

/// Returns a top-level string, or the empty string.
#[inline]
fn string_field<'a>(object: &'a Value, field: &str) -> &'a str {
    object.get(field).and_then(Value::as_str).unwrap_or("")
}

/// Returns a field of the metadata. These are read more often than anything else, so this avoids parsing a pointer, and the
/// places of constant names are computed when it is compiled.
#[inline(always)]
fn metadata_field<'a>(object: &'a Value, field: &str) -> Option<&'a Value> {
    object.get("metadata")?.get(field)
}

#[inline(always)]
fn metadata_string<'a>(object: &'a Value, field: &str) -> &'a str {
    metadata_field(object, field).and_then(Value::as_str).unwrap_or("")
}

/// Returns the entries of `metadata.ownerReferences`.
#[inline]
fn owner_references(object: &Value) -> &[Value] {
    metadata_field(object, "ownerReferences").and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// Returns the entry of the managing controller.
#[inline]
fn controller_reference(object: &Value) -> Option<&Value> {
    owner_references(object).iter().find(|owner| owner.get("controller").and_then(Value::as_bool) == Some(true))
}

impl ObjectMeta for Value {
    #[inline]
    fn api_version(&self) -> &str {
        string_field(self, "apiVersion")
    }

    #[inline]
    fn kind(&self) -> &str {
        string_field(self, "kind")
    }

    #[inline]
    fn name(&self) -> &str {
        metadata_string(self, "name")
    }

    #[inline]
    fn name_or_prefix(&self) -> &str {
        if self.name().is_empty() { metadata_string(self, "generateName") } else { self.name() }
    }

    #[inline]
    fn namespace(&self) -> &str {
        metadata_string(self, "namespace")
    }

    #[inline]
    fn uid(&self) -> &str {
        metadata_string(self, "uid")
    }

    #[inline]
    fn resource_version(&self) -> &str {
        metadata_string(self, "resourceVersion")
    }

    #[inline]
    fn generation(&self) -> i64 {
        metadata_field(self, "generation").and_then(Value::as_i64).unwrap_or(0)
    }

    #[inline]
    fn creation_time(&self) -> Option<Time> {
        self.time("/metadata/creationTimestamp")
    }

    #[inline]
    fn deletion_time(&self) -> Option<Time> {
        self.time("/metadata/deletionTimestamp")
    }

    #[inline]
    fn is_deleting(&self) -> bool {
        metadata_field(self, "deletionTimestamp").is_some_and(|time| !time.is_null())
    }

    fn labels(&self) -> BTreeMap<String, String> {
        self.strings("/metadata/labels")
    }

    #[inline]
    fn annotation(&self, key: &str) -> Option<&str> {
        metadata_field(self, "annotations")?.get(key)?.as_str()
    }

    #[inline]
    fn label(&self, key: &str) -> Option<&str> {
        metadata_field(self, "labels")?.get(key)?.as_str()
    }

    fn owners(&self) -> Vec<OwnerReference> {
        owner_references(self).iter().map(OwnerReference::from_value).collect()
    }

    #[inline]
    fn owner_uids(&self) -> impl Iterator<Item = &str> {
        owner_references(self).iter().map(|owner| string_field(owner, "uid"))
    }

    #[inline]
    fn is_managed(&self) -> bool {
        controller_reference(self).is_some()
    }

    fn controller_of(&self) -> Option<OwnerReference> {
        controller_reference(self).map(OwnerReference::from_value)
    }

    fn controller_of_kind(&self, kind: &str) -> Option<&str> {
        let owner = controller_reference(self)?;
        (string_field(owner, "kind") == kind).then(|| string_field(owner, "name"))
    }

    #[inline]
    fn is_controlled_by(&self, uid: &str) -> bool {
        controller_reference(self).is_some_and(|owner| string_field(owner, "uid") == uid)
    }

    fn finalizers(&self) -> Vec<&str> {
        self.list("/metadata/finalizers").iter().filter_map(Value::as_str).collect()
    }

    #[inline]
    fn has_finalizer(&self, name: &str) -> bool {
        let finalizers = metadata_field(self, "finalizers").and_then(Value::as_array);
        finalizers.is_some_and(|finalizers| finalizers.iter().any(|finalizer| finalizer == name))
    }

    fn set_annotation(&mut self, key: &str, value: &str) {
        self.map_mut("/metadata/annotations").insert(key, value.into());
    }

    fn set_label(&mut self, key: &str, value: &str) {
        self.map_mut("/metadata/labels").insert(key, value.into());
    }

    fn add_finalizer(&mut self, name: &str) {
        if !self.has_finalizer(name) {
            self.list_mut("/metadata/finalizers").push(name.into());
        }
    }

    fn remove_finalizer(&mut self, name: &str) {
        if self.has_finalizer(name) {
            let list = self.list_mut("/metadata/finalizers");
            list.retain(|f| f != name);
            if list.is_empty() {
                self.remove_at("/metadata/finalizers");
            }
        }
    }
}
