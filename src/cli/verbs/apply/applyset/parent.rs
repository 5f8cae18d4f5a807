//! The parent of an apply set: a Secret, a ConfigMap, or a custom resource of a kind that its definition marks as one.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use super::members::{Members, no_resource_match};
use super::{ID, TOOL, TOOLING};
use crate::resolve::Target;
use crate::{CliError, CliResult, Ctx};
use kctl_base::field::quote;
use kctl_base::object::{Object, ObjectMeta};
use kctl_cluster::client::{ListParams, ResourcePath};
use kctl_kinds::catalog::KindRef;

/// The label of CustomResourceDefinitions whose objects can be parents.
const PARENT_TYPE: &str = "applyset.kubernetes.io/is-parent-type";
/// The kinds of parents that are created when they are missing; the first one is the default.
const BUILTIN: [&str; 2] = ["secrets", "configmaps"];

/// A reference to a parent.
pub(super) struct Parent {
    pub(super) kind: KindRef,
    /// The value of `--namespace`; empty without the flag and for a cluster-scoped kind.
    pub(super) namespace: String,
    pub(super) name: String,
}

impl Parent {
    /// Reads a reference, `[RESOURCE][.GROUP]/NAME` or the `NAME` of a Secret.
    ///
    /// # Errors
    /// The name is empty, or there is no such resource.
    pub(super) fn read(ctx: &mut Ctx, reference: &str) -> CliResult<Parent> {
        let (resource, name) = reference.split_once('/').unwrap_or((BUILTIN[0], reference));
        if name.is_empty() {
            return Err(CliError::new("name cannot be blank"));
        }
        let kind = ctx.catalog()?.by_name(resource);
        let kind = kind.ok_or_else(|| CliError::new(no_resource_match(resource)))?;
        // Neither the context's namespace nor the default one counts.
        let namespaced = kind.names().namespaced && ctx.namespace_given();
        let namespace = if namespaced { ctx.namespace() } else { String::new() };
        Ok(Parent { kind, namespace, name: name.into() })
    }

    /// Returns the value of the label [`ID`]: a hash of the object's name, namespace, kind and group.
    pub(super) fn id(&self) -> String {
        let names = self.kind.names();
        let identity = [self.name.as_str(), &self.namespace, names.kind, names.group].join(".");
        // A label value must not begin or end with every character of the encoding.
        format!("applyset-{}-v1", URL_SAFE_NO_PAD.encode(Sha256::digest(identity)))
    }

    /// Returns the path of the object.
    pub(super) fn path(&self) -> ResourcePath {
        ResourcePath::one(&self.kind.names().resource(), &self.namespace, &self.name)
    }

    /// Checks whether the object may be a parent.
    ///
    /// # Errors
    /// A namespace is missing, or objects of its kind cannot be parents.
    pub(super) fn validate(&self, ctx: &mut Ctx) -> CliResult<()> {
        let mut errors = Vec::new();
        if self.kind.names().namespaced && self.namespace.is_empty() {
            errors.push(CliError::new("namespace is required to use namespace-scoped ApplySet"));
        }
        if !self.is_builtin() {
            let defined = permitted_resources(ctx).unwrap_or_else(|why| {
                let text = format!("identifying allowed custom resource parent types: {}", why.text());
                errors.push(CliError::new(text));
                Vec::new()
            });
            if !defined.contains(&self.kind.names().resource().to_string()) {
                let resource = Target { kind: self.kind.clone(), version: None }.go_name();
                errors.push(CliError::new(format!(
                    "resource {} is not permitted as an ApplySet parent (CRD needs {} label)",
                    quote(&resource),
                    quote(PARENT_TYPE)
                )));
            }
        }
        CliError::all(errors)
    }

    /// Reads from the object which members the set has; none if the object does not exist yet.
    ///
    /// # Errors
    /// The object belongs to something else, is not complete, or does not exist and cannot be created.
    pub(super) fn fetch_members(&self, ctx: &mut Ctx) -> CliResult<Members> {
        let label = self.label();
        let found = ctx.api(|client| client.get_opt(&self.path()));
        let found = found
            .map_err(|why| CliError::new(format!("failed to fetch ApplySet parent object {label}: {}", why.text())))?;
        match found {
            Some(object) => {
                self.check(&object)?;
                let members = Members::read(&ctx.catalog()?, &object);
                members.map_err(|why| CliError::new(format!("parsing ApplySet annotation on {label}: {}", why.text())))
            }
            None if self.is_builtin() => Ok(Members::default()),
            None => Err(CliError::new("custom resource ApplySet parents cannot be created automatically")),
        }
    }

    /// Checks that an existing object is the parent of this set and managed by this program.
    fn check(&self, object: &Object) -> CliResult<()> {
        let label = self.label();
        let Some(tooling) = object.annotation(TOOLING) else {
            let text = "already exists and is missing required annotation";
            return Err(CliError::new(format!("ApplySet parent object {label} {text} {}", quote(TOOLING))));
        };
        let tool = tooling.rsplit_once('/').map_or(tooling, |(tool, _version)| tool);
        if tool != TOOL {
            return Err(CliError::new(format!(
                "ApplySet parent object {label} already exists and is managed by tooling {} instead of {}",
                quote(tool),
                quote(TOOL)
            )));
        }
        match object.label(ID) {
            Some(id) if id == self.id() => Ok(()),
            Some(id) => Err(CliError::new(format!(
                "ApplySet parent object {label} exists and has incorrect value for label {} (got: {id}, want: {})",
                quote(ID),
                self.id()
            ))),
            None => Err(CliError::new(format!(
                "ApplySet parent object {label} exists and does not have required label {ID}"
            ))),
        }
    }

    fn is_builtin(&self) -> bool {
        BUILTIN.contains(&self.kind.names().resource().to_string().as_str())
    }

    /// The object in messages, `"secrets./web"`: the point before the group stays where the group is empty.
    fn label(&self) -> String {
        let names = self.kind.names();
        quote(&format!("{}.{}/{}", names.plural, names.group, self.name))
    }
}

/// Lists the resources whose definitions are marked as parents.
fn permitted_resources(ctx: &mut Ctx) -> CliResult<Vec<String>> {
    let path = ResourcePath::all("customresourcedefinitions.apiextensions.k8s.io", "");
    let marked = ctx.api(|client| client.list(&path, &ListParams::labels(PARENT_TYPE)))?;
    Ok(marked.items.iter().map(|definition| definition.name().to_string()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use kctl_kinds::Catalog;

    #[test]
    fn the_id_is_a_hash_of_the_reference() {
        let kind = Catalog::default().by_name("secrets").expect("a built-in kind");
        let parent = Parent { kind, namespace: "test".into(), name: "my-set".into() };
        assert_eq!(parent.id(), "applyset-0eFHV8ySqp7XoShsGvyWFQD3s96yqwHmzc4e0HR1dsY-v1");
        assert_eq!(parent.label(), "\"secrets./my-set\"");
    }
}
