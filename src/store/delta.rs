//! The difference between two JSON values, as a JSON value: what the change log keeps instead of whole versions.
//!
//! A difference is small where little has changed (a status, a label), so a log of ten thousand changes stays small. It can
//! be read only together with the value it starts from. Its forms:
//! - `[v]`: the value becomes `v`; `0`: it goes;
//! - `{"k": d, ..}` on a map: the entry `k` changes by `d`;
//! - `{"3": d, .., "#": n, "+": [..]}` on a list: the item 3 changes by `d`, then the list is cut to `n` items, then items
//!   are added.

use serde_json::{Map, Value};

/// What turns `from` into `to`; `None` when they are equal.
pub(super) fn between(from: &Value, to: &Value) -> Option<Value> {
    match (from, to) {
        (Value::Object(from), Value::Object(to)) => between_maps(from, to),
        (Value::Array(from), Value::Array(to)) => between_lists(from, to),
        _ if from == to => None,
        _ => Some(Value::Array(vec![to.clone()])),
    }
}

fn between_maps(from: &Map<String, Value>, to: &Map<String, Value>) -> Option<Value> {
    let mut changes = Map::new();
    for (key, value) in to {
        let change = match from.get(key) {
            Some(old) => between(old, value),
            None => Some(Value::Array(vec![value.clone()])),
        };
        changes.extend(change.map(|c| (key.clone(), c)));
    }
    changes.extend(from.keys().filter(|k| !to.contains_key(*k)).map(|k| (k.clone(), Value::from(0))));
    (!changes.is_empty()).then_some(Value::Object(changes))
}

fn between_lists(from: &[Value], to: &[Value]) -> Option<Value> {
    let mut changes = Map::new();
    for (index, (old, new)) in from.iter().zip(to).enumerate() {
        changes.extend(between(old, new).map(|c| (index.to_string(), c)));
    }
    if to.len() < from.len() {
        changes.insert("#".into(), to.len().into());
    }
    if let Some(added) = to.get(from.len()..).filter(|a| !a.is_empty()) {
        changes.insert("+".into(), added.to_vec().into());
    }
    (!changes.is_empty()).then_some(Value::Object(changes))
}

/// Changes `value` by a difference. `None` when the difference does not fit; the value is then of no use.
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

fn apply_to_map(map: &mut Map<String, Value>, changes: &Map<String, Value>) -> Option<()> {
    for (key, change) in changes {
        match change {
            Value::Number(_) => drop(map.remove(key)?),
            Value::Array(new) => drop(map.insert(key.clone(), new.first()?.clone())),
            _ => apply(map.get_mut(key)?, change)?,
        }
    }
    Some(())
}

fn apply_to_list(list: &mut Vec<Value>, changes: &Map<String, Value>) -> Option<()> {
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
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn little_changes_are_little() {
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
    fn a_difference_that_does_not_fit_is_noticed() {
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
        fn every_difference_leads_from_one_to_the_other(from in json_value(), to in json_value()) {
            let mut value = from.clone();
            if let Some(change) = between(&from, &to) {
                prop_assert_eq!(apply(&mut value, &change), Some(()));
            }
            prop_assert_eq!(value, to);
        }
    }
}
