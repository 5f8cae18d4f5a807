//! Names that changed, in the objects that refer to them.

use crate::build_notes::{PREFIXES, SUFFIXES};
use crate::config::Config;
use crate::error::{Result, fail};
use crate::field_spec::{FieldSpec, Leaf};
use crate::ids::{Gvk, ResId};
use crate::resource::Resource;
use crate::resources::Resources;
use crate::values::scalar_text;
use kctl_base::json::Value;
use kctl_base::object::ValueRead;
use kctl_base::yaml;

/// Brings all references up to date.
pub(crate) fn fix(resources: &mut Resources, config: &Config) -> Result<()> {
    // Names are not changed here, so what objects are called is found out once.
    let all: Vec<Candidate> = resources.list.iter().map(Candidate::new).collect();
    for at in 0..resources.list.len() {
        let id = resources.list[at].original_id();
        let candidates = reachable(&all, &all[at])?;
        for references in &config.name_reference {
            for field in references.field_specs.iter().filter(|f| id.gvk.is_selected_by(&f.gvk)) {
                let search = Search { referrer: &all[at], target: &references.target, field, candidates: &candidates };
                let place = FieldSpec { gvk: all[at].current.gvk.clone(), ..field.clone() };
                place.visit(&mut resources.list[at], Leaf::Nothing, &mut |value| search.update(value)).map_err(
                    |e| {
                        let (path, id) = (&field.path, &all[at].current);
                        e.within(format!("updating name reference in '{path}' field of '{id}'"))
                    },
                )?;
            }
        }
    }
    Ok(())
}

/// An object that might be referred to, and what it is and was called.
struct Candidate {
    resource: Resource,
    current: ResId,
    previous: Vec<ResId>,
    /// Its prefixes, and its suffixes.
    affixes: [Vec<String>; 2],
}

impl Candidate {
    fn new(resource: &Resource) -> Candidate {
        Candidate {
            current: resource.current_id(),
            previous: resource.previous_ids(),
            affixes: [resource.noted(PREFIXES), resource.noted(SUFFIXES)],
            resource: resource.clone(),
        }
    }
}

/// The objects that an object can refer to: those of its namespace and those without, for a role binding also those in the
/// namespaces of its accounts, for an object without namespace all.
fn reachable<'c>(all: &'c [Candidate], referrer: &Candidate) -> Result<Vec<&'c Candidate>> {
    let own = &referrer.current;
    let accounts = account_namespaces(&referrer.resource)?;
    let reached = all.iter().filter(|other| {
        let id = &other.current;
        own.cluster_scoped || id.cluster_scoped || id.same_namespace(own) || accounts.contains(&id.namespace)
    });
    Ok(reached.collect())
}

fn account_namespaces(referrer: &Resource) -> Result<Vec<String>> {
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

/// The search for what a field refers to.
struct Search<'a> {
    referrer: &'a Candidate,
    target: &'a Gvk,
    field: &'a FieldSpec,
    candidates: &'a [&'a Candidate],
}

impl Search<'_> {
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

    fn update_name(&self, value: &mut Value) -> Result<()> {
        let name = scalar_text(value);
        let all = self.candidates.to_vec();
        let same = |a: &Candidate, b: &Candidate| a.current.name == b.current.name;
        if let Some(found) = self.find(&name, all, same)?
            && found.current.name != name
        {
            *value = found.current.name.as_str().into();
        }
        Ok(())
    }

    /// A map with a name and perhaps a namespace.
    fn update_map(&self, value: &mut Value) -> Result<()> {
        let Some(name) = value.get("name").map(scalar_text) else {
            return fail("path config error; no 'name' field in node");
        };
        let in_namespace: Vec<&Candidate> = match value.get("namespace").map(scalar_text) {
            None => self.candidates.to_vec(),
            Some(namespace) => self.of_namespace(&namespace),
        };
        let same = |a: &Candidate, b: &Candidate| {
            (&a.current.name, &a.current.namespace) == (&b.current.name, &b.current.namespace)
        };
        let Some(found) = self.find(&name, in_namespace, same)? else { return Ok(()) };
        value["name"] = found.current.name.as_str().into();
        if !found.current.namespace.is_empty() {
            value["namespace"] = found.current.namespace.as_str().into();
        }
        Ok(())
    }

    /// The candidates that came from a namespace; if there are none, those that are in it now.
    fn of_namespace(&self, namespace: &str) -> Vec<&Candidate> {
        let original = |c: &&Candidate| c.previous.first().unwrap_or(&c.current).effective_namespace() == namespace;
        let current = |c: &&Candidate| c.current.effective_namespace() == namespace;
        let found: Vec<&Candidate> = self.candidates.iter().copied().filter(original).collect();
        match found.is_empty() {
            false => found,
            true => self.candidates.iter().copied().filter(current).collect(),
        }
    }

    /// The one object that had this name and can be meant.
    fn find<'c>(
        &self,
        name: &str,
        candidates: Vec<&'c Candidate>,
        same: impl Fn(&Candidate, &Candidate) -> bool,
    ) -> Result<Option<&'c Candidate>> {
        let role = self.role();
        let own = &self.referrer.current;
        let near = |c: &Candidate| {
            own.cluster_scoped
                || c.current.cluster_scoped
                || c.current.gvk.kind == "ServiceAccount"
                || own.same_namespace(&c.current)
        };
        let mut candidates = candidates;
        candidates.retain(|c| {
            c.previous.iter().any(|id| id.name == name)
                && c.previous.iter().any(|id| id.gvk.is_selected_by(self.target))
                && role.as_ref().is_none_or(|role| c.previous.iter().any(|id| id.gvk.is_selected_by(role)))
                && near(c)
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
            many => fail(self.too_many(many)),
        }
    }

    /// In a role binding only the kind of role that it names is meant.
    fn role(&self) -> Option<Gvk> {
        let role = self.field.path.ends_with("roleRef/name").then(|| self.referrer.resource.value.get("roleRef"))??;
        let text = |key: &str| role.get(key).map(scalar_text);
        Some(Gvk { group: text("apiGroup")?, version: String::new(), kind: text("kind")? })
    }

    fn too_many(&self, candidates: &[&Candidate]) -> String {
        let ids: Vec<String> = candidates.iter().map(|c| c.current.to_string()).collect();
        let mut text = format!(
            "found multiple possible referrals: {}\n\n**** Too many possible referral targets to referrer:\n{}\n",
            ids.join(", "),
            yaml::to_yaml(&self.referrer.resource.value)
        );
        for (at, candidate) in candidates.iter().enumerate() {
            text.push_str(&format!("--- possible referral {at}:\n{}\n", yaml::to_yaml(&candidate.resource.value)));
        }
        text
    }
}

/// Whether two objects went through the same prefixes and suffixes, as far as the shorter list goes.
fn same_affixes(a: &Candidate, b: &Candidate, allow_empty: bool) -> bool {
    a.affixes.iter().zip(&b.affixes).all(|(a, b)| match a.is_empty() || b.is_empty() {
        true => allow_empty || a.len() == b.len(),
        false => a.iter().rev().zip(b.iter().rev()).all(|(a, b)| a == b),
    })
}
