//! Objects are JSON values all the way; this is what every one of them has in common: its metadata.
//!
//! Reading never fails: what is missing reads as empty. Nothing here knows a kind.

use std::collections::BTreeMap;

pub use crate::condition::{condition, condition_is_true};
use crate::json::{Map, SharedStr, Value, json, unescaped};
use crate::sim::Time;

/// An object of the API: always a JSON object with `apiVersion`, `kind` and `metadata`.
pub type Object = Value;

/// A reference to an owner, as the garbage collector and the controllers use it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnerReference {
    /// `apps/v1`.
    pub api_version: SharedStr,
    /// `ReplicaSet`.
    pub kind: SharedStr,
    /// The owner's name.
    pub name: SharedStr,
    /// The owner's uid; only it identifies the owner.
    pub uid: SharedStr,
    /// Whether this owner is the managing controller.
    pub controller: bool,
    /// Whether foreground deletion of the owner waits for this object.
    pub block_owner_deletion: bool,
}

impl OwnerReference {
    /// The reference by which `owner` becomes the managing controller of another object.
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

    /// The reference as it stands in `metadata.ownerReferences`.
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

    /// Reads one entry of `metadata.ownerReferences`.
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

/// Reading JSON values by pointer, with "missing" and "empty" being the same.
pub trait ValueRead {
    /// The string at a JSON pointer, or the empty string.
    fn str(&self, pointer: &str) -> &str;
    /// The integer at a JSON pointer.
    fn int(&self, pointer: &str) -> Option<i64>;
    /// Whether the value at a JSON pointer is `true`.
    fn flag(&self, pointer: &str) -> bool;
    /// The list at a JSON pointer, or an empty one.
    fn list(&self, pointer: &str) -> &[Value];
    /// The map at a JSON pointer.
    fn map(&self, pointer: &str) -> Option<&Map>;
    /// The value at a JSON pointer, unless it is missing or null.
    fn at(&self, pointer: &str) -> Option<&Value>;
    /// The timestamp at a JSON pointer.
    fn time(&self, pointer: &str) -> Option<Time>;
    /// The map of strings at a JSON pointer, in the order of its keys; other values are left out.
    fn strings(&self, pointer: &str) -> BTreeMap<String, String>;
}

impl ValueRead for Value {
    fn str(&self, pointer: &str) -> &str {
        self.pointer(pointer).and_then(Value::as_str).unwrap_or("")
    }

    fn int(&self, pointer: &str) -> Option<i64> {
        self.pointer(pointer).and_then(Value::as_i64)
    }

    fn flag(&self, pointer: &str) -> bool {
        self.pointer(pointer).and_then(Value::as_bool).unwrap_or(false)
    }

    fn list(&self, pointer: &str) -> &[Value] {
        self.pointer(pointer).and_then(Value::as_array).map_or(&[], Vec::as_slice)
    }

    fn map(&self, pointer: &str) -> Option<&Map> {
        self.pointer(pointer).and_then(Value::as_object)
    }

    fn at(&self, pointer: &str) -> Option<&Value> {
        self.pointer(pointer).filter(|v| !v.is_null())
    }

    fn time(&self, pointer: &str) -> Option<Time> {
        self.pointer(pointer).and_then(Value::as_str).and_then(Time::parse)
    }

    fn strings(&self, pointer: &str) -> BTreeMap<String, String> {
        let pairs = self.map(pointer).into_iter().flatten();
        pairs.filter_map(|(k, v)| Some((k.to_string(), v.as_str()?.to_string()))).collect()
    }
}

/// Writing JSON values by pointer; missing maps on the way are made.
pub trait ValueWrite {
    /// Sets the value at a JSON pointer of map keys (no list indexes), making the maps on the way.
    fn put(&mut self, pointer: &str, value: impl Into<Value>);
    /// Sets the value at a JSON pointer when it is missing or null.
    fn put_default(&mut self, pointer: &str, value: impl Into<Value>);
    /// Removes the value at a JSON pointer and answers it; parents stay, even when they are empty now.
    fn remove_at(&mut self, pointer: &str) -> Option<Value>;
    /// The map at a JSON pointer, made when it is missing.
    fn map_mut(&mut self, pointer: &str) -> &mut Map;
    /// The list at a JSON pointer, made when it is missing.
    fn list_mut(&mut self, pointer: &str) -> &mut Vec<Value>;
    /// The items of the list at a JSON pointer, none when there is no such list; makes nothing.
    fn items_mut(&mut self, pointer: &str) -> std::slice::IterMut<'_, Value>;
}

/// Walks to `pointer`, making maps where there are none, and answers the place.
fn place<'a>(root: &'a mut Value, pointer: &str) -> &'a mut Value {
    let mut here = root;
    for token in pointer.split('/').skip(1) {
        let key = unescaped(token);
        if !here.is_object() {
            *here = Value::Object(Map::new());
        }
        here = match here {
            Value::Object(map) => map.slot(&key),
            _ => unreachable!("made a map above"),
        };
    }
    here
}

impl ValueWrite for Value {
    fn put(&mut self, pointer: &str, value: impl Into<Value>) {
        *place(self, pointer) = value.into();
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
        let here = place(self, pointer);
        if !here.is_object() {
            *here = Value::Object(Map::new());
        }
        match here {
            Value::Object(map) => map,
            _ => unreachable!("made a map above"),
        }
    }

