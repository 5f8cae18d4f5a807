//! Scheduling with the whole control plane.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::node_info::NodeInfo;
use super::node_usage::NodeUsage;
use crate::api::{PatchType, Request};
use crate::controllers::shared::testing::workload;
use crate::{Cluster, OpenOptions};
use kctl_base::json::{Value, json};
use kctl_base::object::{Object, ObjectMeta, ValueRead};
use kctl_base::sim::Duration;

/// The default cluster of three nodes without the taints that new nodes have.
struct TestCluster {
    inner: Cluster,
}

impl TestCluster {
    fn new() -> TestCluster {
        let mut cluster = TestCluster { inner: Cluster::open(OpenOptions::memory(7)).expect("a cluster") };
        let control_plane = json!([{"key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule"}]);
        for node in ["k8s-master", "k8s-node1", "k8s-node2"] {
            let taints = if node == "k8s-master" { control_plane.clone() } else { Value::Null };
            cluster.patch("nodes", node, json!({"spec": {"taints": taints}}));
        }
        cluster
    }

    fn create(&mut self, resource: &str, object: Value) {
        let kind = self.inner.server().catalog().by_resource(resource).expect("a served kind");
        let namespace = if kind.names().namespaced { "default" } else { "" };
        let request = Request::create(resource, namespace, object.clone());
        self.inner.handle(&request).unwrap_or_else(|e| panic!("creating {object}: {e}"));
    }

    fn pod(&mut self, name: &str, spec: Value) {
        self.create("pods", pod(name, json!({"app": name}), spec));
    }

    fn patch(&mut self, resource: &str, name: &str, patch: Value) {
        let namespace = if resource == "nodes" { "" } else { "default" };
        let request = Request::patch(resource, namespace, name, PatchType::Merge, patch);
        self.inner.handle(&request).unwrap_or_else(|e| panic!("patching {name}: {e}"));
    }

    fn delete(&mut self, resource: &str, name: &str) {
        self.inner.handle(&Request::delete(resource, "default", name).grace(Some(0))).expect("deleted");
    }

    fn get(&mut self, name: &str) -> Arc<Object> {
        self.inner.server().read("pods", "default", name).expect("readable").expect("there")
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
        let mut events = self.inner.server().read_all("events", Some("default")).expect("events");
        events.retain(|e| e.str("/involvedObject/name") == about && e.str("/reportingComponent") == super::NAME);
        events.sort_by(|a, b| a.name().cmp(b.name()));
        events.iter().map(|e| format!("{}: {}", e.str("/reason"), e.str("/message"))).collect()
    }

    fn per_node(&mut self) -> BTreeMap<String, usize> {
        let mut count = BTreeMap::new();
        for pod in self.inner.server().read_all("pods", Some("default")).expect("pods") {
            *count.entry(pod.str("/spec/nodeName").to_string()).or_default() += 1;
        }
        count
    }

    fn advance(&mut self, seconds: i64) {
        self.inner.advance(Duration::from_secs(seconds)).expect("time passes");
    }
}

fn pod(name: &str, labels: Value, mut spec: Value) -> Value {
    if spec.get("containers").is_none() {
        spec["containers"] = json!([{"name": "c", "image": "nginx:1.25"}]);
    }
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": labels}, "spec": spec})
}

fn requesting(cpu: &str) -> Value {
    json!([{"name": "c", "image": "nginx:1.25", "resources": {"requests": {"cpu": cpu}}}])
}

const NOT_HELPFUL: &str =
    "no new claims to deallocate, preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling.";

#[test]
fn pods_are_spread_over_the_nodes() {
    let mut cluster = TestCluster::new();
    (0..6).for_each(|n| cluster.pod(&format!("p{n}"), json!({})));
    assert_eq!(cluster.per_node(), BTreeMap::from([("k8s-node1".into(), 3), ("k8s-node2".into(), 3)]));
    let node = cluster.node_of("p0");
    assert_eq!(cluster.events("p0"), [format!("Scheduled: Successfully assigned default/p0 to {node}")]);
}

