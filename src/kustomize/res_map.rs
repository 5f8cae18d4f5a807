//! The objects of a build in their order, with unique ids (`api/resmap/reswrangler.go`).

use std::collections::HashSet;
use std::ops::{Index, IndexMut};

use super::build_annotations::GenerationBehavior;
use super::error::{Result, fail};
use super::res_id::{IdKey, ResId};
use super::resource::Resource;
use super::selector::{Selector, SelectorRegex};

/// A list of objects, no two of which have the same current id.
#[derive(Clone, Debug, Default)]
pub(super) struct ResMap {
    list: Vec<Resource>,
    /// The ids of `list`. `None` after objects have been lent out for changes, which may have renamed them.
    ids: Option<HashSet<IdKey>>,
}

impl ResMap {
    /// Creates a map from objects that were read together.
    ///
    /// # Errors
    /// When two of them have the same id.
    pub(super) fn new(list: Vec<Resource>) -> Result<ResMap> {
        let mut resources = ResMap::default();
        resources.append_all(list)?;
        Ok(resources)
    }

    /// Appends objects.
    ///
    /// # Errors
    /// When the id of one of them is taken.
    pub(super) fn append_all(&mut self, list: Vec<Resource>) -> Result<()> {
        let existing = &self.list;
        let ids = self.ids.get_or_insert_with(|| existing.iter().map(|r| r.current_id().key()).collect());
        for resource in list {
            let id = resource.current_id();
            if !ids.insert(id.key()) {
                return fail(format!("may not add resource with an already registered id: {id}"));
            }
            self.list.push(resource);
        }
        Ok(())
    }

    /// Appends a generated object, or merges it into the object of the same id, as its behavior says
    /// (`appendReplaceOrMerge`).
    ///
    /// # Errors
    /// When the behavior does not fit: `create` for an id that exists, `merge` or `replace` for one that does not.
    pub(super) fn absorb(&mut self, mut resource: Resource) -> Result<()> {
        let id = resource.current_id();
        let matches = self.matching_by_any_id(|other| id.equals(other));
        match (matches.as_slice(), resource.behavior()) {
            ([], GenerationBehavior::Create | GenerationBehavior::Unspecified) => self.append_all(vec![resource]),
            ([], _) => fail(format!("id {} does not exist; cannot merge or replace", id.go_syntax())),
            ([_], behavior @ (GenerationBehavior::Create | GenerationBehavior::Unspecified)) => {
                let name = if behavior == GenerationBehavior::Create { "create" } else { "unspecified" };
                let id = id.go_syntax();
                fail(format!("id {id} exists; can not use behavior: '{name}', behavior must be merge or replace"))
            }
            ([at], behavior) => {
                let old = &self[*at];
                resource.merge_metadata_from(old);
                if behavior == GenerationBehavior::Merge {
                    resource.merge_data_from(old);
                }
                self[*at] = resource;
                Ok(())
            }
            (many, _) => {
                let found: Vec<String> = many.iter().map(|at| self[*at].value.to_string()).collect();
                fail(format!("found multiple objects [{}] that could accept merge of {id}", found.join(" ")))
            }
        }
    }

