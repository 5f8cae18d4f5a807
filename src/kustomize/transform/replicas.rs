//! `replicas` (`api/filters/replicacount`, `api/internal/builtins/ReplicaCountTransformer.go`).

use super::Transformer;
use crate::error::{Result, fail};
use crate::field_path::CreateKind;
use crate::field_spec::FieldSpec;
use crate::res_map::ResMap;
use crate::types::Replica;

/// Sets the number of replicas of the objects with one name.
pub(crate) struct Replicas {
    pub(crate) replica: Replica,
    pub(crate) fields: Vec<FieldSpec>,
}

impl Transformer for Replicas {
    fn transform(&self, resources: &mut ResMap) -> Result<()> {
        let Replica { name, count } = &self.replica;
        let mut found = false;
        for field in &self.fields {
            for at in resources.matching_by_any_id(|id| id.name == *name && id.gvk.is_selected_by(&field.gvk)) {
                found = true;
                field.visit(&mut resources[at], CreateKind::Scalar, &mut |value| {
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
