//! The flow schemas and priority levels of a new cluster, after `apiserver/pkg/apis/flowcontrol/bootstrap/default.go`.

use kctl_base::json::{Value, json};
use kctl_base::object::ValueWrite;

const SCHEMAS: &str = "flowschemas.flowcontrol.apiserver.k8s.io";
const LEVELS: &str = "prioritylevelconfigurations.flowcontrol.apiserver.k8s.io";

/// Returns all objects with their resources.
pub(super) fn objects() -> Vec<(&'static str, Value)> {
    let levels = levels().into_iter().map(|level| (LEVELS, level));
    levels.chain(schemas().into_iter().map(|schema| (SCHEMAS, schema))).collect()
}

fn object(kind: &str, name: &str, spec: Value) -> Value {
    json!({"apiVersion": "flowcontrol.apiserver.k8s.io/v1", "kind": kind, "spec": spec,
           "metadata": {"name": name, "annotations": {"apf.kubernetes.io/autoupdate-spec": "true"}}})
}

fn levels() -> Vec<Value> {
    let level = |name: &str, spec: Value| object("PriorityLevelConfiguration", name, spec);
    let limited = |name: &str, shares: i64, lendable: i64, response: Value| {
        let limited =
            json!({"nominalConcurrencyShares": shares, "lendablePercent": lendable, "limitResponse": response});
        level(name, json!({"type": "Limited", "limited": limited}))
    };
    let queue = |queues: i64, hand: i64| {
        let queuing = json!({"queues": queues, "handSize": hand, "queueLengthLimit": 50});
        json!({"type": "Queue", "queuing": queuing})
    };
    vec![
        limited("catch-all", 5, 0, json!({"type": "Reject"})),
        level("exempt", json!({"type": "Exempt", "exempt": {"nominalConcurrencyShares": 0, "lendablePercent": 0}})),
        limited("global-default", 20, 50, queue(128, 6)),
        limited("leader-election", 10, 0, queue(16, 4)),
        limited("node-high", 40, 25, queue(64, 6)),
        limited("system", 30, 33, queue(64, 6)),
        limited("workload-high", 40, 50, queue(128, 6)),
        limited("workload-low", 100, 90, queue(128, 6)),
    ]
}

/// A flow schema: its name, priority level, precedence, the type of its distinguisher (empty for none), rules and subjects.
fn schema(name: &str, level: &str, precedence: i64, by: &str, rules: Value, subjects: &[Value]) -> Value {
    let mut rule = rules;
    rule["subjects"] = subjects.to_vec().into();
    let mut spec =
        json!({"priorityLevelConfiguration": {"name": level}, "matchingPrecedence": precedence, "rules": [rule]});
    if !by.is_empty() {
        spec.put("/distinguisherMethod/type", by);
    }
    object("FlowSchema", name, spec)
}

fn schemas() -> Vec<Value> {
    let group = |name: &str| json!({"kind": "Group", "group": {"name": name}});
    let user = |name: &str| json!({"kind": "User", "user": {"name": name}});
    let system_accounts =
        json!({"kind": "ServiceAccount", "serviceAccount": {"name": "*", "namespace": "kube-system"}});
    let everybody = [group("system:unauthenticated"), group("system:authenticated")];
    let resources = |group: &str, resources: &[&str], verbs: &[&str]| json!({"apiGroups": [group], "resources": resources, "verbs": verbs, "namespaces": ["*"]});
    let in_cluster = |mut rule: Value| {
        rule["clusterScope"] = true.into();
        rule
    };
    let any = || {
        json!({"resourceRules": [in_cluster(resources("*", &["*"], &["*"]))],
               "nonResourceRules": [{"nonResourceURLs": ["*"], "verbs": ["*"]}]})
    };
    let probes =
        json!({"nonResourceRules": [{"nonResourceURLs": ["/healthz", "/readyz", "/livez"], "verbs": ["get"]}]});
    let leases =
        json!({"resourceRules": [resources("coordination.k8s.io", &["leases"], &["get", "create", "update"])]});
    let nodes = json!({"resourceRules": [in_cluster(resources("", &["nodes", "nodes/status"], &["*"])),
                                         resources("coordination.k8s.io", &["leases"], &["*"])]});
    let manager = user("system:kube-controller-manager");
    let scheduler = user("system:kube-scheduler");
    vec![
        schema("catch-all", "catch-all", 10_000, "ByUser", any(), &everybody),
        schema("exempt", "exempt", 1, "", any(), &[group("system:masters")]),
        schema("global-default", "global-default", 9_900, "ByUser", any(), &everybody),
        schema("kube-controller-manager", "workload-high", 800, "ByNamespace", any(), std::slice::from_ref(&manager)),
        schema("kube-scheduler", "workload-high", 800, "ByNamespace", any(), std::slice::from_ref(&scheduler)),
        schema(
            "kube-system-service-accounts",
            "workload-high",
            900,
            "ByNamespace",
            any(),
            std::slice::from_ref(&system_accounts),
        ),
        schema("probes", "exempt", 2, "", probes, &everybody),
        schema("service-accounts", "workload-low", 9_000, "ByUser", any(), &[group("system:serviceaccounts")]),
        schema(
            "system-leader-election",
            "leader-election",
            100,
            "ByUser",
            leases,
            &[manager, scheduler, system_accounts],
        ),
        schema("system-node-high", "node-high", 400, "ByUser", nodes, &[group("system:nodes")]),
        schema("system-nodes", "system", 500, "ByUser", any(), &[group("system:nodes")]),
    ]
}
