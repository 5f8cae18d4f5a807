//! `replicas`.

use super::Transformer;
use crate::error::{Result, fail};
use crate::field_spec::{FieldSpec, Leaf};
use crate::model::Replica;
use crate::resources::Resources;

/// Sets the number of replicas of the objects of one name.
pub(crate) struct Replicas {
    pub(crate) replica: Replica,
    pub(crate) fields: Vec<FieldSpec>,
}

impl Transformer for Replicas {
    fn transform(&self, resources: &mut Resources) -> Result<()> {
        let Replica { name, count } = &self.replica;
        let mut found = false;
        for field in &self.fields {
            for at in resources.matching_any(|id| id.name == *name && id.gvk.is_selected_by(&field.gvk)) {
                found = true;
                field.visit(&mut resources.list[at], Leaf::Text, &mut |value| {
                    *value = (*count).into();
                    Ok(())
                })?;
            }
        }
        let kinds: Vec<String> = self.fields.iter().map(|f| f.gvk.to_string()).collect();
        match found {
            true => Ok(()),
            false => fail(format!(
                "resource with name {name} does not match a config with the following GVK [{}]",
                kinds.join(" ")
            )),
        }
    }
}
