//! Lists in strategic merge patches: the type of their items, their identity and their order.

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

/// Removes repeated values and keeps the first of each.
pub(super) fn deduplicated(items: impl IntoIterator<Item = Value>) -> Vec<Value> {
    let mut seen = FxHashSet::default();
    items.into_iter().filter(|item| seen.insert(item.clone())).collect()
}

/// Returns the sort key of a scalar or merge key.
pub(super) fn sort_text(value: &Value) -> String {
    value_text(value)
}
