//! What changed between two versions of an object, field by field.

use std::collections::BTreeMap;

use super::set::{FieldSet, field_step};
use super::typed::{Place, Shape};
use crate::machinery::json::{Text, Value};
use crate::machinery::patch::{FieldType, Types};

/// What happened to a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// It was not there before.
    Added,
    /// It has another value.
    Modified,
    /// It is gone.
    Removed,
}

/// Tells every field that differs, with the steps that lead there; fields that are `skipped`, and all in them, are not even
/// looked at.
pub(super) fn differences<T: Types + ?Sized>(
    types: &T,
    root: &FieldType,
    old: &Value,
    new: &Value,
    skipped: &FieldSet,
    tell: impl FnMut(Found, &[String]),
) {
    let place = Place::root(root);
    Walk { types, path: Vec::new(), tell }.compare(&place, Some(old), Some(new), Some(skipped));
}

/// The fields that changed, as sets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Comparison {
    pub(super) added: FieldSet,
    pub(super) modified: FieldSet,
    pub(super) removed: FieldSet,
}

impl Comparison {
    pub(super) fn between(types: &(impl Types + ?Sized), root: &FieldType, old: &Value, new: &Value) -> Comparison {
        let mut all = Comparison::default();
        differences(types, root, old, new, &FieldSet::default(), |found, path| match found {
            Found::Added => all.added.insert(path),
            Found::Modified => all.modified.insert(path),
            Found::Removed => all.removed.insert(path),
        });
        all
    }

    /// What the new version set: new and changed fields.
    pub(super) fn taken(&self) -> FieldSet {
        self.added.union(&self.modified)
    }

    pub(super) fn is_same(&self) -> bool {
        self.added.is_empty() && self.modified.is_empty() && self.removed.is_empty()
    }

    /// The same without fields in or below a set.
    pub(super) fn without(&self, ignored: &FieldSet) -> Comparison {
        Comparison {
            added: self.added.recursive_difference(ignored),
            modified: self.modified.recursive_difference(ignored),
            removed: self.removed.recursive_difference(ignored),
        }
    }
}

/// A walk over two versions at once.
struct Walk<'a, T: Types + ?Sized, F: FnMut(Found, &[String])> {
    types: &'a T,
    path: Vec<String>,
    tell: F,
}

impl<T: Types + ?Sized, F: FnMut(Found, &[String])> Walk<'_, T, F> {
    /// Compares two values that differ, or at least one of which has fields.
    fn compare(&mut self, place: &Place, old: Option<&Value>, new: Option<&Value>, skipped: Option<&FieldSet>) {
        let inside = |value: Option<&Value>| {
            value.is_some_and(|value| match place.shape(value) {
                Shape::Leaf => false,
                Shape::Fields(fields) => !fields.is_empty(),
                Shape::Items(items) => !items.is_empty(),
            })
        };
        let nested = inside(old) || inside(new);
        match (old, new) {
            (None, _) => (self.tell)(Found::Added, &self.path),
            (_, None) => (self.tell)(Found::Removed, &self.path),
            _ if !nested => (self.tell)(Found::Modified, &self.path),
            _ => {}
        }
        if nested {
            self.compare_fields(place, old, new, skipped);
            self.compare_items(place, old, new);
        }
    }

    fn compare_fields(&mut self, place: &Place, old: Option<&Value>, new: Option<&Value>, skipped: Option<&FieldSet>) {
        let only_old = fields(old).filter(|(key, _)| inner(new, key).is_none());
        for (key, _) in fields(new).chain(only_old) {
            let step = skipped.map(|_| field_step(key)).unwrap_or_default();
            if skipped.is_some_and(|skipped| skipped.has_member(&step)) {
                continue;
            }
            let (old, new) = (inner(old, key), inner(new, key));
            // Most of an object stays as it was: it needs no step and no place.
            if old == new {
                continue;
            }
            let below = skipped.and_then(|skipped| skipped.below(&step));
            self.path.push(if step.is_empty() { field_step(key) } else { step });
            self.compare(&place.field(self.types, key), old, new, below);
            self.path.pop();
        }
    }

    fn compare_items(&mut self, place: &Place, old: Option<&Value>, new: Option<&Value>) {
        let (old, new) = (steps(self.types, place, old), steps(self.types, place, new));
        let only_old = old.iter().filter(|(step, _)| !new.contains_key(*step));
        for (step, _) in new.iter().chain(only_old) {
            let (old, new) = (old.get(step).copied(), new.get(step).copied());
            if old == new {
                continue;
            }
            self.path.push(step.clone());
            self.compare(&place.item(self.types), old, new, None);
            self.path.pop();
        }
    }
}

fn fields(value: Option<&Value>) -> impl Iterator<Item = (&Text, &Value)> {
    value.and_then(Value::as_object).into_iter().flatten()
}

fn inner<'a>(value: Option<&'a Value>, key: &str) -> Option<&'a Value> {
    value?.as_object()?.get(key)
}

/// The items of a list by their steps.
fn steps<'a>(types: &(impl Types + ?Sized), place: &Place, list: Option<&'a Value>) -> BTreeMap<String, &'a Value> {
    let items = list.and_then(Value::as_array).into_iter().flatten();
    items.filter_map(|item| place.item_step(types, item).map(|step| (step, item))).collect()
}
