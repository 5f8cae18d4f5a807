//! Descriptions against those in transcripts, whitespace apart, since the describe printer aligns columns.

use std::sync::Arc;

use serde::Deserialize;

use super::parity;
use crate::{Catalog, Lookup, PrefixWriter};
use kctl_base::gvk::split_api_version;
use kctl_base::json::{Value, json};
use kctl_base::labels::Selector;
use kctl_base::object::{Object, ObjectMeta, ValueWrite};
use kctl_base::sim::Time;

/// A cluster without other objects.
struct EmptyCluster;

impl Lookup for EmptyCluster {
    fn get(&self, _resource: &str, _namespace: &str, _name: &str) -> Option<Arc<Object>> {
        None
    }

    fn list(&self, _resource: &str, _namespace: Option<&str>, _selector: Option<&Selector>) -> Vec<Arc<Object>> {
        Vec::new()
    }

    fn events(&self, _object: &Object) -> Vec<Arc<Object>> {
        Vec::new()
    }

    fn list_by_fields(&self, _resource: &str, _fields: &str) -> Vec<Arc<Object>> {
        Vec::new()
    }

    fn now(&self) -> Time {
        Time::from_secs(0)
    }

    fn show_events(&self) -> bool {
        false
    }
}

fn words(line: &str) -> String {
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The output of a command in a transcript, up to the events.
fn recorded(transcript: &str, command: &str) -> Vec<String> {
    let after = transcript.lines().skip_while(|line| *line != format!("$ {command}")).skip(1);
    let lines = after.map_while(|line| line.strip_prefix("| ")).take_while(|line| !line.starts_with("Events:"));
    lines.map(words).collect()
}

fn described(mut object: Object, finish: impl Fn(&mut Object)) -> Vec<String> {
    let (group, version) = split_api_version(object.api_version());
    let kind = Catalog::default().by_gvk(group, version, object.kind()).expect("a kind of the catalog");
    object.put_default("/metadata/namespace", "default");
    kind.set_defaults(&mut object);
    kind.prepare_create(&mut object);
    kind.set_defaults_on_read(&mut object);
    finish(&mut object);
    let mut out = PrefixWriter::new();
    kind.describer().expect("a description of its own")(&object, &EmptyCluster, &mut out);
    out.text().lines().map(words).collect()
}

/// Does to the pod of the transcript what admission and the scheduler did.
fn admit(pod: &mut Object) {
    let spec = &mut pod["spec"];
    spec.put("/priority", 0);
    spec.put("/serviceAccountName", "default");
    let token = json!({"name": "kube-api-access-m8tg2", "projected": {"sources": [
        {"serviceAccountToken": {"expirationSeconds": 3607}}, {"configMap": {"name": "kube-root-ca.crt"}}, {"downwardAPI": {}}
    ]}});
    spec.list_mut("/volumes").push(token);
    for list in ["/containers", "/initContainers"] {
        for container in spec.items_mut(list) {
            let place = "/var/run/secrets/kubernetes.io/serviceaccount";
            let mount = json!({"name": "kube-api-access-m8tg2", "mountPath": place, "readOnly": true});
            container.list_mut("/volumeMounts").push(mount);
        }
    }
    for key in ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"] {
        let toleration = json!({"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300});
        spec.list_mut("/tolerations").push(toleration);
    }
    pod.put("/status/conditions", json!([{"type": "PodScheduled", "status": "False"}]));
}

#[test]
fn a_pod_with_every_section_is_described() {
    let (manifests, transcript) = (parity("manifests/containers.yaml"), parity("42-containers-probes-qos.parity"));
    let documents = serde_yaml::Deserializer::from_str(&manifests).map(Value::deserialize);
    let mut pods = documents.map_while(Result::ok);
    let rich = pods.find(|pod| pod.name() == "rich").expect("the manifest has this pod");
    assert_eq!(described(rich, admit), recorded(&transcript, "kubectl describe pod rich"));
}

#[test]
fn a_cron_job_is_described() {
    let transcript = parity("38-describe.parity");
    let container = json!({"name": "tick", "image": "busybox:1.36", "command": ["date"]});
    let template = json!({"spec": {"containers": [container], "restartPolicy": "OnFailure"}});
    let object = json!({
        "apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "tick"},
        "spec": {"schedule": "0 3 * * *", "jobTemplate": {"spec": {"template": template}}}
    });
    assert_eq!(described(object, |_| ()), recorded(&transcript, "kubectl describe cronjob tick"));
}

#[test]
fn a_finished_job_is_described() {
    let transcript = parity("38-describe.parity");
    let container = json!({"name": "once", "image": "busybox:1.36", "command": ["true"]});
    let object = json!({
        "apiVersion": "batch/v1", "kind": "Job",
        "metadata": {"name": "once", "uid": "f51ca349-a708-477b-a9b9-327bb952c72b"},
        "spec": {"template": {"spec": {"containers": [container], "restartPolicy": "Never"}}}
    });
    let finish = |job: &mut Object| {
        let (start, end) = ("2026-11-21T00:46:13Z", "2026-11-21T00:46:15Z");
        job.put("/status", json!({"startTime": start, "completionTime": end, "succeeded": 1, "ready": 0}));
    };
    let want = recorded(&transcript, "kubectl describe job once");
    assert_eq!(described(object, finish), want);
    assert!(want.len() > 20);
}
