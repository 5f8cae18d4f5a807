//! API objects: JSON values with `apiVersion`, `kind` and `metadata`, and traits to read and write them.
//!
//! Reading never fails: a missing field reads as an empty one. Nothing here depends on a kind.

use std::collections::BTreeMap;

pub use crate::condition::{condition, condition_is_true};
use crate::json::{Map, SharedStr, Value, json, unescaped};
use crate::sim::Time;

/// An API object: a JSON object with `apiVersion`, `kind` and `metadata`.
pub type Object = Value;

/// An entry of `metadata.ownerReferences`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnerReference {
    /// `apps/v1`.
    pub api_version: SharedStr,
    /// The owner's kind, such as `ReplicaSet`.
    pub kind: SharedStr,
    /// The owner's name.
    pub name: SharedStr,
    /// The owner's UID, which alone identifies the owner.
    pub uid: SharedStr,
    /// `true` for the managing controller, of which an object has at most one.
    pub controller: bool,
    /// `true` if foreground deletion of the owner waits for this object.
    pub block_owner_deletion: bool,
}

impl OwnerReference {
    /// Creates the reference that makes `owner` the managing controller of another object (`metav1.NewControllerRef`).
    pub fn controller(owner: &Object) -> OwnerReference {
        OwnerReference {
            api_version: owner.api_version().into(),
            kind: owner.kind().into(),
            name: owner.name().into(),
            uid: owner.uid().into(),
            controller: true,
            block_owner_deletion: true,
        }
    }

    /// Returns the entry for `metadata.ownerReferences`.
    pub fn to_value(&self) -> Value {
        let mut reference =
            json!({"apiVersion": self.api_version, "kind": self.kind, "name": self.name, "uid": self.uid});
        if self.controller {
            reference["controller"] = true.into();
        }
        if self.block_owner_deletion {
            reference["blockOwnerDeletion"] = true.into();
        }
        reference
    }

    /// Parses an entry of `metadata.ownerReferences`.
    pub fn from_value(value: &Value) -> OwnerReference {
        let text = |field: &str| match value.get(field) {
            Some(Value::String(text)) => text.clone(),
            _ => SharedStr::default(),
        };
        let flag = |field: &str| value.get(field).and_then(Value::as_bool).unwrap_or(false);
        OwnerReference {
            api_version: text("apiVersion"),
            kind: text("kind"),
            name: text("name"),
            uid: text("uid"),
            controller: flag("controller"),
            block_owner_deletion: flag("blockOwnerDeletion"),
        }
    }
}

/// Reads JSON values by pointer; missing and empty values are the same.
pub trait ValueRead {
    /// Returns the string at a JSON pointer, or the empty string.
    fn str(&self, pointer: &str) -> &str;
    /// Returns the integer at a JSON pointer.
    fn int(&self, pointer: &str) -> Option<i64>;
    /// Returns `true` if the value at a JSON pointer is `true`.
    fn flag(&self, pointer: &str) -> bool;
    /// Returns the list at a JSON pointer, or an empty one.
    fn list(&self, pointer: &str) -> &[Value];
    /// Returns the map at a JSON pointer.
    fn map(&self, pointer: &str) -> Option<&Map>;
    /// Returns the value at a JSON pointer; `None` if it is missing or null.
    fn at(&self, pointer: &str) -> Option<&Value>;
    /// Returns the timestamp at a JSON pointer; `None` if it is missing or not RFC 3339.
    fn time(&self, pointer: &str) -> Option<Time>;
    /// Returns the map of strings at a JSON pointer without its other values.
    fn strings(&self, pointer: &str) -> BTreeMap<String, String>;
}

impl ValueRead for Value {
    #[inline]
    fn str(&self, pointer: &str) -> &str {
        self.pointer(pointer).and_then(Value::as_str).unwrap_or("")
    }

    #[inline]
    fn int(&self, pointer: &str) -> Option<i64> {
        self.pointer(pointer).and_then(Value::as_i64)
    }

    #[inline]
    fn flag(&self, pointer: &str) -> bool {
        self.pointer(pointer).and_then(Value::as_bool).unwrap_or(false)
    }

