//! A cache of short lists, invalidated when an object of their resource is written.
//!
//! For every pod that changes, controllers and admission list the services that select it and the quotas, disruption
//! budgets and limit ranges of its namespace. There are rarely any, and asking the engine each time would dominate the cost
//! of a command.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::keys::Range;
use kctl_base::object::Object;

/// The length of the longest list that is cached.
pub(super) const LENGTH_MAX: usize = 64;
/// The number of cached lists of one resource; the next one evicts all of them.
const LISTS_MAX: usize = 256;

/// Stands for all namespaces; no namespace has this name.
const ALL_NAMESPACES: &str = "*";

/// Cached lists by resource. Never iterated, so the order of the maps cannot be observed.
#[derive(Default)]
pub(super) struct ListCache(FxHashMap<String, Lists>);

/// The cached lists of a resource.
#[derive(Default)]
struct Lists {
    /// By namespace, or [`ALL_NAMESPACES`].
    by_namespace: FxHashMap<String, Vec<Arc<Object>>>,
    /// Those found by an index, by the start of the key range that was scanned.
    by_index: FxHashMap<Vec<u8>, Vec<Arc<Object>>>,
}

impl ListCache {
    /// The cached list of a resource in a namespace or in all.
    pub(super) fn get(&self, resource: &str, namespace: Option<&str>) -> Option<&Vec<Arc<Object>>> {
        self.0.get(resource)?.by_namespace.get(namespace.unwrap_or(ALL_NAMESPACES))
    }

    /// Caches a list if it is short enough.
    pub(super) fn insert(&mut self, resource: &str, namespace: Option<&str>, list: &[Arc<Object>]) {
        if let Some(lists) = self.lists_with_room(resource, list.len()) {
            lists.by_namespace.insert(namespace.unwrap_or(ALL_NAMESPACES).to_owned(), list.to_vec());
        }
    }

    /// The cached list of a resource for a range of an index.
    pub(super) fn get_indexed(&self, resource: &str, (from, _): &Range) -> Option<&Vec<Arc<Object>>> {
        self.0.get(resource)?.by_index.get(from)
    }

    /// Caches a list that was found by an index if it is short enough.
    pub(super) fn insert_indexed(&mut self, resource: &str, (from, _): Range, list: &[Arc<Object>]) {
        if let Some(lists) = self.lists_with_room(resource, list.len()) {
            lists.by_index.insert(from, list.to_vec());
        }
    }

    /// The cached lists of a resource with room for one of a length; `None` if that is too long.
    fn lists_with_room(&mut self, resource: &str, length: usize) -> Option<&mut Lists> {
        if length > LENGTH_MAX {
            return None;
        }
        let lists = self.0.entry(resource.to_owned()).or_default();
        if lists.by_namespace.len() + lists.by_index.len() >= LISTS_MAX {
            lists.clear();
        }
        Some(lists)
    }

    /// Drops the lists of a resource, because one of its objects changes.
    pub(super) fn invalidate(&mut self, resource: &str) {
        if let Some(lists) = self.0.get_mut(resource) {
            lists.clear();
        }
    }

    /// Drops all lists.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}

impl Lists {
    /// Drops all lists.
    fn clear(&mut self) {
        self.by_namespace.clear();
        self.by_index.clear();
    }
}
