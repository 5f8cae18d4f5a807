//! `namePrefix` and `nameSuffix` (`api/filters/prefix`, `api/filters/suffix`,
//! `api/internal/builtins/PrefixTransformer.go`).

use super::Transformer;
use crate::build_annotations::{PREFIXES, SUFFIXES};
use crate::error::Result;
use crate::field_path::CreateKind;
use crate::field_spec::FieldSpec;
use crate::res_id::Gvk;
use crate::res_map::ResMap;
use crate::scalar::scalar_to_string;

/// Adds a prefix or a suffix to names.
pub(crate) struct Affix {
    affix: String,
    is_prefix: bool,
    fields: Vec<FieldSpec>,
}

impl Affix {
    /// Creates a transformer that adds a prefix.
    pub(crate) fn prefix(prefix: &str, fields: &[FieldSpec]) -> Affix {
        Affix { affix: prefix.into(), is_prefix: true, fields: fields.to_vec() }
    }

    /// Creates a transformer that adds a suffix.
    pub(crate) fn suffix(suffix: &str, fields: &[FieldSpec]) -> Affix {
        Affix { affix: suffix.into(), is_prefix: false, fields: fields.to_vec() }
    }

    fn apply(&self, name: &str) -> String {
        match self.is_prefix {
            true => format!("{}{name}", self.affix),
            false => format!("{name}{}", self.affix),
        }
    }
}

/// Returns whether objects of a kind keep their names, because the name has a meaning of its own.
fn is_skipped(gvk: &Gvk) -> bool {
    match gvk.kind.as_str() {
        "CustomResourceDefinition" | "Namespace" => true,
        "APIService" => gvk.group == "apiregistration.k8s.io",
        _ => false,
    }
}

impl Transformer for Affix {
    fn transform(&self, resources: &mut ResMap) -> Result<()> {
        for resource in resources.iter_mut() {
            let id = resource.original_id();
            if is_skipped(&id.gvk) {
                continue;
            }
            for field in self.fields.iter().filter(|f| id.gvk.is_selected_by(&f.gvk)) {
                if field.path == "metadata/name" {
                    resource.append_to_csv_annotation(if self.is_prefix { PREFIXES } else { SUFFIXES }, &self.affix);
                    resource.store_previous_id();
                }
                field.visit(resource, CreateKind::None, &mut |value| {
                    *value = self.apply(&scalar_to_string(value)).into();
                    Ok(())
                })?;
            }
        }
        Ok(())
    }
}
