//! Pods find nodes in a whole control plane.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::api::{PatchType, Request};
use crate::controllers::shared::testing::workload;
use crate::{Cluster, OpenOptions};
use kctl_base::json::{Value, json};
use kctl_base::object::{Object, ObjectMeta, ValueRead};
use kctl_base::sim::Duration;

/// The usual cluster of three nodes, ready to take pods.
struct World {
    cluster: Cluster,
}

impl World {
    fn new() -> World {
        let mut world = World { cluster: Cluster::open(OpenOptions::memory(7)).expect("a cluster") };
        let control_plane = json!([{"key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule"}]);
        for node in ["k8s-master", "k8s-node1", "k8s-node2"] {
            let taints = if node == "k8s-master" { control_plane.clone() } else { Value::Null };
            world.patch("nodes", node, json!({"spec": {"taints": taints}}));
        }
        world
    }

    fn create(&mut self, resource: &str, object: Value) {
        let kind = self.cluster.server().catalog().by_resource(resource).expect("a served kind");
        let namespace = if kind.names().namespaced { "default" } else { "" };
        let request = Request::create(resource, namespace, object.clone());
        self.cluster.handle(&request).unwrap_or_else(|e| panic!("creating {object}: {e}"));
    }

    fn pod(&mut self, name: &str, spec: Value) {
        self.create("pods", pod(name, json!({"app": name}), spec));
    }

    fn patch(&mut self, resource: &str, name: &str, patch: Value) {
        let namespace = if resource == "nodes" { "" } else { "default" };
        let request = Request::patch(resource, namespace, name, PatchType::Merge, patch);
        self.cluster.handle(&request).unwrap_or_else(|e| panic!("patching {name}: {e}"));
    }

    fn delete(&mut self, resource: &str, name: &str) {
        self.cluster.handle(&Request::delete(resource, "default", name).grace(Some(0))).expect("deleted");
    }

    fn get(&mut self, name: &str) -> Arc<Object> {
        self.cluster.server().read("pods", "default", name).expect("readable").expect("there")
    }

    fn node_of(&mut self, name: &str) -> String {
        self.get(name).str("/spec/nodeName").to_string()
    }

    fn message(&mut self, name: &str) -> String {
        let pod = self.get(name);
        let condition = pod.list("/status/conditions").iter().find(|c| c.str("/type") == "PodScheduled");
        condition.map_or(String::new(), |c| c.str("/message").to_string())
    }

    fn events(&mut self, about: &str) -> Vec<String> {
        let mut events = self.cluster.server().read_all("events", Some("default")).expect("events");
        events.retain(|e| e.str("/involvedObject/name") == about && e.str("/reportingComponent") == super::NAME);
        events.sort_by(|a, b| a.name().cmp(b.name()));
        events.iter().map(|e| format!("{}: {}", e.str("/reason"), e.str("/message"))).collect()
    }

    fn per_node(&mut self) -> BTreeMap<String, usize> {
        let mut count = BTreeMap::new();
        for pod in self.cluster.server().read_all("pods", Some("default")).expect("pods") {
            *count.entry(pod.str("/spec/nodeName").to_string()).or_default() += 1;
        }
        count
    }

    fn pass(&mut self, seconds: i64) {
        self.cluster.advance(Duration::from_secs(seconds)).expect("time passes");
    }
}

fn pod(name: &str, labels: Value, mut spec: Value) -> Value {
    if spec.get("containers").is_none() {
        spec["containers"] = json!([{"name": "c", "image": "nginx:1.25"}]);
    }
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": labels}, "spec": spec})
}

fn asking(cpu: &str) -> Value {
    json!([{"name": "c", "image": "nginx:1.25", "resources": {"requests": {"cpu": cpu}}}])
}

const NOT_HELPFUL: &str =
    "no new claims to deallocate, preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling.";

#[test]
fn pods_spread_over_the_nodes_and_are_told_so() {
    let mut world = World::new();
    (0..6).for_each(|n| world.pod(&format!("p{n}"), json!({})));
    assert_eq!(world.per_node(), BTreeMap::from([("k8s-node1".into(), 3), ("k8s-node2".into(), 3)]));
    let node = world.node_of("p0");
    assert_eq!(world.events("p0"), [format!("Scheduled: Successfully assigned default/p0 to {node}")]);
}

