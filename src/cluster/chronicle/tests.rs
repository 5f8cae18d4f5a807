//! Chronicles of changes made by hand, and of a simulated cluster.

use std::sync::Arc;

use super::*;
use crate::api::{PatchType, Request};
use crate::inspection::{Cause, Change};
use crate::{Cluster, OpenOptions, User, WatchEvent};
use kctl_base::json::{Value, json};
use kctl_base::object::{Object, ObjectMeta, ValueWrite};
use kctl_base::sim::Duration;

/// The start of the changes made by hand.
const START: Time = Time::from_secs(1_767_225_600);

fn at(seconds: i64) -> Time {
    START + Duration::from_secs(seconds)
}

/// Changes made by hand.
#[derive(Default)]
struct Script {
    changes: Vec<Change>,
}

impl Script {
    fn add(&mut self, seconds: i64, event: fn(Arc<Object>) -> WatchEvent, object: &Object, by: Option<&'static str>) {
        let uid = object.uid();
        let last = self.changes.iter().rev().filter_map(|c| c.event.object()).find(|o| o.uid() == uid).cloned();
        let cause = match by {
            Some(controller) => Cause::controller(at(seconds), controller, None),
            None => Cause::request(at(seconds)),
        };
        self.changes.push(Change {
            revision: self.changes.len() as u64 + 1,
            resource: format!("{}s", object.kind().to_lowercase()),
            namespace: object.namespace().into(),
            name: object.name().into(),
            event: event(Arc::new(object.clone())),
            old: last,
            cause,
        });
    }

    fn until(self, present: Vec<Object>, seconds: i64) -> Chronicle {
        Chronicle::of(&History::until(present.into_iter().map(Arc::new).collect(), self.changes, at(seconds)))
    }
}

fn pod(status: Value) -> Object {
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": "a", "namespace": "default", "uid": "u1", "creationTimestamp": START.rfc3339()},
        "spec": {"containers": [{"name": "c", "image": "nginx"}]}, "status": status
    })
}

fn on_node(mut pod: Object) -> Object {
    pod.put("/spec/nodeName", "n1");
    pod
}

fn ready(status: &str, since: i64) -> Value {
    json!({"type": "Ready", "status": status, "reason": "", "lastTransitionTime": at(since).rfc3339()})
}

fn waits(reason: &str) -> Value {
    json!({"phase": "Running", "containerStatuses": [{"state": {"waiting": {"reason": reason}}, "restartCount": 2}]})
}

/// The spans as text: `pending 0-1, ready 1-5`.
fn told(life: &PodLife) -> String {
    let span = |s: &Span| format!("{} {}-{}", s.state.label(), (s.from - START).secs(), (s.to - START).secs());
    life.spans.iter().map(span).collect::<Vec<_>>().join(", ")
}

#[test]
fn a_pod_goes_through_its_states() {
    let mut script = Script::default();
    let running = json!({"phase": "Running", "conditions": [ready("True", 3)]});
    let mut deleting = on_node(pod(running.clone()));
    deleting.put("/metadata/deletionTimestamp", at(40).rfc3339());
    script.add(0, WatchEvent::Added, &pod(json!({"phase": "Pending"})), None);
    script.add(1, WatchEvent::Modified, &on_node(pod(json!({"phase": "Pending"}))), Some("scheduler"));
    script.add(2, WatchEvent::Modified, &on_node(pod(json!({"phase": "Running"}))), Some("kubelet"));
    script.add(3, WatchEvent::Modified, &on_node(pod(running)), Some("kubelet"));
    script.add(5, WatchEvent::Modified, &on_node(pod(waits("CrashLoopBackOff"))), Some("kubelet"));
    script.add(10, WatchEvent::Modified, &deleting, None);
    script.add(12, WatchEvent::Deleted, &deleting, Some("kubelet"));
    let chronicle = script.until(Vec::new(), 20);
    let [life] = chronicle.pods.as_slice() else { panic!("{:?}", chronicle.pods) };
    assert_eq!(told(life), "pending 0-1, starting 1-2, not ready 2-3, ready 3-5, failed 5-10, terminating 10-12");
    assert_eq!(life.spans[4].detail, "CrashLoopBackOff");
    assert_eq!((life.node.as_deref(), life.gone, life.is_open), (Some("n1"), Some(at(12)), false));
    assert_eq!((life.state_at(at(4)), life.state_at(at(12))), (Some(PodState::Ready), None));
    let deeds: Vec<&str> = chronicle.marks.iter().map(|mark| mark.text.as_str()).collect();
    assert_eq!(deeds, ["create pod/a", "delete pod/a"]);
}

