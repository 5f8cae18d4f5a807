//! Comparison of two versions of an object (structured-merge-diff, `typed/compare.go`).

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::iter;

use super::set::{FieldSet, FieldsV1, encode_node, field_element, member_with};
use super::typed::{Shape, TypeRef};
use crate::json::{SharedStr, Value};
use crate::patch::{FieldType, Types};

/// The fields that differ between two versions, as FieldsV1.
#[derive(Debug, Default)]
pub(super) struct Changes {
    /// New fields.
    pub(super) added: FieldsV1,
    /// Fields with another value.
    pub(super) modified: FieldsV1,
    /// Removed fields.
    pub(super) removed: FieldsV1,
}

/// The fields that a comparison leaves out.
#[derive(Clone, Copy, Default)]
pub(super) struct Exclusions<'a> {
    /// Fields that are skipped with everything below them.
    pub(super) skipped: Option<&'a FieldSet>,
    /// Fields that are not reported, but whose content is.
    pub(super) uncounted: Option<&'a FieldSet>,
}

impl<'a> Exclusions<'a> {
    fn is_empty(self) -> bool {
        self.skipped.is_none() && self.uncounted.is_none()
    }

    fn below(self, element: &str) -> Exclusions<'a> {
        let below = |set: Option<&'a FieldSet>| set.and_then(|set| set.below(element));
        Exclusions { skipped: below(self.skipped), uncounted: below(self.uncounted) }
    }
}

/// Returns the fields that differ.
pub(super) fn compare_objects<T: Types + ?Sized>(
    types: &T,
    root: &FieldType,
    old: &Value,
    new: &Value,
    except: Exclusions<'_>,
) -> Changes {
    Comparer { types }.children(&TypeRef::root(root), Some(old), Some(new), except)
}

/// The fields that differ, as sets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Comparison {
    pub(super) added: FieldSet,
    pub(super) modified: FieldSet,
    pub(super) removed: FieldSet,
}

impl Comparison {
    pub(super) fn between(types: &(impl Types + ?Sized), root: &FieldType, old: &Value, new: &Value) -> Comparison {
        let Changes { added, modified, removed } = compare_objects(types, root, old, new, Exclusions::default());
        let set = |encode_node: FieldsV1| FieldSet::from_fields_v1(&Value::Object(encode_node));
        Comparison { added: set(added), modified: set(modified), removed: set(removed) }
    }

    /// Returns the new and the modified fields.
    pub(super) fn changed(&self) -> FieldSet {
        self.added.union(&self.modified)
    }

    pub(super) fn is_same(&self) -> bool {
        self.added.is_empty() && self.modified.is_empty() && self.removed.is_empty()
    }

    /// Removes the fields in or below a set.
    pub(super) fn without(&self, ignored: &FieldSet) -> Comparison {
        Comparison {
            added: self.added.recursive_difference(ignored),
            modified: self.modified.recursive_difference(ignored),
            removed: self.removed.recursive_difference(ignored),
        }
    }
}

/// A simultaneous walk over two versions.
struct Comparer<'a, T: Types + ?Sized> {
    types: &'a T,
}