    #[inline]
    fn list(&self, pointer: &str) -> &[Value] {
        self.pointer(pointer).and_then(Value::as_array).map_or(&[], Vec::as_slice)
    }

    #[inline]
    fn map(&self, pointer: &str) -> Option<&Map> {
        self.pointer(pointer).and_then(Value::as_object)
    }

    #[inline]
    fn at(&self, pointer: &str) -> Option<&Value> {
        self.pointer(pointer).filter(|v| !v.is_null())
    }

    #[inline]
    fn time(&self, pointer: &str) -> Option<Time> {
        self.pointer(pointer).and_then(Value::as_str).and_then(Time::parse)
    }

    fn strings(&self, pointer: &str) -> BTreeMap<String, String> {
        let pairs = self.map(pointer).into_iter().flatten();
        pairs.filter_map(|(k, v)| Some((k.to_string(), v.as_str()?.to_string()))).collect()
    }
}

/// Writes JSON values by pointer; missing maps on the path are created.
pub trait ValueWrite {
    /// Sets the value at a JSON pointer of map keys (no list indexes).
    fn put(&mut self, pointer: &str, value: impl Into<Value>);
    /// Sets the value at a JSON pointer if it is missing or null.
    fn put_default(&mut self, pointer: &str, value: impl Into<Value>);
    /// Removes and returns the value at a JSON pointer; maps that become empty stay.
    fn remove_at(&mut self, pointer: &str) -> Option<Value>;
    /// Returns the map at a JSON pointer for changing it; anything else there is replaced by an empty map.
    fn map_mut(&mut self, pointer: &str) -> &mut Map;
    /// Returns the list at a JSON pointer for changing it; anything else there is replaced by an empty list.
    fn list_mut(&mut self, pointer: &str) -> &mut Vec<Value>;
    /// Iterates over the items of the list at a JSON pointer for changing them; creates nothing.
    fn items_mut(&mut self, pointer: &str) -> std::slice::IterMut<'_, Value>;
}

/// Returns the value at `pointer`, after creating the maps on the path and inserting `null` if it is missing.
fn at_or_insert<'a>(root: &'a mut Value, pointer: &str) -> &'a mut Value {
    let mut here = root;
    for token in pointer.split('/').skip(1) {
        let key = unescaped(token);
        if !here.is_object() {
            *here = Value::Object(Map::new());
        }
        here = match here {
            Value::Object(map) => map.get_or_insert_null(&key),
            _ => unreachable!("made a map above"),
        };
    }
    here
}

impl ValueWrite for Value {
    fn put(&mut self, pointer: &str, value: impl Into<Value>) {
        *at_or_insert(self, pointer) = value.into();
    }

    fn put_default(&mut self, pointer: &str, value: impl Into<Value>) {
        if self.at(pointer).is_none() {
            self.put(pointer, value);
        }
    }

    fn remove_at(&mut self, pointer: &str) -> Option<Value> {
        let (parent, key) = pointer.rsplit_once('/')?;
        self.pointer_mut(parent)?.as_object_mut()?.remove(&unescaped(key))
    }

    fn map_mut(&mut self, pointer: &str) -> &mut Map {
        let here = at_or_insert(self, pointer);
        if !here.is_object() {
            *here = Value::Object(Map::new());
        }
        match here {
            Value::Object(map) => map,
            _ => unreachable!("made a map above"),
        }
    }

    fn list_mut(&mut self, pointer: &str) -> &mut Vec<Value> {
        let here = at_or_insert(self, pointer);
        if !here.is_array() {
            *here = json!([]);
        }
        match here {
            Value::Array(list) => list,
            _ => unreachable!("made a list above"),
        }
    }

    fn items_mut(&mut self, pointer: &str) -> std::slice::IterMut<'_, Value> {
        match self.pointer_mut(pointer) {
            Some(Value::Array(list)) => list.iter_mut(),
            _ => [].iter_mut(),
        }
    }
}