    fn list_mut(&mut self, pointer: &str) -> &mut Vec<Value> {
        let here = place(self, pointer);
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

/// What `metadata`, `apiVersion` and `kind` say of an object.
pub trait ObjectMeta {
    /// `apps/v1`.
    fn api_version(&self) -> &str;
    /// `Deployment`.
    fn kind(&self) -> &str;
    /// `metadata.name`.
    fn name(&self) -> &str;
    /// `metadata.name`, or what it is going to begin with (`metadata.generateName`): how errors call a new object.
    fn name_or_prefix(&self) -> &str;
    /// `metadata.namespace`, empty for objects of the cluster.
    fn namespace(&self) -> &str;
    /// `metadata.uid`.
    fn uid(&self) -> &str;
    /// `metadata.resourceVersion`.
    fn resource_version(&self) -> &str;
    /// `metadata.generation`, 0 when there is none.
    fn generation(&self) -> i64;
    /// `metadata.creationTimestamp`.
    fn creation_time(&self) -> Option<Time>;
    /// `metadata.deletionTimestamp`: when the object has to be gone.
    fn deletion_time(&self) -> Option<Time>;
    /// Whether the object is being deleted.
    fn is_deleting(&self) -> bool;
    /// `metadata.labels`.
    fn labels(&self) -> BTreeMap<String, String>;
    /// One annotation.
    fn annotation(&self, key: &str) -> Option<&str>;
    /// One label.
    fn label(&self, key: &str) -> Option<&str>;
    /// `metadata.ownerReferences`.
    fn owners(&self) -> Vec<OwnerReference>;
    /// Whether an owner manages the object.
    fn is_managed(&self) -> bool;
    /// The owner that manages the object.
    fn controller_of(&self) -> Option<OwnerReference>;
    /// The name of the owner that manages the object, if that is of this kind.
    fn controller_of_kind(&self, kind: &str) -> Option<&str>;
    /// Whether `uid` is the managing owner.
    fn is_controlled_by(&self, uid: &str) -> bool;
    /// `metadata.finalizers`.
    fn finalizers(&self) -> Vec<&str>;
    /// Whether one finalizer is there.
    fn has_finalizer(&self, name: &str) -> bool;
    /// Sets an annotation.
    fn set_annotation(&mut self, key: &str, value: &str);
    /// Sets a label.
    fn set_label(&mut self, key: &str, value: &str);
    /// Adds a finalizer unless it is there.
    fn add_finalizer(&mut self, name: &str);
    /// Removes a finalizer; an empty list goes too.
    fn remove_finalizer(&mut self, name: &str);
}

/// A field of an object as a text, or the empty text.
fn text<'a>(object: &'a Value, field: &str) -> &'a str {
    object.get(field).and_then(Value::as_str).unwrap_or("")
}

/// A field of the metadata, the pointer to which is not worth following: this is asked for more than anything else.
fn meta<'a>(object: &'a Value, field: &str) -> Option<&'a Value> {
    object.get("metadata")?.get(field)
}

fn meta_text<'a>(object: &'a Value, field: &str) -> &'a str {
    meta(object, field).and_then(Value::as_str).unwrap_or("")
}

/// The owner references as they stand there.
fn references(object: &Value) -> &[Value] {
    meta(object, "ownerReferences").and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// The reference to the managing owner.
fn managing(object: &Value) -> Option<&Value> {
    references(object).iter().find(|owner| owner.get("controller").and_then(Value::as_bool) == Some(true))
}

impl ObjectMeta for Value {
    fn api_version(&self) -> &str {
        text(self, "apiVersion")
    }

    fn kind(&self) -> &str {
        text(self, "kind")
    }

    fn name(&self) -> &str {
        meta_text(self, "name")
    }

    fn name_or_prefix(&self) -> &str {
        if self.name().is_empty() { meta_text(self, "generateName") } else { self.name() }
    }

    fn namespace(&self) -> &str {
        meta_text(self, "namespace")
    }

    fn uid(&self) -> &str {
        meta_text(self, "uid")
    }

    fn resource_version(&self) -> &str {
        meta_text(self, "resourceVersion")
    }

    fn generation(&self) -> i64 {
        self.int("/metadata/generation").unwrap_or(0)
    }

    fn creation_time(&self) -> Option<Time> {
        self.time("/metadata/creationTimestamp")
    }

    fn deletion_time(&self) -> Option<Time> {
        self.time("/metadata/deletionTimestamp")
    }

    fn is_deleting(&self) -> bool {
        meta(self, "deletionTimestamp").is_some_and(|time| !time.is_null())
    }

    fn labels(&self) -> BTreeMap<String, String> {
        self.strings("/metadata/labels")
    }

    fn annotation(&self, key: &str) -> Option<&str> {
        self.map("/metadata/annotations")?.get(key)?.as_str()
    }

    fn label(&self, key: &str) -> Option<&str> {
        self.map("/metadata/labels")?.get(key)?.as_str()
    }

    fn owners(&self) -> Vec<OwnerReference> {
        references(self).iter().map(OwnerReference::from_value).collect()
    }

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

    fn is_controlled_by(&self, uid: &str) -> bool {
        managing(self).is_some_and(|owner| text(owner, "uid") == uid)
    }

    fn finalizers(&self) -> Vec<&str> {
        self.list("/metadata/finalizers").iter().filter_map(Value::as_str).collect()
    }

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
    fn writing_makes_the_way() {
        let mut object = json!({});
        object.put("/metadata/labels/a~1b", "c");
        object.put_default("/metadata/labels/a~1b", "d");
        assert_eq!(object, json!({"metadata": {"labels": {"a/b": "c"}}}));
        assert_eq!(object.remove_at("/metadata/labels/a~1b"), Some("c".into()));
    }

    #[test]
    fn finalizers_come_and_go() {
        let mut object = json!({"metadata": {}});
        object.add_finalizer("x");
        object.add_finalizer("x");
        assert_eq!(object.finalizers(), ["x"]);
        object.remove_finalizer("x");
        assert_eq!(object, json!({"metadata": {}}));
    }
}