#[test]
fn failures_are_reported_until_the_pod_fits() {
    let mut cluster = TestCluster::new();
    cluster.pod("greedy", json!({"containers": requesting("100")}));
    cluster.pod("picky", json!({"nodeSelector": {"disk": "ssd"}}));
    let greedy =
        format!("0/3 nodes are available: 1 node(s) had untolerated taint(s), 2 Insufficient cpu. {NOT_HELPFUL}");
    assert_eq!(cluster.message("greedy"), greedy);
    assert_eq!(cluster.events("greedy"), [format!("FailedScheduling: {greedy}")]);
    assert_eq!(
        cluster.message("picky"),
        format!(
            "0/3 nodes are available: 1 node(s) had untolerated taint(s), 2 node(s) didn't match Pod's node \
             affinity/selector. {NOT_HELPFUL}"
        )
    );
    let condition = cluster.get("greedy")["status"]["conditions"][0].clone();
    assert_eq!((condition.str("/reason"), condition.str("/status")), ("Unschedulable", "False"));
    assert_eq!(condition.int("/observedGeneration"), Some(1));
    cluster.patch("nodes", "k8s-node2", json!({"metadata": {"labels": {"disk": "ssd"}}}));
    assert_eq!(cluster.node_of("picky"), "k8s-node2");
    assert_eq!(cluster.events("picky").len(), 2);
}

#[test]
fn pods_wait_for_the_allocation_of_their_claims() {
    const WAITS: &str =
        "still not schedulable, preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling.";
    let mut cluster = TestCluster::new();
    cluster.pod("trainer", json!({"resourceClaims": [{"name": "gpu", "resourceClaimName": "gpu"}]}));
    cluster.pod("worker", json!({"resourceClaims": [{"name": "gpu", "resourceClaimTemplateName": "gpus"}]}));
    let whole = |reason: &str| super::report::pre_filter_error(3, reason);
    assert_eq!(cluster.message("trainer"), whole("resourceclaim \"gpu\" not found"));
    assert_eq!(cluster.message("worker"), whole("pod \"default/worker\": ResourceClaim not created yet"));
    let request = json!({"name": "gpu", "exactly": {"deviceClassName": "gpu.example.com"}});
    let claim = json!({"apiVersion": "resource.k8s.io/v1", "kind": "ResourceClaim", "metadata": {"name": "gpu"},
        "spec": {"devices": {"requests": [request]}}});
    cluster.create("resourceclaims.resource.k8s.io", claim);
    assert_eq!(cluster.message("trainer"), whole("request gpu: device class gpu.example.com does not exist"));
    let class =
        json!({"apiVersion": "resource.k8s.io/v1", "kind": "DeviceClass", "metadata": {"name": "gpu.example.com"}});
    cluster.create("deviceclasses.resource.k8s.io", class);
    let message = "0/3 nodes are available: 1 node(s) had untolerated taint(s), 2 cannot allocate all claims.";
    assert_eq!(cluster.message("trainer"), format!("{message} {WAITS}"));
    assert_eq!(cluster.node_of("trainer"), "");
}

#[test]
fn unschedulable_pods_are_retried_every_five_minutes() {
    let mut cluster = TestCluster::new();
    cluster.pod("greedy", json!({"containers": requesting("100")}));
    cluster.advance(200);
    let events = |w: &mut TestCluster| {
        let all = w.inner.server().read_all("events", Some("default")).expect("events");
        let event = all.into_iter().find(|e| e.str("/involvedObject/name") == "greedy").expect("an event");
        event.int("/series/count")
    };
    assert_eq!(events(&mut cluster), None);
    cluster.advance(110);
    assert_eq!(events(&mut cluster), Some(2));
    cluster.advance(300);
    assert_eq!(events(&mut cluster), Some(3));
}

#[test]
fn cordoned_and_tainted_nodes_are_counted_separately() {
    let mut cluster = TestCluster::new();
    cluster.patch("nodes", "k8s-node1", json!({"spec": {"taints": [{"key": "m", "effect": "NoSchedule"}]}}));
    cluster.patch("nodes", "k8s-node2", json!({"spec": {"unschedulable": true}}));
    cluster.pod("late", json!({}));
    assert_eq!(
        cluster.message("late"),
        format!(
            "0/3 nodes are available: 1 node(s) were unschedulable, 2 node(s) had untolerated taint(s). {NOT_HELPFUL}"
        )
    );
    cluster.patch("nodes", "k8s-node2", json!({"spec": {"unschedulable": null}}));
    assert_eq!(cluster.node_of("late"), "k8s-node2");
}

