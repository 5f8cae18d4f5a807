//! `labels` and `commonLabels` (`api/filters/labels`, `api/internal/target/kusttarget_configplugin.go`).

use std::collections::BTreeMap;

use super::Transformer;
use super::annotations::add_pairs;
use crate::config::TransformerConfig;
use crate::error::Result;
use crate::field_spec::{FieldSpec, merge_all, merge_one};
use crate::res_map::ResMap;
use crate::types::Label;

/// Adds labels.
pub(crate) struct Labels {
    pub(crate) pairs: BTreeMap<String, String>,
    pub(crate) fields: Vec<FieldSpec>,
}

impl Labels {
    /// Creates the transformer of an entry of `labels`. It changes the metadata of objects, and also selectors and templates
    /// if the entry includes them.
    ///
    /// # Errors
    /// When a field spec of the entry conflicts with a built-in one.
    pub(super) fn new(label: &Label, config: &TransformerConfig) -> Result<Labels> {
        let mut fields = label.fields.clone();
        let merged = merge_all(&mut fields, &config.labels).and_then(|()| match label.include_selectors {
            true => merge_all(&mut fields, &config.common_labels),
            false => {
                if label.include_templates {
                    merge_all(&mut fields, &config.template_labels)
                        .map_err(|e| e.wrap("failed to merge template fieldSpec"))?;
                }
                merge_one(&mut fields, &FieldSpec::everywhere("metadata/labels", true))
            }
        });
        merged.map_err(|e| e.wrap("failed to merge labels"))?;
        Ok(Labels { pairs: label.pairs.clone(), fields })
    }
}

impl Transformer for Labels {
    fn transform(&self, resources: &mut ResMap) -> Result<()> {
        add_pairs(resources, &self.pairs, &self.fields)
    }
}
