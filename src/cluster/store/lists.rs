//! Short lists, kept until an object of their resource is written.
//!
//! With every pod that changes, controllers and admission ask for the services that select it, and for the quotas, budgets
//! and limit ranges of its namespace; hardly ever are there any, and finding that out in the engine costs more than all
//! the rest.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::keys::Range;
use kctl_base::object::Object;

/// Longer lists are not kept.
pub(super) const LENGTH: usize = 64;
/// When so many lists of a resource are kept, they all go.
const COUNT: usize = 256;

/// Lists by resource and the range of rows that leads to them. Never iterated, so their order does not matter.
#[derive(Default)]
pub(super) struct Lists(FxHashMap<String, FxHashMap<Vec<u8>, Vec<Arc<Object>>>>);

impl Lists {
    /// The list of a resource that a range leads to, if it is kept.
    pub(super) fn get(&self, resource: &str, (from, _): &Range) -> Option<&Vec<Arc<Object>>> {
        self.0.get(resource)?.get(from)
    }

    /// Keeps a list, if it is short.
    pub(super) fn keep(&mut self, resource: &str, (from, _): Range, list: &[Arc<Object>]) {
        if list.len() > LENGTH {
            return;
        }
        let lists = self.0.entry(resource.to_owned()).or_default();
        if lists.len() >= COUNT {
            lists.clear();
        }
        lists.insert(from, list.to_vec());
    }

    /// Forgets the lists of a resource: an object of it is written.
    pub(super) fn forget(&mut self, resource: &str) {
        if let Some(lists) = self.0.get_mut(resource) {
            lists.clear();
        }
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}
