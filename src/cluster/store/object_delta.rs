//! Deltas between versions of an object, encoded as JSON: the change log stores them instead of whole versions.
//!
//! A delta is proportional to the change (a status, a label), so a log of ten thousand changes stays small. It can only be
//! applied to the value that it was computed from. Its forms:
//! - `[v]` replaces the value by `v`; `0` removes it;
//! - `{"k": d, ..}` on a map applies `d` to the entry `k`;
//! - `{"3": d, .., "#": n, "+": [..]}` on a list applies `d` to item 3, truncates the list to `n` items, then appends items.

use kctl_base::json::{self, Map, Value};

/// The delta that turns `from` into `to`. It is written straight from the two values and never built as a value of its
/// own, because every change of every object has one.
pub(super) struct ObjectDelta<'a> {
    from: &'a Value,
    to: &'a Value,
}

impl<'a> ObjectDelta<'a> {
    /// The delta between two values; `None` if they are equal.
    pub(super) fn between(from: &'a Value, to: &'a Value) -> Option<ObjectDelta<'a>> {
        (from != to).then_some(ObjectDelta { from, to })
    }
}

impl ObjectDelta<'_> {
    /// Appends the JSON of the delta.
    pub(super) fn append(&self, out: &mut Vec<u8>) {
        match (self.from, self.to) {
            (Value::Object(old), Value::Object(new)) => append_map_delta(old, new, out),
            (Value::Array(old), Value::Array(new)) => append_list_delta(old, new, out),
            _ => append_new(self.to, out),
        }
    }
}

/// Appends the delta that replaces a value or adds one.
fn append_new(value: &Value, out: &mut Vec<u8>) {
    out.push(b'[');
    json::append(value, out);
    out.push(b']');
}

fn append_map_delta(old: &Map, new: &Map, out: &mut Vec<u8>) {
    let mut is_first = true;
    let mut append_key = |key: &str, out: &mut Vec<u8>| {
        json::append_key(is_first, key, out);
        is_first = false;
    };
    out.push(b'{');
    for (key, value) in new {
        match old.get(key).map(|old| ObjectDelta::between(old, value)) {
            None => {
                append_key(key, out);
                append_new(value, out);
            }
            Some(Some(delta)) => {
                append_key(key, out);
                delta.append(out);
            }
            Some(None) => {}
        }
    }
    for key in old.keys().filter(|key| !new.contains_key(key)) {
        append_key(key, out);
        out.push(b'0');
    }
    out.push(b'}');
}

fn append_list_delta(old: &[Value], new: &[Value], out: &mut Vec<u8>) {
    let mut is_first = true;
    let mut append_key = |key: &str, out: &mut Vec<u8>| {
        json::append_key(is_first, key, out);
        is_first = false;
    };
    out.push(b'{');
    for (index, (old, new)) in old.iter().zip(new).enumerate() {
        if let Some(delta) = ObjectDelta::between(old, new) {
            append_key(&index.to_string(), out);
            delta.append(out);
        }
    }
    if new.len() < old.len() {
        append_key("#", out);
        json::append(&new.len().into(), out);
    }
    if let Some(added) = new.get(old.len()..).filter(|added| !added.is_empty()) {
        append_key("+", out);
        json::append_items(added, out);
    }
    out.push(b'}');
}

/// Applies a delta to `value`. Returns `None` if the delta does not fit, which leaves `value` partly changed.
pub(super) fn apply(value: &mut Value, change: &Value) -> Option<()> {
    match change {
        Value::Array(new) => *value = new.first()?.clone(),
        Value::Object(changes) => match value {
            Value::Object(map) => apply_to_map(map, changes)?,
            Value::Array(list) => apply_to_list(list, changes)?,
            _ => return None,
        },
        _ => return None,
    }
    Some(())
}

fn apply_to_map(map: &mut Map, changes: &Map) -> Option<()> {
    for (key, change) in changes {
        match change {
            Value::Number(_) => drop(map.remove(key)?),
            Value::Array(new) => drop(map.insert(key.clone(), new.first()?.clone())),
            _ => apply(map.get_mut(key)?, change)?,
        }
    }
    Some(())
}

fn apply_to_list(list: &mut Vec<Value>, changes: &Map) -> Option<()> {
    for (key, change) in changes {
        if let Ok(index) = key.parse::<usize>() {
            apply(list.get_mut(index)?, change)?;
        }
    }
    if let Some(length) = changes.get("#") {
        list.truncate(usize::try_from(length.as_u64()?).ok()?);
    }
    list.extend(changes.get("+").and_then(Value::as_array).into_iter().flatten().cloned());
    Some(())
}

#[cfg(test)]
mod tests {
    use kctl_base::json::json;
    use proptest::prelude::*;

    use super::*;

    fn between(from: &Value, to: &Value) -> Option<Value> {
        let mut text = Vec::new();
        ObjectDelta::between(from, to)?.append(&mut text);
        Some(json::from_slice(&text).expect("JSON"))
    }

    #[test]
    fn small_changes_have_small_deltas() {
        let cases = [
            (json!({"a": 1, "b": 2}), json!({"a": 1, "b": 3}), json!({"b": [3]})),
            (json!({"a": 1}), json!({"b": null}), json!({"a": 0, "b": [null]})),
            (json!({"l": [1, {"x": 1}]}), json!({"l": [1, {"x": 2}]}), json!({"l": {"1": {"x": [2]}}})),
            (json!([1, 2, 3]), json!([1]), json!({"#": 1})),
            (json!([1]), json!([2, 3]), json!({"0": [2], "+": [3]})),
            (json!({"a": []}), json!({"a": {}}), json!({"a": [{}]})),
        ];
        for (from, to, want) in cases {
            assert_eq!(between(&from, &to), Some(want), "{from} -> {to}");
        }
        assert_eq!(between(&json!({"a": [1]}), &json!({"a": [1]})), None);
    }

    #[test]
    fn a_delta_that_does_not_fit_is_rejected() {
        for (value, change) in
            [(json!({}), json!({"a": {"b": 0}})), (json!(1), json!({"a": [1]})), (json!(1), json!(0))]
        {
            assert_eq!(apply(&mut value.clone(), &change), None, "{value} by {change}");
        }
    }

    fn json_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![Just(Value::Null), any::<bool>().prop_map(Value::from), (0..4).prop_map(Value::from)];
        leaf.prop_recursive(4, 32, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map("[ab0#+]", inner, 0..4)
                    .prop_map(|m| Value::Object(m.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn applying_the_delta_yields_the_other_value(from in json_value(), to in json_value()) {
            let mut value = from.clone();
            if let Some(change) = between(&from, &to) {
                prop_assert_eq!(apply(&mut value, &change), Some(()));
            }
            prop_assert_eq!(value, to);
        }
    }
}
