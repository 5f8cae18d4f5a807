//! Filling a store with many pods, past the API: copies of what the controllers made of one Deployment, so that everything
//! is as they would have left it.

use std::path::Path;
use std::sync::Arc;

use kctl_base::json::json;
use kctl_base::object::{Object, ObjectMeta as _, ValueWrite as _};
use kctl_base::sim::{ClockMode, Duration, Ids};
use kctl_cluster::api::Request;
use kctl_cluster::store::ObjectKey;
use kctl_cluster::{Cluster, OpenOptions};

/// Pods of one ReplicaSet, and of one namespace.
const PODS_OF_A_SET: usize = 50;
const PODS_OF_A_NAMESPACE: usize = 1_000;
/// Pods of one node.
const PODS_OF_A_NODE: usize = 100;
/// Pods of one batch.
const BATCH: usize = 5_000;

/// A Deployment of one container.
pub(crate) fn deployment(name: &str, replicas: usize) -> Object {
    json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": {
        "replicas": replicas, "selector": {"matchLabels": {"app": name}},
        "template": {"metadata": {"labels": {"app": name}},
                     "spec": {"containers": [{"name": "c", "image": "nginx:1.25"}]}},
    }})
}

/// A node with room for a bench's pods.
pub(crate) fn node(index: usize) -> Object {
    let room = json!({"cpu": "64", "memory": "256Gi", "pods": "500"});
    json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": format!("n{index}")},
           "status": {"capacity": room, "allocatable": room}})
}

/// Makes a store with one Deployment `web` of three pods in namespace default and `pods` others elsewhere.
pub(crate) fn fill(store: &Path, pods: usize) {
    let mut cluster = open(store);
    for index in 0..pods.div_ceil(PODS_OF_A_NODE) {
        cluster.handle(&Request::create("nodes", "", node(index))).expect("a node");
    }
    cluster.handle(&Request::create("deployments.apps", "default", deployment("web", 3))).expect("a Deployment");
    cluster.advance(Duration::from_secs(30)).expect("time passes");
    let first = |cluster: &mut Cluster, resource: &str| -> Arc<Object> {
        cluster.server().read_all(resource, Some("default")).expect("readable").remove(0)
    };
    let (set, pod) = (first(&mut cluster, "replicasets.apps"), first(&mut cluster, "pods"));
    cluster.commit().expect("a commit");
    drop(cluster);
    let mut filling = Filling { set, pod, owner: Arc::default(), copies: 0 };
    for from in (0..pods).step_by(BATCH) {
        // What has been written stays in memory as long as the cluster is open.
        let mut cluster = open(store);
        for index in from..pods.min(from + BATCH) {
            filling.add(&mut cluster, index);
        }
        cluster.commit().expect("a commit");
    }
}

fn open(store: &Path) -> Cluster {
    let at = OpenOptions::at(store.to_path_buf());
    Cluster::open(OpenOptions { clock: Some(ClockMode::Virtual), seed: Some(1), ..at }).expect("a store")
}

/// Adds pods that look like one that the controllers made.
struct Filling {
    /// A ReplicaSet and one of its pods.
    set: Arc<Object>,
    pod: Arc<Object>,
    /// The owner of the pod that comes next.
    owner: Arc<Object>,
    /// How many copies there are.
    copies: u64,
}

impl Filling {
    /// Adds a pod, and before it the namespace and the ReplicaSet that it is the first of.
    fn add(&mut self, cluster: &mut Cluster, index: usize) {
        let namespace = format!("team-{}", index / PODS_OF_A_NAMESPACE);
        if index.is_multiple_of(PODS_OF_A_NAMESPACE) {
            let body = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}});
            cluster.handle(&Request::create("namespaces", "", body)).expect("a namespace");
        }
        if index.is_multiple_of(PODS_OF_A_SET) {
            let name = format!("app{}", index / PODS_OF_A_SET);
            let mut copy = self.renamed(&self.set.clone(), &namespace, &name);
            copy.put("/spec/replicas", PODS_OF_A_SET);
            ["replicas", "fullyLabeledReplicas", "readyReplicas", "availableReplicas"]
                .iter()
                .for_each(|count| copy.put(&format!("/status/{count}"), PODS_OF_A_SET));
            ["/spec/selector/matchLabels/app", "/spec/template/metadata/labels/app"]
                .iter()
                .for_each(|label| copy.put(label, &*name));
            copy.remove_at("/metadata/ownerReferences");
            self.owner = write(cluster, "replicasets.apps", copy);
        }
        let owner = self.owner.clone();
        let mut copy = self.renamed(&self.pod.clone(), &namespace, &format!("{}-{index}", owner.name()));
        copy.put("/metadata/ownerReferences/0/uid", owner.uid());
        copy.put("/metadata/ownerReferences/0/name", owner.name());
        copy.put("/metadata/labels/app", owner.name());
        copy.put("/spec/nodeName", format!("n{}", index / PODS_OF_A_NODE));
        write(cluster, "pods", copy);
    }

    /// A copy under another name, with a uid of its own.
    fn renamed(&mut self, object: &Object, namespace: &str, name: &str) -> Object {
        self.copies += 1;
        let mut copy = object.clone();
        copy.put("/metadata/namespace", namespace);
        copy.put("/metadata/name", name);
        copy.put("/metadata/uid", Ids::new(1).uid("bench", "", self.copies));
        copy
    }
}

fn write(cluster: &mut Cluster, resource: &str, object: Object) -> Arc<Object> {
    let key = ObjectKey::new(resource, object.namespace(), object.name());
    cluster.server().store().write(&key, object).expect("a write")
}
