//! [`Names`]: the group, version and resource names of a kind.

use kctl_base::json::SharedStr;

/// The names under which a kind is served. Those of custom kinds are interned for the lifetime of the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Names {
    /// `apps`; empty for the core group.
    pub group: &'static str,
    /// `v1`: the version in which objects are stored.
    pub version: &'static str,
    /// `Deployment`.
    pub kind: &'static str,
    /// `deployments`.
    pub plural: &'static str,
    /// `deployment`.
    pub singular: &'static str,
    /// Short names, such as `deploy`.
    pub short: &'static [&'static str],
    /// True when objects live in a namespace.
    pub namespaced: bool,
    /// Categories, such as `all`.
    pub categories: &'static [&'static str],
}

impl Names {
    /// The names of a built-in kind whose objects live in a namespace. `group_version` is, for example,
    /// `("apps", "v1")`; the singular is the kind in lower case.
    pub(crate) const fn namespaced(
        group_version: (&'static str, &'static str),
        kind: &'static str,
        plural: &'static str,
        singular: &'static str,
    ) -> Names {
        Names {
            group: group_version.0,
            version: group_version.1,
            kind,
            plural,
            singular,
            short: &[],
            namespaced: true,
            categories: &[],
        }
    }

    /// Like [`Names::namespaced`], for kinds whose objects live outside of namespaces.
    pub(crate) const fn cluster_scoped(
        group_version: (&'static str, &'static str),
        kind: &'static str,
        plural: &'static str,
        singular: &'static str,
    ) -> Names {
        let mut names = Names::namespaced(group_version, kind, plural, singular);
        names.namespaced = false;
        names
    }

    /// Sets the short names.
    pub(crate) const fn short(mut self, short: &'static [&'static str]) -> Names {
        self.short = short;
        self
    }

    /// Sets the categories.
    pub(crate) const fn categories(mut self, categories: &'static [&'static str]) -> Names {
        self.categories = categories;
        self
    }

    /// `deployments.apps`, `pods`: the resource as keys in the store and messages name it.
    pub fn resource(&self) -> SharedStr {
        match self.group {
            "" => SharedStr::new_static(self.plural),
            group => SharedStr::from_iter([self.plural, ".", group]),
        }
    }

    /// `deployment.apps`, `pod`: the prefix that kubectl prints in front of `/name`, the kind in lower case.
    pub fn kind_group(&self) -> String {
        let kind = self.kind.to_lowercase();
        if self.group.is_empty() { kind } else { format!("{kind}.{}", self.group) }
    }

    /// `apps/v1`, `v1`.
    pub fn api_version(&self) -> String {
        if self.group.is_empty() { self.version.to_string() } else { [self.group, "/", self.version].concat() }
    }
}