#[test]
fn failures_have_the_words_of_the_scheduler_and_heal() {
    let mut world = World::new();
    world.pod("greedy", json!({"containers": asking("100")}));
    world.pod("picky", json!({"nodeSelector": {"disk": "ssd"}}));
    let greedy =
        format!("0/3 nodes are available: 1 node(s) had untolerated taint(s), 2 Insufficient cpu. {NOT_HELPFUL}");
    assert_eq!(world.message("greedy"), greedy);
    assert_eq!(world.events("greedy"), [format!("FailedScheduling: {greedy}")]);
    assert_eq!(
        world.message("picky"),
        format!(
            "0/3 nodes are available: 1 node(s) had untolerated taint(s), 2 node(s) didn't match Pod's node \
             affinity/selector. {NOT_HELPFUL}"
        )
    );
    let condition = world.get("greedy")["status"]["conditions"][0].clone();
    assert_eq!((condition.str("/reason"), condition.str("/status")), ("Unschedulable", "False"));
    assert_eq!(condition.int("/observedGeneration"), Some(1));
    world.patch("nodes", "k8s-node2", json!({"metadata": {"labels": {"disk": "ssd"}}}));
    assert_eq!(world.node_of("picky"), "k8s-node2");
    assert_eq!(world.events("picky").len(), 2);
}

#[test]
fn waiting_pods_are_tried_again_every_five_minutes() {
    let mut world = World::new();
    world.pod("greedy", json!({"containers": asking("100")}));
    world.pass(200);
    let events = |w: &mut World| {
        let all = w.cluster.server().read_all("events", Some("default")).expect("events");
        let event = all.into_iter().find(|e| e.str("/involvedObject/name") == "greedy").expect("an event");
        event.int("/series/count")
    };
    assert_eq!(events(&mut world), None);
    world.pass(110);
    assert_eq!(events(&mut world), Some(2));
    world.pass(300);
    assert_eq!(events(&mut world), Some(3));
}

#[test]
fn cordoned_and_tainted_nodes_are_counted_apart() {
    let mut world = World::new();
    world.patch("nodes", "k8s-node1", json!({"spec": {"taints": [{"key": "m", "effect": "NoSchedule"}]}}));
    world.patch("nodes", "k8s-node2", json!({"spec": {"unschedulable": true}}));
    world.pod("late", json!({}));
    assert_eq!(
        world.message("late"),
        format!(
            "0/3 nodes are available: 1 node(s) were unschedulable, 2 node(s) had untolerated taint(s). {NOT_HELPFUL}"
        )
    );
    world.patch("nodes", "k8s-node2", json!({"spec": {"unschedulable": null}}));
    assert_eq!(world.node_of("late"), "k8s-node2");
}

