//! Sentences for kinds of changes, and chains of a whole cluster.

use super::deed::{self, Deed};
use super::{Author, Story, sentence, tell};
use crate::controllers::testing::{Bench, workload};
use crate::store::{Cause, Change, ChangeKind, ObjectKey};
use crate::why::ObjectName;
use kctl_base::json::{Value, json};
use kctl_base::object::{ObjectMeta, ValueRead};
use std::sync::Arc;

fn change(old: Option<Value>, new: Value) -> Change {
    let key = ObjectKey::new("things", new.namespace(), new.name());
    let kind = if old.is_some() { ChangeKind::Modified } else { ChangeKind::Added };
    let (object, old) = (Arc::new(new), old.map(Arc::new));
    Change { revision: 1, kind, key, object, old, cause: Cause::default() }
}

/// An object with fields in place of those of `base`.
fn with(base: &Value, fields: &[(&str, Value)]) -> Value {
    use kctl_base::object::ValueWrite;
    let mut object = base.clone();
    fields.iter().for_each(|(pointer, value)| object.put(pointer, value.clone()));
    object
}

#[test]
fn each_kind_of_change_has_its_sentence() {
    let set = json!({"kind": "ReplicaSet", "metadata": {"name": "web-5d4"}, "spec": {"replicas": 0}});
    let pod = json!({"kind": "Pod", "metadata": {"name": "web-1"}, "spec": {}, "status": {"phase": "Pending"}});
    let bound = with(&pod, &[("/spec/nodeName", json!("n1"))]);
    let ready =
        with(&bound, &[("/status", json!({"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}))]);
    let pulling = json!([{"name": "c", "state": {"waiting": {"reason": "ErrImagePull"}}}]);
    let deleted = ("/metadata/deletionTimestamp", json!("2026-01-01T00:00:00Z"));
    let node = json!({"kind": "Node", "metadata": {"name": "n1"}, "spec": {}});
    let cases: Vec<(Option<Value>, Value, Deed, &str)> = vec![
        (
            None,
            with(
                &set,
                &[
                    ("/spec/replicas", json!(3)),
                    ("/metadata/annotations", json!({"deployment.kubernetes.io/revision": "2"})),
                ],
            ),
            Deed::Created,
            "ReplicaSet web-5d4 was created with 3 replicas for revision 2",
        ),
        (
            Some(set.clone()),
            with(&set, &[("/spec/replicas", json!(3))]),
            Deed::Scaled,
            "ReplicaSet web-5d4 was scaled up from 0 to 3",
        ),
        (
            Some(with(&set, &[("/spec/replicas", json!(3))])),
            with(&set, &[("/spec/replicas", json!(1))]),
            Deed::Scaled,
            "ReplicaSet web-5d4 was scaled down from 3 to 1",
        ),
        (
            Some(set.clone()),
            with(&set, &[("/spec/minReadySeconds", json!(3))]),
            Deed::Wanted,
            "ReplicaSet web-5d4 was changed (spec.minReadySeconds = 3)",
        ),
        (Some(pod.clone()), bound.clone(), Deed::Bound, "Pod web-1 was assigned to node n1"),
        (Some(bound.clone()), ready.clone(), Deed::State, "Pod web-1 became ready"),
        (
            Some(bound.clone()),
            with(&bound, &[("/status/containerStatuses", pulling)]),
            Deed::State,
            "Pod web-1 came to wait in ImagePullBackOff",
        ),
        (
            Some(ready.clone()),
            with(&ready, &[deleted.clone(), ("/metadata/deletionGracePeriodSeconds", json!(30))]),
            Deed::DeletionRequested,
            "Pod web-1 was deleted, with 30 seconds for its containers to end",
        ),
        (
            Some(set.clone()),
            with(&set, &[deleted, ("/metadata/finalizers", json!(["foregroundDeletion"]))]),
            Deed::DeletionRequested,
            "ReplicaSet web-5d4 was deleted, but is held by foregroundDeletion",
        ),
        (
            Some(node.clone()),
            with(&node, &[("/spec/unschedulable", json!(true))]),
            Deed::Wanted,
            "Node n1 was cordoned",
        ),
        (
            Some(with(&set, &[("/metadata/finalizers", json!(["x"]))])),
            set.clone(),
            Deed::Metadata,
            "ReplicaSet web-5d4 was released by x",
        ),
    ];
    for (old, new, deed, sentence) in cases {
        let change = change(old, new);
        assert_eq!((deed::of(&change), sentence::what(&change).as_str()), (deed, sentence));
    }
}

fn story(bench: &mut Bench, kind: &str, resource: &str, name: &str) -> Story {
    let asked = ObjectName::new(kind, resource, "default", name);
    tell(bench.cluster.server(), &asked).expect("the log can be read").expect("the object is known")
}

/// The steps of a chain: `what (author)`, with the names of pods shortened.
fn lines(story: &Story, chain: usize) -> Vec<String> {
    let line = |step: &super::Step| format!("{} ({}) {}", step.what, step.author.words(), step.left_out);
    story.chains[chain].iter().map(line).collect()
}

#[test]
fn a_deleted_pod_leads_back_to_the_command_that_changed_its_deployment() {
    let mut bench = Bench::open();
    bench.create("deployments.apps", workload("apps/v1", "Deployment", "web", 3, "nginx:1.25"));
    bench.settle();
    let pods = bench.list("pods");
    let old = pods[0].name().to_string();
    let set = bench.list("replicasets.apps")[0].name().to_string();
    bench.patch("deployments.apps", "web", json!({"spec": {"template": {"metadata": {"labels": {"v": "2"}}}}}));
    bench.settle();
    let told = story(&mut bench, "Pod", "pods", &old);
    assert!(told.is_gone);
    let deletion = lines(&told, 0);
    let authors: Vec<String> = told.chains[0].iter().map(|step| step.author.words()).collect();
    assert_eq!(
        authors,
        [
            "the kubelet",
            "the ReplicaSet controller",
            "the Deployment controller",
            "the Deployment controller",
            "a command"
        ],
        "{deletion:#?}"
    );
    assert!(deletion[2].starts_with(&format!("ReplicaSet {set} was scaled down from ")), "{deletion:#?}");
    assert!(deletion[3].contains(" was created with 1 replica for revision 2 "), "{deletion:#?}");
    assert!(deletion[4].starts_with("the pod template of Deployment web was changed"), "{deletion:#?}");
    let creation = lines(&told, 1);
    assert!(creation.last().expect("a step").starts_with("Deployment web was created with 3 replicas (a command)"));
}

#[test]
fn a_chain_that_is_told_already_is_not_told_again() {
    let mut bench = Bench::open();
    bench.create("deployments.apps", workload("apps/v1", "Deployment", "web", 1, "nginx:1.25"));
    bench.settle();
    let pod = bench.list("pods")[0].name().to_string();
    let told = story(&mut bench, "Pod", "pods", &pod);
    assert_eq!(told.chains.len(), 1, "{told:#?}");
    let steps: Vec<&str> = told.chains[0].iter().map(|step| step.object.kind.as_str()).collect();
    assert_eq!(steps, ["Pod", "Pod", "Pod", "ReplicaSet", "Deployment"], "ready, bound, created");
    assert!(!told.is_gone && told.log_starts.is_none());
}

#[test]
fn objects_of_a_new_cluster_come_from_its_start() {
    let mut bench = Bench::open();
    let asked = ObjectName::new("Namespace", "namespaces", "", "default");
    let told = tell(bench.cluster.server(), &asked).expect("the log").expect("an object");
    assert_eq!(told.chains.last().and_then(|chain| chain.last()).map(|step| &step.author), Some(&Author::ClusterStart));
    let unknown = ObjectName::new("Pod", "pods", "default", "none");
    assert_eq!(tell(bench.cluster.server(), &unknown), Ok(None));
    assert!(bench.list("pods").iter().all(|pod| pod.str("/metadata/name").is_empty()));
}

#[test]
fn a_pod_that_makes_room_leads_to_the_pod_for_which_it_does() {
    let mut bench = Bench::open();
    let of = |name: &str, class: &str| {
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": {"priorityClassName": class,
            "containers": [{"name": "c", "image": "nginx", "resources": {"requests": {"cpu": "7"}}}]}})
    };
    bench.create(
        "priorityclasses.scheduling.k8s.io",
        json!({"apiVersion": "scheduling.k8s.io/v1",
        "kind": "PriorityClass", "metadata": {"name": "high"}, "value": 1000}),
    );
    bench.create("pods", of("a", ""));
    bench.create("pods", of("b", ""));
    bench.settle();
    bench.create("pods", of("c", "high"));
    bench.settle();
    let told = ["a", "b"].map(|name| story(&mut bench, "Pod", "pods", name));
    let gone = told.iter().find(|story| story.is_gone).expect("one pod had to go");
    let name = &gone.object.name;
    let deletion: Vec<&str> = gone.chains[0].iter().map(|step| step.what.as_str()).collect();
    assert_eq!(
        deletion,
        [
            format!("Pod {name} was removed after its containers had ended"),
            format!("Pod {name} was preempted, to make room for a more important pod"),
            "Pod c was created".to_string(),
        ]
    );
}

#[test]
fn a_job_is_complete_because_its_pod_has_succeeded() {
    let mut bench = Bench::open();
    bench.create(
        "jobs.batch",
        json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "once"},
        "spec": {"template": {"spec": {"restartPolicy": "Never",
            "containers": [{"name": "c", "image": "busybox", "command": ["true"]}]}}}}),
    );
    bench.settle();
    let told = story(&mut bench, "Job", "jobs.batch", "once");
    let pod = bench.list("pods")[0].name().to_string();
    let whats: Vec<&str> = told.chains[0].iter().map(|step| step.what.as_str()).collect();
    assert_eq!(whats[..2], ["Job once is complete".to_string(), format!("Pod {pod} succeeded")], "{whats:?}");
    assert_eq!(whats.last(), Some(&"Job once was created"));
}
