//! The build annotations: state that kustomize keeps in an object while it builds, such as its earlier names
//! (`api/internal/utils/annotations.go`, `api/resource/resource.go`).
//!
//! They are annotations of the object, not fields beside it, because patches can set them and error messages show them.

/// The kinds that the object had before, oldest first, separated by commas.
pub(super) const PREVIOUS_KINDS: &str = "internal.config.kubernetes.io/previousKinds";
/// The names that the object had before.
pub(super) const PREVIOUS_NAMES: &str = "internal.config.kubernetes.io/previousNames";
/// The effective namespaces that the object had before.
pub(super) const PREVIOUS_NAMESPACES: &str = "internal.config.kubernetes.io/previousNamespaces";
/// The name prefixes that were added, innermost first.
pub(super) const PREFIXES: &str = "internal.config.kubernetes.io/prefixes";
/// The name suffixes that were added, innermost first.
pub(super) const SUFFIXES: &str = "internal.config.kubernetes.io/suffixes";
/// In a patch: it may change the name.
pub(super) const ALLOW_NAME_CHANGE: &str = "internal.config.kubernetes.io/allowNameChange";
/// In a patch: it may change the kind.
pub(super) const ALLOW_KIND_CHANGE: &str = "internal.config.kubernetes.io/allowKindChange";
/// The [`GenerationBehavior`] of a generated object.
pub(super) const BEHAVIOR: &str = "internal.config.kubernetes.io/generatorBehavior";
/// The name gets a hash of the content as its suffix.
pub(super) const NEEDS_HASH: &str = "internal.config.kubernetes.io/needsHashSuffix";
/// The value of an annotation that is a switch.
pub(super) const ENABLED: &str = "enabled";

/// All annotations that are removed at the end of a build, those of other kyaml tools included.
pub(super) const BUILD_ANNOTATIONS: &[&str] = &[
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

/// The effect of a generated object on an existing object of the same id (`api/types/generationbehavior.go`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum GenerationBehavior {
    /// Not set; means [`GenerationBehavior::Create`].
    Unspecified,
    Create,
    Replace,
    Merge,
}

impl GenerationBehavior {
    /// Parses a name; unknown names are unspecified.
    pub(super) fn parse(text: &str) -> GenerationBehavior {
        match text {
            "create" => GenerationBehavior::Create,
            "replace" => GenerationBehavior::Replace,
            "merge" => GenerationBehavior::Merge,
            _ => GenerationBehavior::Unspecified,
        }
    }

    /// Returns the name, such as `merge`.
    pub(super) fn name(self) -> &'static str {
        match self {
            GenerationBehavior::Unspecified => "unspecified",
            GenerationBehavior::Create => "create",
            GenerationBehavior::Replace => "replace",
            GenerationBehavior::Merge => "merge",
        }
    }
}
