//! Merging of an applied configuration into the live object (structured-merge-diff, `typed/merge.go`).

use super::typed::{Shape, TypeRef};
use crate::json::{SharedStr, Value};
use crate::patch::Types;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Returns the live value with the configuration merged into it.
///
/// Objects are merged by key and lists by item as their types require; everything else is taken from the configuration.
pub(super) fn merge(types: &(impl Types + ?Sized), ty: &TypeRef, live: &Value, config: &Value) -> Value {
    match (ty.shape(live), ty.shape(config)) {
        (Shape::Fields(live), Shape::Fields(config)) => {
            let mut merged = live.clone();
            for (key, new) in config {
                let value = match live.get(key) {
                    Some(old) => merge(types, &ty.field(types, key), old, new),
                    None => new.clone(),
                };
                merged.insert(key.clone(), value);
            }
            Value::Object(merged)
        }
        (Shape::Items(live), Shape::Items(config)) => Value::from(merge_items(types, ty, live, config)),
        // Null is an empty configuration of an object or list, which removes nothing.
        (Shape::Fields(_) | Shape::Items(_), Shape::Leaf) if config.is_null() && ty.has_parts(live) => live.clone(),
        _ => config.clone(),
    }
}

/// An item of a list with its path element.
struct Item<'a> {
    element: SharedStr,
    value: &'a Value,
}

fn items<'a>(types: &(impl Types + ?Sized), ty: &TypeRef, values: &'a [Value]) -> Vec<Item<'a>> {
    values.iter().map(|value| Item { element: ty.item_element(types, value).unwrap_or_default(), value }).collect()
}

/// Merges two lists: the configuration decides about the order, and live items keep their position relative to common
/// ones.
fn merge_items(types: &(impl Types + ?Sized), ty: &TypeRef, live: &[Value], config: &[Value]) -> Vec<Value> {
    let (live, config) = (items(types, ty, live), items(types, ty, config));
    // The first of repeated items is merged.
    let live_by_element: BTreeMap<&str, &Value> =
        live.iter().rev().map(|item| (item.element.as_str(), item.value)).collect();
    let wanted: BTreeSet<&str> = config.iter().map(|item| item.element.as_str()).collect();
    let merged = |item: &Item| match live_by_element.get(item.element.as_str()) {
        Some(old) => merge(types, &ty.item(types), old, item.value),
        None => item.value.clone(),
    };
    let mut shared: VecDeque<&str> = config
        .iter()
        .map(|item| item.element.as_str())
        .filter(|element| live_by_element.contains_key(element))
        .collect();
    let mut done = BTreeSet::new();
    let mut out = Vec::new();
    let (mut left, mut right) = (live.iter().peekable(), config.iter().peekable());
    while left.peek().is_some() || right.peek().is_some() {
        if let (Some(old), Some(new)) = (left.peek(), right.peek()) {
            if old.element == new.element {
                done.insert(new.element.as_str());
                out.push(merged(new));
                left.next();
                right.next();
                shared.pop_front();
                continue;
            }
            // A common item is added when the configuration reaches it.
            let turn = shared.front().is_none_or(|next| *next == old.element);
            if wanted.contains(old.element.as_str()) && !turn {
                left.next();
                continue;
            }
        }
        if let Some(old) = left.peek() {
            if !wanted.contains(old.element.as_str()) {
                out.push(old.value.clone());
                left.next();
                continue;
            }
            if done.contains(old.element.as_str()) {
                left.next();
            }
        }
        if let Some(new) = right.next() {
            done.insert(new.element.as_str());
            out.push(merged(new));
            if shared.front() == Some(&new.element.as_str()) {
                shared.pop_front();
            }
        }
    }
    out
}
