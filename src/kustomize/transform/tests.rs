//! Tests of each transformer on small objects: kustomization, input, expected part of the output.

use super::steps;
use crate::defaults;
use crate::loader::Loader;
use crate::res_map::ResMap;
use crate::resource::Resource;
use crate::tests::Case;
use crate::types::Kustomization;
use crate::{OsFileSystem, transform};
use kctl_base::json::{Value, json};

/// Runs the transformers of a kustomization. Returns the objects as one line of JSON each, or the error.
fn transformed(kustomization: Value, objects: &[Value]) -> String {
    let kustomization: Kustomization = kctl_base::json::from_value(&kustomization).expect("a kustomization");
    let config = defaults::config();
    let case = Case::parse("$ .\n");
    let loader = Loader::new(&OsFileSystem, &case, ".", true).expect("this directory");
    let list = objects.iter().cloned().map(Resource::new).collect();
    let run = || {
        let mut resources = ResMap::new(list)?;
        for step in steps(&kustomization, &config, &loader)? {
            step.transformer.transform(&mut resources)?;
            resources.drop_empties();
        }
        transform::fix_references(&mut resources, &config)?;
        transform::sort(&mut resources, kustomization.sort_options.as_ref())?;
        resources.iter_mut().for_each(Resource::remove_build_annotations);
        Ok::<_, crate::KustomizeError>(resources)
    };
    match run() {
        Ok(done) => done.iter().map(|r| r.value.to_string()).collect::<Vec<_>>().join("\n"),
        Err(error) => error.to_string(),
    }
}

fn object(api_version: &str, kind: &str, name: &str, rest: Value) -> Value {
    let mut object = json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": name}});
    for (key, value) in rest.as_object().into_iter().flatten() {
        object[key] = value.clone();
    }
    object
}

fn config_map(name: &str) -> Value {
    object("v1", "ConfigMap", name, json!({"data": {"k": "v"}}))
}

/// Checks that the result of each case contains the expected part.
fn check(cases: &[(Value, &[Value], &str)]) {
    for (kustomization, objects, expected) in cases {
        let after = transformed(kustomization.clone(), objects);
        assert!(after.contains(expected), "{kustomization}\nexpected {expected}\nin {after}");
    }
}