#[test]
fn states_of_one_instant_leave_the_last() {
    let mut script = Script::default();
    script.add(0, WatchEvent::Added, &pod(json!({"phase": "Pending"})), None);
    script.add(0, WatchEvent::Modified, &on_node(pod(json!({"phase": "Pending"}))), Some("scheduler"));
    script.add(0, WatchEvent::Modified, &on_node(pod(waits("ErrImagePull"))), Some("kubelet"));
    script.add(4, WatchEvent::Modified, &on_node(pod(json!({"phase": "Pending"}))), Some("kubelet"));
    script.add(4, WatchEvent::Modified, &on_node(pod(waits("ErrImagePull"))), Some("kubelet"));
    let chronicle = script.until(Vec::new(), 6);
    assert_eq!(told(&chronicle.pods[0]), "failed 0-6");
    assert_eq!(chronicle.pods[0].restarts, 2);
}

#[test]
fn a_pod_older_than_the_changes_is_told_by_its_timestamps() {
    let running = |conditions: Value| {
        let containers = json!([{"state": {"running": {"startedAt": at(4).rfc3339()}}}]);
        on_node(pod(json!({"phase": "Running", "conditions": conditions, "containerStatuses": containers})))
    };
    let scheduled = json!({"type": "PodScheduled", "status": "True", "lastTransitionTime": at(2).rfc3339()});
    for (conditions, want) in [
        (json!([scheduled, ready("True", 7)]), "pending 0-2, starting 2-4, not ready 4-7, ready 7-30"),
        (json!([scheduled, ready("False", 0)]), "pending 0-2, starting 2-4, not ready 4-30"),
        (json!([scheduled, ready("False", 9)]), "pending 0-2, starting 2-4, ready 4-9, not ready 9-30"),
    ] {
        let chronicle = Script::default().until(vec![running(conditions)], 30);
        assert_eq!((told(&chronicle.pods[0]).as_str(), chronicle.pods[0].is_open), (want, true));
    }
    // The log begins with the deletion.
    let mut script = Script::default();
    let old = running(json!([scheduled, ready("True", 7)]));
    let mut deleting = old.clone();
    deleting.put("/metadata/deletionTimestamp", at(50).rfc3339());
    script.add(20, WatchEvent::Modified, &deleting, None);
    script.changes[0].old = Some(Arc::new(old));
    let chronicle = script.until(vec![deleting], 30);
    assert_eq!(chronicle.from, at(20));
    assert_eq!(told(&chronicle.pods[0]), "pending 0-2, starting 2-4, not ready 4-7, ready 7-20, terminating 20-30");
}

fn deployment(replicas: i64, available: i64, image: &str) -> Object {
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "default", "uid": "d1"},
        "spec": {"replicas": replicas, "template": {"spec": {"containers": [{"name": "c", "image": image}]}}},
        "status": {"readyReplicas": available, "availableReplicas": available}
    })
}

#[test]
fn replicas_are_a_step_function_and_commands_are_told() {
    let mut script = Script::default();
    script.add(0, WatchEvent::Added, &deployment(2, 0, "a"), None);
    script.add(0, WatchEvent::Modified, &deployment(2, 0, "a"), Some("deployment-controller"));
    script.add(3, WatchEvent::Modified, &deployment(2, 2, "a"), Some("deployment-controller"));
    script.add(5, WatchEvent::Modified, &deployment(4, 2, "a"), None);
    script.add(6, WatchEvent::Modified, &deployment(4, 2, "b"), None);
    script.add(9, WatchEvent::Deleted, &deployment(4, 2, "b"), None);
    let chronicle = script.until(Vec::new(), 10);
    let [web] = chronicle.workloads.as_slice() else { panic!("{:?}", chronicle.workloads) };
    let steps: Vec<_> = web.replicas.iter().map(|r| ((r.at - START).secs(), r.desired, r.available)).collect();
    assert_eq!(steps, [(0, 2, 0), (3, 2, 2), (5, 4, 2)]);
    assert_eq!(web.replicas_at(at(4)).map(|r| r.available), Some(2));
    assert_eq!((web.replicas_at(at(9)), web.gone), (None, Some(at(9))));
    let deeds: Vec<&str> = chronicle.marks.iter().map(|mark| mark.text.as_str()).collect();
    assert_eq!(
        deeds,
        ["create deployment/web", "scale deployment/web to 4", "set image deployment/web c=b", "delete deployment/web"]
    );
}

