//! The name of an object in an answer.

use std::fmt;

use kctl_base::object::{Object, ObjectMeta};

/// An object that an answer is about or refers to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ObjectName {
    /// The kind: `ReplicaSet`.
    pub kind: String,
    /// The resource: `replicasets.apps`.
    pub resource: String,
    /// The namespace; empty for cluster-scoped objects.
    pub namespace: String,
    /// The name.
    pub name: String,
}

impl ObjectName {
    /// Names an object by its kind, its resource and its place.
    pub fn new(kind: &str, resource: &str, namespace: &str, name: &str) -> ObjectName {
        ObjectName { kind: kind.into(), resource: resource.into(), namespace: namespace.into(), name: name.into() }
    }

    /// Names an object of a resource.
    pub(super) fn of(resource: &str, object: &Object) -> ObjectName {
        ObjectName::new(object.kind(), resource, object.namespace(), object.name())
    }
}

/// Writes `replicaset/web-5d4`, which a command line accepts.
impl fmt::Display for ObjectName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.kind.to_lowercase(), self.name)
    }
}
