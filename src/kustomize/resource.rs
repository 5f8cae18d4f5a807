//! One object on its way through a build: what it is called, what a patch or an older object of its id makes of it.
//!
//! What kustomize notes about it on the way is in [`super::build_notes`].

use std::collections::{BTreeMap, BTreeSet};

use super::build_notes::{ALLOW_KIND_CHANGE, ALLOW_NAME_CHANGE, NEEDS_HASH, NOTES};
use super::error::Result;
use super::ids::{Gvk, ResId};
use super::values::{scalar_of, scalar_text};
use super::{go_syntax, merge};
use kctl_base::json::{Map, Value};
use kctl_base::labels::Selector;
use kctl_base::object::{ValueRead, ValueWrite};

/// An object.
#[derive(Clone, Debug, Default)]
pub(super) struct Resource {
    /// The object; null when a patch deleted it.
    pub(super) value: Value,
    /// The variables that take their value from it.
    pub(super) variables: Vec<String>,
    /// Why it can not be written in the end.
    pub(super) problem: Option<String>,
    /// Keys in it that are no text, and so can not be written either.
    pub(super) other_keys: BTreeSet<String>,
}

impl Resource {
    /// An object as it was read.
    pub(super) fn new(value: Value) -> Resource {
        Resource { value, ..Resource::default() }
    }

    /// Whether nothing is left of it.
    pub(super) fn is_empty(&self) -> bool {
        match &self.value {
            Value::Null => true,
            Value::Object(fields) => fields.is_empty(),
            _ => false,
        }
    }

    fn text(&self, pointer: &str) -> String {
        self.value.pointer(pointer).map(scalar_text).unwrap_or_default()
    }

    pub(super) fn name(&self) -> String {
        self.text("/metadata/name")
    }

    pub(super) fn namespace(&self) -> String {
        self.text("/metadata/namespace")
    }

    pub(super) fn kind(&self) -> String {
        self.text("/kind")
    }

    pub(super) fn gvk(&self) -> Gvk {
        Gvk::of(&self.text("/apiVersion"), &self.kind())
    }

    /// The id it has now.
    pub(super) fn current_id(&self) -> ResId {
        ResId::new(self.gvk(), &self.name(), &self.namespace())
    }

    /// A map of scalars as texts.
    fn texts(&self, pointer: &str) -> BTreeMap<String, String> {
        let pairs = self.value.map(pointer).into_iter().flatten();
        pairs.map(|(k, v)| (k.to_string(), if v.is_null() { "null".into() } else { scalar_text(v) })).collect()
    }

    pub(super) fn annotations(&self) -> BTreeMap<String, String> {
        self.texts("/metadata/annotations")
    }

    pub(super) fn labels(&self) -> BTreeMap<String, String> {
        self.texts("/metadata/labels")
    }

    pub(super) fn set_annotations(&mut self, annotations: BTreeMap<String, String>) {
        annotations.keys().for_each(|key| self.note_key(key));
        set_texts(&mut self.value, "/metadata/annotations", annotations);
    }

    /// Notes a key that is written without quotes, in case it then is no text.
    pub(super) fn note_key(&mut self, key: &str) {
        if !scalar_of(key).is_string() {
            self.other_keys.insert(key.into());
        }
    }

    /// Why the object can not be written, if so.
    pub(super) fn unwritable(&self) -> Option<String> {
        if let Some(problem) = &self.problem {
            return Some(format!("map[string]interface {{}}(nil): {problem}"));
        }
        let is_other = !self.other_keys.is_empty() && go_syntax::has_key(&self.value, &self.other_keys);
        is_other.then(|| {
            let shown = go_syntax::show(&self.value, &self.other_keys);
            format!("{shown}: json: unsupported type: map[interface {{}}]interface {{}}")
        })
    }

    /// Sets or removes the namespace.
    fn set_namespace(&mut self, namespace: &str) {
        match namespace {
            "" => drop(self.value.remove_at("/metadata/namespace")),
            other => self.value.put("/metadata/namespace", other),
        }
    }

    /// Sets the name.
    pub(super) fn set_name(&mut self, name: &str) {
        self.value.put("/metadata/name", name);
    }

    /// Whether a selector of labels, or of annotations, matches.
    pub(super) fn matches(&self, selector: &str, texts: &BTreeMap<String, String>) -> Result<bool> {
        if selector.is_empty() {
            return Ok(true);
        }
        let selector = Selector::parse(selector).map_err(|e| super::KustomizeError::new(e.to_string()))?;
        Ok(selector.matches_with(|key| texts.get(key).map(String::as_str)))
    }

    /// Takes the place of an older object of the same id: name, namespace, labels and annotations go on.
    pub(super) fn take_metadata_of(&mut self, old: &Resource) {
        let mut labels = old.labels();
        labels.extend(self.labels());
        set_texts(&mut self.value, "/metadata/labels", labels);
        let (own, older) = (self.annotations(), old.annotations());
        let mut annotations = older.clone();
        annotations.extend(own.clone());
        for note in NOTES {
            match older.get(*note) {
                Some(value) => annotations.insert((*note).into(), value.clone()),
                None => annotations.remove(*note),
            };
        }
        if !own.contains_key(NEEDS_HASH) {
            annotations.remove(NEEDS_HASH);
        }
        self.set_annotations(annotations);
        self.set_name(&old.name());
        self.set_namespace(&old.namespace());
        self.variables = old.variables.clone();
    }

    /// Adds the data of an older object where this has none of the key.
    pub(super) fn merge_data_of(&mut self, old: &Resource) {
        for pointer in ["/data", "/binaryData"] {
            let mut data = old.texts(pointer);
            data.extend(self.texts(pointer));
            set_texts(&mut self.value, pointer, data);
        }
    }

    /// Applies a strategic merge patch; name and kind stay unless the patch may change them.
    pub(super) fn patch(&mut self, patch: &Resource) -> Result<()> {
        let (name, namespace, kind) = (self.name(), self.namespace(), self.kind());
        let (may_rename, may_retype) = (patch.is_enabled(ALLOW_NAME_CHANGE), patch.is_enabled(ALLOW_KIND_CHANGE));
        if may_rename || may_retype {
            self.store_previous_id();
        }
        let gvk = self.gvk();
        let value = std::mem::take(&mut self.value);
        self.value = merge::merge(value, patch.value.clone(), &gvk)?.unwrap_or_default();
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

/// Writes a map of texts; an empty one is none at all.
fn set_texts(value: &mut Value, pointer: &str, texts: BTreeMap<String, String>) {
    if texts.is_empty() {
        value.remove_at(pointer);
        if pointer.starts_with("/metadata/") {
            value.put_default("/metadata", Map::new());
        }
        return;
    }
    let fields: Map = texts.into_iter().map(|(k, v)| (k, v.into())).collect();
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
    fn a_merged_object_keeps_the_older_identity() {
        let mut old = config_map();
        old.store_previous_id();
        old.set_name("p-a");
        let mut new = config_map();
        new.value["data"] = json!({"y": "2"});
        new.take_metadata_of(&old);
        new.merge_data_of(&old);
        assert_eq!(new.name(), "p-a");
        assert_eq!(new.value["data"], json!({"x": "1", "y": "2"}));
        assert_eq!(new.previous_ids().len(), 1);
    }
}