#[test]
fn commands_are_told_by_what_they_changed() {
    let old = json!({"kind": "Deployment", "metadata": {"name": "web"}, "spec": {}});
    let node = json!({"kind": "Node", "metadata": {"name": "n1"}, "spec": {}});
    for (old, patch, want) in [
        (&old, json!({"metadata": {"labels": {"a": "b"}}}), Some("label deployment/web")),
        (&old, json!({"metadata": {"annotations": {"a": "b"}}}), Some("annotate deployment/web")),
        (&old, json!({"spec": {"paused": true}}), Some("pause deployment/web")),
        (
            &old,
            json!({"spec": {"template": {"spec": {"hostNetwork": true}}}}),
            Some("change deployment/web (template)"),
        ),
        (&old, json!({"spec": {"minReadySeconds": 5}}), Some("change deployment/web")),
        (&old, json!({"status": {"replicas": 5}}), None),
        (
            &old,
            json!({"spec": {"template": {"metadata": {"annotations": {"kubectl.kubernetes.io/restartedAt": "now"}}}}}),
            Some("restart deployment/web"),
        ),
        (&node, json!({"spec": {"unschedulable": true}}), Some("cordon node/n1")),
        (&node, json!({"spec": {"taints": [{"key": "k", "effect": "NoExecute"}]}}), Some("taint node/n1 k")),
    ] {
        let new = Arc::new(kctl_base::patch::merge::apply(old, &patch));
        let told = deed::deed(&WatchEvent::Modified(new), Some(old)).map(|(_, text)| text);
        assert_eq!(told.as_deref(), want);
    }
}

/// A cluster in which a Deployment has been created and then got another image.
fn rollout() -> Cluster {
    let mut cluster = Cluster::open(OpenOptions::memory(7)).expect("a cluster");
    let web = json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"},
        "spec": {"replicas": 3, "selector": {"matchLabels": {"app": "web"}}, "template": {
            "metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "c", "image": "nginx:1.25"}]}}}
    });
    cluster.handle(&Request::create("deployments.apps", "default", web)).expect("created");
    cluster.advance(Duration::from_secs(10)).expect("time passes");
    let image = json!({"spec": {"template": {"spec": {"containers": [{"name": "c", "image": "nginx:1.26"}]}}}});
    let patch = Request::patch("deployments.apps", "default", "web", PatchType::Strategic, image);
    cluster.handle(&patch).expect("patched");
    cluster.advance(Duration::from_secs(60)).expect("time passes");
    cluster
}

#[test]
fn a_rollout_is_told() {
    let mut cluster = rollout();
    let history = cluster.console(&User::admin()).expect("the console").history(None).expect("the history");
    let chronicle = Chronicle::of(&history);
    assert_eq!(chronicle.pods.len(), 6);
    for life in &chronicle.pods {
        let kinds: Vec<&str> = life.owners.iter().map(|owner| owner.kind.as_str()).collect();
        assert_eq!((kinds.as_slice(), life.is_open), (["ReplicaSet", "Deployment"].as_slice(), false));
        assert!(life.spans.windows(2).all(|two| two[0].to == two[1].from), "{}", told(life));
        assert_eq!(
            (life.revision, life.gone.is_some()),
            if life.gone.is_some() { (Some(1), true) } else { (Some(2), false) }
        );
    }
    let web = chronicle.workloads.iter().find(|w| w.object.kind == "Deployment").expect("the Deployment");
    let fewest = (3..70).filter_map(|second| web.replicas_at(at(second))).map(|r| r.available).min();
    assert_eq!(fewest, Some(3), "{:?}", web.replicas);
    let commands: Vec<&str> =
        chronicle.marks.iter().filter(|m| m.kind == MarkKind::Command).map(|m| m.text.as_str()).collect();
    assert_eq!(commands, ["create deployment/web", "set image deployment/web c=nginx:1.26"]);
    assert!(
        chronicle.marks.iter().any(|m| m.reason == "ScalingReplicaSet" && m.object.to_string() == "deployment/web")
    );
}

#[test]
fn a_history_since_a_revision_agrees_with_the_whole_one() {
    let mut cluster = rollout();
    let mut console = cluster.console(&User::admin()).expect("the console");
    let whole = Chronicle::of(&console.history(None).expect("the history"));
    let scaled = whole.marks.iter().find(|mark| mark.reason == "set image").expect("the command");
    let part = Chronicle::of(&console.history(Some(scaled.revision - 1)).expect("the history"));
    assert_eq!((part.from, part.pods.len()), (scaled.at, 6));
    for (whole, part) in whole.pods.iter().zip(&part.pods) {
        let middle = scaled.at + Duration::from_secs(1);
        assert_eq!((&whole.uid, whole.state_at(middle), whole.gone), (&part.uid, part.state_at(middle), part.gone));
    }
}
