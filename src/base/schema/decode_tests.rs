//! Decoding against recorded messages.

use super::*;
use crate::json::{Value, json};

/// Quantities are another module's business: this accepts digits with a suffix.
fn quantity(text: &str) -> Result<String, String> {
    let digits = text.trim_start_matches(['+', '-']).trim_end_matches(|letter: char| "numkKMGTPEi".contains(letter));
    match digits.parse::<f64>() {
        Ok(_) => Ok(text.to_owned()),
        Err(_) => Err("quantities must match the regular expression".to_owned()),
    }
}

fn definition(manifest: &Value) -> &'static str {
    let (api_version, kind) = (manifest["apiVersion"].as_str().unwrap(), manifest["kind"].as_str().unwrap());
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    Schema::builtin().root(group, version, kind).unwrap()
}

fn decoded(manifest: Value) -> Result<Decoded, String> {
    decode(Schema::builtin(), definition(&manifest), manifest, quantity).map_err(|error| error.to_string())
}

fn converted(manifest: Value) -> Result<Decoded, String> {
    convert(Schema::builtin(), definition(&manifest), manifest, quantity).map_err(|error| error.to_string())
}

fn deployment(spec: Value) -> Value {
    json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "w"}, "spec": spec})
}

fn pod(container: Value) -> Value {
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"containers": [container]}})
}

#[test]
fn unknown_fields_are_cut_and_named() {
    let manifest = deployment(json!({
        "replica": 2,
        "template": {"spec": {"container": [], "containers": [{"name": "c", "imagePolicy": "x"}]}},
    }));
    let result = decoded(manifest).unwrap();
    assert_eq!(
        result.unknown,
        [
            r#"unknown field "spec.replica""#,
            r#"unknown field "spec.template.spec.container""#,
            r#"unknown field "spec.template.spec.containers[0].imagePolicy""#,
        ]
    );
    assert_eq!(result.value["spec"], json!({"template": {"spec": {"containers": [{"name": "c"}]}}}));
}

#[test]
fn case_matters_and_top_level_fields_are_checked() {
    let manifest =
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}, "dota": {"a": "b"}, "Data": {}});
    assert_eq!(decoded(manifest).unwrap().unknown, [r#"unknown field "Data""#, r#"unknown field "dota""#]);
}

#[test]
fn wrong_types_are_refused_in_the_words_of_the_decoder() {
    let field = |text: &str| Err(format!("json: cannot unmarshal {text}"));
    let secret = |data: Value| json!({"apiVersion": "v1", "kind": "Secret", "data": data});
    let cases = [
        (
            deployment(json!({"replicas": "two"})),
            field("string into Go struct field DeploymentSpec.spec.replicas of type int32"),
        ),
        (
            deployment(json!({"replicas": 1.5})),
            field("number 1.5 into Go struct field DeploymentSpec.spec.replicas of type int32"),
        ),
        (
            deployment(json!({"replicas": 3000000000_i64})),
            field("number 3000000000 into Go struct field DeploymentSpec.spec.replicas of type int32"),
        ),
        (
            deployment(json!({"paused": "yes"})),
            field("string into Go struct field DeploymentSpec.spec.paused of type bool"),
        ),
        (deployment(json!([])), field("array into Go struct field Deployment.spec of type v1.DeploymentSpec")),
        (
            pod(json!({"env": [{"name": "1 2", "value": 3}]})),
            field("number into Go struct field EnvVar.spec.containers.env.value of type string"),
        ),
        (
            pod(json!({"args": [true]})),
            field("bool into Go struct field Container.spec.containers.args of type string"),
        ),
        (
            pod(json!({"args": "x"})),
            field("string into Go struct field Container.spec.containers.args of type []string"),
        ),
        (
            pod(json!({"imagePullPolicy": 1})),
            field("number into Go struct field Container.spec.containers.imagePullPolicy of type v1.PullPolicy"),
        ),
        (
            pod(json!({"ports": {}})),
            field("object into Go struct field Container.spec.containers.ports of type []v1.ContainerPort"),
        ),
        (
            pod(json!({"resources": {"limits": []}})),
            field(
                "array into Go struct field ResourceRequirements.spec.containers.resources.limits of type v1.ResourceList",
            ),
        ),
        (
            pod(json!({"livenessProbe": {"httpGet": {"port": true}}})),
            field("bool into Go struct field HTTPGetAction.spec.containers.livenessProbe.httpGet.port of type int32"),
        ),
        (
            json!({"apiVersion": "v1", "kind": "ConfigMap", "data": {"mode": 493}}),
            field("number into Go struct field ConfigMap.data of type string"),
        ),
        (
            json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"labels": {"a": 1}}}),
            field("number into Go struct field ObjectMeta.metadata.labels of type string"),
        ),
        (
            json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"creationTimestamp": 1}}),
            field("number into Go struct field ObjectMeta.metadata.creationTimestamp of type string"),
        ),
        (secret(json!({"a": "not base64!"})), Err("illegal base64 data at input byte 3".to_owned())),
        (
            pod(json!({"resources": {"requests": {"cpu": "1x"}}})),
            Err("quantities must match the regular expression".to_owned()),
        ),
        // A quantity ends decoding at once and so comes before an earlier wrong type; other errors come in order.
        (
            pod(json!({"args": [1], "resources": {"requests": {"cpu": true}}})),
            Err("quantities must match the regular expression".to_owned()),
        ),
        (
            pod(json!({"tty": 1, "args": [1]})),
            field("number into Go struct field Container.spec.containers.args of type string"),
        ),
    ];
    for (manifest, want) in cases {
        assert_eq!(decoded(manifest.clone()).map(|result| result.value), want, "{manifest}");
    }
    let root = decode(Schema::builtin(), "io.k8s.api.core.v1.Pod", json!([]), quantity);
    assert_eq!(root.unwrap_err().to_string(), "json: cannot unmarshal array into Go value of type v1.Pod");
}

