//! `commonAnnotations`.

use std::collections::BTreeMap;

use super::Transformer;
use crate::error::Result;
use crate::field_spec::{FieldSpec, Leaf, set_entry};
use crate::resources::Resources;

/// Adds annotations.
pub(crate) struct Annotations {
    pub(crate) pairs: BTreeMap<String, String>,
    pub(crate) fields: Vec<FieldSpec>,
}

impl Transformer for Annotations {
    fn transform(&self, resources: &mut Resources) -> Result<()> {
        add_pairs(resources, &self.pairs, &self.fields)
    }
}

/// Adds pairs of texts to the maps at some places.
pub(super) fn add_pairs(
    resources: &mut Resources,
    pairs: &BTreeMap<String, String>,
    fields: &[FieldSpec],
) -> Result<()> {
    for resource in &mut resources.list {
        for (key, text) in pairs {
            resource.note_key(key);
            for field in fields {
                field.visit(resource, Leaf::Map, &mut |value| set_entry(value, key, text))?;
            }
        }
    }
    Ok(())
}
