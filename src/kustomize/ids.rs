//! How objects are told apart: group, version, kind, name and namespace.

use std::fmt;

use serde::Deserialize;

use super::scope;
use kctl_base::gvk::split_api_version;

/// Group, version and kind; as a selector, an empty part stands for anything.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(super) struct Gvk {
    pub(super) group: String,
    pub(super) version: String,
    pub(super) kind: String,
}

impl Gvk {
    /// From the two fields of an object.
    pub(super) fn of(api_version: &str, kind: &str) -> Gvk {
        let (group, version) = split_api_version(api_version);
        Gvk { group: group.into(), version: version.into(), kind: kind.into() }
    }

    /// Whether a selector means this.
    pub(super) fn is_selected_by(&self, selector: &Gvk) -> bool {
        let fits = |wanted: &str, own: &str| wanted.is_empty() || wanted == own;
        fits(&selector.group, &self.group) && fits(&selector.version, &self.version) && fits(&selector.kind, &self.kind)
    }

    /// `apps/v1`.
    pub(super) fn api_version(&self) -> String {
        match self.group.is_empty() {
            true => self.version.clone(),
            false => format!("{}/{}", self.group, self.version),
        }
    }

    /// What the legacy order compares after the kinds that have a rank.
    pub(super) fn sort_text(&self) -> String {
        let or = |text: &str, none: &str| if text.is_empty() { none.to_string() } else { text.to_string() };
        format!("{}_{}_{}", or(&self.group, "~G"), or(&self.version, "~V"), or(&self.kind, "~K"))
    }
}

impl fmt::Display for Gvk {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        let or = |text: &'static str, part: &str| if part.is_empty() { text.to_string() } else { part.to_string() };
        write!(out, "{}.{}.{}", or("[noKind]", &self.kind), or("[noVer]", &self.version), or("[noGrp]", &self.group))
    }
}

/// The namespace of objects that have none, where a text has to stand for it.
const NO_NAMESPACE: &str = "_non_namespaceable_";

/// One object; as a selector, empty parts stand for anything.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(super) struct ResId {
    #[serde(flatten)]
    pub(super) gvk: Gvk,
    pub(super) name: String,
    pub(super) namespace: String,
    /// Whether the kind is known to be without namespaces.
    #[serde(skip)]
    pub(super) cluster_scoped: bool,
}

impl ResId {
    /// The id of an object of this kind.
    pub(super) fn new(gvk: Gvk, name: &str, namespace: &str) -> ResId {
        let cluster_scoped = scope::is_cluster_scoped(&gvk);
        ResId { gvk, name: name.into(), namespace: namespace.into(), cluster_scoped }
    }

    /// The namespace that the object ends up in.
    pub(super) fn effective_namespace(&self) -> &str {
        match self.namespace.as_str() {
            _ if self.cluster_scoped => NO_NAMESPACE,
            "" => "default",
            other => other,
        }
    }

    /// Whether both are in the same namespace.
    pub(super) fn same_namespace(&self, other: &ResId) -> bool {
        self.effective_namespace() == other.effective_namespace()
    }

    /// Whether both are the same but for the namespace.
    pub(super) fn same_but_namespace(&self, other: &ResId) -> bool {
        self.name == other.name && self.gvk == other.gvk
    }

    /// Whether both are the same object.
    pub(super) fn same(&self, other: &ResId) -> bool {
        self.same_namespace(other) && self.same_but_namespace(other)
    }

    /// Whether a selector means this object.
    pub(super) fn is_selected_by(&self, selector: &ResId) -> bool {
        (selector.name.is_empty() || selector.name == self.name)
            && (selector.namespace.is_empty() || selector.same_namespace(self))
            && self.gvk.is_selected_by(&selector.gvk)
    }

    /// Whether it says nothing.
    pub(super) fn is_empty(&self) -> bool {
        *self == ResId::default()
    }

    /// As Go prints the structure of the id.
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
        let name = if self.name.is_empty() { "[noName]" } else { &self.name };
        let namespace = if self.namespace.is_empty() { "[noNs]" } else { &self.namespace };
        write!(out, "{}/{name}.{namespace}", self.gvk)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_told_apart_by_effective_namespace() {
        let id = |kind: &str, namespace: &str| ResId::new(Gvk::of("v1", kind), "a", namespace);
        assert!(id("ConfigMap", "").same(&id("ConfigMap", "default")));
        assert!(!id("ConfigMap", "x").same(&id("ConfigMap", "default")));
        assert!(id("Namespace", "x").same(&id("Namespace", "")));
        assert_eq!(id("ConfigMap", "").to_string(), "ConfigMap.v1.[noGrp]/a.[noNs]");
        let selector = ResId { name: "a".into(), ..ResId::default() };
        assert!(id("ConfigMap", "x").is_selected_by(&selector));
    }
}
