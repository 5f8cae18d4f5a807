//! One object of a build: identity, metadata, patching and merging (`api/resource/resource.go`).

mod build_annotations;

use std::collections::{BTreeMap, BTreeSet};

use crate::build_annotations::{ALLOW_KIND_CHANGE, ALLOW_NAME_CHANGE, BUILD_ANNOTATIONS, NEEDS_HASH};
use crate::error::{KustomizeError, Result};
use crate::res_id::{Gvk, ResId};
use crate::scalar::{parse_scalar, scalar_to_string};
use crate::{go_syntax, strategic_merge};
use kctl_base::json::{Map, Value};
use kctl_base::labels::Selector;
use kctl_base::object::{ValueRead, ValueWrite};

/// An object with what a build has to remember about it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Resource {
    /// The object; null after a patch has deleted it.
    pub(crate) value: Value,
    /// The names of the `vars` that take their value from it.
    pub(crate) vars: Vec<String>,
    /// The error of writing it, which is found early but reported only when the build is complete.
    pub(crate) write_error: Option<String>,
    /// Keys that YAML reads as numbers, booleans or null. They are an error if they are still there at the end.
    pub(crate) non_string_keys: BTreeSet<String>,
}

impl Resource {
    /// Creates an object as it was read.
    pub(crate) fn new(value: Value) -> Resource {
        Resource { value, ..Resource::default() }
    }

    /// Returns whether a patch has deleted the object.
    pub(crate) fn is_empty(&self) -> bool {
        match &self.value {
            Value::Null => true,
            Value::Object(fields) => fields.is_empty(),
            _ => false,
        }
    }

    /// Returns the scalar at a JSON pointer as a string; empty when it is missing.
    fn string(&self, pointer: &str) -> String {
        self.value.pointer(pointer).map(scalar_to_string).unwrap_or_default()
    }

    pub(crate) fn name(&self) -> String {
        self.string("/metadata/name")
    }

    pub(crate) fn namespace(&self) -> String {
        self.string("/metadata/namespace")
    }

    pub(crate) fn kind(&self) -> String {
        self.string("/kind")
    }

    pub(crate) fn gvk(&self) -> Gvk {
        Gvk::of(&self.string("/apiVersion"), &self.kind())
    }

    /// Returns the id that the object has now.
    pub(crate) fn current_id(&self) -> ResId {
        ResId::new(self.gvk(), &self.name(), &self.namespace())
    }

    /// Returns the map of scalars at a JSON pointer as strings.
    fn string_map(&self, pointer: &str) -> BTreeMap<String, String> {
        let pairs = self.value.map(pointer).into_iter().flatten();
        pairs.map(|(k, v)| (k.to_string(), if v.is_null() { "null".into() } else { scalar_to_string(v) })).collect()
    }

    pub(crate) fn annotations(&self) -> BTreeMap<String, String> {
        self.string_map("/metadata/annotations")
    }

    pub(crate) fn labels(&self) -> BTreeMap<String, String> {
        self.string_map("/metadata/labels")
    }

    pub(crate) fn set_annotations(&mut self, annotations: BTreeMap<String, String>) {
        annotations.keys().for_each(|key| self.track_key(key));
        set_string_map(&mut self.value, "/metadata/annotations", annotations);
    }

    /// Records a map key that is written without quotes, if YAML would not read it back as a string.
    pub(crate) fn track_key(&mut self, key: &str) {
        if !parse_scalar(key).is_string() {
            self.non_string_keys.insert(key.into());
        }
    }

    /// Returns the error of writing the object; `None` when it can be written.
    pub(crate) fn marshal_error(&self) -> Option<String> {
        if let Some(error) = &self.write_error {
            return Some(format!("map[string]interface {{}}(nil): {error}"));
        }
        let has_non_string_key =
            !self.non_string_keys.is_empty() && go_syntax::has_key(&self.value, &self.non_string_keys);
        has_non_string_key.then(|| {
            let object = go_syntax::format(&self.value, &self.non_string_keys);
            format!("{object}: json: unsupported type: map[interface {{}}]interface {{}}")
        })
    }

    /// Sets the namespace, or removes it when it is empty.
    fn set_namespace(&mut self, namespace: &str) {
        match namespace {
            "" => drop(self.value.remove_at("/metadata/namespace")),
            other => self.value.put("/metadata/namespace", other),
        }
    }

    /// Sets the name.
    pub(crate) fn set_name(&mut self, name: &str) {
        self.value.put("/metadata/name", name);
    }