#[test]
fn anti_affinity_keeps_pods_apart_until_one_goes() {
    let mut world = World::new();
    let term = json!({"labelSelector": {"matchLabels": {"app": "s"}}, "topologyKey": "kubernetes.io/hostname"});
    let anti = json!({"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}});
    for name in ["s1", "s2", "s3"] {
        world.create("pods", pod(name, json!({"app": "s"}), json!({"affinity": anti})));
    }
    assert_eq!(
        world.message("s3"),
        "0/3 nodes are available: 1 node(s) had untolerated taint(s), 2 node(s) didn't match pod anti-affinity rules. no \
         new claims to deallocate, preemption: 0/3 nodes are available: 1 Preemption is not helpful for scheduling, 2 No \
         preemption victims found for incoming pod."
    );
    let free = world.node_of("s1");
    world.delete("pods", "s1");
    assert_eq!(world.node_of("s3"), free);
    world.create("pods", pod("guest", json!({"app": "s"}), json!({})));
    assert!(world.message("guest").contains("2 node(s) didn't satisfy existing pods anti-affinity rules"));
}

#[test]
fn affinity_follows_and_the_first_of_its_kind_starts_anywhere() {
    let mut world = World::new();
    let near = |app: &str| {
        let term = json!({"labelSelector": {"matchLabels": {"app": app}}, "topologyKey": "kubernetes.io/hostname"});
        json!({"affinity": {"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}})
    };
    world.pod("follower", near("leader"));
    assert!(world.message("follower").contains("2 node(s) didn't match pod affinity rules"));
    world.pod("leader", near("leader"));
    let node = world.node_of("leader");
    assert!(!node.is_empty());
    assert_eq!(world.node_of("follower"), node);
}

#[test]
fn hard_constraints_limit_the_skew() {
    let mut world = World::new();
    world.patch("nodes", "k8s-node1", json!({"metadata": {"labels": {"zone": "a"}}}));
    let spread = json!({"topologySpreadConstraints": [{
        "maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule",
        "labelSelector": {"matchLabels": {"app": "w"}},
    }]});
    let create = |world: &mut World, name: &str| world.create("pods", pod(name, json!({"app": "w"}), spread.clone()));
    create(&mut world, "w1");
    create(&mut world, "w2");
    assert_eq!([world.node_of("w1"), world.node_of("w2")], ["k8s-node1", "k8s-node1"], "one domain is never skewed");
    world.patch("nodes", "k8s-node2", json!({"metadata": {"labels": {"zone": "b"}}, "spec": {"unschedulable": true}}));
    create(&mut world, "w3");
    assert!(
        world.message("w3").contains("1 node(s) didn't match pod topology spread constraints"),
        "{}",
        world.message("w3")
    );
    world.patch("nodes", "k8s-node2", json!({"spec": {"unschedulable": null}}));
    assert_eq!(world.node_of("w3"), "k8s-node2");
}

#[test]
fn important_pods_push_others_away() {
    let mut world = World::new();
    let class = json!({"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": {"name": "high"}, "value": 1000});
    world.create("priorityclasses.scheduling.k8s.io", class);
    world.pod("low1", json!({"containers": asking("6")}));
    world.pod("low2", json!({"containers": asking("6")}));
    let timid = json!({"containers": asking("6"), "priorityClassName": "high", "preemptionPolicy": "Never"});
    world.create(
        "priorityclasses.scheduling.k8s.io",
        json!({
            "apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": {"name": "timid"}, "value": 900,
            "preemptionPolicy": "Never",
        }),
    );
    let timid = json!({"containers": timid["containers"], "priorityClassName": "timid"});
    world.pod("timid", timid);
    assert_eq!(
        world.message("timid"),
        "0/3 nodes are available: 1 node(s) had untolerated taint(s), 2 Insufficient cpu. no new claims to deallocate, \
         preemption: not eligible due to preemptionPolicy=Never."
    );
    world.pass(10);
    let node = world.node_of("low1");
    world.pod("vip", json!({"containers": asking("3"), "priorityClassName": "high"}));
    let vip = world.get("vip");
    // Either node would do; the pods on them are equally important.
    let nominated = vip.str("/status/nominatedNodeName").to_string();
    let victim = if nominated == node { "low1" } else { "low2" };
    assert!(!nominated.is_empty(), "{vip}");
    assert_eq!(
        world.message("vip"),
        "0/3 nodes are available: 1 node(s) had untolerated taint(s), 2 Insufficient cpu."
    );
    let preempted = format!("Preempted: Preempted by pod {} on node {nominated}", vip.uid());
    assert!(world.events(victim).contains(&preempted), "{:?}", world.events(victim));
    world.pass(60);
    assert_eq!(world.node_of("vip"), nominated);
    assert!(world.get("vip").str("/status/nominatedNodeName").is_empty());
    assert_eq!(world.node_of("timid"), "", "the room is not for the less important");
}

#[test]
fn gates_hold_pods_back() {
    let mut world = World::new();
    world.pod("gated", json!({"schedulingGates": [{"name": "example.com/wait"}]}));
    assert_eq!(world.node_of("gated"), "");
    assert!(world.events("gated").is_empty());
    world.patch("pods", "gated", json!({"spec": {"schedulingGates": null}}));
    assert_ne!(world.node_of("gated"), "");
}

#[test]
fn claims_are_waited_for() {
    let mut world = World::new();
    let volumes = json!({"volumes": [{"name": "d", "persistentVolumeClaim": {"claimName": "data"}}]});
    world.pod("user", volumes);
    assert_eq!(world.message("user"), "0/3 nodes are available: persistentvolumeclaim \"data\" not found. not found");
    let claim = json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "data"}, "spec": {
        "accessModes": ["ReadWriteOnce"], "storageClassName": "", "resources": {"requests": {"storage": "1Gi"}},
    }});
    world.create("persistentvolumeclaims", claim);
    assert_eq!(
        world.message("user"),
        "0/3 nodes are available: pod has unbound immediate PersistentVolumeClaims. not found"
    );
}

#[test]
fn delayed_claims_learn_their_node() {
    let mut world = World::new();
    world.create(
        "storageclasses.storage.k8s.io",
        json!({
            "apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": {"name": "late"},
            "provisioner": "example.com/disk", "volumeBindingMode": "WaitForFirstConsumer",
        }),
    );
    let claim = json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "data"}, "spec": {
        "accessModes": ["ReadWriteOnce"], "storageClassName": "late", "resources": {"requests": {"storage": "1Gi"}},
    }});
    world.create("persistentvolumeclaims", claim);
    world.pod("user", json!({"volumes": [{"name": "d", "persistentVolumeClaim": {"claimName": "data"}}]}));
    let claim =
        world.cluster.server().read("persistentvolumeclaims", "default", "data").expect("readable").expect("there");
    let selected = claim.annotation("volume.kubernetes.io/selected-node").unwrap_or_default().to_string();
    assert!(selected.starts_with("k8s-node"), "{claim}");
    assert_eq!(world.message("user"), "");
    let expected = |pod: &Object| pod.str("/status/nominatedNodeName").to_string();
    assert_eq!((expected(&world.get("user")), world.node_of("user")), (selected.clone(), String::new()));
    world.pass(2);
    assert_eq!((expected(&world.get("user")), world.node_of("user")), (String::new(), selected));
}

