//! The objects of a new cluster: namespaces, nodes, the `kubernetes` service, priority classes, roles, flow control.

mod api_services;
mod flow_control;
mod images;
mod rbac;

use crate::api::authority::Authority;
use crate::api::{Request, Result};
use crate::cluster::Cluster;
use crate::controllers::node::static_pods;
use crate::controllers::root_ca;
use crate::profile::{ClusterPlan, Installation, Manifests, Profile};
use crate::simulation::Faults;
use crate::store::Cause;
use kctl_base::json::{Value, json};
use kctl_base::object::{ObjectMeta, ValueWrite};
use kctl_base::sim::Time;
use kctl_base::status::Status;

/// The initial namespaces.
const NAMESPACES: &[&str] = &["default", "kube-node-lease", "kube-public", "kube-system"];

/// The row with the number of the bootstrap that a cluster has had, a `u32`. Clusters without it are of earlier versions.
const BOOTSTRAP: &str = "bootstrap";

/// The number of the present bootstrap, to be increased with every object that is added to it: 1 has the objects of the API
/// server, 2 certificates of an authority that signs.
const CURRENT: u32 = 2;

impl Cluster {
    /// Creates the objects of a new cluster by requests to the API server, so that controllers observe them.
    ///
    /// # Errors
    /// If a request fails.
    pub(crate) fn bootstrap(&mut self, plan: &ClusterPlan) -> Result<()> {
        for name in NAMESPACES {
            let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}});
            self.create("namespaces", "", namespace)?;
        }
        // The controllers see all nodes at once: there may be thousands.
        plan.nodes().try_for_each(|node| self.put("nodes", node))?;
        self.run()?;
        self.create("services", "default", kubernetes_service(self.server.settings().installation))?;
        for class in priority_classes() {
            self.create("priorityclasses.scheduling.k8s.io", "", class)?;
        }
        // Written out so that `kctl sim show` lists the missing images and `kctl sim image` can change them.
        Faults::default().store(&mut self.server)?;
        self.create_api_server_objects()?;
        self.server.set_typed_row(BOOTSTRAP, Some(CURRENT));
        self.run()?;
        self.install(plan)
    }

    /// Creates what the installer brings along.
    fn install(&mut self, plan: &ClusterPlan) -> Result<()> {
        if plan.is_empty() {
            return Ok(());
        }
        let manifests = Manifests::of(plan, &self.certificate()?, self.server.ids(), self.clock.now);
        let manifests = manifests.map_err(|e| Status::internal(e.to_string()))?;
        let nodes: Vec<String> = plan.nodes().map(|node| node.name().into()).collect();
        images::preload(&mut self.server, &nodes, manifests.static_pods.iter().chain(&manifests.objects));
        let manager = if plan.profile == Profile::Bare { "kubectl" } else { "kubeadm" };
        for object in manifests.objects {
            let kind = self.server.kind_of(object.api_version(), object.kind()).ok_or_else(Status::no_resource)?;
            self.put_by(manager, &kind.names().resource(), object)?;
        }
        static_pods::write(&mut self.server, &plan.profile.node_name(0), manifests.static_pods);
        self.enqueue(static_pods::CONTROLLER.name, &plan.profile.node_name(0))
    }

    /// Creates the objects that clusters of earlier versions lack. What has been created once is the user's to change and to
    /// delete.
    ///
    /// # Errors
    /// If a request fails, or the store cannot be read.
    pub(crate) fn complete_bootstrap(&mut self) -> Result<()> {
        let before = self.server.typed_row(BOOTSTRAP)?.unwrap_or(0);
        if before >= CURRENT {
            return Ok(());
        }
        if before < 1 {
            self.create_api_server_objects()?;
        }
        self.replace_certificates()?;
        self.server.set_typed_row(BOOTSTRAP, Some(CURRENT));
        self.run()
    }

    /// Replaces the published certificates of earlier versions, whose authority had no key.
    fn replace_certificates(&mut self) -> Result<()> {
        let certificate = self.certificate()?;
        for map in self.server.read_all("configmaps", None)?.iter().filter(|map| map.name() == root_ca::NAME) {
            let mut map = (**map).clone();
            map.put("/data", json!({"ca.crt": certificate}));
            self.put("configmaps", map)?;
        }
        Ok(())
    }

    /// Returns the certificate of the authority of the cluster in PEM.
    ///
    /// # Errors
    /// The authority cannot be set up.
    pub fn certificate(&self) -> Result<String> {
        let certificate = Authority::of(self.server.ids()).and_then(|authority| authority.certificate());
        certificate.map_err(|e| Status::internal(e.to_string()))
    }

    /// Creates the objects that the API server itself keeps.
    fn create_api_server_objects(&mut self) -> Result<()> {
        for (resource, object) in api_server_objects() {
            self.put(resource, object)?;
        }
        self.put("configmaps", token_tracking(self.clock.now))
    }

    /// Creates an object, or replaces the one of an earlier version. The controllers do not react yet: there are many.
    fn put(&mut self, resource: &str, object: Value) -> Result<()> {
        self.put_by("kube-apiserver", resource, object)
    }

    /// As [`Cluster::put`], with a program that is said to do it.
    fn put_by(&mut self, manager: &str, resource: &str, object: Value) -> Result<()> {
        let (namespace, name) = (object.namespace().to_string(), object.name().to_string());
        self.server.store().set_cause(Cause::control_plane(self.clock.now));
        let request = match self.server.read(resource, &namespace, &name)? {
            None => Request::create(resource, &namespace, object),
            Some(_) => Request::update(resource, &namespace, &name, object),
        };
        self.server.handle(request.manager(manager).by_control_plane(), self.clock.now).map(drop)
    }

    /// Creates one object as the API server itself does, without authorization.
    fn create(&mut self, resource: &str, namespace: &str, object: Value) -> Result<()> {
        let request = Request::create(resource, namespace, object).manager("kube-apiserver").by_control_plane();
        self.handle(&request).map(drop)
    }
}