#[test]
fn anti_affinity_holds_until_a_pod_is_deleted() {
    let mut cluster = TestCluster::new();
    let term = json!({"labelSelector": {"matchLabels": {"app": "s"}}, "topologyKey": "kubernetes.io/hostname"});
    let anti = json!({"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}});
    for name in ["s1", "s2", "s3"] {
        cluster.create("pods", pod(name, json!({"app": "s"}), json!({"affinity": anti})));
    }
    assert_eq!(
        cluster.message("s3"),
        "0/3 nodes are available: 1 node(s) had untolerated taint(s), 2 node(s) didn't match pod anti-affinity rules. no \
         new claims to deallocate, preemption: 0/3 nodes are available: 1 Preemption is not helpful for scheduling, 2 No \
         preemption victims found for incoming pod."
    );
    let free = cluster.node_of("s1");
    cluster.delete("pods", "s1");
    assert_eq!(cluster.node_of("s3"), free);
    cluster.create("pods", pod("guest", json!({"app": "s"}), json!({})));
    assert!(cluster.message("guest").contains("2 node(s) didn't satisfy existing pods anti-affinity rules"));
}

#[test]
fn the_first_pod_with_affinity_to_itself_fits_anywhere() {
    let mut cluster = TestCluster::new();
    let near = |app: &str| {
        let term = json!({"labelSelector": {"matchLabels": {"app": app}}, "topologyKey": "kubernetes.io/hostname"});
        json!({"affinity": {"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}})
    };
    cluster.pod("follower", near("leader"));
    assert!(cluster.message("follower").contains("2 node(s) didn't match pod affinity rules"));
    cluster.pod("leader", near("leader"));
    let node = cluster.node_of("leader");
    assert!(!node.is_empty());
    assert_eq!(cluster.node_of("follower"), node);
}

#[test]
fn do_not_schedule_constraints_limit_the_skew() {
    let mut cluster = TestCluster::new();
    cluster.patch("nodes", "k8s-node1", json!({"metadata": {"labels": {"zone": "a"}}}));
    let spread = json!({"topologySpreadConstraints": [{
        "maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule",
        "labelSelector": {"matchLabels": {"app": "w"}},
    }]});
    let create =
        |cluster: &mut TestCluster, name: &str| cluster.create("pods", pod(name, json!({"app": "w"}), spread.clone()));
    create(&mut cluster, "w1");
    create(&mut cluster, "w2");
    assert_eq!(
        [cluster.node_of("w1"), cluster.node_of("w2")],
        ["k8s-node1", "k8s-node1"],
        "one domain is never skewed"
    );
    cluster.patch(
        "nodes",
        "k8s-node2",
        json!({"metadata": {"labels": {"zone": "b"}}, "spec": {"unschedulable": true}}),
    );
    create(&mut cluster, "w3");
    assert!(
        cluster.message("w3").contains("1 node(s) didn't match pod topology spread constraints"),
        "{}",
        cluster.message("w3")
    );
    cluster.patch("nodes", "k8s-node2", json!({"spec": {"unschedulable": null}}));
    assert_eq!(cluster.node_of("w3"), "k8s-node2");
}

#[test]
fn pods_of_higher_priority_preempt_others() {
    let mut cluster = TestCluster::new();
    let class = json!({"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": {"name": "high"}, "value": 1000});
    cluster.create("priorityclasses.scheduling.k8s.io", class);
    cluster.pod("low1", json!({"containers": requesting("6")}));
    cluster.pod("low2", json!({"containers": requesting("6")}));
    let timid = json!({"containers": requesting("6"), "priorityClassName": "high", "preemptionPolicy": "Never"});
    cluster.create(
        "priorityclasses.scheduling.k8s.io",
        json!({
            "apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": {"name": "timid"}, "value": 900,
            "preemptionPolicy": "Never",
        }),
    );
    let timid = json!({"containers": timid["containers"], "priorityClassName": "timid"});
    cluster.pod("timid", timid);
    assert_eq!(
        cluster.message("timid"),
        "0/3 nodes are available: 1 node(s) had untolerated taint(s), 2 Insufficient cpu. no new claims to deallocate, \
         preemption: not eligible due to preemptionPolicy=Never."
    );
    cluster.advance(10);
    let node = cluster.node_of("low1");
    cluster.pod("vip", json!({"containers": requesting("3"), "priorityClassName": "high"}));
    let vip = cluster.get("vip");
    // Either node is possible: the pods on them have the same priority.
    let nominated = vip.str("/status/nominatedNodeName").to_string();
    let victim = if nominated == node { "low1" } else { "low2" };
    assert!(!nominated.is_empty(), "{vip}");
    assert_eq!(
        cluster.message("vip"),
        "0/3 nodes are available: 1 node(s) had untolerated taint(s), 2 Insufficient cpu."
    );
    let preempted = format!("Preempted: Preempted by pod {} on node {nominated}", vip.uid());
    assert!(cluster.events(victim).contains(&preempted), "{:?}", cluster.events(victim));
    cluster.advance(60);
    assert_eq!(cluster.node_of("vip"), nominated);
    assert!(cluster.get("vip").str("/status/nominatedNodeName").is_empty());
    assert_eq!(cluster.node_of("timid"), "", "pods of lower priority do not get the room");
}

#[test]
fn scheduling_gates_hold_pods_back() {
    let mut cluster = TestCluster::new();
    cluster.pod("gated", json!({"schedulingGates": [{"name": "example.com/wait"}]}));
    assert_eq!(cluster.node_of("gated"), "");
    assert!(cluster.events("gated").is_empty());
    cluster.patch("pods", "gated", json!({"spec": {"schedulingGates": null}}));
    assert_ne!(cluster.node_of("gated"), "");
}

#[test]
fn pods_wait_for_their_claims() {
    let mut cluster = TestCluster::new();
    let volumes = json!({"volumes": [{"name": "d", "persistentVolumeClaim": {"claimName": "data"}}]});
    cluster.pod("user", volumes);
    assert_eq!(cluster.message("user"), "0/3 nodes are available: persistentvolumeclaim \"data\" not found. not found");
    let claim = json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "data"}, "spec": {
        "accessModes": ["ReadWriteOnce"], "storageClassName": "", "resources": {"requests": {"storage": "1Gi"}},
    }});
    cluster.create("persistentvolumeclaims", claim);
    assert_eq!(
        cluster.message("user"),
        "0/3 nodes are available: pod has unbound immediate PersistentVolumeClaims. not found"
    );
}

#[test]
fn claims_that_wait_for_a_consumer_get_the_selected_node() {
    let mut cluster = TestCluster::new();
    cluster.create(
        "storageclasses.storage.k8s.io",
        json!({
            "apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": {"name": "late"},
            "provisioner": "example.com/disk", "volumeBindingMode": "WaitForFirstConsumer",
        }),
    );
    let claim = json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "data"}, "spec": {
        "accessModes": ["ReadWriteOnce"], "storageClassName": "late", "resources": {"requests": {"storage": "1Gi"}},
    }});
    cluster.create("persistentvolumeclaims", claim);
    cluster.pod("user", json!({"volumes": [{"name": "d", "persistentVolumeClaim": {"claimName": "data"}}]}));
    let claim =
        cluster.inner.server().read("persistentvolumeclaims", "default", "data").expect("readable").expect("there");
    let selected = claim.annotation("volume.kubernetes.io/selected-node").unwrap_or_default().to_string();
    assert!(selected.starts_with("k8s-node"), "{claim}");
    assert_eq!(cluster.message("user"), "");
    let expected = |pod: &Object| pod.str("/status/nominatedNodeName").to_string();
    assert_eq!((expected(&cluster.get("user")), cluster.node_of("user")), (selected.clone(), String::new()));
    cluster.advance(2);
    assert_eq!((expected(&cluster.get("user")), cluster.node_of("user")), (String::new(), selected));
}

