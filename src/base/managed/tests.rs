use proptest::prelude::*;

use super::entries::write_entries;
use super::*;
use crate::json::{Value, json};
use crate::patch::FieldType;
use crate::patch::test_types::{SmallTypes, config_map, deployment};

const EARLY: &str = "2026-01-01T00:00:00Z";
const LATE: &str = "2026-01-01T00:01:00Z";

fn writer<'a>(manager: &'a str, api_version: &'a str, now: &'a str) -> Writer<'a> {
    Writer { manager, api_version, subresource: "", now: Some(now) }
}

/// The rules of one kind, so that a test has only managers and objects.
struct World {
    root: FieldType,
    version: &'static str,
    ignored: FieldSet,
}

impl World {
    fn deployments() -> World {
        World { root: deployment(), version: "apps/v1", ignored: FieldSet::of_fields(&[&["status"]]) }
    }

    fn config_maps() -> World {
        World { root: config_map(), version: "v1", ignored: FieldSet::default() }
    }

    fn rules(&self) -> Rules<'_, SmallTypes> {
        Rules { types: &SmallTypes, root: &self.root, ignored: &self.ignored }
    }

    fn write(&self, live: Option<&Value>, new: Value, manager: &str, now: &str) -> Value {
        written(new, |new| on_write(&self.rules(), live, new, &writer(manager, self.version, now)))
    }

    fn apply(&self, live: Option<&Value>, config: Value, manager: &str, force: bool) -> Result<Value, String> {
        let writer = writer(manager, self.version, LATE);
        apply(&self.rules(), live, &config, force, &writer).map_err(|error| error.to_string())
    }
}

/// Returns the object with the managedFields after a write.
fn written(mut object: Value, managed: impl Fn(&Value) -> Option<Value>) -> Value {
    let managed = managed(&object);
    let metadata = object["metadata"].as_object_mut().unwrap();
    metadata.remove("managedFields");
    metadata.extend(managed.map(|managed| ("managedFields".to_string(), managed)));
    object
}

fn fields(object: &Value, manager: &str) -> Value {
    let entries = read_entries(object);
    let entry = entries.iter().find(|entry| entry.manager == manager);
    entry.map_or(Value::Null, |entry| entry.fields.to_fields_v1())
}

fn owners(object: &Value) -> Vec<String> {
    read_entries(object).iter().map(|entry| format!("{} {:?}", entry.manager, entry.operation)).collect()
}

fn web() -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "web", "annotations": {"owner": "alice"}, "labels": {"app": "web", "team": "blue"}},
        "spec": {"replicas": 2, "selector": {"matchLabels": {"app": "web"}}, "template": {
            "metadata": {"labels": {"app": "web"}},
            "spec": {"containers": [{"name": "nginx", "image": "nginx:1.25",
                "env": [{"name": "MODE", "value": "test"}, {"name": "DEBUG", "value": "1"}],
                "ports": [{"containerPort": 80, "name": "http"}]}]}}}
    })
}

fn small(replicas: i64) -> Value {
    json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": {"replicas": replicas}})
}

#[test]
fn a_new_object_is_owned_by_its_creator() {
    let created = World::deployments().write(None, web(), "kubectl-create", EARLY);
    assert_eq!(
        fields(&created, "kubectl-create"),
        json!({
            "f:metadata": {"f:annotations": {".": {}, "f:owner": {}}, "f:labels": {".": {}, "f:app": {}, "f:team": {}}},
            "f:spec": {"f:replicas": {}, "f:selector": {}, "f:template": {
                "f:metadata": {"f:labels": {".": {}, "f:app": {}}},
                "f:spec": {"f:containers": {"k:{\"name\":\"nginx\"}": {
                    ".": {}, "f:name": {}, "f:image": {},
                    "f:env": {".": {}, "k:{\"name\":\"DEBUG\"}": {".": {}, "f:name": {}, "f:value": {}},
                        "k:{\"name\":\"MODE\"}": {".": {}, "f:name": {}, "f:value": {}}},
                    "f:ports": {".": {}, "k:{\"containerPort\":80,\"protocol\":\"TCP\"}": {".": {}, "f:containerPort": {}, "f:name": {}}}}}}}}
        })
    );
    assert_eq!(created["metadata"]["managedFields"][0]["time"], EARLY);
    assert_eq!(created["metadata"]["managedFields"][0]["operation"], "Update");
}

