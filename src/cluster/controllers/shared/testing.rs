//! A cluster in memory to test controllers in.

use std::sync::Arc;

use crate::api::{PatchType, Propagation, Request};
use crate::profile::{ClusterPlan, Profile};
use crate::{Cluster, OpenOptions};
use kctl_base::json::{Value, json};
use kctl_base::object::{Object, ObjectMeta, ValueRead};
use kctl_base::sim::Duration;

/// A cluster in memory with a virtual clock.
pub(crate) struct Bench {
    /// The cluster.
    pub cluster: Cluster,
}

impl Bench {
    /// Opens a new cluster.
    pub(crate) fn open() -> Bench {
        Bench::open_with(Profile::Bare)
    }

    /// Creates a cluster in memory as an installer makes it.
    pub(crate) fn open_with(profile: Profile) -> Bench {
        let plan = ClusterPlan { profile, ..ClusterPlan::default() };
        let options = OpenOptions { plan, ..OpenOptions::memory(7) };
        Bench { cluster: Cluster::open(options).expect("a cluster in memory opens") }
    }

    /// Creates an object, in the namespace `default` unless it names another, and runs the controllers.
    pub(crate) fn create(&mut self, resource: &str, object: Value) -> Arc<Object> {
        let namespace = match object.namespace() {
            "" => "default",
            namespace => namespace,
        };
        let request = Request::create(resource, namespace, object.clone()).manager("kubectl-create");
        self.cluster.handle(&request).unwrap_or_else(|e| panic!("creating {object}: {e}")).into_object()
    }

    /// Reads an object of the namespace `default`; `None` when it does not exist.
    pub(crate) fn find(&mut self, resource: &str, name: &str) -> Option<Arc<Object>> {
        self.cluster.server().read(resource, "default", name).expect("the store answers")
    }

    /// Reads an object of the namespace `default` that must exist.
    pub(crate) fn get(&mut self, resource: &str, name: &str) -> Arc<Object> {
        self.find(resource, name).unwrap_or_else(|| panic!("no {resource} {name}"))
    }

    /// Lists the objects of a resource in `default`.
    pub(crate) fn list(&mut self, resource: &str) -> Vec<Arc<Object>> {
        self.cluster.server().read_all(resource, Some("default")).expect("the store answers")
    }

    /// Applies a merge patch to an object of `default`.
    pub(crate) fn patch(&mut self, resource: &str, name: &str, patch: Value) {
        let request = Request::patch(resource, "default", name, PatchType::Merge, patch);
        self.cluster.handle(&request.manager("kubectl-patch")).unwrap_or_else(|e| panic!("patching {name}: {e}"));
    }

    /// Deletes an object of `default`.
    pub(crate) fn delete(&mut self, resource: &str, name: &str, policy: Propagation) {
        let request = Request::delete(resource, "default", name).propagation(policy);
        self.cluster.handle(&request).unwrap_or_else(|e| panic!("deleting {name}: {e}"));
    }

    /// Advances the clock by seconds.
    pub(crate) fn advance(&mut self, seconds: i64) {
        self.cluster.advance(Duration::from_secs(seconds)).expect("time passes");
    }

    /// Advances the clock second by second until nothing has changed for three seconds.
    pub(crate) fn settle(&mut self) {
        let mut quiet = 0;
        while quiet < 3 {
            let before = self.cluster.server().revision();
            self.advance(1);
            quiet = if self.cluster.server().revision() == before { quiet + 1 } else { 0 };
        }
    }

    /// Returns reason and message of each event about an object, in the order in which they were first recorded.
    pub(crate) fn events(&mut self, about: &str) -> Vec<String> {
        let mut events = self.list("events");
        events.retain(|e| e.str("/involvedObject/name") == about);
        events.sort_by(|a, b| a.name().cmp(b.name()));
        events.iter().map(|e| format!("{} {}", e.str("/reason"), e.str("/message"))).collect()
    }
}

/// Returns a workload with one container.
pub(crate) fn workload(api_version: &str, kind: &str, name: &str, replicas: i64, image: &str) -> Value {
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

/// Returns a pod with one container.
pub(crate) fn pod(name: &str, labels: Value) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": labels},
        "spec": {"containers": [{"name": "c", "image": "nginx:1.24"}]},
    })
}
