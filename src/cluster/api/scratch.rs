//! Room for what those who work with a server derive from its objects and would rather not derive again.
//!
//! It lives as long as the process and only as long as the store below stays the same: nothing in it may be more than a
//! faster way to know what the store says. It goes with everything that was staged and discarded.

use std::any::{Any, TypeId};
use std::collections::HashMap;

use super::Server;

/// One value of each type. Never iterated, so its order does not matter.
#[derive(Default)]
pub(super) struct Scratch(HashMap<TypeId, Box<dyn Any>>);

impl Server {
    /// The value of a type, made when there is none yet.
    pub fn scratch<T: Any + Default>(&mut self) -> &mut T {
        let slot = self.scratch.0.entry(TypeId::of::<T>()).or_insert_with(|| Box::<T>::default());
        slot.downcast_mut().expect("values are kept under their own types")
    }

    /// Takes the value of a type out, to be put back with [`Server::put_scratch`].
    pub fn take_scratch<T: Any + Default>(&mut self) -> T {
        let value = self.scratch.0.remove(&TypeId::of::<T>()).and_then(|slot| slot.downcast().ok());
        value.map_or_else(T::default, |value| *value)
    }

    /// Puts the value of a type in the place of what is there.
    pub fn put_scratch<T: Any>(&mut self, value: T) {
        self.scratch.0.insert(TypeId::of::<T>(), Box::new(value));
    }

    /// Forgets everything derived: the store is no longer what it was.
    pub fn clear_scratch(&mut self) {
        self.scratch = Scratch::default();
    }
}
