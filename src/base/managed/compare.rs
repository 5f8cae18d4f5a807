//! What changed between two versions of an object, field by field.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::iter;

use super::set::{FieldSet, Written, field_step, written};
use super::typed::Place;
use crate::json::{SharedStr, Value};
use crate::patch::{FieldType, Types};

/// The fields that differ between two versions, in their FieldsV1 form.
#[derive(Debug, Default)]
pub(super) struct Changes {
    /// Those that were not there before.
    pub(super) added: Written,
    /// Those that have another value.
    pub(super) modified: Written,
    /// Those that are gone.
    pub(super) removed: Written,
}

/// What a comparison leaves out, from some place on.
#[derive(Clone, Copy, Default)]
pub(super) struct Except<'a> {
    /// Fields that are not even looked at, nor what is in them.
    pub(super) skipped: Option<&'a FieldSet>,
    /// Fields that do not count themselves, whatever is in them.
    pub(super) uncounted: Option<&'a FieldSet>,
}

impl<'a> Except<'a> {
    fn below(self, step: &str) -> Except<'a> {
        let below = |set: Option<&'a FieldSet>| set.and_then(|set| set.below(step));
        Except { skipped: below(self.skipped), uncounted: below(self.uncounted) }
    }
}

/// Finds every field that differs.
pub(super) fn differences<T: Types + ?Sized>(
    types: &T,
    root: &FieldType,
    old: &Value,
    new: &Value,
    except: Except<'_>,
) -> Changes {
    Walk { types }.inside(&Place::root(root), Some(old), Some(new), except)
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
        let Changes { added, modified, removed } = differences(types, root, old, new, Except::default());
        let set = |written: Written| FieldSet::from_fields_v1(&Value::Object(written));
        Comparison { added: set(added), modified: set(modified), removed: set(removed) }
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
struct Walk<'a, T: Types + ?Sized> {
    types: &'a T,
}

impl<T: Types + ?Sized> Walk<'_, T> {
    /// What differs inside two values.
    fn inside(&self, place: &Place, old: Option<&Value>, new: Option<&Value>, except: Except<'_>) -> Changes {
        let mut changes = Changes::default();
        for (key, old, new) in paired(old, new) {
            // Most of an object stays as it was: it needs no step and no place.
            if old == new {
                continue;
            }
            let step = field_step(key);
            if !except.skipped.is_some_and(|skipped| skipped.has_member(&step)) {
                self.compare(&mut changes, step, &place.field(self.types, key), old, new, except);
            }
        }
        let (old, new) = (steps(self.types, place, old), steps(self.types, place, new));
        let only_old = old.iter().filter(|(step, _)| !new.contains_key(*step));
        for (step, _) in new.iter().chain(only_old) {
            let (old, new) = (old.get(step).copied(), new.get(step).copied());
            if old != new {
                self.compare(&mut changes, step.clone(), &place.item(self.types), old, new, except);
            }
        }
        changes
    }

    /// Notes a field or item that differs, and what differs in it.
    fn compare(
        &self,
        changes: &mut Changes,
        step: SharedStr,
        place: &Place,
        old: Option<&Value>,
        new: Option<&Value>,
        except: Except<'_>,
    ) {
        let nested = [old, new].into_iter().flatten().any(|value| place.has_parts(value));
        let below = match nested {
            true => self.inside(place, old, new, except.below(&step)),
            false => Changes::default(),
        };
        let counts = !except.uncounted.is_some_and(|uncounted| uncounted.has_member(&step));
        let (is_added, is_removed) = (old.is_none(), new.is_none());
        let is_modified = !is_added && !is_removed && !nested;
        for (into, below, itself) in [
            (&mut changes.added, below.added, is_added),
            (&mut changes.modified, below.modified, is_modified),
            (&mut changes.removed, below.removed, is_removed),
        ] {
            if let Some(written) = written(below, itself && counts) {
                into.insert(step.clone(), Value::Object(written));
            }
        }
    }
}

/// The fields of two objects side by side, in the order of their names.
fn paired<'a>(
    old: Option<&'a Value>,
    new: Option<&'a Value>,
) -> impl Iterator<Item = (&'a SharedStr, Option<&'a Value>, Option<&'a Value>)> {
    let fields = |value: Option<&'a Value>| value.and_then(Value::as_object).into_iter().flatten().peekable();
    let (mut old, mut new) = (fields(old), fields(new));
    iter::from_fn(move || {
        let order = match (old.peek(), new.peek()) {
            (None, None) => return None,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some((old, _)), Some((new, _))) => old.cmp(new),
        };
        let old = if order.is_le() { old.next() } else { None };
        let new = if order.is_ge() { new.next() } else { None };
        let (key, _) = new.or(old)?;
        Some((key, old.map(|(_, value)| value), new.map(|(_, value)| value)))
    })
}

/// The items of a list by their steps.
fn steps<'a>(types: &(impl Types + ?Sized), place: &Place, list: Option<&'a Value>) -> BTreeMap<SharedStr, &'a Value> {
    let items = list.and_then(Value::as_array).into_iter().flatten();
    items.filter_map(|item| place.item_step(types, item).map(|step| (step, item))).collect()
}
