//! The names of API types: group and version, kind, resource (`k8s.io/apimachinery/pkg/runtime/schema`).
//!
//! The core group is the empty string everywhere.

use std::fmt;

use crate::json::SharedStr;
use crate::object::{Object, ObjectMeta};

/// An API group and one of its versions: `apps/v1`, or `v1` in the core group.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GroupVersion {
    /// `apps`; empty for the core group.
    pub group: SharedStr,
    /// `v1`.
    pub version: SharedStr,
}

impl GroupVersion {
    /// Joins a group and a version.
    pub fn new(group: &str, version: &str) -> GroupVersion {
        GroupVersion { group: group.into(), version: version.into() }
    }

    /// Splits an `apiVersion`: what precedes the first slash is the group.
    pub fn parse(api_version: &str) -> GroupVersion {
        let (group, version) = split_api_version(api_version);
        GroupVersion::new(group, version)
    }

    /// Adds a kind.
    pub fn kind(self, kind: &str) -> GroupVersionKind {
        GroupVersionKind { group: self.group, version: self.version, kind: kind.into() }
    }

    /// Returns `true` if an `apiVersion` names this group and version; allocates nothing.
    pub fn is(&self, api_version: &str) -> bool {
        split_api_version(api_version) == (self.group.as_str(), self.version.as_str())
    }
}

/// Formats as an `apiVersion`.
impl fmt::Display for GroupVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.group.is_empty() {
            write!(f, "{}/", self.group)?;
        }
        f.write_str(&self.version)
    }
}

/// The full name of a kind of object.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GroupVersionKind {
    /// `apps`; empty for the core group.
    pub group: SharedStr,
    /// `v1`.
    pub version: SharedStr,
    /// `Deployment`.
    pub kind: SharedStr,
}

impl GroupVersionKind {
    /// Reads `apiVersion` and `kind` of an object; a missing field reads as empty.
    pub fn of(object: &Object) -> GroupVersionKind {
        GroupVersion::parse(object.api_version()).kind(object.kind())
    }

    /// Returns the group and version without the kind.
    pub fn group_version(&self) -> GroupVersion {
        GroupVersion { group: self.group.clone(), version: self.version.clone() }
    }
}

/// Formats as Go does: `apps/v1, Kind=Deployment`.
impl fmt::Display for GroupVersionKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, Kind={}", self.group_version(), self.kind)
    }
}

/// A resource of a group: `deployments.apps`, or `pods` in the core group.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GroupResource {
    /// `apps`; empty for the core group.
    pub group: SharedStr,
    /// `deployments`, the lower-case plural.
    pub resource: SharedStr,
}

impl GroupResource {
    /// Joins a group and a resource.
    pub fn new(group: &str, resource: &str) -> GroupResource {
        GroupResource { group: group.into(), resource: resource.into() }
    }

    /// Splits `deployments.apps` at the first dot.
    pub fn parse(text: &str) -> GroupResource {
        let (resource, group) = text.split_once('.').unwrap_or((text, ""));
        GroupResource::new(group, resource)
    }
}

/// Formats as `deployments.apps`.
impl fmt::Display for GroupResource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.resource)?;
        match self.group.is_empty() {
            true => Ok(()),
            false => write!(f, ".{}", self.group),
        }
    }
}

/// Splits `apps/v1` into group and version without allocating; the core group is empty.
pub fn split_api_version(api_version: &str) -> (&str, &str) {
    api_version.split_once('/').unwrap_or(("", api_version))
}

/// Compares versions by their maturity and number, the preferred one last: `v2` > `v1` > `v1beta2` > `v1alpha1`; names of
/// another form come first, in reverse order of the alphabet (`k8s.io/apimachinery/pkg/version/helpers.go`).
pub fn compare_versions(left: &str, right: &str) -> std::cmp::Ordering {
    match (maturity(left), maturity(right)) {
        (Some(one), Some(other)) => one.cmp(&other),
        (None, None) => right.cmp(left),
        (one, other) => one.is_some().cmp(&other.is_some()),
    }
}

/// Returns the stage (alpha, beta, stable), major and minor number of a version; `None` for a name of another form.
fn maturity(version: &str) -> Option<(u8, u64, u64)> {
    let number = |text: &str| {
        let is_number = !text.is_empty() && !text.starts_with('0') && text.bytes().all(|b| b.is_ascii_digit());
        is_number.then(|| text.parse().ok()).flatten()
    };
    let rest = version.strip_prefix('v')?;
    for (stage, word) in [(0, "alpha"), (1, "beta")] {
        if let Some((major, minor)) = rest.split_once(word) {
            let minor = if minor.is_empty() { 0 } else { number(minor)? };
            return Some((stage, number(major)?, minor));
        }
    }
    Some((2, number(rest)?, 0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::json;

    #[test]
    fn names_round_trip() {
        for api_version in ["v1", "apps/v1", "rbac.authorization.k8s.io/v1"] {
            assert_eq!(GroupVersion::parse(api_version).to_string(), api_version);
            assert!(GroupVersion::parse(api_version).is(api_version));
        }
        for resource in ["pods", "deployments.apps", "roles.rbac.authorization.k8s.io"] {
            assert_eq!(GroupResource::parse(resource).to_string(), resource);
        }
        let deployment = GroupVersionKind::of(&json!({"apiVersion": "apps/v1", "kind": "Deployment"}));
        assert_eq!(deployment.to_string(), "apps/v1, Kind=Deployment");
        assert_eq!(GroupVersion::parse("v1").kind("Pod").to_string(), "v1, Kind=Pod");
    }
}
