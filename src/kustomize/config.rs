//! The fields that the transformers work on (`api/internal/plugins/builtinconfig/transformerconfig.go`).

use serde::Deserialize;

use super::error::Result;
use super::field_spec::{FieldSpec, merge_all};
use super::kind_order::default_sort_key;
use super::res_id::Gvk;

/// Field specs for each transformer, as a file of `configurations` writes them.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct TransformerConfig {
    pub(super) name_prefix: Vec<FieldSpec>,
    pub(super) name_suffix: Vec<FieldSpec>,
    pub(super) namespace: Vec<FieldSpec>,
    pub(super) common_labels: Vec<FieldSpec>,
    pub(super) labels: Vec<FieldSpec>,
    pub(super) template_labels: Vec<FieldSpec>,
    pub(super) common_annotations: Vec<FieldSpec>,
    pub(super) name_reference: Vec<NameBackReferences>,
    pub(super) var_reference: Vec<FieldSpec>,
    pub(super) images: Vec<FieldSpec>,
    pub(super) replicas: Vec<FieldSpec>,
}

/// The fields that hold names of objects of one kind (`namebackreferences.go`).
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct NameBackReferences {
    /// The kind that is referred to.
    #[serde(flatten)]
    pub(super) target: Gvk,
    /// The fields of the referrers.
    pub(super) field_specs: Vec<FieldSpec>,
}

impl TransformerConfig {
    /// Adds the field specs of another configuration and sorts the lists by kind.
    ///
    /// # Errors
    /// When both configurations have the same field with different `create` settings.
    pub(super) fn merge(&mut self, other: TransformerConfig) -> Result<()> {
        let pairs: [(&str, &mut Vec<FieldSpec>, &[FieldSpec]); 10] = [
            ("NamePrefix", &mut self.name_prefix, &other.name_prefix),
            ("NameSuffix", &mut self.name_suffix, &other.name_suffix),
            ("NameSpace", &mut self.namespace, &other.namespace),
            ("CommonAnnotations", &mut self.common_annotations, &other.common_annotations),
            ("CommonLabels", &mut self.common_labels, &other.common_labels),
            ("Labels", &mut self.labels, &other.labels),
            ("TemplateLabels", &mut self.template_labels, &other.template_labels),
            ("VarReference", &mut self.var_reference, &other.var_reference),
            ("Images", &mut self.images, &other.images),
            ("Replicas", &mut self.replicas, &other.replicas),
        ];
        for (name, own, new) in pairs {
            merge_all(own, new).map_err(|e| e.wrap(format!("failed to merge {name} fieldSpec")))?;
            own.sort_by_cached_key(|spec| default_sort_key(&spec.gvk));
        }
        for references in other.name_reference {
            self.add_references(references).map_err(|e| e.wrap("failed to merge NameReference fieldSpec"))?;
        }
        self.name_reference.sort_by_cached_key(|references| default_sort_key(&references.target));
        Ok(())
    }

    /// Adds the fields that refer to a kind to those that are known for it.
    pub(super) fn add_references(&mut self, new: NameBackReferences) -> Result<()> {
        match self.name_reference.iter_mut().find(|old| old.target == new.target) {
            Some(old) => merge_all(&mut old.field_specs, &new.field_specs),
            None => {
                self.name_reference.push(new);
                Ok(())
            }
        }
    }
}