#[test]
fn changing_a_field_transfers_its_ownership() {
    let world = World::deployments();
    let created = world.write(None, web(), "creator", EARLY);
    let mut scaled = created.clone();
    scaled["spec"]["replicas"] = json!(5);
    let scaled = world.write(Some(&created), scaled, "scaler", LATE);
    assert_eq!(fields(&scaled, "scaler"), json!({"f:spec": {"f:replicas": {}}}));
    assert_eq!(fields(&scaled, "creator")["f:spec"]["f:replicas"], Value::Null);
    assert_eq!(scaled["metadata"]["managedFields"][0]["time"], EARLY, "losing a field is not a write");

    let again = world.write(Some(&scaled), scaled.clone(), "other", LATE);
    assert_eq!(again, scaled, "writing the same changes nothing");

    let mut removed = scaled.clone();
    removed["spec"].as_object_mut().unwrap().remove("replicas");
    let removed = world.write(Some(&scaled), removed, "remover", LATE);
    assert_eq!(owners(&removed), ["creator Update"], "a manager without fields is removed");
}

#[test]
fn ownership_can_be_reset() {
    let world = World::deployments();
    let created = world.write(None, web(), "creator", EARLY);
    let mut reset = created.clone();
    reset["metadata"]["managedFields"] = json!([{}]);
    let reset = world.write(Some(&created), reset, "creator", LATE);
    assert_eq!(owners(&reset), Vec::<String>::new());
    let mut changed = reset.clone();
    changed["spec"]["replicas"] = json!(9);
    assert_eq!(owners(&world.write(Some(&reset), changed, "scaler", LATE)), Vec::<String>::new());
    let applied = world.apply(Some(&reset), small(2), "team-a", false).unwrap();
    assert_eq!(owners(&applied), ["team-a Apply", "before-first-apply Update"]);
}

#[test]
fn status_is_ignored_where_it_cannot_be_written() {
    let world = World::config_maps();
    let mut object = json!({"metadata": {"name": "c"}, "data": {"a": "1"}});
    object["status"] = json!({"x": 1});
    let ignoring = World { ignored: FieldSet::of_fields(&[&["status"]]), ..world };
    assert_eq!(fields(&ignoring.write(None, object, "m", EARLY), "m"), json!({"f:data": {".": {}, "f:a": {}}}));
}

#[test]
fn an_applied_object_is_owned_by_its_applier() {
    let applied = World::deployments().apply(None, web(), "team-a", false).unwrap();
    assert_eq!(
        fields(&applied, "team-a").to_string(),
        r#"{"f:metadata":{"f:annotations":{"f:owner":{}},"f:labels":{"f:app":{},"f:team":{}}},"f:spec":{"f:replicas":{},"f:selector":{},"f:template":{"f:metadata":{"f:labels":{"f:app":{}}},"f:spec":{"f:containers":{"k:{\"name\":\"nginx\"}":{".":{},"f:env":{"k:{\"name\":\"DEBUG\"}":{".":{},"f:name":{},"f:value":{}},"k:{\"name\":\"MODE\"}":{".":{},"f:name":{},"f:value":{}}},"f:image":{},"f:name":{},"f:ports":{"k:{\"containerPort\":80,\"protocol\":\"TCP\"}":{".":{},"f:containerPort":{},"f:name":{}}}}}}}}}"#
    );
}

