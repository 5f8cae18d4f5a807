//! Lists in strategic merge patches: the type of their items, their identity and their order.

use std::cmp::Ordering;

use rustc_hash::{FxHashMap, FxHashSet};

use super::error::StrategicError;
use crate::go::{type_name, value_text};
use crate::json::{Map, Value};
use crate::patch::strategic::{DELETE, DIRECTIVE};

/// The type of the items of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ItemKind {
    /// Objects, identified by a merge key.
    Objects,
    /// Strings, numbers, booleans or nulls, identified by their value.
    Scalars,
}

/// Returns the common type of all items; `None` if there are no items.
pub(super) fn item_kind(lists: &[&[Value]]) -> Result<Option<ItemKind>, StrategicError> {
    let mut items = lists.iter().flat_map(|list| list.iter());
    let Some(first) = items.next() else { return Ok(None) };
    if first.is_array() {
        return Err(StrategicError::ListOfLists);
    }
    if items.any(|item| type_name(item) != type_name(first)) {
        let shown = lists.iter().map(|list| value_text(&Value::from(list.to_vec()))).collect::<Vec<_>>().join(" ");
        return Err(StrategicError::MixedList(format!("[{shown}]")));
    }
    Ok(Some(if first.is_object() { ItemKind::Objects } else { ItemKind::Scalars }))
}

/// Returns the identity of an item: the value of the merge key, or the item itself if the key is empty.
pub(super) fn identity<'a>(item: &'a Value, merge_key: &str) -> Option<&'a Value> {
    if merge_key.is_empty() { Some(item) } else { item.get(merge_key) }
}

/// Returns `true` if two items have the same identity.
pub(super) fn same_item(left: &Value, right: &Value, merge_key: &str) -> bool {
    identity(left, merge_key).is_some() && identity(left, merge_key) == identity(right, merge_key)
}

/// The first position of each identity in a list.
pub(super) struct Positions<'k> {
    merge_key: &'k str,
    first: FxHashMap<Value, usize>,
}

impl<'k> Positions<'k> {
    pub(super) fn of(items: &[Value], merge_key: &'k str) -> Self {
        let mut positions = Self { merge_key, first: FxHashMap::default() };
        items.iter().enumerate().for_each(|(at, item)| positions.add(item, at));
        positions
    }

    /// Adds an item at a position behind all others.
    pub(super) fn add(&mut self, item: &Value, at: usize) {
        if let Some(identity) = identity(item, self.merge_key) {
            self.first.entry(identity.clone()).or_insert(at);
        }
    }

    /// Returns the position of the item with the same identity.
    pub(super) fn find(&self, item: &Value) -> Option<usize> {
        self.first.get(identity(item, self.merge_key)?).copied()
    }
}

/// Returns an item as an object, which must have the merge key.
pub(super) fn require_merge_key<'a>(item: &'a Value, merge_key: &str) -> Result<&'a Map, StrategicError> {
    let object = as_object(item)?;
    if object.contains_key(merge_key) {
        return Ok(object);
    }
    Err(StrategicError::NoMergeKey { map: value_text(item), key: merge_key.to_owned() })
}

/// Returns an item as an object.
pub(super) fn as_object(item: &Value) -> Result<&Map, StrategicError> {
    item.as_object().ok_or(StrategicError::WrongType { expected: "map[string]interface {}", found: type_name(item) })
}

/// Returns a value as a list.
pub(super) fn as_list(value: &Value) -> Result<&[Value], StrategicError> {
    value
        .as_array()
        .map(Vec::as_slice)
        .ok_or(StrategicError::WrongType { expected: "[]interface {}", found: type_name(value) })
}

/// Returns `true` if an item is a deletion (`$patch: delete`).
pub(super) fn is_deletion(item: &Value) -> bool {
    item.get(DIRECTIVE).is_some_and(|directive| directive == DELETE)
}

/// Orders a merged list (`normalizeElementOrder`).
///
/// Items in `wanted` have its order, all others that of the live list. The two are interleaved as in the live list;
/// items that are not in the live list come first.
pub(super) fn order_items(
    merged: Vec<Value>,
    wanted: &[Value],
    live: &[Value],
    merge_key: &str,
) -> Result<Vec<Value>, StrategicError> {
    if !merge_key.is_empty() {
        for item in merged.iter().chain(wanted) {
            require_merge_key(item, merge_key)?;
        }
    }
    let wanted_places = Positions::of(wanted, merge_key);
    let (patched, others): (Vec<_>, Vec<_>) = merged.into_iter().partition(|item| wanted_places.find(item).is_some());
    let patched = sorted_by(patched, wanted, merge_key);
    let others = sorted_by(others, live, merge_key);
    Ok(interleave(others, patched, live, merge_key))
}

