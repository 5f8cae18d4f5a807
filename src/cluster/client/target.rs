//! The objects that requests are about.

use kctl_base::gvk::GroupVersion;

use crate::api::{Request, Verb};

/// An object, or all objects of a resource, as the path of a URL names them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Target {
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

impl Target {
    /// All objects of a resource in a namespace; an empty namespace stands for all.
    pub fn all(resource: &str, namespace: &str) -> Target {
        Target { resource: resource.into(), namespace: namespace.into(), ..Target::default() }
    }

    /// One object.
    pub fn one(resource: &str, namespace: &str, name: &str) -> Target {
        Target { name: name.into(), ..Target::all(resource, namespace) }
    }

    /// The same object or collection in another version.
    pub fn version(mut self, version: Option<GroupVersion>) -> Target {
        self.version = version;
        self
    }

    /// A subresource of the object.
    pub fn subresource(mut self, subresource: &str) -> Target {
        self.subresource = subresource.into();
        self
    }

    /// The collection that the object is in.
    pub fn collection(&self) -> Target {
        Target { name: String::new(), subresource: String::new(), ..self.clone() }
    }

    pub(super) fn request(&self, verb: Verb) -> Request {
        let mut request = Request::new(verb, &self.resource, &self.namespace, &self.name);
        request.version.clone_from(&self.version);
        request.subresource(&self.subresource)
    }
}
