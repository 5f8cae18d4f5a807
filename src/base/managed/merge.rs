//! Merging an applied configuration into the live object.

use super::typed::{Place, Shape};
use crate::json::{Map, SharedStr, Value};
use crate::patch::Types;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// The live value with everything the configuration has.
///
/// Objects are merged key by key and lists item by item where their types say so; everything else is taken from the
/// configuration as a whole.
pub(super) fn merge(types: &(impl Types + ?Sized), place: &Place, live: &Value, config: &Value) -> Value {
    match (place.shape(live), place.shape(config)) {
        (Shape::Fields(live), Shape::Fields(config)) => {
            let mut merged = live.clone();
            for (key, new) in config {
                let value = match live.get(key) {
                    Some(old) => merge(types, &place.field(types, key), old, new),
                    None => new.clone(),
                };
                merged.insert(key.clone(), value);
            }
            Value::Object(merged)
        }
        (Shape::Items(live), Shape::Items(config)) => Value::from(merge_items(types, place, live, config)),
        _ => config.clone(),
    }
}

/// A list's item with what tells it apart.
struct Item<'a> {
    step: SharedStr,
    value: &'a Value,
}

fn items<'a>(types: &(impl Types + ?Sized), place: &Place, values: &'a [Value]) -> Vec<Item<'a>> {
    values.iter().map(|value| Item { step: place.item_step(types, value).unwrap_or_default(), value }).collect()
}

/// Merges two lists: the order of the configuration counts, live items keep their place among those both have.
fn merge_items(types: &(impl Types + ?Sized), place: &Place, live: &[Value], config: &[Value]) -> Vec<Value> {
    let (live, config) = (items(types, place, live), items(types, place, config));
    // Of an item that is there twice the first one is merged.
    let live_by_step: BTreeMap<&str, &Value> = live.iter().rev().map(|item| (item.step.as_str(), item.value)).collect();
    let wanted: BTreeSet<&str> = config.iter().map(|item| item.step.as_str()).collect();
    let merged = |item: &Item| match live_by_step.get(item.step.as_str()) {
        Some(old) => merge(types, &place.item(types), old, item.value),
        None => item.value.clone(),
    };
    let mut shared: VecDeque<&str> =
        config.iter().map(|item| item.step.as_str()).filter(|step| live_by_step.contains_key(step)).collect();
    let mut done = BTreeSet::new();
    let mut out = Vec::new();
    let (mut left, mut right) = (live.iter().peekable(), config.iter().peekable());
    while left.peek().is_some() || right.peek().is_some() {
        if let (Some(old), Some(new)) = (left.peek(), right.peek()) {
            if old.step == new.step {
                done.insert(new.step.as_str());
                out.push(merged(new));
                left.next();
                right.next();
                shared.pop_front();
                continue;
            }
            // An item of both lists whose turn has not come yet: it is taken when the configuration has it.
            let turn = shared.front().is_none_or(|next| *next == old.step);
            if wanted.contains(old.step.as_str()) && !turn {
                left.next();
                continue;
            }
        }
        if let Some(old) = left.peek() {
            if !wanted.contains(old.step.as_str()) {
                out.push(old.value.clone());
                left.next();
                continue;
            }
            if done.contains(old.step.as_str()) {
                left.next();
            }
        }
        if let Some(new) = right.next() {
            done.insert(new.step.as_str());
            out.push(merged(new));
            if shared.front() == Some(&new.step.as_str()) {
                shared.pop_front();
            }
        }
    }
    out
}

/// A configuration without the nulls, which set nothing.
pub(super) fn without_nulls(config: &Map) -> Map {
    let kept = config.iter().filter(|(_, value)| !value.is_null());
    kept.map(|(key, value)| {
        let value = match value {
            Value::Object(fields) => Value::Object(without_nulls(fields)),
            other => other.clone(),
        };
        (key.clone(), value)
    })
    .collect()
}