#[test]
fn a_pod_created_with_its_claim_is_scheduled_before_the_claim_is_bound() {
    let mut cluster = TestCluster::new();
    let volume = json!({"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": "v"}, "spec": {
        "capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"], "hostPath": {"path": "/tmp/v"},
    }});
    cluster.create("persistentvolumes", volume);
    let mut set = workload("apps/v1", "StatefulSet", "web", 1, "nginx:1.24");
    set["spec"]["volumeClaimTemplates"] = json!([{"metadata": {"name": "data"}, "spec": {
        "accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}},
    }}]);
    cluster.create("statefulsets.apps", set);
    let node = cluster.node_of("web-0");
    assert_eq!(
        cluster.events("web-0"),
        [
            "FailedScheduling: 0/3 nodes are available: pod has unbound immediate PersistentVolumeClaims. not found",
            &format!("Scheduled: Successfully assigned default/web-0 to {node}"),
        ]
    );
}

#[test]
fn usage_rows_equal_the_sum_of_the_assigned_pods() {
    let mut cluster = TestCluster::new();
    (0..5).for_each(|n| cluster.pod(&format!("p{n}"), json!({"containers": requesting("1")})));
    cluster.delete("pods", "p1");
    cluster.patch("nodes", "k8s-node1", json!({"metadata": {"labels": {"x": "y"}}}));
    for name in ["k8s-master", "k8s-node1", "k8s-node2"] {
        let server = cluster.inner.server();
        let row = format!("memory/{}/nodes/{name}", super::NAME);
        let node = server.typed_row::<NodeInfo>(&row).expect("readable").expect("a row");
        let pods = server.read_index_of("node", name, "pods", None).expect("readable");
        assert_eq!(node.usage, NodeUsage::count(pods.iter().map(|p| &**p)));
    }
    // A new process has an empty cache.
    cluster.inner.driver.clear_caches();
    cluster.pod("more", json!({"containers": requesting("4")}));
    assert_ne!(cluster.node_of("more"), "");
}