#[test]
fn conflicts_are_named_and_can_be_forced() {
    let world = World::deployments();
    let live = world.apply(None, web(), "team-a", false).unwrap();
    assert_eq!(
        world.apply(Some(&live), small(4), "team-b", false).unwrap_err(),
        "Apply failed with 1 conflict: conflict with \"team-a\": .spec.replicas"
    );
    let mut more = small(4);
    more["metadata"]["labels"] = json!({"team": "red"});
    more["spec"]["template"] = json!({"spec": {"containers": [{"name": "nginx", "image": "nginx:1.27"}]}});
    assert_eq!(
        world.apply(Some(&live), more, "team-b", false).unwrap_err(),
        "Apply failed with 3 conflicts: conflicts with \"team-a\":\n- .metadata.labels.team\n- .spec.replicas\n- .spec.template.spec.containers[name=\"nginx\"].image"
    );
    let forced = world.apply(Some(&live), small(4), "team-b", true).unwrap();
    assert_eq!(forced["spec"]["replicas"], 4);
    assert_eq!(fields(&forced, "team-b"), json!({"f:spec": {"f:replicas": {}}}));
    assert_eq!(fields(&forced, "team-a")["f:spec"]["f:replicas"], Value::Null);

    let mut nothing = small(0);
    nothing["spec"] = json!({});
    let given_up = world.apply(Some(&forced), nothing, "team-b", false).unwrap();
    assert_eq!(given_up["spec"].get("replicas"), None);
    assert_eq!(fields(&given_up, "team-b"), json!({"f:spec": {}}));
    assert_eq!(given_up["spec"]["template"], live["spec"]["template"]);
}

#[test]
fn the_same_value_can_have_several_owners() {
    let world = World::deployments();
    let live = world.apply(None, web(), "team-a", false).unwrap();
    let shared = world.apply(Some(&live), small(2), "team-b", false).unwrap();
    assert_eq!(shared["spec"]["replicas"], 2);
    let mut without = web();
    without["spec"].as_object_mut().unwrap().remove("replicas");
    let kept = world.apply(Some(&shared), without, "team-a", false).unwrap();
    assert_eq!(kept["spec"]["replicas"], 2, "the other owner still applies it");
}

#[test]
fn applying_the_same_again_keeps_the_time() {
    let world = World::config_maps();
    let config = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}, "data": {"a": "1"}});
    let rules = world.rules();
    let early = apply(&rules, None, &config, false, &writer("m", "v1", EARLY)).unwrap();
    let late = apply(&rules, Some(&early), &config, false, &writer("m", "v1", LATE)).unwrap();
    assert_eq!(early, late);
    assert_eq!(early["metadata"]["managedFields"][0]["time"], EARLY);
    let other = apply(&rules, Some(&early), &config, false, &writer("n", "v1", LATE)).unwrap();
    assert_eq!(owners(&other), ["n Apply", "m Apply"]);
    assert_eq!(other["metadata"]["managedFields"][0].get("time"), None, "it changed nothing");
}

#[test]
fn fields_that_are_no_longer_applied_are_pruned() {
    let world = World::deployments();
    let live = world.apply(None, web(), "team-a", false).unwrap();
    let mut fewer = web();
    fewer["metadata"]["labels"] = json!({"app": "web"});
    fewer["metadata"].as_object_mut().unwrap().remove("annotations");
    let pod = &mut fewer["spec"]["template"]["spec"]["containers"];
    *pod = json!([
        {"name": "nginx", "image": "nginx:1.25", "env": [{"name": "MODE", "value": "production"}]},
        {"name": "logs", "image": "busybox"}]);
    let after = world.apply(Some(&live), fewer.clone(), "team-a", false).unwrap();
    let mut bare = after.clone();
    write_entries(&mut bare, Vec::new());
    assert_eq!(bare, fewer);
}

#[test]
fn fields_of_other_managers_are_kept() {
    let world = World::deployments();
    let mut live = world.apply(None, web(), "team-a", false).unwrap();
    let before = live.clone();
    live["metadata"]["labels"]["hand"] = json!("yes");
    live["spec"]["template"]["spec"]["containers"].as_array_mut().unwrap().insert(0, json!({"name": "injected"}));
    let live = world.write(Some(&before), live, "injector", EARLY);
    let mut config = web();
    config["spec"]["template"]["spec"]["containers"].as_array_mut().unwrap().push(json!({"name": "new"}));
    let after = world.apply(Some(&live), config, "team-a", false).unwrap();
    let names: Vec<&Value> =
        after["spec"]["template"]["spec"]["containers"].as_array().unwrap().iter().map(|item| &item["name"]).collect();
    assert_eq!(names, ["injected", "nginx", "new"]);
    assert_eq!(after["metadata"]["labels"]["hand"], "yes");
}