/// The objects that an API server creates when it starts, with their resources.
fn api_server_objects() -> impl Iterator<Item = (&'static str, Value)> {
    rbac::objects().into_iter().chain(flow_control::objects()).chain(api_services::objects())
}

/// The ConfigMap that says since when the use of token Secrets is tracked
/// (`pkg/controlplane/controller/legacytokentracking`).
fn token_tracking(now: Time) -> Value {
    let since: String = now.rfc3339().chars().take_while(|c| *c != 'T').collect();
    json!({"apiVersion": "v1", "kind": "ConfigMap", "data": {"since": since},
           "metadata": {"name": "kube-apiserver-legacy-service-account-token-tracking", "namespace": "kube-system"}})
}

/// The service of the API server.
fn kubernetes_service(installation: Installation) -> Value {
    let address = installation.service_cidr.address(1).to_string();
    json!({
        "apiVersion": "v1", "kind": "Service",
        "metadata": {"name": "kubernetes", "namespace": "default", "labels": {"component": "apiserver", "provider": "kubernetes"}},
        "spec": {
            "type": "ClusterIP", "clusterIP": address, "clusterIPs": [address], "sessionAffinity": "None",
            "ports": [{"name": "https", "protocol": "TCP", "port": 443, "targetPort": installation.profile.server_port()}],
        },
    })
}

/// The built-in priority classes, after `pkg/apis/scheduling/v1/helpers.go`.
fn priority_classes() -> [Value; 2] {
    let class = |name: &str, value: i64, description: &str| {
        json!({"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": {"name": name}, "value": value,
               "preemptionPolicy": "PreemptLowerPriority", "description": description})
    };
    [
        class(
            "system-cluster-critical",
            2_000_000_000,
            "Used for system critical pods that must run in the cluster, but can be moved to another node if necessary.",
        ),
        class(
            "system-node-critical",
            2_000_001_000,
            "Used for system critical pods that must not be moved from their current node.",
        ),
    ]
}