#[test]
fn a_pod_that_comes_with_its_claim_is_seen_before_the_claim_is_bound() {
    let mut world = World::new();
    let volume = json!({"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": "v"}, "spec": {
        "capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"], "hostPath": {"path": "/tmp/v"},
    }});
    world.create("persistentvolumes", volume);
    let mut set = workload("apps/v1", "StatefulSet", "web", 1, "nginx:1.24");
    set["spec"]["volumeClaimTemplates"] = json!([{"metadata": {"name": "data"}, "spec": {
        "accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}},
    }}]);
    world.create("statefulsets.apps", set);
    let node = world.node_of("web-0");
    assert_eq!(
        world.events("web-0"),
        [
            "FailedScheduling: 0/3 nodes are available: pod has unbound immediate PersistentVolumeClaims. not found",
            &format!("Scheduled: Successfully assigned default/web-0 to {node}"),
        ]
    );
}

#[test]
fn what_is_taken_of_nodes_is_known_without_counting() {
    let mut world = World::new();
    (0..5).for_each(|n| world.pod(&format!("p{n}"), json!({"containers": asking("1")})));
    world.delete("pods", "p1");
    world.patch("nodes", "k8s-node1", json!({"metadata": {"labels": {"x": "y"}}}));
    for name in ["k8s-master", "k8s-node1", "k8s-node2"] {
        let server = world.cluster.server();
        let row = server.row(&format!("memory/{}/node/{name}", super::NAME)).expect("readable").expect("a row");
        let node = server.read("nodes", "", name).expect("readable").expect("there");
        let pods = server.read_index_of("node", name, "pods", None).expect("readable");
        let counted = super::view::Usage::count(node.uid(), pods.iter().map(|p| &**p));
        assert_eq!(kctl_base::json::from_value::<super::view::Usage>(&row).expect("a usage"), counted);
    }
    // A process that knows nothing goes on where the last one stopped.
    world.cluster.driver.clear_caches();
    world.pod("more", json!({"containers": asking("4")}));
    assert_ne!(world.node_of("more"), "");
}

#[test]
fn the_most_important_of_the_waiting_go_first() {
    let mut world = World::new();
    world.create(
        "priorityclasses.scheduling.k8s.io",
        json!({
            "apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": {"name": "high"}, "value": 1000,
        }),
    );
    for node in ["k8s-node1", "k8s-node2"] {
        world.patch("nodes", node, json!({"spec": {"unschedulable": true}}));
    }
    world.pod("a-low", json!({"containers": asking("8")}));
    world.pod("z-high", json!({"containers": asking("8"), "priorityClassName": "high"}));
    world.patch("nodes", "k8s-node1", json!({"spec": {"unschedulable": null}}));
    assert_eq!(world.node_of("z-high"), "k8s-node1");
    assert_eq!(world.node_of("a-low"), "");
}

