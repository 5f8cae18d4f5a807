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

/// Cached lists by resource and by the start of the key range that was scanned. Never iterated, so the order of the maps
/// cannot be observed.
#[derive(Default)]
pub(super) struct ListCache(FxHashMap<String, FxHashMap<Vec<u8>, Vec<Arc<Object>>>>);

impl ListCache {
    /// The cached list of a resource for a key range.
    pub(super) fn get(&self, resource: &str, (from, _): &Range) -> Option<&Vec<Arc<Object>>> {
        self.0.get(resource)?.get(from)
    }

    /// Caches a list if it is short enough.
    pub(super) fn insert(&mut self, resource: &str, (from, _): Range, list: &[Arc<Object>]) {
        if list.len() > LENGTH_MAX {
            return;
        }
        let lists = self.0.entry(resource.to_owned()).or_default();
        if lists.len() >= LISTS_MAX {
            lists.clear();
        }
        lists.insert(from, list.to_vec());
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