impl<T: Types + ?Sized> Comparer<'_, T> {
    /// Returns the differences inside two values.
    fn children(&self, ty: &TypeRef, old: Option<&Value>, new: Option<&Value>, except: Exclusions<'_>) -> Changes {
        let mut changes = Changes::default();
        for (key, old, new) in zip_fields(old, new) {
            // Equal parts, which are most of an object, need no further work.
            if old == new {
                continue;
            }
            let element = field_element(key);
            if !except.skipped.is_some_and(|skipped| skipped.has_member(&element)) {
                self.compare(&mut changes, element, || ty.field(self.types, key), (old, new), except);
            }
        }
        if let Some(pairs) = changed_in_place(ty, old, new) {
            for (old, new) in pairs {
                if let Some(element) = ty.item_element(self.types, new) {
                    self.compare(&mut changes, element, || ty.item(self.types), (Some(old), Some(new)), except);
                }
            }
            return changes;
        }
        let (old, new) = (items_by_element(self.types, ty, old), items_by_element(self.types, ty, new));
        let only_old = old.iter().filter(|(element, _)| !new.contains_key(*element));
        for (element, _) in new.iter().chain(only_old) {
            let (old, new) = (old.get(element).copied(), new.get(element).copied());
            if old != new {
                self.compare(&mut changes, element.clone(), || ty.item(self.types), (old, new), except);
            }
        }
        changes
    }

    /// Adds a field or item that differs, and the differences in it. Its type is looked up only if it has content.
    fn compare(
        &self,
        changes: &mut Changes,
        element: SharedStr,
        ty: impl FnOnce() -> TypeRef,
        (old, new): (Option<&Value>, Option<&Value>),
        except: Exclusions<'_>,
    ) {
        let values = || [old, new].into_iter().flatten();
        let ty = values().any(is_container).then(ty);
        let counts = !except.uncounted.is_some_and(|uncounted| uncounted.has_member(&element));
        let below = except.below(&element);
        let (whole, into) = match (old, new) {
            (None, Some(value)) if counts && below.is_empty() => (value, &mut changes.added),
            (Some(value), None) if counts && below.is_empty() => (value, &mut changes.removed),
            _ => {
                let ty = ty.filter(|ty| values().any(|value| ty.has_parts(value)));
                return self.compare_content(changes, element, ty, (old, new), (counts, below));
            }
        };
        into.insert(element, Value::Object(self.fields_of(ty, whole)));
    }

    /// Like [`Comparer::compare`]; `ty` is `None` unless one of the values has parts.
    fn compare_content(
        &self,
        changes: &mut Changes,
        element: SharedStr,
        ty: Option<TypeRef>,
        (old, new): (Option<&Value>, Option<&Value>),
        (counts, except): (bool, Exclusions<'_>),
    ) {
        let (is_added, is_removed) = (old.is_none(), new.is_none());
        let is_modified = !is_added && !is_removed && ty.is_none();
        let below = ty.map_or_else(Changes::default, |ty| self.children(&ty, old, new, except));
        for (into, below, itself) in [
            (&mut changes.added, below.added, is_added),
            (&mut changes.modified, below.modified, is_modified),
            (&mut changes.removed, below.removed, is_removed),
        ] {
            if let Some(encode_node) = encode_node(below, itself && counts) {
                into.insert(element.clone(), Value::Object(encode_node));
            }
        }
    }

    /// Returns a value that was added or removed with all its fields; `ty` is not needed for one without content.
    fn fields_of(&self, ty: Option<TypeRef>, value: &Value) -> FieldsV1 {
        let Some(ty) = ty else { return FieldsV1::new() };
        match ty.shape(value) {
            Shape::Leaf => FieldsV1::new(),
            Shape::Fields(fields) => member_with(fields.iter().map(|(key, value)| {
                let ty = is_container(value).then(|| ty.field(self.types, key));
                (field_element(key), Value::Object(self.fields_of(ty, value)))
            })),
            Shape::Items(_) => {
                let items = items_by_element(self.types, &ty, Some(value));
                member_with(items.into_iter().map(|(element, value)| {
                    let ty = is_container(value).then(|| ty.item(self.types));
                    (element, Value::Object(self.fields_of(ty, value)))
                }))
            }
        }
    }
}

/// Returns `true` for a map or list with content: no other value has parts, whatever its type.
fn is_container(value: &Value) -> bool {
    match value {
        Value::Object(fields) => !fields.is_empty(),
        Value::Array(items) => !items.is_empty(),
        _ => false,
    }
}

/// Pairs the fields of two objects, sorted by name.
fn zip_fields<'a>(
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

/// The length of the longest lists whose items are paired by their places.
const PAIRED_MAX: usize = 64;

/// Returns the items that differ between two lists with the same keys at the same places; `None` for other lists. A write
/// seldom adds, removes or moves items, and their path elements need then not be compared.
fn changed_in_place<'a>(
    ty: &TypeRef,
    old: Option<&'a Value>,
    new: Option<&'a Value>,
) -> Option<Vec<(&'a Value, &'a Value)>> {
    let (old, new) = (old.and_then(Value::as_array)?, new.and_then(Value::as_array)?);
    if old.len() != new.len() || old.len() > PAIRED_MAX {
        return None;
    }
    let is_same = |(old, new): (&Value, &Value)| old == new || ty.has_same_keys(old, new);
    if !old.iter().zip(new).all(is_same) {
        return None;
    }
    // Of several items with the same keys, the last one counts.
    let is_last = |at: usize| !new[at + 1..].iter().any(|later| ty.has_same_keys(&new[at], later));
    let pairs = old.iter().zip(new).enumerate();
    Some(pairs.filter(|(at, (old, new))| old != new && is_last(*at)).map(|(_, pair)| pair).collect())
}

/// Returns the items of a list by path element.
fn items_by_element<'a>(
    types: &(impl Types + ?Sized),
    ty: &TypeRef,
    list: Option<&'a Value>,
) -> BTreeMap<SharedStr, &'a Value> {
    let items = list.and_then(Value::as_array).into_iter().flatten();
    items.filter_map(|item| ty.item_element(types, item).map(|element| (element, item))).collect()
}
