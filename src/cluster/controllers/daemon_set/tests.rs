//! DaemonSets from end to end, over a cluster in memory.

use crate::api::{Propagation, Request};
use crate::controllers::shared::testing::{Bench, workload};
use kctl_base::json::{Value, json};
use kctl_base::object::{ObjectMeta, ValueRead, ValueWrite};

fn bench() -> Bench {
    Bench::open()
}

fn set(name: &str, changes: Value) -> Value {
    let mut set = workload("apps/v1", "DaemonSet", name, 0, "agent:1.0");
    set.remove_at("/spec/replicas");
    for (key, value) in changes.as_object().into_iter().flatten() {
        set["spec"][key] = value.clone();
    }
    set
}

/// Returns `node:image` of every pod that is not being deleted, by node.
fn pods(bench: &mut Bench) -> Vec<String> {
    let pods = bench.list("pods");
    let text = |p: &Value| format!("{}:{}", super::placement::node_of(p), p.str("/spec/containers/0/image"));
    let mut pods: Vec<String> = pods.iter().filter(|p| !p.is_deleting()).map(|p| text(p)).collect();
    pods.sort();
    pods
}

fn set_image(bench: &mut Bench, name: &str, image: &str) {
    let container = json!([{"name": "c", "image": image}]);
    bench.patch("daemonsets.apps", name, json!({"spec": {"template": {"spec": {"containers": container}}}}));
}

fn change_node(bench: &mut Bench, name: &str, change: impl FnOnce(&mut Value)) {
    let node = bench.cluster.server().read("nodes", "", name).unwrap().unwrap();
    let mut node = (*node).clone();
    change(&mut node);
    bench.cluster.handle(&Request::update("nodes", "", name, node)).unwrap();
}

fn revisions(bench: &mut Bench) -> Vec<i64> {
    let mut numbers: Vec<i64> =
        bench.list("controllerrevisions.apps").iter().filter_map(|r| r.int("/revision")).collect();
    numbers.sort_unstable();
    numbers
}

#[test]
fn every_node_gets_a_pod_and_an_undo_renumbers() {
    let mut bench = bench();
    bench.create("daemonsets.apps", set("agent", json!({})));
    bench.settle();
    assert_eq!(pods(&mut bench), ["k8s-node1:agent:1.0", "k8s-node2:agent:1.0"]);
    assert_eq!(
        bench.get("daemonsets.apps", "agent")["status"],
        json!({"observedGeneration": 1, "desiredNumberScheduled": 2, "currentNumberScheduled": 2, "numberReady": 2,
               "numberMisscheduled": 0, "updatedNumberScheduled": 2, "numberAvailable": 2})
    );
    set_image(&mut bench, "agent", "agent:2.0");
    assert_eq!(pods(&mut bench).len(), 1, "one node after the other");
    bench.settle();
    assert_eq!(pods(&mut bench), ["k8s-node1:agent:2.0", "k8s-node2:agent:2.0"]);
    assert_eq!(revisions(&mut bench), [1, 2]);
    set_image(&mut bench, "agent", "agent:1.0");
    bench.settle();
    assert_eq!(revisions(&mut bench), [2, 3]);
    let events = bench.events("agent");
    assert_eq!(events.iter().filter(|e| e.starts_with("SuccessfulCreate Created pod: agent-")).count(), 6);
    assert_eq!(events.iter().filter(|e| e.starts_with("SuccessfulDelete Deleted pod: agent-")).count(), 4);
}

#[test]
fn pods_follow_labels_and_nodes() {
    let mut bench = bench();
    bench.create("daemonsets.apps", set("zoned", json!({})));
    bench.patch(
        "daemonsets.apps",
        "zoned",
        json!({"spec": {"template": {"spec": {"nodeSelector": {"zone": "north"}}}}}),
    );
    bench.settle();
    assert_eq!(pods(&mut bench), [""; 0]);
    change_node(&mut bench, "k8s-node1", |node| node.set_label("zone", "north"));
    bench.settle();
    assert_eq!(pods(&mut bench), ["k8s-node1:agent:1.0"]);
    let labels = json!({"zone": "north"});
    let node = json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "k8s-node3", "labels": labels}});
    bench.cluster.handle(&Request::create("nodes", "", node)).unwrap();
    assert_eq!(pods(&mut bench), ["k8s-node1:agent:1.0", "k8s-node3:agent:1.0"]);
    change_node(&mut bench, "k8s-node1", |node| node.set_label("zone", "south"));
    assert_eq!(pods(&mut bench), ["k8s-node3:agent:1.0"]);
}

#[test]
fn update_strategies_differ_in_their_order() {
    let mut bench = bench();
    bench.create("daemonsets.apps", set("manual", json!({"updateStrategy": {"type": "OnDelete"}})));
    bench.settle();
    set_image(&mut bench, "manual", "agent:1.1");
    bench.settle();
    assert_eq!(pods(&mut bench), ["k8s-node1:agent:1.0", "k8s-node2:agent:1.0"]);
    assert_eq!(bench.get("daemonsets.apps", "manual").int("/status/updatedNumberScheduled"), None);
    bench.delete("daemonsets.apps", "manual", Propagation::Background);
    bench.settle();

    let surge = json!({"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}});
    bench.create("daemonsets.apps", set("surging", json!({"updateStrategy": surge})));
    bench.settle();
    set_image(&mut bench, "surging", "agent:1.1");
    assert_eq!(pods(&mut bench).len(), 3, "a second pod on one node");
    bench.settle();
    assert_eq!(pods(&mut bench), ["k8s-node1:agent:1.1", "k8s-node2:agent:1.1"]);
    set_image(&mut bench, "surging", "agent:bad");
    bench.settle();
    let status = bench.get("daemonsets.apps", "surging")["status"].clone();
    let count = |field: &str| status.int(&format!("/{field}")).unwrap_or(0);
    assert_eq!((count("currentNumberScheduled"), count("numberReady"), count("updatedNumberScheduled")), (2, 2, 0));
}

#[test]
fn failed_pods_are_replaced_at_growing_intervals() {
    let mut bench = bench();
    bench.create("daemonsets.apps", set("agent", json!({})));
    bench.settle();
    let fail = |bench: &mut Bench| {
        let pods = bench.list("pods");
        let pod = pods.iter().find(|p| super::placement::node_of(p) == "k8s-node1" && !p.is_deleting()).unwrap();
        let mut failed = (**pod).clone();
        failed.put("/status/phase", "Failed");
        let request = Request::update("pods", "default", pod.name(), failed).subresource("status").by_control_plane();
        bench.cluster.handle(&request).unwrap();
        pod.name().to_string()
    };
    let first = fail(&mut bench);
    assert!(bench.find("pods", &first).is_none_or(|p| p.is_deleting()), "at once");
    let text =
        format!("FailedDaemonPod Found failed daemon pod default/{first} on node k8s-node1, will try to kill it");
    assert!(bench.events("agent").contains(&text));
    bench.settle();
    assert_eq!(pods(&mut bench).len(), 2);
}
