//! Updates the fields that name renamed objects (`api/filters/nameref/nameref.go`,
//! `api/internal/accumulator/namereferencetransformer.go`).

use std::collections::HashMap;

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
    let candidates = Candidates::new(resources);
    for at in 0..resources.len() {
        let referrer = &candidates.all[at];
        let id = resources[at].original_id();
        let subject_namespaces = subject_namespaces(&referrer.resource)?;
        for references in &config.name_reference {
            for field in references.field_specs.iter().filter(|f| id.gvk.is_selected_by(&f.gvk)) {
                let search = Search {
                    referrer,
                    target: &references.target,
                    field,
                    candidates: &candidates,
                    subject_namespaces: &subject_namespaces,
                };
                let field_in_kind = FieldSpec { gvk: referrer.current.gvk.clone(), ..field.clone() };
                let updated =
                    field_in_kind.visit(&mut resources[at], CreateKind::None, &mut |value| search.update(value));
                updated.map_err(|e| {
                    let (path, id) = (&field.path, &referrer.current);
                    e.wrap(format!("updating name reference in '{path}' field of '{id}'"))
                })?;
            }
        }
    }
    Ok(())
}

/// All objects of a build as candidates, with an index of their previous names.
struct Candidates {
    all: Vec<Candidate>,
    /// Indexes into `all` by every previous name, ascending.
    by_name: HashMap<String, Vec<usize>>,
}

impl Candidates {
    fn new(resources: &ResMap) -> Candidates {
        let all: Vec<Candidate> = resources.iter().map(Candidate::new).collect();
        let mut by_name: HashMap<String, Vec<usize>> = HashMap::new();
        for (at, candidate) in all.iter().enumerate() {
            for id in &candidate.previous {
                let indexes = by_name.entry(id.name.clone()).or_default();
                if indexes.last() != Some(&at) {
                    indexes.push(at);
                }
            }
        }
        Candidates { all, by_name }
    }

    /// Returns the objects that had a name, in the order of the build.
    fn named(&self, name: &str) -> impl Iterator<Item = &Candidate> {
        self.by_name.get(name).into_iter().flatten().map(|at| &self.all[*at])
    }
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
    candidates: &'a Candidates,
    /// The namespaces of the subjects of a RoleBinding.
    subject_namespaces: &'a [String],
}

impl<'a> Search<'a> {
    /// Returns whether the referrer can refer to an object: to those of its namespace and cluster-scoped ones; a RoleBinding
    /// also to those in the namespaces of its subjects; a cluster-scoped object to all.
    fn is_reachable(&self, candidate: &Candidate) -> bool {
        let (own, id) = (&self.referrer.current, &candidate.current);
        own.cluster_scoped
            || id.cluster_scoped
            || id.is_namespace_equal(own)
            || self.subject_namespaces.contains(&id.namespace)
    }

    /// Returns the reachable objects that had a name.
    fn named(&self, name: &str) -> Vec<&'a Candidate> {
        self.candidates.named(name).filter(|c| self.is_reachable(c)).collect()
    }

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
        let same = |a: &Candidate, b: &Candidate| a.current.name == b.current.name;
        if let Some(found) = self.find(self.named(&name), same)?
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
        let candidates = match value.get("namespace").map(scalar_to_string) {
            None => self.named(&name),
            Some(namespace) => self.named_in_namespace(&name, &namespace),
        };
        let same = |a: &Candidate, b: &Candidate| {
            (&a.current.name, &a.current.namespace) == (&b.current.name, &b.current.namespace)
        };
        let Some(found) = self.find(candidates, same)? else { return Ok(()) };
        value["name"] = found.current.name.as_str().into();
        if !found.current.namespace.is_empty() {
            value["namespace"] = found.current.namespace.as_str().into();
        }
        Ok(())
    }

    /// Returns the reachable objects that had a name and were in a namespace originally. If no object at all was in the
    /// namespace, those that are in it now.
    fn named_in_namespace(&self, name: &str, namespace: &str) -> Vec<&'a Candidate> {
        let was_in = |c: &Candidate| c.previous.first().unwrap_or(&c.current).effective_namespace() == namespace;
        let is_in = |c: &Candidate| c.current.effective_namespace() == namespace;
        let mut candidates = self.named(name);
        match self.candidates.all.iter().any(|c| was_in(c) && self.is_reachable(c)) {
            true => candidates.retain(|c| was_in(c)),
            false => candidates.retain(|c| is_in(c)),
        }
        candidates
    }

    /// Returns the one of the `candidates` that can be referred to. If several remain, they must be the `same`.
    fn find(
        &self,
        mut candidates: Vec<&'a Candidate>,
        same: impl Fn(&Candidate, &Candidate) -> bool,
    ) -> Result<Option<&'a Candidate>> {
        let role = self.role();
        let own = &self.referrer.current;
        let is_visible = |c: &Candidate| {
            own.cluster_scoped
                || c.current.cluster_scoped
                || c.current.gvk.kind == "ServiceAccount"
                || own.is_namespace_equal(&c.current)
        };
        candidates.retain(|c| {
            c.previous.iter().any(|id| id.gvk.is_selected_by(self.target))
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