/// Sorts items as in `order`; deletions come last.
pub(super) fn sorted_by(items: Vec<Value>, order: &[Value], merge_key: &str) -> Vec<Value> {
    let (deletions, mut kept): (Vec<_>, Vec<_>) = items.into_iter().partition(is_deletion);
    let places = Positions::of(order, merge_key);
    kept.sort_by_cached_key(|item| places.find(item).unwrap_or(usize::MAX));
    kept.extend(deletions);
    kept
}

/// Merges two lists and keeps the order of each; an item of `left` comes first only if it does so in the live list.
fn interleave(left: Vec<Value>, right: Vec<Value>, live: &[Value], merge_key: &str) -> Vec<Value> {
    let mut all = Vec::with_capacity(left.len() + right.len());
    let places = Positions::of(live, merge_key);
    let mut left = left.into_iter().peekable();
    for item in right {
        let at = places.find(&item);
        let goes_first = |other: &Value| at.zip(places.find(other)).is_some_and(|(at, other)| other < at);
        while let Some(before) = left.next_if(|other| goes_first(other)) {
            all.push(before);
        }
        all.push(item);
    }
    all.extend(left);
    all
}

/// Returns the live list as upstream finds it after a merge, by which it orders the result.
///
/// Deletions and additions work on the array of the live list (`deleteMatchingEntries`): items behind a deleted one move
/// up, and new items take the places at the end, so that they stand behind the items that are left, not in front.
pub(super) fn overwritten(live: &[Value], patch: &[Value], merge_key: &str) -> Vec<Value> {
    let (special, plain): (Vec<_>, Vec<_>) = patch.iter().cloned().partition(|item| item.get(DIRECTIVE).is_some());
    let deleted: Vec<Value> = special.into_iter().filter(is_deletion).collect();
    let deleted = Positions::of(&deleted, merge_key);
    let mut array: Vec<Value> = live.iter().filter(|item| deleted.find(item).is_none()).cloned().collect();
    let mut places = Positions::of(&array, merge_key);
    for item in plain {
        if places.find(&item).is_none() {
            places.add(&item, array.len());
            array.push(item);
        }
    }
    array.truncate(live.len());
    array
}

/// Removes repeated values and keeps the first of each.
pub(super) fn deduplicated(items: impl IntoIterator<Item = Value>) -> Vec<Value> {
    let mut seen = FxHashSet::default();
    items.into_iter().filter(|item| seen.insert(item.clone())).collect()
}

/// The items of a list with the texts that they are sorted by.
pub(super) type Sorted<'a> = Vec<(String, &'a Value)>;

/// Sorts items by the text of their identity.
///
/// Items of equal texts come in reverse: upstream's comparison is "not greater", with which Go's sort, an insertion sort
/// up to twelve items, moves an item in front of its equals. (For longer lists Go leaves their order open.)
pub(super) fn by_text<'a>(items: &'a [Value], merge_key: &str) -> Sorted<'a> {
    let text = |item| identity(item, merge_key).map(value_text).unwrap_or_default();
    let mut sorted: Sorted = items.iter().rev().map(|item| (text(item), item)).collect();
    sorted.sort_by(|(left, _), (right, _)| left.cmp(right));
    sorted
}

/// A step of a walk through two sorted lists.
pub(super) enum Step<'a> {
    /// An item of each list, with the same identity.
    Both(&'a Value, &'a Value),
    /// An item that only the old list has.
    Removed(&'a Value),
    /// An item that only the new list has.
    Added(&'a Value),
}

/// Walks through two sorted lists in step.
pub(super) fn side_by_side<'a>(old: &Sorted<'a>, new: &Sorted<'a>) -> Vec<Step<'a>> {
    let (mut old, mut new) = (old.iter().peekable(), new.iter().peekable());
    let mut steps = Vec::new();
    loop {
        let order = match (old.peek(), new.peek()) {
            (None, None) => return steps,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some((left, _)), Some((right, _))) => left.cmp(right),
        };
        let removed = old.next_if(|_| order.is_le()).map(|(_, item)| *item);
        let added = new.next_if(|_| order.is_ge()).map(|(_, item)| *item);
        steps.extend(match (removed, added) {
            (Some(old), Some(new)) => Some(Step::Both(old, new)),
            (Some(old), None) => Some(Step::Removed(old)),
            (None, added) => added.map(Step::Added),
        });
    }
}
