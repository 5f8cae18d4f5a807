//! Updates the fields that name renamed objects (`api/filters/nameref/nameref.go`,
//! `api/internal/accumulator/namereferencetransformer.go`).

use crate::build_annotations::{PREFIXES, SUFFIXES};
use crate::config::TransformerConfig;
use crate::error::{Result, fail};
use crate::field_path::CreateKind;
use crate::field_spec::FieldSpec;
use crate::res_id::{Gvk, ResId};
use crate::res_map::ResMap;
use crate::resource::Resource;
use crate::scalar::scalar_to_string;
use kctl_base::json::Value;
use kctl_base::object::ValueRead;
use kctl_base::yaml;

/// Updates all name references.
///
/// # Errors
/// When a reference is ambiguous.
pub(crate) fn fix(resources: &mut ResMap, config: &TransformerConfig) -> Result<()> {
    // Objects are not renamed here, so their ids are computed once.
    let all: Vec<Candidate> = resources.iter().map(Candidate::new).collect();
    for at in 0..resources.len() {
        let id = resources[at].original_id();
        let candidates = reachable(&all, &all[at])?;
        for references in &config.name_reference {
            for field in references.field_specs.iter().filter(|f| id.gvk.is_selected_by(&f.gvk)) {
                let search = Search { referrer: &all[at], target: &references.target, field, candidates: &candidates };
                let field_in_kind = FieldSpec { gvk: all[at].current.gvk.clone(), ..field.clone() };
                field_in_kind.visit(&mut resources[at], CreateKind::None, &mut |value| search.update(value)).map_err(
                    |e| {
                        let (path, id) = (&field.path, &all[at].current);
                        e.wrap(format!("updating name reference in '{path}' field of '{id}'"))
                    },
                )?;
            }
        }
    }
    Ok(())
}

/// An object that may be referred to, with its ids.
struct Candidate {
    resource: Resource,
    current: ResId,
    previous: Vec<ResId>,
    /// The name prefixes and the name suffixes that were added.
    affixes: [Vec<String>; 2],
}

impl Candidate {
    fn new(resource: &Resource) -> Candidate {
        Candidate {
            current: resource.current_id(),
            previous: resource.previous_ids(),
            affixes: [resource.csv_annotation(PREFIXES), resource.csv_annotation(SUFFIXES)],
            resource: resource.clone(),
        }
    }
}

/// Returns the objects that an object can refer to: those of its namespace and cluster-scoped ones; for a RoleBinding also
/// those in the namespaces of its subjects; for a cluster-scoped object all.
fn reachable<'c>(all: &'c [Candidate], referrer: &Candidate) -> Result<Vec<&'c Candidate>> {
    let own = &referrer.current;
    let subject_namespaces = subject_namespaces(&referrer.resource)?;
    let reachable = all.iter().filter(|other| {
        let id = &other.current;
        own.cluster_scoped
            || id.cluster_scoped
            || id.is_namespace_equal(own)
            || subject_namespaces.contains(&id.namespace)
    });
    Ok(reachable.collect())
}

/// Returns the namespaces of the service accounts that a RoleBinding names; none for other kinds.
fn subject_namespaces(referrer: &Resource) -> Result<Vec<String>> {
    if referrer.kind() != "RoleBinding" {
        return Ok(Vec::new());
    }
    let accounts = referrer.value.list("/subjects").iter().filter(|s| s.str("/kind") == "ServiceAccount");
    let mut namespaces = Vec::new();
    for namespace in accounts.filter_map(|s| s.get("namespace")) {
        match namespace {
            Value::String(text) => namespaces.push(text.to_string()),
            _ => {
                return fail(format!("Invalid Input: namespace is blank for resource \"{}\"\n", referrer.current_id()));
            }
        }
    }
    Ok(namespaces)
}

/// The search for the object that a field refers to.
struct Search<'a> {
    referrer: &'a Candidate,
    target: &'a Gvk,
    field: &'a FieldSpec,
    candidates: &'a [&'a Candidate],
}

