//! Paths of objects and collections.

use kctl_base::gvk::GroupVersion;

use crate::api::{Request, Verb};

/// An object, or all objects of a resource, as the path of a URL names them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ResourcePath {
    /// The resource: `deployments.apps`.
    pub resource: String,
    /// The version that the client speaks; `None` for the stored version.
    pub version: Option<GroupVersion>,
    /// The namespace; empty for cluster-scoped objects and for all namespaces.
    pub namespace: String,
    /// The name; empty for the collection.
    pub name: String,
    /// The subresource: `scale`; empty for the object itself.
    pub subresource: String,
}

impl ResourcePath {
    /// Returns the path of all objects of a resource in a namespace; an empty namespace means all.
    pub fn all(resource: &str, namespace: &str) -> ResourcePath {
        ResourcePath { resource: resource.into(), namespace: namespace.into(), ..ResourcePath::default() }
    }

    /// Returns the path of one object.
    pub fn one(resource: &str, namespace: &str, name: &str) -> ResourcePath {
        ResourcePath { name: name.into(), ..ResourcePath::all(resource, namespace) }
    }

    /// Sets the version.
    pub fn version(mut self, version: Option<GroupVersion>) -> ResourcePath {
        self.version = version;
        self
    }

    /// Sets the subresource.
    pub fn subresource(mut self, subresource: &str) -> ResourcePath {
        self.subresource = subresource.into();
        self
    }

    /// Returns the path of the collection that the object belongs to.
    pub fn collection(&self) -> ResourcePath {
        ResourcePath { name: String::new(), subresource: String::new(), ..self.clone() }
    }

    /// Creates a request for the path.
    pub(super) fn request(&self, verb: Verb) -> Request {
        let mut request = Request::new(verb, &self.resource, &self.namespace, &self.name);
        request.version.clone_from(&self.version);
        request.subresource(&self.subresource)
    }
}
