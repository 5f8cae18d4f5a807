//! `commonAnnotations` (`api/filters/annotations`).

use std::collections::BTreeMap;

use super::Transformer;
use crate::error::Result;
use crate::field_path::CreateKind;
use crate::field_spec::{FieldSpec, set_entry};
use crate::res_map::ResMap;

/// Adds annotations.
pub(crate) struct Annotations {
    pub(crate) pairs: BTreeMap<String, String>,
    pub(crate) fields: Vec<FieldSpec>,
}

impl Transformer for Annotations {
    fn transform(&self, resources: &mut ResMap) -> Result<()> {
        add_pairs(resources, &self.pairs, &self.fields)
    }
}

/// Adds entries to the maps at the fields of all objects.
pub(super) fn add_pairs(resources: &mut ResMap, pairs: &BTreeMap<String, String>, fields: &[FieldSpec]) -> Result<()> {
    for resource in resources.iter_mut() {
        for (key, value) in pairs {
            resource.track_key(key);
            for field in fields {
                field.visit(resource, CreateKind::Map, &mut |node| set_entry(node, key, value))?;
            }
        }
    }
    Ok(())
}