#[test]
fn updates_conflict_with_appliers_under_their_version() {
    let world = World::config_maps();
    let config =
        |a: &str| json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}, "data": {"a": a}});
    let live = world.apply(None, config("1"), "kubectl", false).unwrap();
    let mut patched = live.clone();
    patched["data"]["a"] = json!("9");
    let patched = world.write(Some(&live), patched, "kubectl-patch", EARLY);
    assert_eq!(
        world.apply(Some(&patched), config("1"), "kubectl", false).unwrap_err(),
        "Apply failed with 1 conflict: conflict with \"kubectl-patch\" using v1: .data.a"
    );
}

#[test]
fn kubectl_takes_over_from_client_side_apply() {
    let world = World::config_maps();
    let config =
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "old"}, "data": {"a": "1", "b": "2"}});
    let mut created = config.clone();
    created["metadata"]["annotations"] = json!({LAST_APPLIED: format!("{config}\n")});
    let live = world.write(None, created, "kubectl-client-side-apply", EARLY);
    let mut changed = config.clone();
    changed["data"]["a"] = json!("<2>");
    assert_eq!(
        world.apply(Some(&live), changed.clone(), "team", false).unwrap_err(),
        "Apply failed with 1 conflict: conflict with \"kubectl-client-side-apply\" using v1: .data.a"
    );
    let taken = world.apply(Some(&live), changed, "kubectl", false).unwrap();
    assert_eq!(taken["data"]["a"], "<2>");
    let annotation = taken["metadata"]["annotations"][LAST_APPLIED].as_str().unwrap();
    assert!(annotation.contains("\\u003c2\\u003e") && annotation.ends_with("}\n"), "{annotation}");
}

#[test]
fn client_side_fields_are_migrated_and_then_pruned() {
    let world = World::config_maps();
    let config =
        |data: Value| json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "old"}, "data": data});
    let mut live = config(json!({"a": "1", "b": "2"}));
    live["metadata"]["annotations"] = json!({LAST_APPLIED: "{}"});
    let live = world.write(None, live, "kubectl-client-side-apply", EARLY);
    let applied = world.apply(Some(&live), config(json!({"a": "1"})), "kubectl", false).unwrap();
    assert_eq!(applied["data"], json!({"a": "1", "b": "2"}));
    let mut justified = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "old"}});
    justified["metadata"]["annotations"] = applied["metadata"]["annotations"].clone();
    let saved = world.apply(Some(&applied), justified, "kubectl-last-applied", false).unwrap();

    let patch = upgrade_client_side_apply(&saved, "kubectl").unwrap();
    let mut upgraded = saved.clone();
    upgraded["metadata"]["managedFields"] = patch[0]["value"].clone();
    let after = world.apply(Some(&upgraded), config(json!({"a": "1"})), "kubectl", false).unwrap();
    assert_eq!(after["data"], json!({"a": "1"}));
    assert_eq!(owners(&after), ["kubectl-last-applied Apply", "kubectl Apply"]);
    assert_eq!(fields(&after, "kubectl"), json!({"f:data": {"f:a": {}}}));
    let annotation =
        json!({"f:metadata": {"f:annotations": {"f:kubectl.kubernetes.io/last-applied-configuration": {}}}});
    assert_eq!(fields(&after, "kubectl-last-applied"), annotation);
    assert_eq!(upgrade_client_side_apply(&after, "kubectl"), None);
}

#[test]
fn client_side_fields_are_added_to_those_of_the_applier() {
    let annotation = json!({"f:annotations": {(format!("f:{LAST_APPLIED}")): {}}});
    let entry = |manager: &str, operation: &str, fields: Value| json!({"apiVersion": "v1", "manager": manager, "operation": operation, "fieldsV1": fields});
    let live = json!({"metadata": {"resourceVersion": "7", "managedFields": [
        entry("kubectl", "Apply", json!({"f:data": {"f:a": {}}})),
        entry("kubectl-client-side-apply", "Update", json!({"f:data": {"f:b": {}}, "f:metadata": annotation})),
        entry("someone", "Update", json!({"f:data": {"f:c": {}}})),
    ]}});
    let patch = upgrade_client_side_apply(&live, "kubectl").unwrap();
    let managed = patch[0]["value"].as_array().unwrap();
    assert_eq!(managed.len(), 2);
    assert_eq!(managed[0]["fieldsV1"]["f:data"], json!({"f:a": {}, "f:b": {}}));
    assert_eq!(patch[1]["value"], "7");
    assert!(!applier_owns_last_applied(&live));
}

