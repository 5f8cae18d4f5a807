//! The annotations in which kustomize keeps notes about an object while it builds: earlier names, prefixes, whether a hash
//! is wanted.
//!
//! They stand in the object itself because patches and error messages see them there; [`Resource::finish`] takes them away.

use super::ids::{Gvk, ResId};
use super::resource::Resource;
use super::values::scalar_text;
use kctl_base::object::ValueWrite;

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

impl Resource {
    /// Notes the current id before it changes.
    pub(super) fn store_previous_id(&mut self) {
        let id = self.current_id();
        self.note(PREVIOUS_NAMES, &id.name);
        self.note(PREVIOUS_NAMESPACES, id.effective_namespace());
        self.note(PREVIOUS_KINDS, &id.gvk.kind);
    }

    /// The ids it had before, oldest first.
    pub(super) fn previous_ids(&self) -> Vec<ResId> {
        let (names, namespaces, kinds) =
            (self.noted(PREVIOUS_NAMES), self.noted(PREVIOUS_NAMESPACES), self.noted(PREVIOUS_KINDS));
        let gvk = self.gvk();
        let ids = names.into_iter().zip(namespaces).zip(kinds);
        ids.map(|((name, namespace), kind)| ResId {
            gvk: Gvk { kind, ..gvk.clone() },
            name,
            namespace,
            // Whether it has namespaces is in the note: those without have a word of their own there.
            cluster_scoped: false,
        })
        .collect()
    }

    /// The id it was read with.
    pub(super) fn original_id(&self) -> ResId {
        self.previous_ids().into_iter().next().unwrap_or_else(|| self.current_id())
    }

    /// All ids, the current one last.
    pub(super) fn all_ids(&self) -> Vec<ResId> {
        let mut ids = self.previous_ids();
        ids.push(self.current_id());
        ids
    }

    /// The values of a note.
    pub(super) fn noted(&self, key: &str) -> Vec<String> {
        match self.value.pointer("/metadata/annotations").and_then(|a| a.get(key)) {
            Some(value) => scalar_text(value).split(',').map(String::from).collect(),
            None => Vec::new(),
        }
    }

    /// Adds a value to a note.
    pub(super) fn note(&mut self, key: &str, value: &str) {
        if value.is_empty() {
            return;
        }
        let mut values = self.noted(key);
        values.push(value.into());
        self.value.map_mut("/metadata/annotations").insert(key, values.join(",").into());
    }

    fn enable(&mut self, key: &str) {
        let mut annotations = self.annotations();
        annotations.insert(key.into(), ENABLED.into());
        self.set_annotations(annotations);
    }

    /// Whether a note is on.
    pub(super) fn is_enabled(&self, key: &str) -> bool {
        self.annotations().get(key).is_some_and(|v| v == ENABLED)
    }

    /// Lets a patch change names.
    pub(super) fn allow_name_change(&mut self) {
        self.enable(ALLOW_NAME_CHANGE);
    }

    /// Lets a patch change kinds.
    pub(super) fn allow_kind_change(&mut self) {
        self.enable(ALLOW_KIND_CHANGE);
    }

    /// Asks for a hash behind the name.
    pub(super) fn want_hash(&mut self) {
        self.enable(NEEDS_HASH);
    }

    /// Whether a hash belongs behind the name.
    pub(super) fn wants_hash(&self) -> bool {
        self.is_enabled(NEEDS_HASH)
    }

    /// What it does to one of its name that is there already.
    pub(super) fn behavior(&self) -> Behavior {
        Behavior::parse(self.annotations().get(BEHAVIOR).map_or("", String::as_str))
    }

    /// Notes what it does to one of its name that is there already.
    pub(super) fn set_behavior(&mut self, behavior: Behavior) {
        let mut annotations = self.annotations();
        annotations.insert(BEHAVIOR.into(), behavior.name().into());
        self.set_annotations(annotations);
    }

    /// Takes the notes away.
    pub(super) fn finish(&mut self) {
        let mut annotations = self.annotations();
        annotations.retain(|key, _| !NOTES.contains(&key.as_str()));
        self.set_annotations(annotations);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kctl_base::json::json;

    #[test]
    fn earlier_ids_are_remembered_and_forgotten_at_the_end() {
        let mut object = Resource::new(json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}}));
        object.store_previous_id();
        object.set_name("p-a");
        assert_eq!(object.original_id().to_string(), "ConfigMap.v1.[noGrp]/a.default");
        assert_eq!(object.current_id().to_string(), "ConfigMap.v1.[noGrp]/p-a.[noNs]");
        object.finish();
        assert_eq!(object.value["metadata"], json!({"name": "p-a"}));
    }
}
