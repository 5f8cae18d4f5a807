//! Identity of objects: group, version, kind, name and namespace (`kyaml/resid/{gvk,resid}.go`).

use std::fmt;

use serde::Deserialize;

use super::scope;
use kctl_base::gvk::{GroupVersion, split_api_version};

/// Group, version and kind. In a selector an empty part matches everything.
///
/// It is not [`kctl_base::gvk::GroupVersionKind`]: it is read from kustomization files, serves as a pattern and is printed
/// as `Kind.version.group`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(default)]
pub(super) struct Gvk {
    pub(super) group: String,
    pub(super) version: String,
    pub(super) kind: String,
}

impl Gvk {
    /// Creates it from the `apiVersion` and `kind` of an object.
    pub(super) fn of(api_version: &str, kind: &str) -> Gvk {
        let (group, version) = split_api_version(api_version);
        Gvk { group: group.into(), version: version.into(), kind: kind.into() }
    }

    /// Returns whether a selector matches.
    pub(super) fn is_selected_by(&self, selector: &Gvk) -> bool {
        let matches = |wanted: &str, own: &str| wanted.is_empty() || wanted == own;
        matches(&selector.group, &self.group)
            && matches(&selector.version, &self.version)
            && matches(&selector.kind, &self.kind)
    }

    /// Returns the `apiVersion`, such as `apps/v1`.
    pub(super) fn api_version(&self) -> String {
        GroupVersion::new(&self.group, &self.version).to_string()
    }

    /// Returns the string by which kinds of equal rank are ordered.
    pub(super) fn legacy_sort_string(&self) -> String {
        format!("{}_{}_{}", or(&self.group, "~G"), or(&self.version, "~V"), or(&self.kind, "~K"))
    }
}

impl fmt::Display for Gvk {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        write!(out, "{}.{}.{}", or(&self.kind, "[noKind]"), or(&self.version, "[noVer]"), or(&self.group, "[noGrp]"))
    }
}

/// Returns a part of an id, or a placeholder when it is empty.
fn or<'a>(part: &'a str, placeholder: &'a str) -> &'a str {
    if part.is_empty() { placeholder } else { part }
}

/// The effective namespace of cluster-scoped objects.
const NO_NAMESPACE: &str = "_non_namespaceable_";

/// The hashable identity of an object: kind, name and effective namespace.
pub(super) type IdKey = (Gvk, String, String);

/// The id of an object. In a selector an empty part matches everything.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(super) struct ResId {
    #[serde(flatten)]
    pub(super) gvk: Gvk,
    pub(super) name: String,
    pub(super) namespace: String,
    /// True when the kind is known to have no namespaces.
    #[serde(skip)]
    pub(super) cluster_scoped: bool,
}

impl ResId {
    /// Creates the id of an object.
    pub(super) fn new(gvk: Gvk, name: &str, namespace: &str) -> ResId {
        let cluster_scoped = scope::is_cluster_scoped(&gvk.group, &gvk.version, &gvk.kind);
        ResId { gvk, name: name.into(), namespace: namespace.into(), cluster_scoped }
    }

    /// Returns the namespace that the API server would use: `default` where none is set.
    pub(super) fn effective_namespace(&self) -> &str {
        match self.namespace.as_str() {
            _ if self.cluster_scoped => NO_NAMESPACE,
            "" => "default",
            other => other,
        }
    }

    /// Returns whether both have the same effective namespace.
    pub(super) fn is_namespace_equal(&self, other: &ResId) -> bool {
        self.effective_namespace() == other.effective_namespace()
    }

    /// Returns whether kind and name are the same.
    pub(super) fn gvkn_equals(&self, other: &ResId) -> bool {
        self.name == other.name && self.gvk == other.gvk
    }

    /// Returns the identity by which [`ResId::equals`] compares.
    pub(super) fn key(&self) -> IdKey {
        (self.gvk.clone(), self.name.clone(), self.effective_namespace().to_string())
    }

    /// Returns whether both are ids of the same object.
    pub(super) fn equals(&self, other: &ResId) -> bool {
        self.is_namespace_equal(other) && self.gvkn_equals(other)
    }

    /// Returns whether a selector matches, part by part and without patterns.
    pub(super) fn is_selected_by(&self, selector: &ResId) -> bool {
        (selector.name.is_empty() || selector.name == self.name)
            && (selector.namespace.is_empty() || selector.is_namespace_equal(self))
            && self.gvk.is_selected_by(&selector.gvk)
    }

    /// Returns whether all parts are empty.
    pub(super) fn is_empty(&self) -> bool {
        *self == ResId::default()
    }

    /// Formats the id as Go does with `%#v`.
    pub(super) fn go_syntax(&self) -> String {
        let Gvk { group, version, kind } = &self.gvk;
        format!(
            "resid.ResId{{Gvk:resid.Gvk{{Group:{group:?}, Version:{version:?}, Kind:{kind:?}, isClusterScoped:{}}}, Name:{:?}, Namespace:{:?}}}",
            self.cluster_scoped, self.name, self.namespace
        )
    }
}

impl fmt::Display for ResId {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        write!(out, "{}/{}.{}", self.gvk, or(&self.name, "[noName]"), or(&self.namespace, "[noNs]"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_compare_effective_namespaces() {
        let id = |kind: &str, namespace: &str| ResId::new(Gvk::of("v1", kind), "a", namespace);
        assert!(id("ConfigMap", "").equals(&id("ConfigMap", "default")));
        assert!(!id("ConfigMap", "x").equals(&id("ConfigMap", "default")));
        assert!(id("Namespace", "x").equals(&id("Namespace", "")));
        assert_eq!(id("ConfigMap", "").to_string(), "ConfigMap.v1.[noGrp]/a.[noNs]");
        let selector = ResId { name: "a".into(), ..ResId::default() };
        assert!(id("ConfigMap", "x").is_selected_by(&selector));
    }
}
