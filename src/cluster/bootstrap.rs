//! The objects of a new cluster: namespaces, nodes, the `kubernetes` service, priority classes, cluster roles.

use crate::api::{Request, Result};
use crate::cluster::Cluster;
use crate::simulation::Faults;
use kctl_base::json::{Value, json};
use kctl_base::object::{ObjectMeta, ValueWrite};

/// The initial namespaces.
const NAMESPACES: &[&str] = &["default", "kube-node-lease", "kube-public", "kube-system"];

/// The nodes, with true for the control plane. Everything else about them is reported by their kubelets.
const NODES: &[(&str, bool)] = &[("k8s-master", true), ("k8s-node1", false), ("k8s-node2", false)];

impl Cluster {
    /// Creates the objects of a new cluster by requests to the API server, so that controllers observe them.
    ///
    /// # Errors
    /// If a request fails.
    pub(crate) fn bootstrap(&mut self) -> Result<()> {
        for name in NAMESPACES {
            let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}});
            self.create("namespaces", "", namespace)?;
        }
        for (name, control_plane) in NODES {
            self.create("nodes", "", node(name, *control_plane))?;
        }
        self.create("services", "default", kubernetes_service())?;
        for class in priority_classes() {
            self.create("priorityclasses.scheduling.k8s.io", "", class)?;
        }
        for role in cluster_roles() {
            self.create("clusterroles.rbac.authorization.k8s.io", "", role)?;
        }
        self.create("clusterrolebindings.rbac.authorization.k8s.io", "", admin_binding())?;
        // Written out so that `kctl sim show` lists the missing images and `kctl sim image` can change them.
        Faults::default().store(&mut self.server)
    }

    /// Creates one object as the API server itself does, without authorization.
    fn create(&mut self, resource: &str, namespace: &str, object: Value) -> Result<()> {
        let request = Request::create(resource, namespace, object).manager("kube-apiserver").by_control_plane();
        self.handle(&request).map(drop)
    }
}

/// A node; one of the control plane has the label and the taint that kubeadm gives it.
fn node(name: &str, control_plane: bool) -> Value {
    let mut node = json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}});
    if control_plane {
        node.set_label("node-role.kubernetes.io/control-plane", "");
        node.list_mut("/spec/taints")
            .push(json!({"key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule"}));
    }
    node
}

/// The service of the API server.
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

/// The namespaced resources that the roles `admin`, `edit` and `view` give access to, by API group.
const WORKLOADS: &[(&str, &[&str])] = &[
    (
        "",
        &[
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
    ("discovery.k8s.io", &["endpointslices"]),
    (
        "apps",
        &[
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
    ("autoscaling", &["horizontalpodautoscalers", "horizontalpodautoscalers/status"]),
    ("batch", &["cronjobs", "cronjobs/status", "jobs", "jobs/status"]),
    ("policy", &["poddisruptionbudgets", "poddisruptionbudgets/status"]),
    ("networking.k8s.io", &["ingresses", "ingresses/status", "networkpolicies"]),
];

/// The user-facing cluster roles, after `plugin/pkg/auth/authorizer/rbac/bootstrappolicy/policy.go`.
fn cluster_roles() -> Vec<Value> {
    const READ: &[&str] = &["get", "list", "watch"];
    const EDIT: &[&str] = &["get", "list", "watch", "create", "delete", "deletecollection", "patch", "update"];
    let everything = json!({"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]});
    let every_url = json!({"nonResourceURLs": ["*"], "verbs": ["*"]});
    let mut admin = workload_rules(EDIT);
    admin.push(
        json!({"apiGroups": ["rbac.authorization.k8s.io"], "resources": ["rolebindings", "roles"], "verbs": EDIT}),
    );
    vec![
        cluster_role("cluster-admin", vec![everything, every_url]),
        cluster_role("admin", admin),
        cluster_role("edit", workload_rules(EDIT)),
        cluster_role("view", workload_rules(READ)),
    ]
}

/// The policy rules that allow verbs on the workload resources.
fn workload_rules(verbs: &[&str]) -> Vec<Value> {
    let rule =
        |(group, resources): &(&str, &[&str])| json!({"apiGroups": [group], "resources": resources, "verbs": verbs});
    WORKLOADS.iter().map(rule).collect()
}

fn cluster_role(name: &str, rules: Vec<Value>) -> Value {
    json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "rules": rules,
           "metadata": {"name": name, "labels": {"kubernetes.io/bootstrapping": "rbac-defaults"},
                        "annotations": {"rbac.authorization.kubernetes.io/autoupdate": "true"}}})
}

/// The binding of `cluster-admin` to the group of administrators.
fn admin_binding() -> Value {
    json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding",
        "metadata": {"name": "cluster-admin", "labels": {"kubernetes.io/bootstrapping": "rbac-defaults"},
                     "annotations": {"rbac.authorization.kubernetes.io/autoupdate": "true"}},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": "system:masters"}],
    })
}
