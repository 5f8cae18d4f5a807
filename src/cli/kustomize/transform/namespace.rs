//! `namespace`.

use serde_json::Value;

use super::Transformer;
use crate::cli::kustomize::error::{Result, fail};
use crate::cli::kustomize::field_spec::{FieldSpec, Leaf};
use crate::cli::kustomize::resource::{Resource, scalar_text};
use crate::cli::kustomize::resources::Resources;

/// Puts objects into a namespace.
pub(crate) struct Namespace {
    pub(crate) namespace: String,
    /// Objects that have a namespace keep it.
    pub(crate) only_unset: bool,
    pub(crate) fields: Vec<FieldSpec>,
}

impl Namespace {
    fn set(&self, value: &mut Value) -> Result<()> {
        if !self.only_unset || scalar_text(value).is_empty() {
            *value = self.namespace.as_str().into();
        }
        Ok(())
    }

    fn place(&self, resource: &mut Resource) -> Result<()> {
        resource.store_previous_id();
        let id = resource.current_id();
        if !id.cluster_scoped {
            let own = FieldSpec::everywhere("metadata/namespace", true);
            own.visit(resource, Leaf::Text, &mut |value| self.set(value))?;
        }
        let binds = matches!(id.gvk.kind.as_str(), "RoleBinding" | "ClusterRoleBinding");
        if binds {
            self.place_subjects(resource)?;
        }
        for field in &self.fields {
            if field.path == "metadata/namespace" || (binds && field.path == "subjects") {
                continue;
            }
            field.visit(resource, Leaf::Text, &mut |value| self.set(value))?;
        }
        Ok(())
    }

    /// The account `default` is that of the new namespace; other accounts are found by what they are bound to.
    fn place_subjects(&self, resource: &mut Resource) -> Result<()> {
        let subjects = resource.value.get_mut("subjects").and_then(Value::as_array_mut);
        for subject in subjects.into_iter().flatten().filter_map(Value::as_object_mut) {
            if subject.get("name").is_some_and(|name| name == "default") {
                self.set(subject.entry("namespace").or_insert("".into()))?;
            }
        }
        Ok(())
    }
}

impl Transformer for Namespace {
    fn transform(&self, resources: &mut Resources) -> Result<()> {
        if self.namespace.is_empty() {
            return Ok(());
        }
        for at in 0..resources.list.len() {
            self.place(&mut resources.list[at])?;
            let id = resources.list[at].current_id();
            let same: Vec<String> =
                resources.list.iter().filter(|r| r.current_id().same(&id)).map(|r| r.value.to_string()).collect();
            if same.len() != 1 {
                return fail(format!("namespace transformation produces ID conflict: [{}]", same.join(" ")));
            }
        }
        Ok(())
    }
}
