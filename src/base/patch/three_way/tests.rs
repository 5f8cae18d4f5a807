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
fn without_a_last_configuration_nothing_is_deleted() {
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
    let finalizers = prop::sample::subsequence(vec!["f1", "f2", "f3"], 0..=3).prop_shuffle();
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

proptest! {
    #[test]
    fn a_two_way_patch_leads_from_one_to_the_other(from in any_deployment(), to in any_deployment()) {
        let patch = two_way(&from, &to);
        prop_assert_eq!(patched(&from, &patch), to);
    }

    #[test]
    fn nothing_changed_makes_an_empty_patch(object in any_deployment()) {
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
    fn merge_patches_lead_from_one_to_the_other(from in any_deployment(), to in any_deployment()) {
        let patch = create_three_way_merge(&from, &to, &from).unwrap();
        prop_assert_eq!(merge::apply(&from, &patch), to);
    }
}
