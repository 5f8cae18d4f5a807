//! Reading and writing the build annotations of an object (`api/resource/resource.go`).

use super::Resource;
use crate::build_annotations::{
    ALLOW_KIND_CHANGE, ALLOW_NAME_CHANGE, BEHAVIOR, BUILD_ANNOTATIONS, ENABLED, GenerationBehavior, NEEDS_HASH,
    PREVIOUS_KINDS, PREVIOUS_NAMES, PREVIOUS_NAMESPACES,
};
use crate::res_id::{Gvk, ResId};
use crate::scalar::scalar_to_string;
use kctl_base::object::ValueWrite;

impl Resource {
    /// Records the current id before it changes.
    pub(crate) fn store_previous_id(&mut self) {
        let id = self.current_id();
        self.append_to_csv_annotation(PREVIOUS_NAMES, &id.name);
        self.append_to_csv_annotation(PREVIOUS_NAMESPACES, id.effective_namespace());
        self.append_to_csv_annotation(PREVIOUS_KINDS, &id.gvk.kind);
    }

    /// Returns the ids that the object had before, oldest first.
    pub(crate) fn previous_ids(&self) -> Vec<ResId> {
        let (names, namespaces, kinds) = (
            self.csv_annotation(PREVIOUS_NAMES),
            self.csv_annotation(PREVIOUS_NAMESPACES),
            self.csv_annotation(PREVIOUS_KINDS),
        );
        let gvk = self.gvk();
        let ids = names.into_iter().zip(namespaces).zip(kinds);
        ids.map(|((name, namespace), kind)| ResId {
            gvk: Gvk { kind, ..gvk.clone() },
            name,
            namespace,
            // The recorded effective namespace already tells cluster-scoped objects apart.
            cluster_scoped: false,
        })
        .collect()
    }

    /// Returns the id with which the object was read.
    pub(crate) fn original_id(&self) -> ResId {
        self.previous_ids().into_iter().next().unwrap_or_else(|| self.current_id())
    }

    /// Returns all ids, the current one last.
    pub(crate) fn all_ids(&self) -> Vec<ResId> {
        let mut ids = self.previous_ids();
        ids.push(self.current_id());
        ids
    }

    /// Returns the values of an annotation that is a comma-separated list; empty when it is missing.
    pub(crate) fn csv_annotation(&self, key: &str) -> Vec<String> {
        match self.value.pointer("/metadata/annotations").and_then(|a| a.get(key)) {
            Some(value) => scalar_to_string(value).split(',').map(String::from).collect(),
            None => Vec::new(),
        }
    }

    /// Appends a value to an annotation that is a comma-separated list; an empty value is skipped.
    pub(crate) fn append_to_csv_annotation(&mut self, key: &str, value: &str) {
        if value.is_empty() {
            return;
        }
        let mut values = self.csv_annotation(key);
        values.push(value.into());
        self.value.map_mut("/metadata/annotations").insert(key, values.join(",").into());
    }

    fn enable(&mut self, key: &str) {
        let mut annotations = self.annotations();
        annotations.insert(key.into(), ENABLED.into());
        self.set_annotations(annotations);
    }

    /// Returns whether a switch is enabled.
    pub(crate) fn is_enabled(&self, key: &str) -> bool {
        self.annotations().get(key).is_some_and(|v| v == ENABLED)
    }

    /// Allows the patch to change names.
    pub(crate) fn allow_name_change(&mut self) {
        self.enable(ALLOW_NAME_CHANGE);
    }

    /// Allows the patch to change kinds.
    pub(crate) fn allow_kind_change(&mut self) {
        self.enable(ALLOW_KIND_CHANGE);
    }

    /// Requests a hash suffix for the name.
    pub(crate) fn enable_hash_suffix(&mut self) {
        self.enable(NEEDS_HASH);
    }

    /// Returns whether the name gets a hash suffix.
    pub(crate) fn needs_hash_suffix(&self) -> bool {
        self.is_enabled(NEEDS_HASH)
    }

    /// Returns the effect on an existing object of the same id.
    pub(crate) fn behavior(&self) -> GenerationBehavior {
        GenerationBehavior::parse(self.annotations().get(BEHAVIOR).map_or("", String::as_str))
    }

    /// Sets the effect on an existing object of the same id.
    pub(crate) fn set_behavior(&mut self, behavior: GenerationBehavior) {
        let mut annotations = self.annotations();
        annotations.insert(BEHAVIOR.into(), behavior.name().into());
        self.set_annotations(annotations);
    }

    /// Removes all build annotations.
    pub(crate) fn remove_build_annotations(&mut self) {
        let mut annotations = self.annotations();
        annotations.retain(|key, _| !BUILD_ANNOTATIONS.contains(&key.as_str()));
        self.set_annotations(annotations);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kctl_base::json::json;

    #[test]
    fn previous_ids_are_recorded_until_build_annotations_are_removed() {
        let mut object = Resource::new(json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}}));
        object.store_previous_id();
        object.set_name("p-a");
        assert_eq!(object.original_id().to_string(), "ConfigMap.v1.[noGrp]/a.default");
        assert_eq!(object.current_id().to_string(), "ConfigMap.v1.[noGrp]/p-a.[noNs]");
        object.remove_build_annotations();
        assert_eq!(object.value["metadata"], json!({"name": "p-a"}));
    }
}
