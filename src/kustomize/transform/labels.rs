//! `labels` and `commonLabels`.

use std::collections::BTreeMap;

use super::Transformer;
use super::annotations::add_pairs;
use crate::config::Config;
use crate::error::Result;
use crate::field_spec::{FieldSpec, merge_all, merge_one};
use crate::model::Label;
use crate::resources::Resources;

/// Adds labels.
pub(crate) struct Labels {
    pub(crate) pairs: BTreeMap<String, String>,
    pub(crate) fields: Vec<FieldSpec>,
}

impl Labels {
    /// Labels where they are asked for: always on the objects, on selectors and templates by a switch.
    pub(super) fn new(label: &Label, config: &Config) -> Result<Labels> {
        let mut fields = label.fields.clone();
        let merged = merge_all(&mut fields, &config.labels).and_then(|()| match label.include_selectors {
            true => merge_all(&mut fields, &config.common_labels),
            false => {
                if label.include_templates {
                    merge_all(&mut fields, &config.template_labels)
                        .map_err(|e| e.within("failed to merge template fieldSpec"))?;
                }
                merge_one(&mut fields, &FieldSpec::everywhere("metadata/labels", true))
            }
        });
        merged.map_err(|e| e.within("failed to merge labels"))?;
        Ok(Labels { pairs: label.pairs.clone(), fields })
    }
}

impl Transformer for Labels {
    fn transform(&self, resources: &mut Resources) -> Result<()> {
        add_pairs(resources, &self.pairs, &self.fields)
    }
}
