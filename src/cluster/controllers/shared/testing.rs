//! A cluster to test controllers in, with a stand-in for the scheduler where it is not at work.

use std::sync::Arc;

use crate::api::{Body, PatchType, Propagation, Request, Verb};
use crate::controllers::CONTROLLERS;
use crate::{Cluster, OpenOptions};
use kctl_base::json::{Value, json};
use kctl_base::object::{Object, ObjectMeta, ValueRead};
use kctl_base::sim::Duration;

/// A virtual cluster in memory.
pub struct Bench {
    /// The cluster.
    pub cluster: Cluster,
}

impl Bench {
    /// A new cluster; `None` where one of the resources is not served.
    pub fn new(resources: &[&str]) -> Option<Bench> {
        let mut cluster = Cluster::open(OpenOptions::memory(7)).expect("a cluster in memory opens");
        let served = resources.iter().all(|r| cluster.server().catalog().by_resource(r).is_some());
        served.then_some(Bench { cluster })
    }

    /// Creates an object in the namespace `default` (or the one it names) and lets the controllers work.
    pub fn create(&mut self, resource: &str, object: Value) -> Arc<Object> {
        let namespace = match object.namespace() {
            "" => "default",
            namespace => namespace,
        };
        let request = Request::create(resource, namespace, object.clone()).manager("kubectl-create");
        self.cluster.handle(&request).unwrap_or_else(|e| panic!("creating {object}: {e}")).into_object()
    }

    /// An object of the namespace `default`.
    pub fn find(&mut self, resource: &str, name: &str) -> Option<Arc<Object>> {
        self.cluster.server().read(resource, "default", name).expect("the store answers")
    }

    /// An object of the namespace `default` that must be there.
    pub fn get(&mut self, resource: &str, name: &str) -> Arc<Object> {
        self.find(resource, name).unwrap_or_else(|| panic!("no {resource} {name}"))
    }

    /// All objects of a resource in `default`.
    pub fn list(&mut self, resource: &str) -> Vec<Arc<Object>> {
        self.cluster.server().read_all(resource, Some("default")).expect("the store answers")
    }

    /// A merge patch on an object of `default`.
    pub fn patch(&mut self, resource: &str, name: &str, patch: Value) {
        let request = Request::patch(resource, "default", name, PatchType::Merge, patch);
        self.cluster.handle(&request.manager("kubectl-patch")).unwrap_or_else(|e| panic!("patching {name}: {e}"));
    }

    /// Deletes an object of `default`.
    pub fn delete(&mut self, resource: &str, name: &str, policy: Propagation) {
        let request = Request::delete(resource, "default", name).propagation(policy);
        self.cluster.handle(&request).unwrap_or_else(|e| panic!("deleting {name}: {e}"));
    }

    /// Lets the controllers and the pods come to rest: nothing has changed for three seconds.
    pub fn settle(&mut self) {
        let mut quiet = 0;
        while quiet < 3 {
            let before = self.cluster.server().revision();
            self.schedule();
            self.cluster.advance(Duration::from_secs(1)).expect("time passes");
            quiet = if self.cluster.server().revision() == before { quiet + 1 } else { 0 };
        }
    }

    /// Assigns pods to nodes in turn, where no scheduler is at work.
    pub fn schedule(&mut self) {
        if CONTROLLERS.iter().any(|c| c.name == "default-scheduler") {
            return;
        }
        let pods = self.cluster.server().read_all("pods", None).expect("the store answers");
        for (index, pod) in pods.iter().enumerate().filter(|(_, p)| p.str("/spec/nodeName").is_empty()) {
            let node = ["k8s-node1", "k8s-node2"][index % 2];
            let binding = json!({"apiVersion": "v1", "kind": "Binding", "metadata": {"name": pod.name()},
                                 "target": {"kind": "Node", "name": node}});
            let request = Request::new(Verb::Create, "pods", pod.namespace(), pod.name())
                .subresource("binding")
                .body(Body::Object(binding))
                .manager("kube-scheduler")
                .by_control_plane();
            self.cluster.handle(&request).unwrap_or_else(|e| panic!("binding {}: {e}", pod.name()));
        }
    }

    /// Reason and text of the events about an object, in the order in which they were first recorded.
    pub fn events(&mut self, about: &str) -> Vec<String> {
        let mut events = self.list("events");
        events.retain(|e| e.str("/involvedObject/name") == about);
        events.sort_by(|a, b| a.name().cmp(b.name()));
        events.iter().map(|e| format!("{} {}", e.str("/reason"), e.str("/message"))).collect()
    }
}

/// A workload with one container.
pub fn workload(api_version: &str, kind: &str, name: &str, replicas: i64, image: &str) -> Value {
    json!({
        "apiVersion": api_version, "kind": kind, "metadata": {"name": name},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": name}},
            "template": {
                "metadata": {"labels": {"app": name}},
                "spec": {"containers": [{"name": "c", "image": image}]},
            },
        },
    })
}

/// A pod with one container.
pub fn pod(name: &str, labels: Value) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": labels},
        "spec": {"containers": [{"name": "c", "image": "nginx:1.24"}]},
    })
}
