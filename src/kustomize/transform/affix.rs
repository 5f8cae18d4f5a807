//! `namePrefix` and `nameSuffix`.

use super::Transformer;
use crate::build_notes::{PREFIXES, SUFFIXES};
use crate::error::Result;
use crate::field_spec::{FieldSpec, Leaf};
use crate::ids::Gvk;
use crate::resources::Resources;
use crate::values::scalar_text;

/// Adds a text before or behind names.
pub(crate) struct Affix {
    text: String,
    before: bool,
    fields: Vec<FieldSpec>,
}

impl Affix {
    /// Adds a prefix.
    pub(crate) fn prefix(text: &str, fields: &[FieldSpec]) -> Affix {
        Affix { text: text.into(), before: true, fields: fields.to_vec() }
    }

    /// Adds a suffix.
    pub(crate) fn suffix(text: &str, fields: &[FieldSpec]) -> Affix {
        Affix { text: text.into(), before: false, fields: fields.to_vec() }
    }

    fn added_to(&self, name: &str) -> String {
        match self.before {
            true => format!("{}{name}", self.text),
            false => format!("{name}{}", self.text),
        }
    }
}

/// Kinds whose names are not for people to choose, or stand for more than one object.
fn keeps_its_name(gvk: &Gvk) -> bool {
    match gvk.kind.as_str() {
        "CustomResourceDefinition" | "Namespace" => true,
        "APIService" => gvk.group == "apiregistration.k8s.io",
        _ => false,
    }
}

impl Transformer for Affix {
    fn transform(&self, resources: &mut Resources) -> Result<()> {
        for resource in &mut resources.list {
            let id = resource.original_id();
            if keeps_its_name(&id.gvk) {
                continue;
            }
            for field in self.fields.iter().filter(|f| id.gvk.is_selected_by(&f.gvk)) {
                if field.path == "metadata/name" {
                    resource.note(if self.before { PREFIXES } else { SUFFIXES }, &self.text);
                    resource.store_previous_id();
                }
                field.visit(resource, Leaf::Nothing, &mut |value| {
                    *value = self.added_to(&scalar_text(value)).into();
                    Ok(())
                })?;
            }
        }
        Ok(())
    }
}
