//! Owner references.

use super::{Object, ObjectMeta};
use crate::json::{SharedStr, Value, json};

/// An entry of `metadata.ownerReferences`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnerReference {
    /// The owner's apiVersion, such as `apps/v1`.
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
