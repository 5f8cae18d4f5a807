//! `namespace`.

use super::Transformer;
use crate::error::{Result, fail};
use crate::field_spec::{FieldSpec, Leaf};
use crate::ids::ResId;
use crate::resource::Resource;
use crate::resources::Resources;
use crate::values::scalar_text;
use kctl_base::json::{Map, Value};

/// Puts objects into a namespace.
pub(crate) struct Namespace {
    pub(crate) namespace: String,
    /// Objects that have a namespace keep it.
    pub(crate) only_unset: bool,
    pub(crate) subjects: Subjects,
    pub(crate) fields: Vec<FieldSpec>,
}

/// Which accounts in role bindings are those of the new namespace.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Subjects {
    /// The account `default`; others are found by what they are bound to.
    Default,
    AllAccounts,
    None,
}

impl Subjects {
    /// From its name.
    pub(crate) fn parse(text: &str) -> Result<Subjects> {
        match text {
            "" | "defaultOnly" => Ok(Subjects::Default),
            "allServiceAccounts" => Ok(Subjects::AllAccounts),
            "none" => Ok(Subjects::None),
            other => fail(format!(
                "invalid value \"{other}\" for setRoleBindingSubjects: must be one of \"defaultOnly\", \"none\" or \"allServiceAccounts\""
            )),
        }
    }

    fn mean(self, subject: &Map) -> bool {
        match self {
            Subjects::Default => subject.get("name").is_some_and(|name| name == "default"),
            Subjects::AllAccounts => subject.get("kind").is_some_and(|kind| kind == "ServiceAccount"),
            Subjects::None => false,
        }
    }
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

    fn place_subjects(&self, resource: &mut Resource) -> Result<()> {
        let subjects = resource.value.get_mut("subjects").and_then(Value::as_array_mut);
        for subject in subjects.into_iter().flatten().filter_map(Value::as_object_mut) {
            if self.subjects.mean(subject) {
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
        let mut ids: Vec<ResId> = resources.list.iter().map(Resource::current_id).collect();
        for at in 0..resources.list.len() {
            self.place(&mut resources.list[at])?;
            ids[at] = resources.list[at].current_id();
            let same: Vec<usize> = (0..ids.len()).filter(|other| ids[*other].same(&ids[at])).collect();
            if same.len() != 1 {
                let shown: Vec<String> = same.iter().map(|at| resources.list[*at].value.to_string()).collect();
                return fail(format!("namespace transformation produces ID conflict: [{}]", shown.join(" ")));
            }
        }
        Ok(())
    }
}
