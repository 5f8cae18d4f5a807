//! Watches: how a change of a resource becomes the keys that a controller reconciles.

use super::{Context, Key, Result};
use crate::store::Change;
use kctl_base::object::ObjectMeta;

/// The resource of a watch that sees the changes of every resource.
pub(crate) const EVERY_RESOURCE: &str = "*";

/// A resource that a controller watches, and the mapping from its changes to keys.
pub(crate) struct Watch {
    /// `replicasets.apps`, or [`EVERY_RESOURCE`].
    pub(super) resource: &'static str,
    mapping: Mapping,
}

/// Maps a change to the keys that it may concern. May read other objects, and must not write any.
pub(super) type MapFn = fn(&Change, &mut Context<'_>) -> Result<Vec<Key>>;

/// The mapping from a change to keys; the names of controller-runtime's event handlers are in parentheses.
enum Mapping {
    /// The object itself (`EnqueueRequestForObject`).
    Primary,
    /// The controlling owner of this kind; after a change of owners the old one too (`EnqueueRequestForOwner`).
    Owner(&'static str),
    /// The keys that a function returns (`EnqueueRequestsFromMapFunc`).
    Function(MapFn),
}

impl Watch {
    /// Enqueues the key of the object that changed.
    pub(crate) const fn primary(resource: &'static str) -> Watch {
        Watch { resource, mapping: Mapping::Primary }
    }

    /// Enqueues the key of the controlling owner of the object that changed, where it is of kind `owner`.
    pub(crate) const fn owned(resource: &'static str, owner: &'static str) -> Watch {
        Watch { resource, mapping: Mapping::Owner(owner) }
    }

    /// Enqueues the keys that `map` returns for a change.
    pub(crate) const fn mapped(resource: &'static str, map: MapFn) -> Watch {
        Watch { resource, mapping: Mapping::Function(map) }
    }

    /// Returns the keys that a change of the watched resource enqueues.
    pub(super) fn keys(&self, change: &Change, ctx: &mut Context<'_>) -> Result<Vec<Key>> {
        match self.mapping {
            Mapping::Primary => Ok(vec![Key::of(&change.object)]),
            Mapping::Owner(kind) => Ok(owners(change, kind)),
            Mapping::Function(map) => map(change, ctx),
        }
    }
}

/// Returns the controlling owner of a kind after the change and, where it is another one, before it.
fn owners(change: &Change, kind: &str) -> Vec<Key> {
    let mut keys = Vec::new();
    for object in [Some(&change.object), change.old.as_ref()].into_iter().flatten() {
        if let Some(owner) = object.controller_of_kind(kind) {
            let key = Key::new(object.namespace(), owner);
            if !keys.contains(&key) {
                keys.push(key);
            }
        }
    }
    keys
}