#[test]
fn wrong_types_after_a_merge_have_other_words() {
    let cases = [
        (deployment(json!({"replicas": "three"})), "unrecognized type: int32"),
        (deployment(json!({"replicas": 1.5})), "cannot convert float64 to int32"),
        (deployment(json!({"paused": "x"})), "unrecognized type: bool"),
        (deployment(json!("x")), "cannot restore struct from: string"),
        (deployment(json!({"selector": {"matchLabels": []}})), "cannot restore map from slice"),
        (pod(json!({"args": {}})), "cannot restore slice from map"),
        (pod(json!({"image": 1})), "cannot convert int64 to string"),
        (pod(json!({"image": true})), "unrecognized type: string"),
        (pod(json!({"imagePullPolicy": 1})), "cannot convert int64 to v1.PullPolicy"),
        (
            deployment(json!({"strategy": {"rollingUpdate": {"maxSurge": true}}})),
            "json: cannot unmarshal bool into Go value of type int32",
        ),
    ];
    for (manifest, want) in cases {
        assert_eq!(converted(manifest.clone()).map(|result| result.value), Err(want.to_owned()), "{manifest}");
    }
    let result = converted(deployment(json!({"zz": 1, "template": {"a": 1}, "replicas": 2.0}))).unwrap();
    assert_eq!(result.unknown, [r#"unknown field "spec.template.a""#, r#"unknown field "spec.zz""#]);
    assert_eq!(result.value["spec"]["replicas"], json!(2));
}

#[test]
fn zero_values_stay_where_the_server_keeps_them() {
    let cases = [
        (
            deployment(json!({"replicas": 0, "minReadySeconds": 0, "paused": false, "strategy": {}})),
            json!({"replicas": 0, "strategy": {}}),
        ),
        (deployment(json!({"replicas": null, "selector": {"matchLabels": {}}})), json!({"selector": {}})),
        (
            json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "spec": {"storageClassName": "", "volumeName": "", "accessModes": []}}),
            json!({"storageClassName": ""}),
        ),
        (
            pod(json!({"name": "", "image": "", "args": [""], "command": [], "tty": false})),
            json!({"containers": [{"name": "", "args": [""]}]}),
        ),
        (
            pod(json!({"name": "c", "resources": {"requests": {"cpu": null}}, "lifecycle": null})),
            json!({"containers": [{"name": "c", "resources": {"requests": {"cpu": "0"}}}]}),
        ),
    ];
    for (manifest, want) in cases {
        assert_eq!(decoded(manifest.clone()).unwrap().value["spec"], want, "{manifest}");
    }
    let labels = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"labels": {"a": null}, "creationTimestamp": null}});
    assert_eq!(decoded(labels).unwrap().value["metadata"], json!({"labels": {"a": ""}}));
}