#[test]
fn rows_of_nodes_follow_the_nodes_and_are_made_in_older_stores() {
    let mut cluster = TestCluster::new();
    let prefix = format!("memory/{}/nodes", super::NAME);
    let check = |cluster: &mut TestCluster| {
        let server = cluster.inner.server();
        let rows = server.typed_rows_with_prefix::<NodeInfo>(&format!("{prefix}/")).expect("readable");
        let nodes = server.read_all("nodes", None).expect("nodes");
        assert_eq!(rows, nodes.iter().map(|n| NodeInfo::new(n, NodeUsage::default())).collect::<Vec<_>>());
    };
    check(&mut cluster);
    cluster.patch("nodes", "k8s-node1", json!({"metadata": {"labels": {"x": "y"}}, "spec": {"unschedulable": true}}));
    cluster.delete("nodes", "k8s-node2");
    check(&mut cluster);
    // An older store has other rows, and its scheduler hears of one node first.
    for row in cluster.inner.server().row_names(&prefix).expect("readable") {
        cluster.inner.server().set_row(&row, None);
    }
    let obsolete = ["node-info/k8s-node1", "node-info-complete", "node/k8s-node1"];
    let obsolete = obsolete.map(|row| format!("memory/{}/{row}", super::NAME));
    obsolete.iter().for_each(|row| cluster.inner.server().set_row(row, Some(json!(true))));
    cluster.inner.driver.clear_caches();
    cluster.patch("nodes", "k8s-node1", json!({"spec": {"unschedulable": false}}));
    check(&mut cluster);
    assert!(obsolete.iter().all(|row| cluster.inner.server().row(row).expect("readable").is_none()));
    cluster.pod("p", json!({"containers": requesting("1"), "nodeSelector": {"x": "y"}}));
    assert_eq!(cluster.node_of("p"), "k8s-node1");
}

#[test]
fn pending_pods_are_scheduled_by_priority() {
    let mut cluster = TestCluster::new();
    cluster.create(
        "priorityclasses.scheduling.k8s.io",
        json!({
            "apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": {"name": "high"}, "value": 1000,
        }),
    );
    for node in ["k8s-node1", "k8s-node2"] {
        cluster.patch("nodes", node, json!({"spec": {"unschedulable": true}}));
    }
    cluster.pod("a-low", json!({"containers": requesting("8")}));
    cluster.pod("z-high", json!({"containers": requesting("8"), "priorityClassName": "high"}));
    cluster.patch("nodes", "k8s-node1", json!({"spec": {"unschedulable": null}}));
    assert_eq!(cluster.node_of("z-high"), "k8s-node1");
    assert_eq!(cluster.node_of("a-low"), "");
}