    /// Returns whether a label selector matches the labels; an empty one always does.
    ///
    /// # Errors
    /// When the selector is invalid.
    pub(crate) fn matches_labels(&self, selector: &str) -> Result<bool> {
        matches(selector, || self.labels())
    }

    /// Returns whether a selector in the syntax of label selectors matches the annotations.
    ///
    /// # Errors
    /// When the selector is invalid.
    pub(crate) fn matches_annotations(&self, selector: &str) -> Result<bool> {
        matches(selector, || self.annotations())
    }

    /// Takes over identity, labels and annotations of an older object that this one replaces
    /// (`CopyMergeMetaDataFieldsFrom`).
    pub(crate) fn merge_metadata_from(&mut self, old: &Resource) {
        let mut labels = old.labels();
        labels.extend(self.labels());
        set_string_map(&mut self.value, "/metadata/labels", labels);
        let (own, older) = (self.annotations(), old.annotations());
        let mut annotations = older.clone();
        annotations.extend(own.clone());
        for key in BUILD_ANNOTATIONS {
            match older.get(*key) {
                Some(value) => annotations.insert((*key).into(), value.clone()),
                None => annotations.remove(*key),
            };
        }
        if !own.contains_key(NEEDS_HASH) {
            annotations.remove(NEEDS_HASH);
        }
        self.set_annotations(annotations);
        self.set_name(&old.name());
        self.set_namespace(&old.namespace());
        self.vars = old.vars.clone();
    }

    /// Adds the data keys of an older object that this one lacks (`MergeDataMapFrom`).
    pub(crate) fn merge_data_from(&mut self, old: &Resource) {
        for pointer in ["/data", "/binaryData"] {
            let mut data = old.string_map(pointer);
            data.extend(self.string_map(pointer));
            set_string_map(&mut self.value, pointer, data);
        }
    }

    /// Applies a strategic merge patch; name and kind are kept unless the patch is allowed to change them
    /// (`ApplySmPatch`).
    pub(crate) fn patch(&mut self, patch: &Resource) -> Result<()> {
        let (name, namespace, kind) = (self.name(), self.namespace(), self.kind());
        let (may_rename, may_retype) = (patch.is_enabled(ALLOW_NAME_CHANGE), patch.is_enabled(ALLOW_KIND_CHANGE));
        if may_rename || may_retype {
            self.store_previous_id();
        }
        let gvk = self.gvk();
        let value = std::mem::take(&mut self.value);
        self.value = strategic_merge::merge(value, patch.value.clone(), &gvk)?.unwrap_or_default();
        if self.is_empty() {
            return Ok(());
        }
        if !may_retype {
            self.value.put("/kind", kind);
        }
        if !may_rename {
            self.set_name(&name);
        }
        self.set_namespace(&namespace);
        Ok(())
    }
}

/// Returns whether a selector matches the strings; an empty one always does.
fn matches(selector: &str, strings: impl FnOnce() -> BTreeMap<String, String>) -> Result<bool> {
    if selector.is_empty() {
        return Ok(true);
    }
    let selector = Selector::parse(selector).map_err(|e| KustomizeError::new(e.to_string()))?;
    let strings = strings();
    Ok(selector.matches_with(|key| strings.get(key).map(String::as_str)))
}

/// Writes a map of strings at a JSON pointer; an empty map removes the field.
fn set_string_map(value: &mut Value, pointer: &str, strings: BTreeMap<String, String>) {
    if strings.is_empty() {
        value.remove_at(pointer);
        if pointer.starts_with("/metadata/") {
            value.put_default("/metadata", Map::new());
        }
        return;
    }
    let fields: Map = strings.into_iter().map(|(k, v)| (k, v.into())).collect();
    value.put(pointer, fields);
}

#[cfg(test)]
mod tests {
    use super::*;
    use kctl_base::json::json;

    fn config_map() -> Resource {
        Resource::new(json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"x": "1"}}))
    }

    #[test]
    fn a_merged_object_keeps_the_identity_of_the_older_one() {
        let mut old = config_map();
        old.store_previous_id();
        old.set_name("p-a");
        let mut new = config_map();
        new.value["data"] = json!({"y": "2"});
        new.merge_metadata_from(&old);
        new.merge_data_from(&old);
        assert_eq!(new.name(), "p-a");
        assert_eq!(new.value["data"], json!({"x": "1", "y": "2"}));
        assert_eq!(new.previous_ids().len(), 1);
    }
}
