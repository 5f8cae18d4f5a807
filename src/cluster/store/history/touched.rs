//! The objects that an operation has touched.

use std::collections::hash_map::Entry;

use rustc_hash::FxHashMap;

use super::Totals;

/// The effect of an operation on an object, all in all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Effect {
    Created,
    Changed,
    Deleted,
}

/// The effects by the keys of the objects. An object that was created and deleted again leaves nothing.
#[derive(Debug, Default)]
pub(crate) struct Touched(FxHashMap<Vec<u8>, Effect>);

impl Touched {
    /// Notes that an object was written; `existed` tells whether there was one.
    pub(in crate::store) fn write(&mut self, key: &[u8], existed: bool) {
        match self.0.get_mut(key) {
            Some(effect) if *effect == Effect::Deleted => *effect = Effect::Changed,
            Some(_) => {}
            None => drop(self.0.insert(key.to_vec(), if existed { Effect::Changed } else { Effect::Created })),
        }
    }

    /// Notes that an object was removed.
    pub(in crate::store) fn remove(&mut self, key: &[u8]) {
        match self.0.entry(key.to_vec()) {
            Entry::Occupied(effect) if *effect.get() == Effect::Created => drop(effect.remove()),
            Entry::Occupied(mut effect) => drop(effect.insert(Effect::Deleted)),
            Entry::Vacant(effect) => drop(effect.insert(Effect::Deleted)),
        }
    }

    /// The numbers of objects.
    pub(super) fn totals(&self) -> Totals {
        let mut totals = Totals::default();
        for effect in self.0.values() {
            totals.count(*effect != Effect::Created, *effect != Effect::Deleted);
        }
        totals
    }
}