#[test]
fn preemption_evicts_no_more_pods_than_needed() {
    let mut cluster = TestCluster::new();
    cluster.create(
        "priorityclasses.scheduling.k8s.io",
        json!({
            "apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": {"name": "high"}, "value": 1000,
        }),
    );
    (0..4).for_each(|n| cluster.pod(&format!("low{n}"), json!({"containers": requesting("4")})));
    cluster.advance(10);
    let replicas = json!({"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": {"name": "vip"}, "spec": {
        "replicas": 2, "selector": {"matchLabels": {"app": "vip"}},
        "template": {"metadata": {"labels": {"app": "vip"}}, "spec": {
            "containers": requesting("4"), "priorityClassName": "high",
        }},
    }});
    cluster.create("replicasets.apps", replicas);
    cluster.advance(60);
    let pods = cluster.inner.server().read_all("pods", Some("default")).expect("pods");
    let bound =
        |app: &str| pods.iter().filter(|p| p.name().starts_with(app) && !p.str("/spec/nodeName").is_empty()).count();
    assert_eq!((bound("vip"), bound("low")), (2, 2));
}

#[test]
fn a_read_write_once_pod_claim_is_used_by_one_pod() {
    let mut cluster = TestCluster::new();
    cluster.create(
        "storageclasses.storage.k8s.io",
        json!({
            "apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": {"name": "late"},
            "provisioner": "kubernetes.io/no-provisioner", "volumeBindingMode": "WaitForFirstConsumer",
        }),
    );
    let volume = json!({"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": "disk"}, "spec": {
        "capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOncePod"], "storageClassName": "late", "hostPath": {"path": "/d"},
    }});
    cluster.create("persistentvolumes", volume);
    let claim = json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim",
        "metadata": {"name": "data"}, "spec": {
        "accessModes": ["ReadWriteOncePod"], "storageClassName": "late",
        "resources": {"requests": {"storage": "1Gi"}},
    }});
    cluster.create("persistentvolumeclaims", claim);
    let volumes = json!({"volumes": [{"name": "d", "persistentVolumeClaim": {"claimName": "data"}}]});
    cluster.pod("first", volumes.clone());
    cluster.advance(1);
    cluster.pod("second", volumes);
    assert_ne!(cluster.node_of("first"), "", "{}", cluster.message("first"));
    let why = "2 node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode";
    assert!(cluster.message("second").contains(why), "{}", cluster.message("second"));
    cluster.delete("pods", "first");
    assert_ne!(cluster.node_of("second"), "");
}

#[test]
fn preferred_affinity_is_scored() {
    let mut cluster = TestCluster::new();
    let term = |kind: &str| {
        let term =
            json!({"labelSelector": {"matchLabels": {"app": "leader"}}, "topologyKey": "kubernetes.io/hostname"});
        let preferred = json!([{"weight": 100, "podAffinityTerm": term}]);
        json!({"affinity": {kind: {"preferredDuringSchedulingIgnoredDuringExecution": preferred}}})
    };
    cluster.pod("leader", json!({}));
    let node = cluster.node_of("leader");
    (0..2).for_each(|n| cluster.pod(&format!("near{n}"), term("podAffinity")));
    (0..2).for_each(|n| cluster.pod(&format!("far{n}"), term("podAntiAffinity")));
    assert_eq!([cluster.node_of("near0"), cluster.node_of("near1")], [node.clone(), node.clone()]);
    assert!(cluster.node_of("far0") != node && cluster.node_of("far1") != node);
}

#[test]
fn replicas_that_do_not_fit_wait_for_a_node() {
    let mut cluster = TestCluster::new();
    let replicas = json!({"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": {"name": "w"}, "spec": {
        "replicas": 18, "selector": {"matchLabels": {"app": "w"}},
        "template": {"metadata": {"labels": {"app": "w"}}, "spec": {"containers": requesting("1")}},
    }});
    cluster.create("replicasets.apps", replicas);
    let expected = BTreeMap::from([(String::new(), 2), ("k8s-node1".into(), 8), ("k8s-node2".into(), 8)]);
    assert_eq!(cluster.per_node(), expected);
    cluster.create(
        "nodes",
        json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "k8s-node3"},
        "status": {"allocatable": {"cpu": "8", "memory": "16Gi", "pods": "110"}}}),
    );
    cluster.patch("nodes", "k8s-node3", json!({"spec": {"taints": null}}));
    assert_eq!(cluster.per_node().get("k8s-node3"), Some(&2));
}
