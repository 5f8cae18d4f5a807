//! The in-memory cache of a controller: data derived from stored objects that is costly to derive again.

use std::any::Any;

/// Holds one value of a type that its controller chooses; the scheduler's node infos are an example.
///
/// The value lives as long as the process works on one store. It must be no more than a faster way to learn what the store
/// holds, because it is dropped whenever staged writes are discarded or the store is reopened.
#[derive(Default)]
pub(in crate::controllers) struct Cache(Option<Box<dyn Any>>);

impl Cache {
    /// Returns the value; the default where there is none yet.
    pub(super) fn get<T: Any + Default>(&mut self) -> &mut T {
        if !self.0.as_ref().is_some_and(|value| value.is::<T>()) {
            self.0 = None;
        }
        let value = self.0.get_or_insert_with(|| Box::<T>::default());
        value.downcast_mut().expect("a value of another type was dropped above")
    }

    /// Takes the value out; the default where there is none.
    pub(super) fn take<T: Any + Default>(&mut self) -> T {
        self.0.take().and_then(|value| value.downcast().ok()).map_or_else(T::default, |value| *value)
    }

    /// Replaces the value.
    pub(super) fn put<T: Any>(&mut self, value: T) {
        self.0 = Some(Box::new(value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_kept_until_it_is_taken() {
        let mut cache = Cache::default();
        cache.get::<Vec<u8>>().push(1);
        cache.get::<Vec<u8>>().push(2);
        assert_eq!(cache.take::<Vec<u8>>(), [1, 2]);
        assert!(cache.get::<Vec<u8>>().is_empty());
        cache.put(String::from("other"));
        assert_eq!(cache.get::<String>(), "other");
    }
}
