//! Nodes with the whole control plane: registration, stopped kubelets, cordons, deletion.

use crate::api::{PatchType, Request};
use crate::controllers::shared::testing::Bench;
use kctl_base::json::{Value, json};
use kctl_base::object::{Object, ObjectMeta, ValueRead, condition_is_true};
use kctl_base::sim::Duration;

fn bench() -> Bench {
    Bench::open()
}

fn node(bench: &mut Bench, name: &str) -> Object {
    (*bench.cluster.server().read("nodes", "", name).expect("readable").expect("there")).clone()
}

fn pod(bench: &mut Bench, name: &str) -> Option<Object> {
    bench.cluster.server().read("pods", "default", name).expect("readable").map(|p| (*p).clone())
}

fn pod_on(name: &str, node: &str, seconds: Option<i64>) -> Value {
    let mut pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name},
        "spec": {"nodeName": node, "containers": [{"name": "c", "image": "nginx:1.25"}]}});
    if let Some(seconds) = seconds {
        pod["spec"]["tolerations"] = json!([{"operator": "Exists", "effect": "NoExecute",
            "key": "node.kubernetes.io/unreachable", "tolerationSeconds": seconds}]);
    }
    pod
}

fn advance(bench: &mut Bench, seconds: i64) {
    bench.cluster.advance(Duration::from_secs(seconds)).expect("time passes");
}

fn stop_kubelets(bench: &mut Bench, nodes: &[&str]) {
    let mut faults = bench.cluster.faults().expect("readable");
    faults.stopped_nodes = nodes.iter().map(ToString::to_string).collect();
    bench.cluster.set_faults(&faults).expect("controllers run");
}

fn taint_keys(node: &Object) -> Vec<String> {
    node.list("/spec/taints").iter().map(|t| format!("{}:{}", t.str("/key"), t.str("/effect"))).collect()
}

#[test]
fn the_nodes_of_a_new_cluster_are_ready() {
    let mut bench = bench();
    let master = node(&mut bench, "k8s-master");
    assert_eq!(taint_keys(&master), ["node-role.kubernetes.io/control-plane:NoSchedule"]);
    for (name, last) in [("k8s-master", 10), ("k8s-node1", 11), ("k8s-node2", 12)] {
        let node = node(&mut bench, name);
        assert!(condition_is_true(&node, "Ready"), "{name}");
        assert_eq!(node.str("/status/addresses/0/address"), format!("192.168.20.{last}"));
        assert_eq!(node.str("/spec/podCIDR"), format!("10.244.{}.0/24", last - 10));
        assert_eq!(node.label("kubernetes.io/hostname"), Some(name));
        assert!(bench.cluster.server().read("leases.coordination.k8s.io", "kube-node-lease", name).unwrap().is_some());
    }
}

#[test]
fn a_node_with_a_stopped_kubelet_is_evicted_and_recovers() {
    let mut bench = bench();
    for (name, seconds) in [("hasty", Some(5)), ("patient", None)] {
        bench.cluster.handle(&Request::create("pods", "default", pod_on(name, "k8s-node2", seconds))).expect("created");
    }
    advance(&mut bench, 5);
    stop_kubelets(&mut bench, &["k8s-node2"]);
    advance(&mut bench, 49);
    assert!(condition_is_true(&node(&mut bench, "k8s-node2"), "Ready"), "the grace period has not ended");
    advance(&mut bench, 11);
    let lost = node(&mut bench, "k8s-node2");
    let unreachable =
        ["node.kubernetes.io/unreachable:NoSchedule", "node.kubernetes.io/unreachable:NoExecute"].map(String::from);
    assert_eq!(taint_keys(&lost), unreachable);
    let texts: Vec<&str> = lost.list("/status/conditions").iter().map(|c| c.str("/message")).collect();
    assert_eq!(texts, ["Kubelet stopped posting node status."; 4]);
    assert!(pod(&mut bench, "hasty").is_some_and(|p| p.is_deleting()), "its kubelet cannot stop it");
    let patient = pod(&mut bench, "patient").expect("stays for five minutes");
    assert!(!patient.is_deleting() && !condition_is_true(&patient, "Ready"));
    assert_eq!(patient.str("/status/phase"), "Running");
    stop_kubelets(&mut bench, &[]);
    advance(&mut bench, 5);
    let back = node(&mut bench, "k8s-node2");
    assert!(condition_is_true(&back, "Ready") && back.pointer("/spec/taints").is_none());
    assert!(pod(&mut bench, "hasty").is_none());
    assert!(condition_is_true(&pod(&mut bench, "patient").expect("still there"), "Ready"));
    let events = bench.cluster.server().read_all("events", Some("default")).expect("events");
    let of = |kind: &str, reason: &str| {
        events.iter().filter(|e| e.str("/involvedObject/kind") == kind && e.str("/reason") == reason).count()
    };
    assert_eq!((of("Node", "NodeNotReady"), of("Pod", "NodeNotReady"), of("Node", "NodeReady")), (1, 2, 1));
    assert_eq!(of("Pod", "TaintManagerEviction"), 2, "one gone, one spared");
}

#[test]
fn a_cordon_is_a_taint() {
    let mut bench = bench();
    for (unschedulable, taints) in [(true, 1), (false, 0)] {
        let patch = json!({"spec": {"unschedulable": unschedulable}});
        bench.cluster.handle(&Request::patch("nodes", "", "k8s-node1", PatchType::Merge, patch)).expect("patched");
        assert_eq!(taint_keys(&node(&mut bench, "k8s-node1")).len(), taints);
    }
}

#[test]
fn pods_of_a_deleted_node_are_deleted() {
    let mut bench = bench();
    bench.cluster.handle(&Request::create("pods", "default", pod_on("a", "k8s-node1", None))).expect("created");
    advance(&mut bench, 5);
    bench.cluster.handle(&Request::delete("nodes", "", "k8s-node1")).expect("deleted");
    advance(&mut bench, 30);
    assert!(pod(&mut bench, "a").is_some());
    advance(&mut bench, 30);
    assert!(pod(&mut bench, "a").is_none());
}

#[test]
fn a_node_created_from_a_manifest_becomes_ready() {
    let mut bench = bench();
    let own = json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "extra", "labels": {"disk": "ssd"}},
        "status": {"capacity": {"cpu": "2"}}});
    bench.cluster.handle(&Request::create("nodes", "", own)).expect("created");
    let node = node(&mut bench, "extra");
    assert!(condition_is_true(&node, "Ready") && node.pointer("/spec/taints").is_none());
    assert_eq!(node.str("/status/allocatable/cpu"), "2");
    assert_eq!(node.str("/spec/podCIDR"), "10.244.3.0/24");
    assert_eq!(node.str("/status/nodeInfo/kubeletVersion"), "v1.36.2");
}