#[test]
fn names() {
    let pod = object("v1", "Pod", "p", json!({"spec": {"volumes": [{"configMap": {"name": "a"}}]}}));
    let namespace = object("v1", "Namespace", "n", json!({}));
    check(&[
        (json!({"namePrefix": "x-"}), &[config_map("a")], r#""name":"x-a""#),
        (json!({"nameSuffix": "-y", "namePrefix": "x-"}), &[config_map("a")], r#""name":"x-a-y""#),
        (json!({"namePrefix": "x-"}), &[config_map("a"), pod], r#"{"configMap":{"name":"x-a"}}"#),
        (json!({"namePrefix": "x-"}), &[namespace], r#""name":"n""#),
    ]);
}

#[test]
fn namespaces() {
    let binding = object(
        "rbac.authorization.k8s.io/v1",
        "RoleBinding",
        "b",
        json!({"subjects": [{"kind": "ServiceAccount", "name": "default"}, {"kind": "ServiceAccount", "name": "other", "namespace": "z"}]}),
    );
    let twins = [
        object("v1", "ConfigMap", "a", json!({"metadata": {"name": "a", "namespace": "x"}})),
        object("v1", "ConfigMap", "a", json!({"metadata": {"name": "a", "namespace": "y"}})),
    ];
    check(&[
        (json!({"namespace": "n"}), &[config_map("a")], r#""metadata":{"name":"a","namespace":"n"}"#),
        (json!({"namespace": "n"}), &[object("v1", "Node", "a", json!({}))], r#""metadata":{"name":"a"}"#),
        (json!({"namespace": "n"}), &[object("v1", "Namespace", "a", json!({}))], r#""metadata":{"name":"n"}"#),
        (
            json!({"namespace": "n"}),
            &[binding],
            r#"[{"kind":"ServiceAccount","name":"default","namespace":"n"},{"kind":"ServiceAccount","name":"other","namespace":"z"}]"#,
        ),
        (json!({"namespace": "n"}), &twins, "namespace transformation produces ID conflict: [{"),
    ]);
}

#[test]
fn labels_and_annotations() {
    let deployment = || {
        object(
            "apps/v1",
            "Deployment",
            "d",
            json!({"spec": {"selector": {"matchLabels": {"a": "b"}}, "template": {"spec": {}}}}),
        )
    };
    let label = |extra: Value| {
        let mut label = json!({"pairs": {"l": "v"}});
        for (key, value) in extra.as_object().into_iter().flatten() {
            label[key] = value.clone();
        }
        json!({"labels": [label]})
    };
    check(&[
        (
            label(json!({})),
            &[deployment()],
            r#""labels":{"l":"v"},"name":"d"},"spec":{"selector":{"matchLabels":{"a":"b"}},"template":{"spec":{}}}"#,
        ),
        (
            label(json!({"includeTemplates": true})),
            &[deployment()],
            r#""template":{"metadata":{"labels":{"l":"v"}},"spec":{}}"#,
        ),
        (label(json!({"includeSelectors": true})), &[deployment()], r#""selector":{"matchLabels":{"a":"b","l":"v"}}"#),
        (label(json!({"fields": [{"path": "spec/x", "create": true}]})), &[deployment()], r#""x":{"l":"v"}"#),
        (json!({"commonLabels": {"l": "v"}}), &[deployment()], r#""selector":{"matchLabels":{"a":"b","l":"v"}}"#),
        (
            json!({"commonAnnotations": {"l": "v"}}),
            &[deployment()],
            r#""template":{"metadata":{"annotations":{"l":"v"}},"spec":{}}"#,
        ),
        (
            label(json!({"fields": [{"path": "kind/x", "create": true}]})),
            &[deployment()],
            "considering field 'kind/x' of object Deployment.v1.apps/d.[noNs]: expected sequence or mapping node",
        ),
    ]);
}

#[test]
fn replicas() {
    let set = |kind: &str| object("apps/v1", kind, "s", json!({"spec": {}}));
    check(&[
        (json!({"replicas": [{"name": "s", "count": 3}]}), &[set("StatefulSet")], r#""spec":{"replicas":3}"#),
        (
            json!({"replicas": [{"name": "s", "count": 3}]}),
            &[set("DaemonSet")],
            "resource with name s does not match a config with the following GVK [Deployment.[noVer].[noGrp] StatefulSet",
        ),
    ]);
}

#[test]
fn patches() {
    let operations = r#"[{"op": "add", "path": "/metadata/annotations/x", "value": "y"}]"#;
    let merge = "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {new: '1'}}";
    let delete = "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, $patch: delete}";
    let rename = "{apiVersion: v1, kind: ConfigMap, metadata: {name: z}}";
    let all = json!({"kind": "ConfigMap"});
    check(&[
        (json!({"patches": [{"patch": merge}]}), &[config_map("a")], r#""data":{"k":"v","new":"1"}"#),
        (json!({"patches": [{"patch": delete}]}), &[config_map("a"), config_map("b")], r#"{"name":"b"}}"#),
        (json!({"patches": [{"patch": operations, "target": all}]}), &[config_map("a")], r#""annotations":{"x":"y"}"#),
        (json!({"patches": [{"patch": rename, "target": all}]}), &[config_map("a")], r#"{"name":"a"}"#),
        (
            json!({"patches": [{"patch": rename, "target": all, "options": {"allowNameChange": true}}]}),
            &[config_map("a")],
            r#"{"name":"z"}"#,
        ),
        (
            json!({"patches": [{"patch": operations}]}),
            &[config_map("a")],
            "must specify a target for JSON patch [patch: ",
        ),
        (json!({"patches": [{"patch": "hello"}]}), &[], "unable to parse SM or JSON patch from [patch: \"hello\"]"),
        (
            json!({"patches": [{"patch": merge}]}),
            &[config_map("b")],
            "no resource matches strategic merge patch \"ConfigMap.v1.[noGrp]/a.[noNs]\": no matches for Id",
        ),
        (json!({"patchesStrategicMerge": [merge]}), &[config_map("a")], r#""data":{"k":"v","new":"1"}"#),
        (
            json!({"patchesJson6902": [{"target": {"kind": "ConfigMap", "name": "a"}, "patch": "[{op: remove, path: /data}]"}]}),
            &[config_map("a")],
            "trouble configuring builtin PatchJson6902Transformer",
        ),
        (
            json!({"patchesJson6902": [{"target": {"kind": "ConfigMap", "name": "a"}, "patch": "- {op: remove, path: /data}"}]}),
            &[config_map("a")],
            r#"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"}}"#,
        ),
    ]);
}

#[test]
fn replacements() {
    let to =
        |path: &str, options: Value| json!([{"select": {"kind": "Thing"}, "fieldPaths": [path], "options": options}]);
    let from = |targets: Value| json!({"replacements": [{"source": {"kind": "ConfigMap", "fieldPath": "data.k"}, "targets": targets}]});
    let thing =
        || object("example.com/v1", "Thing", "t", json!({"spec": {"s": "a-b", "n": 1, "l": [{"x": "1"}, {"x": "2"}]}}));
    let there = [config_map("c"), thing()];
    check(&[
        (from(to("spec.s", json!({}))), &there, r#""s":"v""#),
        (from(to("spec.s", json!({"delimiter": "-", "index": 1}))), &there, r#""s":"a-v""#),
        (from(to("spec.s", json!({"delimiter": "-", "index": -1}))), &there, r#""s":"v-a-b""#),
        (from(to("spec.l.[x=2].x", json!({}))), &there, r#""l":[{"x":"1"},{"x":"v"}]"#),
        (from(to("spec.l.*.x", json!({}))), &there, r#""l":[{"x":"v"},{"x":"v"}]"#),
        (from(to("spec.new.deep", json!({"create": true}))), &there, r#""new":{"deep":"v"}"#),
        (from(to("spec.new", json!({}))), &there, "unable to find field \"spec.new\" in replacement target"),
        (
            from(to("spec.s", json!({}))),
            &[thing()],
            "nothing selected by ConfigMap.[noVer].[noGrp]/[noName].[noNs]:data.k",
        ),
        // Since kustomize v5.7: a literal source value, and regular expressions in target selectors.
        (
            json!({"replacements": [{"sourceValue": "own", "targets": [{"select": {"kind": "Th.*"}, "fieldPaths": ["spec.s"]}]}]}),
            &there,
            r#""s":"own""#,
        ),
    ]);
}

#[test]
fn sort_order() {
    let service = object("v1", "Service", "s", json!({}));
    let pod = object("v1", "Pod", "p", json!({}));
    let first = |kustomization: Value| {
        let all = transformed(kustomization, &[pod.clone(), service.clone(), config_map("c")]);
        let kinds = all.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        kinds.filter_map(|o| o["kind"].as_str().map(String::from)).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(first(json!({})), "ConfigMap Service Pod");
    assert_eq!(first(json!({"sortOptions": {"order": "fifo"}})), "Pod Service ConfigMap");
    let lists = json!({"orderFirst": ["Service"], "orderLast": ["ConfigMap"]});
    assert_eq!(first(json!({"sortOptions": {"order": "legacy", "legacySortOptions": lists}})), "Service Pod ConfigMap");
}