/// Accessors for `apiVersion`, `kind` and `metadata`.
pub trait ObjectMeta {
    /// `apps/v1`.
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
fn text<'a>(object: &'a Value, field: &str) -> &'a str {
    object.get(field).and_then(Value::as_str).unwrap_or("")
}

/// Returns a field of the metadata. These are read more often than anything else, so this avoids parsing a pointer.
#[inline]
fn meta<'a>(object: &'a Value, field: &str) -> Option<&'a Value> {
    object.get("metadata")?.get(field)
}

#[inline]
fn meta_text<'a>(object: &'a Value, field: &str) -> &'a str {
    meta(object, field).and_then(Value::as_str).unwrap_or("")
}

/// Returns the entries of `metadata.ownerReferences`.
#[inline]
fn references(object: &Value) -> &[Value] {
    meta(object, "ownerReferences").and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// Returns the entry of the managing controller.
#[inline]
fn managing(object: &Value) -> Option<&Value> {
    references(object).iter().find(|owner| owner.get("controller").and_then(Value::as_bool) == Some(true))
}

impl ObjectMeta for Value {
    #[inline]
    fn api_version(&self) -> &str {
        text(self, "apiVersion")
    }

    #[inline]
    fn kind(&self) -> &str {
        text(self, "kind")
    }

    #[inline]
    fn name(&self) -> &str {
        meta_text(self, "name")
    }

    #[inline]
    fn name_or_prefix(&self) -> &str {
        if self.name().is_empty() { meta_text(self, "generateName") } else { self.name() }
    }

    #[inline]
    fn namespace(&self) -> &str {
        meta_text(self, "namespace")
    }

    #[inline]
    fn uid(&self) -> &str {
        meta_text(self, "uid")
    }

    #[inline]
    fn resource_version(&self) -> &str {
        meta_text(self, "resourceVersion")
    }

    #[inline]
    fn generation(&self) -> i64 {
        self.int("/metadata/generation").unwrap_or(0)
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
        meta(self, "deletionTimestamp").is_some_and(|time| !time.is_null())
    }

    fn labels(&self) -> BTreeMap<String, String> {
        self.strings("/metadata/labels")
    }

    #[inline]
    fn annotation(&self, key: &str) -> Option<&str> {
        self.map("/metadata/annotations")?.get(key)?.as_str()
    }

    #[inline]
    fn label(&self, key: &str) -> Option<&str> {
        self.map("/metadata/labels")?.get(key)?.as_str()
    }

    fn owners(&self) -> Vec<OwnerReference> {
        references(self).iter().map(OwnerReference::from_value).collect()
    }

    #[inline]
    fn is_managed(&self) -> bool {
        managing(self).is_some()
    }

    fn controller_of(&self) -> Option<OwnerReference> {
        managing(self).map(OwnerReference::from_value)
    }

    fn controller_of_kind(&self, kind: &str) -> Option<&str> {
        let owner = managing(self)?;
        (text(owner, "kind") == kind).then(|| text(owner, "name"))
    }

    #[inline]
    fn is_controlled_by(&self, uid: &str) -> bool {
        managing(self).is_some_and(|owner| text(owner, "uid") == uid)
    }

    fn finalizers(&self) -> Vec<&str> {
        self.list("/metadata/finalizers").iter().filter_map(Value::as_str).collect()
    }

    #[inline]
    fn has_finalizer(&self, name: &str) -> bool {
        self.list("/metadata/finalizers").iter().any(|f| f == name)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_maps_are_created() {
        let mut object = json!({});
        object.put("/metadata/labels/a~1b", "c");
        object.put_default("/metadata/labels/a~1b", "d");
        assert_eq!(object, json!({"metadata": {"labels": {"a/b": "c"}}}));
        assert_eq!(object.remove_at("/metadata/labels/a~1b"), Some("c".into()));
    }

    #[test]
    fn finalizers_are_added_and_removed() {
        let mut object = json!({"metadata": {}});
        object.add_finalizer("x");
        object.add_finalizer("x");
        assert_eq!(object.finalizers(), ["x"]);
        object.remove_finalizer("x");
        assert_eq!(object, json!({"metadata": {}}));
    }
}
