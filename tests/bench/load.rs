//! Filling a store with many pods, past the API: copies of what the controllers made of one Deployment, so that everything
//! is as they would have left it.

use std::path::PathBuf;
use std::sync::Arc;

use kctl::api::Request;
use kctl::cluster::{Cluster, OpenOptions};
use kctl::machinery::object::{Meta as _, Object, Writing as _};
use kctl::sim::{ClockMode, Duration, Ids};
use kctl::store::ObjectKey;
use serde_json::json;

/// Pods of one ReplicaSet, and of one namespace.
const PODS_OF_A_SET: usize = 50;
const PODS_OF_A_NAMESPACE: usize = 1_000;
/// Pods of one node.
const PODS_OF_A_NODE: usize = 100;
/// Pods of one batch.
const BATCH: usize = 10_000;

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
pub(crate) fn fill(store: PathBuf, pods: usize) {
    let options = OpenOptions { clock: Some(ClockMode::Virtual), seed: Some(1), ..OpenOptions::at(store) };
    let mut cluster = Cluster::open(options).expect("a store");
    for index in 0..pods.div_ceil(PODS_OF_A_NODE) {
        cluster.handle(&Request::create("nodes", "", node(index))).expect("a node");
    }
    cluster.handle(&Request::create("deployments.apps", "default", deployment("web", 3))).expect("a Deployment");
    cluster.advance(Duration::from_secs(30)).expect("time passes");
    let first = |cluster: &mut Cluster, resource: &str| -> Arc<Object> {
        cluster.server().read_all(resource, Some("default")).expect("readable").remove(0)
    };
    let (set, pod) = (first(&mut cluster, "replicasets.apps"), first(&mut cluster, "pods"));
    let mut number = 0;
    let mut owner = Arc::new(json!({}));
    for index in 0..pods {
        let namespace = format!("team-{}", index / PODS_OF_A_NAMESPACE);
        if index % PODS_OF_A_NAMESPACE == 0 {
            let body = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}});
            cluster.handle(&Request::create("namespaces", "", body)).expect("a namespace");
        }
        if index % PODS_OF_A_SET == 0 {
            let mut copy = renamed(&set, &namespace, &format!("app{}", index / PODS_OF_A_SET), &mut number);
            copy.put("/spec/replicas", PODS_OF_A_SET);
            copy.remove_at("/metadata/ownerReferences");
            owner = write(&mut cluster, "replicasets.apps", copy);
        }
        let mut copy = renamed(&pod, &namespace, &format!("{}-{index}", owner.name()), &mut number);
        copy.put("/metadata/ownerReferences/0/uid", owner.uid());
        copy.put("/metadata/ownerReferences/0/name", owner.name());
        copy.put("/metadata/labels/app", owner.name());
        copy.put("/spec/nodeName", format!("n{}", index / PODS_OF_A_NODE));
        write(&mut cluster, "pods", copy);
        if index % BATCH == 0 {
            cluster.commit().expect("a commit");
        }
    }
    cluster.commit().expect("a commit");
}

/// A copy under another name, with a uid of its own.
fn renamed(object: &Object, namespace: &str, name: &str, number: &mut u64) -> Object {
    *number += 1;
    let mut copy = object.clone();
    copy.put("/metadata/namespace", namespace);
    copy.put("/metadata/name", name);
    copy.put("/metadata/uid", Ids::new(1).uid("bench", "", *number));
    copy
}

fn write(cluster: &mut Cluster, resource: &str, object: Object) -> Arc<Object> {
    let key = ObjectKey::new(resource, object.namespace(), object.name());
    cluster.server().store().write(&key, object).expect("a write")
}
