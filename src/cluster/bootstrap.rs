//! The cluster that a new store starts with: namespaces, nodes, the `kubernetes` service, priority classes, cluster roles.

use crate::api::{Request, Result};
use crate::cluster::Cluster;
use crate::simulation::Faults;
use kctl_base::json::{Value, json};
use kctl_base::object::{ObjectMeta, ValueWrite};

/// Namespaces of every cluster.
const NAMESPACES: &[&str] = &["default", "kube-node-lease", "kube-public", "kube-system"];

/// Nodes: name and whether it is the control plane. What else there is to know of them their kubelets report.
const NODES: &[(&str, bool)] = &[("k8s-master", true), ("k8s-node1", false), ("k8s-node2", false)];

impl Cluster {
    /// Fills a new store. Everything is created in the usual way, so that controllers and events see it.
    pub(crate) fn bootstrap(&mut self) -> Result<()> {
        for name in NAMESPACES {
            let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}});
            self.make("namespaces", "", namespace)?;
        }
        for (name, control_plane) in NODES {
            self.make("nodes", "", node(name, *control_plane))?;
        }
        self.make("services", "default", kubernetes_service())?;
        for class in priority_classes() {
            self.make("priorityclasses.scheduling.k8s.io", "", class)?;
        }
        for role in cluster_roles() {
            self.make("clusterroles.rbac.authorization.k8s.io", "", role)?;
        }
        self.make("clusterrolebindings.rbac.authorization.k8s.io", "", admin_binding())?;
        // Written out so that `kctl sim show` lists the missing images and `kctl sim image` can change them.
        Faults::default().store(&mut self.server)
    }

    /// Creates an object on behalf of the API server.
    fn make(&mut self, resource: &str, namespace: &str, object: Value) -> Result<()> {
        let request = Request::create(resource, namespace, object).manager("kube-apiserver").by_control_plane();
        self.handle(&request).map(drop)
    }
}

fn node(name: &str, control_plane: bool) -> Value {
    let mut node = json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}});
    if control_plane {
        node.set_label("node-role.kubernetes.io/control-plane", "");
        node.list_mut("/spec/taints")
            .push(json!({"key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule"}));
    }
    node
}

fn kubernetes_service() -> Value {
    json!({
        "apiVersion": "v1", "kind": "Service",
        "metadata": {"name": "kubernetes", "namespace": "default", "labels": {"component": "apiserver", "provider": "kubernetes"}},
        "spec": {
            "type": "ClusterIP", "clusterIP": "10.96.0.1", "clusterIPs": ["10.96.0.1"], "sessionAffinity": "None",
            "ports": [{"name": "https", "protocol": "TCP", "port": 443, "targetPort": 6443}],
        },
    })
}

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

/// The roles that people bind: what they may do, as verbs over resources.
fn cluster_roles() -> Vec<Value> {
    let read = ["get", "list", "watch"];
    let write = ["create", "delete", "deletecollection", "patch", "update"];
    let workloads = [
        (
            "",
            vec![
                "configmaps",
                "endpoints",
                "events",
                "limitranges",
                "namespaces/status",
                "persistentvolumeclaims",
                "pods",
                "pods/log",
                "pods/status",
                "replicationcontrollers",
                "replicationcontrollers/scale",
                "resourcequotas",
                "serviceaccounts",
                "services",
                "namespaces",
            ],
        ),
        ("discovery.k8s.io", vec!["endpointslices"]),
        (
            "apps",
            vec![
                "controllerrevisions",
                "daemonsets",
                "daemonsets/status",
                "deployments",
                "deployments/scale",
                "deployments/status",
                "replicasets",
                "replicasets/scale",
                "replicasets/status",
                "statefulsets",
                "statefulsets/scale",
                "statefulsets/status",
            ],
        ),
        ("autoscaling", vec!["horizontalpodautoscalers", "horizontalpodautoscalers/status"]),
        ("batch", vec!["cronjobs", "cronjobs/status", "jobs", "jobs/status"]),
        ("policy", vec!["poddisruptionbudgets", "poddisruptionbudgets/status"]),
        ("networking.k8s.io", vec!["ingresses", "ingresses/status", "networkpolicies"]),
    ];
    let rules = |verbs: &[&str]| -> Vec<Value> {
        workloads
            .iter()
            .map(|(group, resources)| json!({"apiGroups": [group], "resources": resources, "verbs": verbs}))
            .collect()
    };
    let role = |name: &str, rules: Vec<Value>| {
        json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "rules": rules,
               "metadata": {"name": name, "labels": {"kubernetes.io/bootstrapping": "rbac-defaults"},
                            "annotations": {"rbac.authorization.kubernetes.io/autoupdate": "true"}}})
    };
    let everything = json!({"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]});
    let every_url = json!({"nonResourceURLs": ["*"], "verbs": ["*"]});
    let editor: Vec<&str> = read.iter().chain(&write).copied().collect();
    let mut admin = rules(&editor);
    admin.push(
        json!({"apiGroups": ["rbac.authorization.k8s.io"], "resources": ["rolebindings", "roles"], "verbs": editor}),
    );
    vec![
        role("cluster-admin", vec![everything, every_url]),
        role("admin", admin),
        role("edit", rules(&editor)),
        role("view", rules(&read)),
    ]
}

fn admin_binding() -> Value {
    json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding",
        "metadata": {"name": "cluster-admin", "labels": {"kubernetes.io/bootstrapping": "rbac-defaults"},
                     "annotations": {"rbac.authorization.kubernetes.io/autoupdate": "true"}},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": "system:masters"}],
    })
}
