use proptest::prelude::*;

use super::*;
use crate::json::json;
use crate::patch::strategic::apply;
use crate::patch::test_types::{SmallTypes, deployment};

fn two_way(from: &Value, to: &Value) -> Value {
    create_two_way(&SmallTypes, &deployment(), from, to).unwrap()
}

fn three_way(last: &Value, new: &Value, live: &Value) -> Value {
    create_three_way(&SmallTypes, &deployment(), last, new, live).unwrap()
}

fn patched(document: &Value, patch: &Value) -> Value {
    apply(&SmallTypes, &deployment(), document, patch).unwrap()
}

fn pod(spec: Value) -> Value {
    json!({"spec": {"template": {"spec": spec}}})
}

#[test]
fn two_way_patches_have_their_directives() {
    let cases = [
        (
            pod(json!({"containers": [{"name": "a", "image": "x"}]})),
            pod(json!({"containers": [{"name": "a", "image": "x"}]})),
            json!({}),
        ),
        (
            pod(json!({"containers": [{"name": "a", "image": "x"}, {"name": "b"}]})),
            pod(json!({"containers": [{"name": "a", "image": "y"}, {"name": "c"}]})),
            pod(json!({
                "$setElementOrder/containers": [{"name": "a"}, {"name": "c"}],
                "containers": [{"name": "a", "image": "y"}, {"name": "c"}, {"$patch": "delete", "name": "b"}]})),
        ),
        (
            json!({"metadata": {"finalizers": ["a", "b"]}}),
            json!({"metadata": {"finalizers": ["b", "c"]}}),
            json!({"metadata": {
                "$deleteFromPrimitiveList/finalizers": ["a"], "$setElementOrder/finalizers": ["b", "c"], "finalizers": ["c"]}}),
        ),
        (
            json!({"spec": {"strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}}}}),
            json!({"spec": {"strategy": {"type": "Recreate"}}}),
            json!({"spec": {"strategy": {"$retainKeys": ["type"], "rollingUpdate": null, "type": "Recreate"}}}),
        ),
        (
            pod(json!({"volumes": [{"name": "v", "emptyDir": {}}]})),
            pod(json!({"volumes": [{"name": "v", "hostPath": {"path": "/x"}}]})),
            pod(json!({
                "$setElementOrder/volumes": [{"name": "v"}],
                "volumes": [{"$retainKeys": ["hostPath", "name"], "name": "v", "emptyDir": null, "hostPath": {"path": "/x"}}]})),
        ),
        (
            pod(json!({"tolerations": [{"key": "a"}]})),
            pod(json!({"tolerations": [{"key": "b"}]})),
            pod(json!({"tolerations": [{"key": "b"}]})),
        ),
    ];
    for (from, to, expected) in cases {
        let patch = two_way(&from, &to);
        assert_eq!(patch, expected);
        assert_eq!(patched(&from, &patch), to);
    }
}

#[test]
fn apply_deletes_what_was_applied_and_keeps_what_others_set() {
    let last = json!({"metadata": {"labels": {"app": "web", "team": "blue"}}, "spec": {"replicas": 2}});
    let new = json!({"metadata": {"labels": {"app": "web"}}, "spec": {"paused": true}});
    let live = json!({"metadata": {"labels": {"app": "web", "team": "blue", "hand": "yes"}}, "spec": {"replicas": 3}});
    let patch = three_way(&last, &new, &live);
    assert_eq!(patch, json!({"metadata": {"labels": {"team": null}}, "spec": {"paused": true, "replicas": null}}));
    assert_eq!(
        patched(&live, &patch),
        json!({"metadata": {"labels": {"app": "web", "hand": "yes"}}, "spec": {"paused": true}})
    );
}

#[test]
fn apply_merges_lists_by_key() {
    let last = pod(json!({"containers": [{"name": "a", "image": "1"}, {"name": "old"}]}));
    let new = pod(json!({"containers": [{"name": "a", "image": "2"}, {"name": "new"}]}));
    let live =
        pod(json!({"containers": [{"name": "injected"}, {"name": "a", "image": "1", "args": ["x"]}, {"name": "old"}]}));
    let patch = three_way(&last, &new, &live);
    assert_eq!(
        patch,
        pod(json!({
            "$setElementOrder/containers": [{"name": "a"}, {"name": "new"}],
            "containers": [{"name": "a", "image": "2"}, {"name": "new"}, {"$patch": "delete", "name": "old"}]}))
    );
    assert_eq!(
        patched(&live, &patch),
        pod(json!({"containers": [{"name": "injected"}, {"name": "a", "image": "2", "args": ["x"]}, {"name": "new"}]}))
    );
}

#[test]
fn nothing_is_deleted_without_a_last_applied_configuration() {
    let new = json!({"spec": {"replicas": 1}});
    let live = json!({"metadata": {"labels": {"a": "b"}}, "spec": {"replicas": 2}});
    assert_eq!(three_way(&Value::Null, &new, &live), new);
}

#[test]
fn nulls_in_the_new_configuration_delete() {
    let new = json!({"spec": {"replicas": null}});
    let live = json!({"spec": {"replicas": 2}});
    assert_eq!(patched(&live, &three_way(&Value::Null, &new, &live)), json!({"spec": {}}));
}

#[test]
fn custom_resources_get_a_merge_patch() {
    let last = json!({"spec": {"a": 1, "b": {"c": 1}, "list": [1]}});
    let new = json!({"spec": {"b": {}, "list": [2], "e": {}}});
    let live = json!({"spec": {"a": 1, "b": {"c": 1, "d": 1}, "list": [1], "f": 1}});
    let patch = create_three_way_merge(&last, &new, &live).unwrap();
    assert_eq!(patch, json!({"spec": {"a": null, "b": {"c": null}, "list": [2], "e": {}}}));
    assert_eq!(merge::apply(&live, &patch), json!({"spec": {"b": {"d": 1}, "list": [2], "e": {}, "f": 1}}));
}

#[test]
fn a_patch_must_not_change_what_an_object_is() {
    assert_eq!(check_identity(&json!({"metadata": {"labels": {}}})), Ok(()));
    for patch in [json!({"kind": "X"}), json!({"apiVersion": "v2"}), json!({"metadata": {"name": "y"}})] {
        let refusal = check_identity(&patch).unwrap_err();
        assert_eq!(refusal.to_string(), "At least one of apiVersion, kind and name was changed");
    }
}

#[test]
fn lists_that_cannot_be_merged_are_refused() {
    let refused = create_two_way(
        &SmallTypes,
        &deployment(),
        &pod(json!({"containers": [{"image": "a"}]})),
        &pod(json!({"containers": [{"name": "b"}]})),
    );
    assert_eq!(refused.unwrap_err().to_string(), "map: map[image:a] does not contain declared merge key: name");
}

/// Image, environment and arguments of a container.
type Parts = (&'static str, Vec<Value>, Option<Vec<&'static str>>);

/// Deployments small enough to collide often: maps, keyed lists in every order, sets, replaced lists and retained keys.
fn any_deployment() -> impl Strategy<Value = Value> {
    let text = || prop::sample::select(vec!["x", "y", "z"]);
    let labels = prop::collection::btree_map("[a-c]", text(), 0..3);
    // The order of unsorted lists of scalars is not always restored, see below.
    let finalizers = prop::sample::subsequence(vec!["f1", "f2", "f3"], 0..=3);
    let names = || prop::sample::subsequence(vec!["a", "b", "c", "d"], 0..=4).prop_shuffle();
    let env = names().prop_map(|names| names.into_iter().map(|name| json!({"name": name})).collect::<Vec<_>>());
    let container = (text(), env, prop::option::of(prop::collection::vec(text(), 0..3)));
    let containers = (names(), prop::collection::vec(container, 4)).prop_map(|(names, parts)| {
        let item = |(name, (image, env, args)): (&str, Parts)| {
            let mut item = json!({"name": name, "image": image, "env": env});
            if let Some(args) = args {
                item["args"] = json!(args);
            }
            item
        };
        names.into_iter().zip(parts).map(item).collect::<Vec<_>>()
    });
    let strategy = prop::sample::select(vec![
        json!({"type": "Recreate"}),
        json!({"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}}),
        json!({"type": "RollingUpdate"}),
    ]);
    let tolerations = prop::collection::vec(text().prop_map(|key| json!({"key": key})), 0..3);
    (labels, finalizers, containers, strategy, tolerations).prop_map(|(labels, finalizers, containers, strategy, tolerations)| {
        json!({
            "metadata": {"labels": labels, "finalizers": finalizers},
            "spec": {"strategy": strategy, "template": {"spec": {"containers": containers, "tolerations": tolerations}}}
        })
    })
}

#[test]
fn lists_of_scalars_are_compared_in_sorted_order() {
    let object = |finalizers: &[&str]| json!({"metadata": {"finalizers": finalizers}});
    let order = json!({"metadata": {"$setElementOrder/finalizers": ["b", "a"]}});
    assert_eq!(two_way(&object(&["b", "a"]), &object(&["b", "a"])), order);
    assert_eq!(two_way(&object(&["b", "a"]), &object(&["a", "b"])), json!({}));
    let fewer = two_way(&object(&["a", "a", "b"]), &object(&["a", "b"]));
    assert_eq!(fewer["metadata"]["$deleteFromPrimitiveList/finalizers"], json!(["a"]));
}

/// A variable with its value.
type Variable = (&'static str, u8);

fn environment(variables: &[Variable]) -> Value {
    let env: Vec<Value> =
        variables.iter().map(|(name, value)| json!({"name": name, "value": value.to_string()})).collect();
    pod(json!({"containers": [{"name": "main", "env": env}]}))
}

/// Applies the documented rules for lists with repeated keys, without a patch: the items of a key are compared from the
/// last to the first, surplus old ones delete the key, and changes are merged into the first item that is left. `None` if
/// the changes, grouped by key, are not in the order of the new list, which the server refuses.
fn expected_environment(from: &[Variable], to: &[Variable]) -> Option<Vec<Variable>> {
    let of = |list: &[Variable], name: &str| {
        list.iter().rev().filter(|item| item.0 == name).map(|item| item.1).collect::<Vec<u8>>()
    };
    let mut result: Vec<Variable> = Vec::new();
    let mut order = to.iter();
    let mut names: Vec<&'static str> = Vec::new();
    to.iter().for_each(|(name, _)| {
        if !names.contains(name) {
            names.push(name)
        }
    });
    for name in names {
        let (old, new) = (of(from, name), of(to, name));
        let changed = new.iter().enumerate().filter(|(at, value)| old.get(*at) != Some(value));
        let changed: Vec<u8> = changed.map(|(_, value)| *value).collect();
        if !from.is_empty() && !changed.iter().all(|_| order.any(|(other, _)| *other == name)) {
            return None;
        }
        let last = changed.last().copied();
        // What is added to an empty list is not sorted.
        let last = if from.is_empty() { new.first().copied() } else { last };
        let mut left: Vec<u8> = if old.len() > new.len() { Vec::new() } else { old.into_iter().rev().collect() };
        match (left.first_mut(), last) {
            (Some(first), Some(value)) => *first = value,
            (None, Some(value)) => left.push(value),
            (_, None) => {}
        }
        result.extend(left.into_iter().map(|value| (name, value)));
    }
    Some(result)
}

fn any_environment() -> impl Strategy<Value = Vec<Variable>> {
    prop::collection::vec((prop::sample::select(vec!["A", "B", "C"]), 0..3u8), 0..6)
}

#[test]
fn repeated_keys_of_a_list_are_counted() {
    let cases: [(&[Variable], &[Variable], &[Variable]); 4] = [
        (&[("M", 1), ("L", 2), ("M", 1)], &[("M", 1), ("L", 2)], &[("L", 2)]),
        (&[("A", 1), ("B", 2)], &[("A", 1), ("B", 9), ("B", 10)], &[("A", 1), ("B", 9)]),
        (&[("A", 1), ("A", 2)], &[("A", 1)], &[("A", 1)]),
        (&[("A", 1), ("A", 2)], &[("A", 5), ("A", 2)], &[("A", 5), ("A", 2)]),
    ];
    for (from, to, expected) in cases {
        let patch = two_way(&environment(from), &environment(to));
        assert_eq!(patched(&environment(from), &patch), environment(expected), "{patch}");
        assert_eq!(expected_environment(from, to).unwrap(), expected);
    }
}

#[test]
fn new_items_come_behind_those_that_only_the_live_list_has_if_others_are_deleted() {
    let last = environment(&[("B", 9), ("B", 10), ("E", 5)]);
    let new = environment(&[("A", 1), ("B", 2), ("C", 3)]);
    let live = environment(&[("MANUAL", 1), ("B", 9), ("E", 5)]);
    let merged = patched(&live, &three_way(&last, &new, &live));
    assert_eq!(merged, environment(&[("MANUAL", 1), ("A", 1), ("C", 3)]));
}

proptest! {
    #[test]
    fn repeated_keys_follow_the_rules(from in any_environment(), to in any_environment()) {
        let patch = two_way(&environment(&from), &environment(&to));
        let result = apply(&SmallTypes, &deployment(), &environment(&from), &patch);
        match expected_environment(&from, &to) {
            Some(expected) => prop_assert_eq!(result.unwrap(), environment(&expected), "{}", patch),
            None => prop_assert!(matches!(result, Err(StrategicError::OrderMismatch { .. })), "{}", patch),
        }
    }

    #[test]
    fn two_way_patches_round_trip(from in any_deployment(), to in any_deployment()) {
        let patch = two_way(&from, &to);
        prop_assert_eq!(patched(&from, &patch), to);
    }

    #[test]
    fn equal_objects_give_an_empty_patch(object in any_deployment()) {
        prop_assert_eq!(two_way(&object, &object), json!({}));
        prop_assert_eq!(three_way(&object, &object, &object), json!({}));
    }

    #[test]
    fn applying_to_an_untouched_object_gives_the_new_configuration(last in any_deployment(), new in any_deployment()) {
        let patch = three_way(&last, &new, &last);
        prop_assert_eq!(patched(&last, &patch), new);
    }

    #[test]
    fn applying_twice_changes_nothing_more(last in any_deployment(), new in any_deployment(), live in any_deployment()) {
        let once = patched(&live, &three_way(&last, &new, &live));
        let twice = patched(&once, &three_way(&new, &new, &once));
        prop_assert_eq!(once, twice);
    }

    #[test]
    fn merge_patches_round_trip(from in any_deployment(), to in any_deployment()) {
        let patch = create_three_way_merge(&from, &to, &from).unwrap();
        prop_assert_eq!(merge::apply(&from, &patch), to);
    }
}