#[test]
fn every_important_pod_clears_only_what_it_needs() {
    let mut world = World::new();
    world.create(
        "priorityclasses.scheduling.k8s.io",
        json!({
            "apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": {"name": "high"}, "value": 1000,
        }),
    );
    (0..4).for_each(|n| world.pod(&format!("low{n}"), json!({"containers": asking("4")})));
    world.pass(10);
    let replicas = json!({"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": {"name": "vip"}, "spec": {
        "replicas": 2, "selector": {"matchLabels": {"app": "vip"}},
        "template": {"metadata": {"labels": {"app": "vip"}}, "spec": {
            "containers": asking("4"), "priorityClassName": "high",
        }},
    }});
    world.create("replicasets.apps", replicas);
    world.pass(60);
    let pods = world.cluster.server().read_all("pods", Some("default")).expect("pods");
    let bound =
        |app: &str| pods.iter().filter(|p| p.name().starts_with(app) && !p.str("/spec/nodeName").is_empty()).count();
    assert_eq!((bound("vip"), bound("low")), (2, 2));
}

#[test]
fn a_claim_for_one_pod_alone_keeps_others_out() {
    let mut world = World::new();
    world.create(
        "storageclasses.storage.k8s.io",
        json!({
            "apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": {"name": "late"},
            "provisioner": "kubernetes.io/no-provisioner", "volumeBindingMode": "WaitForFirstConsumer",
        }),
    );
    let volume = json!({"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": "disk"}, "spec": {
        "capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOncePod"], "storageClassName": "late", "hostPath": {"path": "/d"},
    }});
    world.create("persistentvolumes", volume);
    let claim = json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim",
        "metadata": {"name": "data"}, "spec": {
        "accessModes": ["ReadWriteOncePod"], "storageClassName": "late",
        "resources": {"requests": {"storage": "1Gi"}},
    }});
    world.create("persistentvolumeclaims", claim);
    let volumes = json!({"volumes": [{"name": "d", "persistentVolumeClaim": {"claimName": "data"}}]});
    world.pod("first", volumes.clone());
    world.pass(1);
    world.pod("second", volumes);
    assert_ne!(world.node_of("first"), "", "{}", world.message("first"));
    let why = "2 node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode";
    assert!(world.message("second").contains(why), "{}", world.message("second"));
    world.delete("pods", "first");
    assert_ne!(world.node_of("second"), "");
}

#[test]
fn preferences_between_pods_are_scores() {
    let mut world = World::new();
    let term = |kind: &str| {
        let term =
            json!({"labelSelector": {"matchLabels": {"app": "leader"}}, "topologyKey": "kubernetes.io/hostname"});
        let preferred = json!([{"weight": 100, "podAffinityTerm": term}]);
        json!({"affinity": {kind: {"preferredDuringSchedulingIgnoredDuringExecution": preferred}}})
    };
    world.pod("leader", json!({}));
    let node = world.node_of("leader");
    (0..2).for_each(|n| world.pod(&format!("near{n}"), term("podAffinity")));
    (0..2).for_each(|n| world.pod(&format!("far{n}"), term("podAntiAffinity")));
    assert_eq!([world.node_of("near0"), world.node_of("near1")], [node.clone(), node.clone()]);
    assert!(world.node_of("far0") != node && world.node_of("far1") != node);
}

#[test]
fn replicas_fill_what_there_is_and_the_rest_waits() {
    let mut world = World::new();
    let replicas = json!({"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": {"name": "w"}, "spec": {
        "replicas": 18, "selector": {"matchLabels": {"app": "w"}},
        "template": {"metadata": {"labels": {"app": "w"}}, "spec": {"containers": asking("1")}},
    }});
    world.create("replicasets.apps", replicas);
    let expected = BTreeMap::from([(String::new(), 2), ("k8s-node1".into(), 8), ("k8s-node2".into(), 8)]);
    assert_eq!(world.per_node(), expected);
    world.create(
        "nodes",
        json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "k8s-node3"},
        "status": {"allocatable": {"cpu": "8", "memory": "16Gi", "pods": "110"}}}),
    );
    world.patch("nodes", "k8s-node3", json!({"spec": {"taints": null}}));
    assert_eq!(world.per_node().get("k8s-node3"), Some(&2));
}
