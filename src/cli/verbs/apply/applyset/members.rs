//! The kinds and namespaces of the members of an apply set, as annotations of its parent record them.

use std::collections::{BTreeMap, BTreeSet};

use crate::resolve::{Item, Target};
use crate::{CliError, CliResult};
use kctl_base::field::quote;
use kctl_base::json::{Value, json};
use kctl_base::object::{Object, ObjectMeta};
use kctl_kinds::{Catalog, Kind};

/// The annotation with the kinds of the members: `ConfigMap,Deployment.apps`.
const GROUP_KINDS: &str = "applyset.kubernetes.io/contains-group-kinds";
/// The former annotation with the resources of the members: `configmaps,deployments.apps`.
const GROUP_RESOURCES: &str = "applyset.kubernetes.io/contains-group-resources";
/// The annotation with the namespaces of the members other than the parent's own.
const NAMESPACES: &str = "applyset.kubernetes.io/additional-namespaces";

/// Where members can be found.
#[derive(Clone, Default)]
pub(super) struct Members {
    /// Their kinds, by [`group_kind`].
    kinds: BTreeMap<String, Target>,
    /// Their namespaces.
    namespaces: BTreeSet<String>,
}

/// The name of a kind with its group, `Deployment.apps`.
pub(super) fn group_kind(kind: &dyn Kind) -> String {
    let names = kind.names();
    if names.group.is_empty() { names.kind.into() } else { format!("{}.{}", names.kind, names.group) }
}

impl Members {
    /// Reads the annotations of a parent.
    ///
    /// # Errors
    /// There is no annotation with kinds, or it names one that is not served.
    pub(super) fn read(catalog: &Catalog, parent: &Object) -> CliResult<Members> {
        let mut namespaces: BTreeSet<String> = split(parent.annotation(NAMESPACES)).map(String::from).collect();
        if !parent.namespace().is_empty() {
            namespaces.insert(parent.namespace().into());
        }
        Ok(Members { kinds: read_kinds(catalog, parent)?, namespaces })
    }

    /// Adds the kind and the namespace of an object.
    pub(super) fn add(&mut self, item: &Item) {
        let target = Target { kind: item.kind.clone(), version: None };
        self.kinds.entry(group_kind(&*item.kind)).or_insert(target);
        if !item.namespace.is_empty() {
            self.namespaces.insert(item.namespace.clone());
        }
    }

    /// Returns the kinds and namespaces of both.
    pub(super) fn union(&self, other: &Members) -> Members {
        let mut all = self.clone();
        all.kinds.extend(other.kinds.clone());
        all.namespaces.extend(other.namespaces.iter().cloned());
        all
    }

    /// Returns the annotations of a parent in a namespace.
    pub(super) fn annotations(&self, own_namespace: &str) -> Value {
        let kinds: Vec<&str> = self.kinds.keys().map(String::as_str).collect();
        let others: Vec<&str> = self.namespaces.iter().map(String::as_str).filter(|n| *n != own_namespace).collect();
        json!({(GROUP_KINDS): kinds.join(","), (NAMESPACES): others.join(",")})
    }

    /// Returns each kind with each namespace in which it can have members: the empty one for a cluster-scoped kind.
    pub(super) fn places(&self) -> impl Iterator<Item = (&Target, &str)> {
        self.kinds.values().flat_map(|target| {
            let namespaces: Vec<&str> = match target.kind.names().namespaced {
                true => self.namespaces.iter().map(String::as_str).collect(),
                false => vec![""],
            };
            namespaces.into_iter().map(move |namespace| (target, namespace))
        })
    }
}

/// Splits a list; an annotation that is missing or empty is an empty list.
fn split(list: Option<&str>) -> impl Iterator<Item = &str> {
    list.filter(|list| !list.is_empty()).into_iter().flat_map(|list| list.split(','))
}

fn read_kinds(catalog: &Catalog, parent: &Object) -> CliResult<BTreeMap<String, Target>> {
    let (kinds, resources) = (parent.annotation(GROUP_KINDS), parent.annotation(GROUP_RESOURCES));
    let found: CliResult<Vec<Target>> = match (kinds, resources) {
        (Some(_), _) => split(kinds).map(|name| find_kind(catalog, name)).collect(),
        (None, Some(list)) if !list.is_empty() => split(resources).map(|name| find_resource(catalog, name)).collect(),
        (None, _) => {
            let annotation = quote(GROUP_KINDS);
            let text = format!("kubectl requires the {annotation} annotation to be set on all ApplySet parent objects");
            return Err(CliError::new(text));
        }
    };
    Ok(found?.into_iter().map(|target| (group_kind(&*target.kind), target)).collect())
}

/// Finds the kind of `Deployment.apps`.
fn find_kind(catalog: &Catalog, name: &str) -> CliResult<Target> {
    let found = catalog.iter().find(|kind| group_kind(&**kind) == name);
    found.map(|kind| Target { kind, version: None }).ok_or_else(|| {
        let (kind, group) = name.split_once('.').unwrap_or((name, ""));
        CliError::new(format!(
            "could not find mapping for kind in {} annotation: no matches for kind {} in group {}",
            quote(GROUP_KINDS),
            quote(kind),
            quote(group)
        ))
    })
}

/// Finds the kind of `deployments.apps`.
fn find_resource(catalog: &Catalog, name: &str) -> CliResult<Target> {
    let found = catalog.by_resource(name);
    found.map(|kind| Target { kind, version: None }).ok_or_else(|| {
        let why = no_resource_match(name);
        CliError::new(format!("invalid group resource in {} annotation: {why}", quote(GROUP_RESOURCES)))
    })
}

/// The error about a resource that is not served, `NoResourceMatchError` in `apimachinery/pkg/api/meta/errors.go`.
pub(super) fn no_resource_match(name: &str) -> String {
    let (resource, group) = name.split_once('.').unwrap_or((name, ""));
    format!("no matches for {group}/, Resource={resource}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(annotations: Value) -> Result<Vec<String>, String> {
        let parent = json!({"metadata": {"name": "set", "namespace": "own", "annotations": annotations}});
        let members = Members::read(&Catalog::default(), &parent).map_err(|e| e.text())?;
        let place = |(target, namespace): (&Target, &str)| format!("{}@{namespace}", target.kind.names().plural);
        Ok(members.places().map(place).collect())
    }

    #[test]
    fn places_come_from_annotations() {
        let (kinds, namespaces) = ("Deployment.apps,Namespace", "a");
        assert_eq!(
            read(json!({(GROUP_KINDS): kinds, (NAMESPACES): namespaces})),
            Ok(vec!["deployments@a".into(), "deployments@own".into(), "namespaces@".into()])
        );
        assert_eq!(read(json!({(GROUP_RESOURCES): "configmaps"})), Ok(vec!["configmaps@own".into()]));
        assert_eq!(read(json!({(GROUP_KINDS): "", (GROUP_RESOURCES): "configmaps"})), Ok(vec![]));
        let annotation = "\"applyset.kubernetes.io/contains-group-kinds\" annotation";
        assert_eq!(
            read(json!({(GROUP_RESOURCES): ""})),
            Err(format!("kubectl requires the {annotation} to be set on all ApplySet parent objects"))
        );
        assert_eq!(
            read(json!({(GROUP_KINDS): "Odd.ex.com"})),
            Err(format!(
                "could not find mapping for kind in {annotation}: no matches for kind \"Odd\" in group \"ex.com\""
            ))
        );
    }
}
