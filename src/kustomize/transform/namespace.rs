//! `namespace` (`api/filters/namespace`, `api/internal/builtins/NamespaceTransformer.go`).

use std::collections::HashMap;

use super::Transformer;
use crate::error::{Result, fail};
use crate::field_path::CreateKind;
use crate::field_spec::FieldSpec;
use crate::res_id::IdKey;
use crate::res_map::ResMap;
use crate::resource::Resource;
use crate::scalar::scalar_to_string;
use kctl_base::json::{Map, Value};

/// Moves objects into a namespace.
pub(crate) struct Namespace {
    pub(crate) namespace: String,
    /// True when objects that have a namespace keep it.
    pub(crate) only_unset: bool,
    pub(crate) subjects: SubjectsToSet,
    pub(crate) fields: Vec<FieldSpec>,
}

/// The subjects of role bindings that get the namespace (`setRoleBindingSubjects`).
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum SubjectsToSet {
    /// The service account `default`. Others follow as name references when their ServiceAccount is part of the build.
    Default,
    AllAccounts,
    None,
}

impl SubjectsToSet {
    /// Parses a mode; empty means `defaultOnly`.
    ///
    /// # Errors
    /// When the mode is unknown.
    pub(crate) fn parse(mode: &str) -> Result<SubjectsToSet> {
        match mode {
            "" | "defaultOnly" => Ok(SubjectsToSet::Default),
            "allServiceAccounts" => Ok(SubjectsToSet::AllAccounts),
            "none" => Ok(SubjectsToSet::None),
            other => fail(format!(
                "invalid value \"{other}\" for setRoleBindingSubjects: must be one of \"defaultOnly\", \"none\" or \"allServiceAccounts\""
            )),
        }
    }

    fn includes(self, subject: &Map) -> bool {
        match self {
            SubjectsToSet::Default => subject.get("name").is_some_and(|name| name == "default"),
            SubjectsToSet::AllAccounts => subject.get("kind").is_some_and(|kind| kind == "ServiceAccount"),
            SubjectsToSet::None => false,
        }
    }
}

impl Namespace {
    fn set(&self, value: &mut Value) -> Result<()> {
        if !self.only_unset || scalar_to_string(value).is_empty() {
            *value = self.namespace.as_str().into();
        }
        Ok(())
    }

    fn move_object(&self, resource: &mut Resource) -> Result<()> {
        resource.store_previous_id();
        let id = resource.current_id();
        if !id.cluster_scoped {
            let metadata = FieldSpec::everywhere("metadata/namespace", true);
            metadata.visit(resource, CreateKind::Scalar, &mut |value| self.set(value))?;
        }
        let binds = matches!(id.gvk.kind.as_str(), "RoleBinding" | "ClusterRoleBinding");
        if binds {
            self.set_subjects(resource)?;
        }
        for field in &self.fields {
            if field.path == "metadata/namespace" || (binds && field.path == "subjects") {
                continue;
            }
            field.visit(resource, CreateKind::Scalar, &mut |value| self.set(value))?;
        }
        Ok(())
    }

    fn set_subjects(&self, resource: &mut Resource) -> Result<()> {
        let subjects = resource.value.get_mut("subjects").and_then(Value::as_array_mut);
        for subject in subjects.into_iter().flatten().filter_map(Value::as_object_mut) {
            if self.subjects.includes(subject) {
                self.set(subject.entry("namespace").or_insert("".into()))?;
            }
        }
        Ok(())
    }
}

impl Transformer for Namespace {
    fn transform(&self, resources: &mut ResMap) -> Result<()> {
        if self.namespace.is_empty() {
            return Ok(());
        }
        let mut id_counts: HashMap<IdKey, usize> = HashMap::new();
        for resource in resources.iter() {
            *id_counts.entry(resource.current_id().key()).or_default() += 1;
        }
        for at in 0..resources.len() {
            if let Some(count) = id_counts.get_mut(&resources[at].current_id().key()) {
                *count -= 1;
            }
            self.move_object(&mut resources[at])?;
            let id = resources[at].current_id();
            let count = id_counts.entry(id.key()).or_default();
            *count += 1;
            if *count > 1 {
                let conflicting = resources.iter().filter(|r| r.current_id().equals(&id));
                let objects: Vec<String> = conflicting.map(|r| r.value.to_string()).collect();
                return fail(format!("namespace transformation produces ID conflict: [{}]", objects.join(" ")));
            }
        }
        Ok(())
    }
}