#[test]
fn configurations_that_do_not_fit_are_refused() {
    let refusal = |extra: (&str, Value)| {
        let mut config =
            json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c", "namespace": "default"}});
        config[extra.0] = extra.1;
        World::config_maps().apply(None, config, "m", false).unwrap_err()
    };
    let start = "failed to create typed patch object (default/c; /v1, Kind=ConfigMap): ";
    assert_eq!(refusal(("dota", json!({"a": "1"}))), format!("{start}.dota: field not declared in schema"));
    assert_eq!(
        refusal(("data", json!({"a": 1}))),
        format!("{start}.data.a: expected string, got &value.valueUnstructured{{Value:1}}")
    );
    let mut twice = web();
    twice["spec"]["template"]["spec"]["containers"] = json!([{"name": "a"}, {"name": "a"}, {"image": "b"}]);
    assert_eq!(
        World::deployments().apply(None, twice, "m", false).unwrap_err(),
        "failed to create typed patch object (/web; apps/v1, Kind=Deployment): errors:\n  .spec.template.spec.containers: duplicate entries for key [name=\"a\"]\n  .spec.template.spec.containers: element 2: associative list with keys has an element that omits all key fields [\"name\"] (and doesn't have default values for any key fields)"
    );
    let mut given = web();
    given["metadata"]["managedFields"] = json!([{"manager": "x"}]);
    assert_eq!(World::deployments().apply(None, given, "m", false).unwrap_err(), "metadata.managedFields must be nil");
}

fn any_config_map() -> impl Strategy<Value = Value> {
    let data = prop::collection::btree_map("[abc]", "[xyz]", 0..3);
    let finalizers = prop::sample::subsequence(vec!["f", "g", "h"], 0..=3).prop_shuffle();
    (data, finalizers).prop_map(|(data, finalizers)| {
        let mut object = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}, "data": data});
        // An empty list has no items that could be owned, so the API never stores one.
        if !finalizers.is_empty() {
            object["metadata"]["finalizers"] = json!(finalizers);
        }
        object
    })
}

proptest! {
    #[test]
    fn a_forced_apply_sets_all_applied_fields(first in any_config_map(), second in any_config_map(), third in any_config_map()) {
        let world = World::config_maps();
        let live = world.apply(None, first, "a", true).unwrap();
        let live = world.apply(Some(&live), second, "b", true).unwrap();
        let after = world.apply(Some(&live), third.clone(), "a", true).unwrap();
        for (key, value) in third["data"].as_object().unwrap() {
            prop_assert_eq!(&after["data"][key], value);
        }
        let again = world.apply(Some(&after), third, "a", false);
        prop_assert_eq!(again.as_ref(), Ok(&after), "applying again is not a conflict and changes nothing");
    }

    #[test]
    fn every_field_of_an_applied_object_has_an_owner(first in any_config_map(), second in any_config_map()) {
        let world = World::config_maps();
        let live = world.apply(None, first, "a", true).unwrap();
        let after = world.apply(Some(&live), second.clone(), "a", true).unwrap();
        let mut bare = after;
        write_entries(&mut bare, Vec::new());
        prop_assert_eq!(bare["data"].as_object().cloned().unwrap_or_default(), second["data"].as_object().cloned().unwrap());
    }
}

proptest! {
    #[test]
    fn on_write_agrees_with_the_set_based_computation(
        first in any_config_map(), second in any_config_map(), third in any_config_map(), fourth in any_config_map()
    ) {
        let world = World::config_maps();
        let live = world.write(None, first, "a", EARLY);
        let live = world.write(Some(&live), second, "b", LATE);
        let live = world.write(Some(&live), third, "a", LATE);
        for manager in ["a", "b", "c"] {
            let writer = writer(manager, world.version, "2026-01-01T00:02:00Z");
            let long = world.rules().after_write(read_entries(&live), &live, &fourth, &writer);
            prop_assert_eq!(on_write(&world.rules(), Some(&live), &fourth, &writer), entries::entries_value(long));
        }
    }
}
