//! Lists in strategic merge patches: what their items are, how items are told apart, and in which order they end up.

use super::strategic::StrategicError;
use crate::go::{type_name, value_text};
use crate::json::{Map, Value};
use crate::patch::strategic::{DELETE, DIRECTIVE};

/// What the items of a list are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ItemKind {
    /// Objects, told apart by a merge key.
    Objects,
    /// Strings, numbers, booleans or nulls, told apart by themselves.
    Scalars,
}

/// The common kind of all items; `None` when there are no items at all.
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

/// What tells an item apart: the value of the merge key, or the item itself when the key is empty.
pub(super) fn identity<'a>(item: &'a Value, merge_key: &str) -> Option<&'a Value> {
    if merge_key.is_empty() { Some(item) } else { item.get(merge_key) }
}

/// Whether two items are the same one.
pub(super) fn same_item(left: &Value, right: &Value, merge_key: &str) -> bool {
    identity(left, merge_key).is_some() && identity(left, merge_key) == identity(right, merge_key)
}

/// The position of the item that is the same one.
pub(super) fn position(items: &[Value], item: &Value, merge_key: &str) -> Option<usize> {
    items.iter().position(|candidate| same_item(candidate, item, merge_key))
}

/// An item as an object that has its merge key.
pub(super) fn keyed<'a>(item: &'a Value, merge_key: &str) -> Result<&'a Map, StrategicError> {
    let object = as_object(item)?;
    if object.contains_key(merge_key) {
        return Ok(object);
    }
    Err(StrategicError::NoMergeKey { map: value_text(item), key: merge_key.to_owned() })
}

/// An item as an object.
pub(super) fn as_object(item: &Value) -> Result<&Map, StrategicError> {
    item.as_object().ok_or(StrategicError::WrongType { expected: "map[string]interface {}", found: type_name(item) })
}

/// A value as a list.
pub(super) fn as_list(value: &Value) -> Result<&[Value], StrategicError> {
    value
        .as_array()
        .map(Vec::as_slice)
        .ok_or(StrategicError::WrongType { expected: "[]interface {}", found: type_name(value) })
}

/// Whether an item asks for its own deletion.
pub(super) fn is_deletion(item: &Value) -> bool {
    item.get(DIRECTIVE).is_some_and(|directive| directive == DELETE)
}

/// Brings a merged list into order.
///
/// Items named by `wanted` stand in its order, the others in the order of the live list; the two are then interleaved as the
/// live list has them, and what the live list does not know comes first.
pub(super) fn in_order(
    merged: Vec<Value>,
    wanted: &[Value],
    live: &[Value],
    merge_key: &str,
) -> Result<Vec<Value>, StrategicError> {
    if !merge_key.is_empty() {
        for item in merged.iter().chain(wanted) {
            keyed(item, merge_key)?;
        }
    }
    let (patched, others): (Vec<_>, Vec<_>) =
        merged.into_iter().partition(|item| position(wanted, item, merge_key).is_some());
    let patched = sorted_by(patched, wanted, merge_key);
    let others = sorted_by(others, live, merge_key);
    Ok(interleave(others, patched, live, merge_key))
}

/// Sorts items as `order` has them; deletions go last.
pub(super) fn sorted_by(items: Vec<Value>, order: &[Value], merge_key: &str) -> Vec<Value> {
    let (deletions, mut kept): (Vec<_>, Vec<_>) = items.into_iter().partition(is_deletion);
    kept.sort_by_key(|item| position(order, item, merge_key).unwrap_or(usize::MAX));
    kept.extend(deletions);
    kept
}

/// Merges two lists that keep their own order: an item of the left goes first only where the live list has it first.
fn interleave(left: Vec<Value>, right: Vec<Value>, live: &[Value], merge_key: &str) -> Vec<Value> {
    let mut all = Vec::with_capacity(left.len() + right.len());
    let mut left = left.into_iter().peekable();
    for item in right {
        let at = position(live, &item, merge_key);
        let goes_first = |other: &Value| at.zip(position(live, other, merge_key)).is_some_and(|(at, other)| other < at);
        while let Some(before) = left.next_if(|other| goes_first(other)) {
            all.push(before);
        }
        all.push(item);
    }
    all.extend(left);
    all
}

/// The first of each value, in the order they come.
pub(super) fn deduplicated(items: impl IntoIterator<Item = Value>) -> Vec<Value> {
    let mut kept: Vec<Value> = Vec::new();
    for item in items {
        if !kept.contains(&item) {
            kept.push(item);
        }
    }
    kept
}

/// The text by which scalars and merge keys are put into an order.
pub(super) fn sort_text(value: &Value) -> String {
    value_text(value)
}
