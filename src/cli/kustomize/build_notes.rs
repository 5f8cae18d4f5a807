//! The annotations in which kustomize keeps notes about an object while it builds.

/// The kinds an object had, oldest first.
pub(super) const PREVIOUS_KINDS: &str = "internal.config.kubernetes.io/previousKinds";
/// The names it had.
pub(super) const PREVIOUS_NAMES: &str = "internal.config.kubernetes.io/previousNames";
/// The namespaces it had.
pub(super) const PREVIOUS_NAMESPACES: &str = "internal.config.kubernetes.io/previousNamespaces";
/// The prefixes a name was given, innermost first.
pub(super) const PREFIXES: &str = "internal.config.kubernetes.io/prefixes";
/// The suffixes a name was given, innermost first.
pub(super) const SUFFIXES: &str = "internal.config.kubernetes.io/suffixes";
/// A patch may change names.
pub(super) const ALLOW_NAME_CHANGE: &str = "internal.config.kubernetes.io/allowNameChange";
/// A patch may change kinds.
pub(super) const ALLOW_KIND_CHANGE: &str = "internal.config.kubernetes.io/allowKindChange";
/// What a generated object does to one that is there.
pub(super) const BEHAVIOR: &str = "internal.config.kubernetes.io/generatorBehavior";
/// A hash belongs behind the name.
pub(super) const NEEDS_HASH: &str = "internal.config.kubernetes.io/needsHashSuffix";
/// What a note that is on says.
pub(super) const ENABLED: &str = "enabled";

/// The annotations that are notes of a build, by those of other tools too.
pub(super) const NOTES: &[&str] = &[
    PREVIOUS_KINDS,
    PREVIOUS_NAMES,
    PREVIOUS_NAMESPACES,
    PREFIXES,
    SUFFIXES,
    ALLOW_NAME_CHANGE,
    ALLOW_KIND_CHANGE,
    "internal.config.kubernetes.io/refBy",
    BEHAVIOR,
    NEEDS_HASH,
    "internal.config.kubernetes.io/path",
    "internal.config.kubernetes.io/index",
    "internal.config.kubernetes.io/seqindent",
    "internal.config.kubernetes.io/id",
    "internal.config.kubernetes.io/annotations-migration-resource-id",
    "config.kubernetes.io/path",
    "config.kubernetes.io/index",
    "config.k8s.io/id",
];

/// What a generated object does to one of its name that is there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Behavior {
    /// Nothing was said: it creates.
    Unspecified,
    Create,
    Replace,
    Merge,
}

impl Behavior {
    /// From its name; an unknown one says nothing.
    pub(super) fn parse(text: &str) -> Behavior {
        match text {
            "create" => Behavior::Create,
            "replace" => Behavior::Replace,
            "merge" => Behavior::Merge,
            _ => Behavior::Unspecified,
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Behavior::Unspecified => "unspecified",
            Behavior::Create => "create",
            Behavior::Replace => "replace",
            Behavior::Merge => "merge",
        }
    }
}
