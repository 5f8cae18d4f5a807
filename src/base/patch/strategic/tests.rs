use super::*;
use crate::json::json;
use crate::patch::test_types::{SmallTypes, deployment};

fn patched(document: Value, patch: Value) -> Result<Value, StrategicError> {
    apply(&SmallTypes, &deployment(), &document, &patch)
}

fn pod(containers: Value) -> Value {
    json!({"spec": {"template": {"spec": containers}}})
}

#[test]
fn lists_are_merged_by_their_keys() {
    let live = json!({"containers": [{"name": "nginx", "image": "nginx:1.25"}, {"name": "logs", "image": "busybox"}]});
    let cases = [
        (
            "an item is merged in place",
            json!({"containers": [{"name": "logs", "image": "new"}]}),
            json!({"containers": [{"name": "nginx", "image": "nginx:1.25"}, {"name": "logs", "image": "new"}]}),
        ),
        (
            "a new item comes first",
            json!({"containers": [{"name": "extra", "image": "redis"}]}),
            json!({"containers": [{"name": "extra", "image": "redis"}, {"name": "nginx", "image": "nginx:1.25"}, {"name": "logs", "image": "busybox"}]}),
        ),
        (
            "an item is deleted",
            json!({"containers": [{"$patch": "delete", "name": "nginx"}]}),
            json!({"containers": [{"name": "logs", "image": "busybox"}]}),
        ),
        (
            "the list is replaced",
            json!({"containers": [{"$patch": "replace"}, {"name": "only"}]}),
            json!({"containers": [{"name": "only"}]}),
        ),
        (
            "the order is set",
            json!({"$setElementOrder/containers": [{"name": "logs"}, {"name": "nginx"}]}),
            json!({"containers": [{"name": "logs", "image": "busybox"}, {"name": "nginx", "image": "nginx:1.25"}]}),
        ),
        (
            "the order is set with a change",
            json!({"$setElementOrder/containers": [{"name": "nginx"}, {"name": "new"}, {"name": "logs"}], "containers": [{"name": "new"}]}),
            json!({"containers": [{"name": "nginx", "image": "nginx:1.25"}, {"name": "new"}, {"name": "logs", "image": "busybox"}]}),
        ),
        (
            "a list without a key is replaced",
            json!({"tolerations": [{"key": "b"}]}),
            json!({"tolerations": [{"key": "b"}], "containers": live["containers"]}),
        ),
        ("the list goes", json!({"containers": null}), json!({})),
    ];
    for (what, patch, expected) in cases {
        assert_eq!(patched(pod(live.clone()), pod(patch)), Ok(pod(expected)), "{what}");
    }
}

#[test]
fn maps_scalars_and_directives() {
    let cases = [
        (
            json!({"metadata": {"labels": {"a": "1", "b": "2"}}}),
            json!({"metadata": {"labels": {"a": null, "c": "3"}}}),
            json!({"metadata": {"labels": {"b": "2", "c": "3"}}}),
        ),
        (
            json!({"metadata": {"labels": {"a": "1"}}}),
            json!({"metadata": {"labels": {"$patch": "replace", "c": "3"}}}),
            json!({"metadata": {"labels": {"c": "3"}}}),
        ),
        (
            json!({"metadata": {"labels": {"a": "1"}}}),
            json!({"metadata": {"labels": {"$patch": "delete"}}}),
            json!({"metadata": {"labels": {}}}),
        ),
        (
            json!({"metadata": {"finalizers": ["a", "b"]}}),
            json!({"metadata": {"finalizers": ["c", "b"]}}),
            json!({"metadata": {"finalizers": ["c", "a", "b"]}}),
        ),
        (
            json!({"metadata": {"finalizers": ["a", "b"]}}),
            json!({"metadata": {"$deleteFromPrimitiveList/finalizers": ["a"]}}),
            json!({"metadata": {"finalizers": ["b"]}}),
        ),
        (
            json!({"spec": {"strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}}}}),
            json!({"spec": {"strategy": {"$retainKeys": ["type"], "type": "Recreate"}}}),
            json!({"spec": {"strategy": {"type": "Recreate"}}}),
        ),
        (
            json!({"spec": {}}),
            pod(
                json!({"containers": [{"name": "a", "image": null, "env": [{"$patch": "delete", "name": "x"}]}], "$setElementOrder/containers": [{"name": "a"}]}),
            ),
            pod(json!({"containers": [{"name": "a", "env": []}]})),
        ),
    ];
    for (document, patch, expected) in cases {
        assert_eq!(patched(document, patch.clone()), Ok(expected), "{patch}");
    }
}

#[test]
fn error_messages_match_kubernetes() {
    let live = pod(json!({"containers": [{"name": "a"}]}));
    let labels = json!({"metadata": {"labels": {"a": "1"}, "finalizers": ["x"]}});
    let cases = [
        (
            live.clone(),
            pod(json!({"containers": [{"image": "b"}]})),
            "map: map[image:b] does not contain declared merge key: name",
        ),
        (live.clone(), pod(json!({"containers": ["x"]})), "list element types are not identical: [[map[name:a]] [x]]"),
        (
            live.clone(),
            pod(json!({"containers": [{"name": "a", "$patch": "strange"}]})),
            "unknown patch type: strange in map: map[$patch:strange name:a]",
        ),
        (
            live.clone(),
            pod(json!({"containers": [{"name": "a", "$patch": "merge"}]})),
            "merging lists cannot yet be specified in the patch",
        ),
        (live.clone(), pod(json!({"$setElementOrder": []})), "invalid patch format of setElementOrder list"),
        (
            labels.clone(),
            json!({"metadata": {"$deleteFromPrimitiveList": ["x"]}}),
            "invalid patch format of primitive list",
        ),
        (
            labels.clone(),
            json!({"metadata": {"labels": {"$patch": "x"}}}),
            "unknown patch type: x in map: map[$patch:x]",
        ),
        (
            labels.clone(),
            json!({"metadata": {"$retainKeys": ["name"], "labels": {}}}),
            "invalid patch format of retainKeys",
        ),
        (labels, json!({"metadata": {"finalizers": [["x"]]}}), "list element types are not identical: [[x] [[x]]]"),
        (
            pod(json!({"containers": [{"name": "a"}, {"name": "b"}]})),
            pod(
                json!({"$setElementOrder/containers": [{"name": "b"}, {"name": "a"}], "containers": [{"name": "a"}, {"name": "b"}]}),
            ),
            "The order in patch list:\n[map[name:a] map[name:b]]\n doesn't match $setElementOrder list:\n[map[name:b] map[name:a]]\n",
        ),
    ];
    for (document, patch, expected) in cases {
        assert_eq!(patched(document, patch).unwrap_err().to_string(), expected);
    }
    assert_eq!(patched(live, json!([])).unwrap_err().to_string(), "invalid JSON document");
}

/// Takes minutes unless items are found by their key without a search.
#[test]
fn long_lists_are_merged_and_compared_in_linear_time() {
    let env = |value: &str| -> Value {
        let items = (0..30_000).map(|number| json!({"name": format!("V{number}"), "value": value}));
        let items: Value = items.collect::<Vec<_>>().into();
        pod(json!({"containers": [{"name": "c", "env": items}]}))
    };
    let (old, new) = (env("a"), env("b"));
    let patch = crate::patch::three_way::create_two_way(&SmallTypes, &deployment(), &old, &new).expect("a patch");
    assert_eq!(patched(old, patch), Ok(new));
}
