//! [`Catalog`]: finds kinds by resource, by group, version and kind, or by what a user typed.

use std::sync::{Arc, LazyLock};

use rustc_hash::FxHashMap;

use super::{KINDS, Kind, Names};

/// All kinds that are served: the built-in ones and those of CustomResourceDefinitions.
#[derive(Clone, Default)]
pub struct Catalog {
    custom: Vec<Arc<dyn Kind>>,
}

/// A kind of the catalog.
#[derive(Clone)]
pub enum KindRef {
    /// One of [`KINDS`].
    Builtin(&'static dyn Kind),
    /// A kind of a CustomResourceDefinition.
    Custom(Arc<dyn Kind>),
}

impl std::ops::Deref for KindRef {
    type Target = dyn Kind;

    fn deref(&self) -> &(dyn Kind + 'static) {
        match self {
            KindRef::Builtin(kind) => *kind,
            KindRef::Custom(kind) => kind.as_ref(),
        }
    }
}

impl Catalog {
    /// Creates a catalog with custom kinds after the built-in ones.
    pub fn new(custom: Vec<Arc<dyn Kind>>) -> Catalog {
        Catalog { custom }
    }

    /// All kinds, in the order of discovery.
    pub fn iter(&self) -> impl Iterator<Item = KindRef> + '_ {
        let builtin = KINDS.iter().map(|k| KindRef::Builtin(*k));
        builtin.chain(self.custom.iter().cloned().map(KindRef::Custom))
    }

    /// Finds the kind of a resource such as `deployments.apps`.
    pub fn by_resource(&self, resource: &str) -> Option<KindRef> {
        static BUILTIN: LazyLock<Named> = LazyLock::new(|| builtin_by(|kind| kind.names().plural));
        let (plural, group) = resource.split_once('.').unwrap_or((resource, ""));
        self.named(&BUILTIN, plural, |kind| kind.names().plural == plural && kind.names().group == group)
    }

    /// Finds the kind that is served as `kind` in a group and version.
    pub fn by_gvk(&self, group: &str, version: &str, kind: &str) -> Option<KindRef> {
        static BUILTIN: LazyLock<Named> = LazyLock::new(|| builtin_by(|kind| kind.names().kind));
        self.named(&BUILTIN, kind, |found| found.names().kind == kind && serves(found, group, version))
    }

    /// Finds the first kind that matches. Every request gets here, so only the built-in kinds with the right name are
    /// tested.
    fn named(&self, builtin: &Named, name: &str, is_right: impl Fn(&dyn Kind) -> bool) -> Option<KindRef> {
        let found = builtin.get(name).into_iter().flatten().find(|kind| is_right(**kind));
        let custom = || self.custom.iter().find(|kind| is_right(&***kind)).cloned().map(KindRef::Custom);
        found.map(|kind| KindRef::Builtin(*kind)).or_else(custom)
    }

    /// Finds the kind that a user means with a plural or singular in any case, or a short name, optionally followed by
    /// version and group, or by the beginning of a group: `deploy`, `deployments.apps`, `deployment.v1.apps`,
    /// `daemonsets.app`. The kind, as written or in lower case, needs its group behind it.
    pub fn by_name(&self, text: &str) -> Option<KindRef> {
        let mut parts = text.splitn(3, '.');
        let (word, second, third) = (parts.next().unwrap_or(""), parts.next(), parts.next());
        let all: Vec<KindRef> = self.iter().collect();
        if let (Some(version), Some(group)) = (second, third)
            && let Some(kind) = all.iter().find(|k| named(&***k, word) && serves(&***k, group, version))
        {
            return Some(kind.clone());
        }
        let group = text.split_once('.').map(|(_, rest)| rest);
        let in_group = |kind: &KindRef, group: &str| {
            kind.names().group == group || kind.other_versions().iter().any(|(other, _)| *other == group)
        };
        let exact = all.iter().find(|k| named(&***k, word) && group.is_none_or(|g| in_group(k, g)));
        let begins =
            || all.iter().find(|k| named(&***k, word) && group.is_some_and(|g| k.names().group.starts_with(g)));
        let short = || self.short(word, group.unwrap_or("")).into_iter().next();
        // As in kubectl, the version is ignored after a short name.
        let versioned =
            || all.iter().find(|k| k.names().short.contains(&word) && third.is_some_and(|g| in_group(k, g)));
        let of_kind = || {
            let is_kind = |names: &Names| names.kind == word || names.kind.to_lowercase() == word;
            let is_asked = |kind: &KindRef| {
                kind.names().group == group.unwrap_or("")
                    || second.zip(third).is_some_and(|(version, group)| serves(&**kind, group, version))
            };
            all.iter().find(|k| is_kind(k.names()) && is_asked(k))
        };
        let full = exact.or_else(begins).cloned();
        full.or_else(short).or_else(|| versioned().cloned()).or_else(|| of_kind().cloned())
    }

    /// Returns the kinds that a word also means as a short name, but with a lower priority than that which
    /// [`by_name`](Self::by_name) finds.
    pub fn also_short_for(&self, text: &str) -> Vec<KindRef> {
        let (word, group) = text.split_once('.').unwrap_or((text, ""));
        if self.iter().any(|kind| kind.names().plural == word) {
            return Vec::new();
        }
        self.short(word, group).into_iter().skip(1).collect()
    }

    /// Returns the kinds with a short name in the groups with a beginning, in the order of discovery.
    fn short(&self, word: &str, group: &str) -> Vec<KindRef> {
        let in_group = |kind: &KindRef| {
            kind.names().group.starts_with(group)
                || !group.is_empty() && kind.other_versions().iter().any(|(other, _)| other.starts_with(group))
        };
        let is_short = |kind: &KindRef| kind.names().short.contains(&word) && in_group(kind);
        self.iter().filter(is_short).collect()
    }
}

/// Built-in kinds by one of their names, each list in the order of discovery.
type Named = FxHashMap<&'static str, Vec<&'static dyn Kind>>;

fn builtin_by(name: fn(&'static dyn Kind) -> &'static str) -> Named {
    let mut named = Named::default();
    for kind in KINDS {
        named.entry(name(*kind)).or_default().push(*kind);
    }
    named
}

/// Returns whether `word` is the plural or the singular, in any case.
fn named(kind: &dyn Kind, word: &str) -> bool {
    let (names, word) = (kind.names(), word.to_lowercase());
    names.plural == word || names.singular == word
}

/// Returns whether the kind is served in a group and version.
pub fn serves(kind: &dyn Kind, group: &str, version: &str) -> bool {
    let names = kind.names();
    (names.group == group && names.version == version) || kind.other_versions().contains(&(group, version))
}