impl Search<'_> {
    /// Updates a field: a name, a map with a name, or a list of either.
    fn update(&self, value: &mut Value) -> Result<()> {
        match value {
            Value::Null => Ok(()),
            Value::Object(_) => self.update_map(value),
            Value::Array(items) => items.iter_mut().try_for_each(|item| match item {
                Value::Object(_) => self.update_map(item),
                _ => self.update_name(item),
            }),
            _ => self.update_name(value),
        }
    }

    /// Updates a field that is a name.
    fn update_name(&self, value: &mut Value) -> Result<()> {
        let name = scalar_to_string(value);
        let candidates = self.candidates.to_vec();
        let same = |a: &Candidate, b: &Candidate| a.current.name == b.current.name;
        if let Some(found) = self.find(&name, candidates, same)?
            && found.current.name != name
        {
            *value = found.current.name.as_str().into();
        }
        Ok(())
    }

    /// Updates a map with a name and optionally a namespace.
    fn update_map(&self, value: &mut Value) -> Result<()> {
        let Some(name) = value.get("name").map(scalar_to_string) else {
            return fail("path config error; no 'name' field in node");
        };
        let candidates: Vec<&Candidate> = match value.get("namespace").map(scalar_to_string) {
            None => self.candidates.to_vec(),
            Some(namespace) => self.in_namespace(&namespace),
        };
        let same = |a: &Candidate, b: &Candidate| {
            (&a.current.name, &a.current.namespace) == (&b.current.name, &b.current.namespace)
        };
        let Some(found) = self.find(&name, candidates, same)? else { return Ok(()) };
        value["name"] = found.current.name.as_str().into();
        if !found.current.namespace.is_empty() {
            value["namespace"] = found.current.namespace.as_str().into();
        }
        Ok(())
    }

    /// Returns the candidates that were in a namespace originally; if there are none, those that are in it now.
    fn in_namespace(&self, namespace: &str) -> Vec<&Candidate> {
        let original = |c: &&Candidate| c.previous.first().unwrap_or(&c.current).effective_namespace() == namespace;
        let current = |c: &&Candidate| c.current.effective_namespace() == namespace;
        let found: Vec<&Candidate> = self.candidates.iter().copied().filter(original).collect();
        match found.is_empty() {
            false => found,
            true => self.candidates.iter().copied().filter(current).collect(),
        }
    }

    /// Returns the one object that had a name and can be referred to. If several remain, they must be the `same`.
    fn find<'c>(
        &self,
        name: &str,
        candidates: Vec<&'c Candidate>,
        same: impl Fn(&Candidate, &Candidate) -> bool,
    ) -> Result<Option<&'c Candidate>> {
        let role = self.role();
        let own = &self.referrer.current;
        let is_visible = |c: &Candidate| {
            own.cluster_scoped
                || c.current.cluster_scoped
                || c.current.gvk.kind == "ServiceAccount"
                || own.is_namespace_equal(&c.current)
        };
        let mut candidates = candidates;
        candidates.retain(|c| {
            c.previous.iter().any(|id| id.name == name)
                && c.previous.iter().any(|id| id.gvk.is_selected_by(self.target))
                && role.as_ref().is_none_or(|role| c.previous.iter().any(|id| id.gvk.is_selected_by(role)))
                && is_visible(c)
        });
        for allow_empty in [true, false] {
            if let [one] = candidates.as_slice() {
                return Ok(Some(one));
            }
            candidates.retain(|c| same_affixes(c, self.referrer, allow_empty));
        }
        match candidates.as_slice() {
            [] => Ok(None),
            [first, rest @ ..] if rest.iter().all(|other| same(first, other)) => Ok(Some(first)),
            many => fail(self.ambiguous(many)),
        }
    }

    /// Returns the kind that the `roleRef` of a role binding names, which restricts the candidates.
    fn role(&self) -> Option<Gvk> {
        let role = self.field.path.ends_with("roleRef/name").then(|| self.referrer.resource.value.get("roleRef"))??;
        let string = |key: &str| role.get(key).map(scalar_to_string);
        Some(Gvk { group: string("apiGroup")?, version: String::new(), kind: string("kind")? })
    }

    fn ambiguous(&self, candidates: &[&Candidate]) -> String {
        let ids: Vec<String> = candidates.iter().map(|c| c.current.to_string()).collect();
        let mut message = format!(
            "found multiple possible referrals: {}\n\n**** Too many possible referral targets to referrer:\n{}\n",
            ids.join(", "),
            yaml::to_yaml(&self.referrer.resource.value)
        );
        for (at, candidate) in candidates.iter().enumerate() {
            message.push_str(&format!("--- possible referral {at}:\n{}\n", yaml::to_yaml(&candidate.resource.value)));
        }
        message
    }
}

/// Returns whether two objects got the same prefixes and suffixes last, over the length of the shorter list
/// (`PrefixesSuffixesEquals`).
fn same_affixes(a: &Candidate, b: &Candidate, allow_empty: bool) -> bool {
    a.affixes.iter().zip(&b.affixes).all(|(a, b)| match a.is_empty() || b.is_empty() {
        true => allow_empty || a.len() == b.len(),
        false => a.iter().rev().zip(b.iter().rev()).all(|(a, b)| a == b),
    })
}