    /// Iterates over the objects.
    pub(super) fn iter(&self) -> std::slice::Iter<'_, Resource> {
        self.list.iter()
    }

    /// Iterates over the objects for changes.
    pub(super) fn iter_mut(&mut self) -> std::slice::IterMut<'_, Resource> {
        self.ids = None;
        self.list.iter_mut()
    }

    /// Returns whether there are no objects.
    pub(super) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Returns the number of objects.
    pub(super) fn len(&self) -> usize {
        self.list.len()
    }

    /// Returns the objects in their order.
    pub(super) fn into_vec(self) -> Vec<Resource> {
        self.list
    }

    /// Keeps the objects for which `keep` returns true.
    pub(super) fn retain(&mut self, keep: impl FnMut(&Resource) -> bool) {
        self.ids = None;
        self.list.retain(keep);
    }

    /// Sorts the objects by a key; objects with equal keys keep their order.
    pub(super) fn sort_by_cached_key<K: Ord>(&mut self, key: impl FnMut(&Resource) -> K) {
        self.list.sort_by_cached_key(key);
    }

    /// Removes the objects that a patch has deleted.
    pub(super) fn drop_empties(&mut self) {
        if self.list.iter().any(Resource::is_empty) {
            self.retain(|r| !r.is_empty());
        }
    }

    /// Returns the indexes of the objects with a previous or current id for which `matches` returns true.
    pub(super) fn matching_by_any_id(&self, matches: impl Fn(&ResId) -> bool) -> Vec<usize> {
        let has_match = |r: &Resource| !r.is_empty() && r.all_ids().iter().any(&matches);
        (0..self.list.len()).filter(|at| has_match(&self.list[*at])).collect()
    }

    /// Returns the index of the one object that has or had an id.
    ///
    /// # Errors
    /// When there is no such object or more than one.
    pub(super) fn find_by_id(&self, id: &ResId) -> Result<usize> {
        let problem = match self.matching_by_any_id(|other| id.equals(other)).as_slice() {
            [one] => return Ok(*one),
            [] => "no matches",
            _ => "multiple matches",
        };
        fail(format!("{problem} for Id {id}; failed to find unique target for patch {id}"))
    }

    /// Returns the indexes of the objects that a selector chooses.
    ///
    /// # Errors
    /// When the selector is invalid.
    pub(super) fn select(&self, selector: &Selector) -> Result<Vec<usize>> {
        let selector = SelectorRegex::compile(selector)?;
        let mut found = Vec::new();
        for (at, resource) in self.list.iter().enumerate() {
            if !resource.is_empty() && selector.matches(resource)? {
                found.push(at);
            }
        }
        Ok(found)
    }
}

impl Index<usize> for ResMap {
    type Output = Resource;

    fn index(&self, at: usize) -> &Resource {
        &self.list[at]
    }
}

impl IndexMut<usize> for ResMap {
    fn index_mut(&mut self, at: usize) -> &mut Resource {
        self.ids = None;
        &mut self.list[at]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kctl_base::json::{Value, json};

    fn object(kind: &str, name: &str) -> Resource {
        Resource::new(json!({"apiVersion": "v1", "kind": kind, "metadata": {"name": name, "labels": {"a": name}}}))
    }

    fn selected(selector: Value) -> String {
        let all = ResMap::new(vec![object("ConfigMap", "a"), object("Secret", "ab"), object("Secret", "c")]);
        let selector: Selector = kctl_base::json::from_value(&selector).expect("a selector");
        match all.and_then(|all| all.select(&selector)) {
            Ok(places) => format!("{places:?}"),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn selector_patterns_match_whole_strings() {
        assert_eq!(selected(json!({"name": "a.*"})), "[0, 1]");
        assert_eq!(selected(json!({"name": "a"})), "[0]");
        assert_eq!(selected(json!({"kind": "Secret|ConfigMap", "name": "c"})), "[2]");
        assert_eq!(selected(json!({"labelSelector": "a in (ab, c)"})), "[1, 2]");
        assert_eq!(selected(json!({"namespace": "default"})), "[0, 1, 2]");
        assert_eq!(selected(json!({"name": "a["})), "error parsing regexp: missing closing ]: `[)$`");
    }

    #[test]
    fn ids_are_unique() {
        let twice = ResMap::new(vec![object("ConfigMap", "a"), object("ConfigMap", "a")]);
        assert_eq!(
            twice.expect_err("a refusal").to_string(),
            "may not add resource with an already registered id: ConfigMap.v1.[noGrp]/a.[noNs]"
        );
    }

    #[test]
    fn a_renamed_object_frees_its_id() {
        let mut all = ResMap::new(vec![object("ConfigMap", "a")]).expect("unique ids");
        all[0].set_name("b");
        assert_eq!(all.append_all(vec![object("ConfigMap", "a")]), Ok(()));
        assert!(all.append_all(vec![object("ConfigMap", "b")]).is_err());
    }
}
