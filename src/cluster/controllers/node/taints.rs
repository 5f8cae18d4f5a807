//! Taints that follow from the state of a node, and their toleration by pods.

use std::sync::Arc;

use crate::controllers::Context;
use crate::controllers::runtime::Result;
use crate::store::ObjectKey;
use kctl_base::json::{Value, json};
use kctl_base::object::{Object, ValueRead, condition};
use kctl_base::sim::Time;

/// Taint of a node that is not ready, or has not reported yet.
pub(super) const NOT_READY: &str = "node.kubernetes.io/not-ready";
/// Taint of a node that has stopped reporting.
pub(super) const UNREACHABLE: &str = "node.kubernetes.io/unreachable";
/// Taint of a cordoned node.
pub(super) const UNSCHEDULABLE: &str = "node.kubernetes.io/unschedulable";
/// Taint by which an administrator declares a node as shut down (KEP-2268).
pub(in crate::controllers) const OUT_OF_SERVICE: &str = "node.kubernetes.io/out-of-service";

/// Taints by the condition that causes them while it is true.
const CONDITION_TAINTS: &[(&str, &str)] = &[
    ("MemoryPressure", "node.kubernetes.io/memory-pressure"),
    ("DiskPressure", "node.kubernetes.io/disk-pressure"),
    ("PIDPressure", "node.kubernetes.io/pid-pressure"),
    ("NetworkUnavailable", "node.kubernetes.io/network-unavailable"),
];

/// Reads a node that has taints; `None` for any other. Most nodes have none, and need not be decoded.
pub(in crate::controllers) fn tainted_node(ctx: &mut Context<'_>, name: &str) -> Result<Option<Arc<Object>>> {
    let key = ObjectKey::new("nodes", "", name);
    if ctx.server().is_indexed("tainted", "", &key)? { ctx.get("nodes", "", name) } else { Ok(None) }
}

/// Returns the taints that a node should have: those set by users, and those that follow from its conditions and from
/// `spec.unschedulable`. Existing taints keep their place and `timeAdded`.
pub(super) fn plan(node: &Object, now: Time) -> Vec<Value> {
    let required = required(node);
    let is_required = |t: &Value| required.iter().any(|(key, effect)| is(t, key, effect));
    let mut taints: Vec<Value> =
        node.list("/spec/taints").iter().filter(|t| !is_managed(t) || is_required(t)).cloned().collect();
    for (key, effect) in &required {
        if !taints.iter().any(|t| is(t, key, effect)) {
            taints.push(json!({"key": key, "effect": effect, "timeAdded": now.rfc3339()}));
        }
    }
    taints
}

fn is(taint: &Value, key: &str, effect: &str) -> bool {
    taint.str("/key") == key && taint.str("/effect") == effect
}

/// Reports whether the controller adds and removes a taint.
fn is_managed(taint: &Value) -> bool {
    let (key, effect) = (taint.str("/key"), taint.str("/effect"));
    match effect {
        "NoSchedule" => {
            [NOT_READY, UNREACHABLE, UNSCHEDULABLE].contains(&key) || CONDITION_TAINTS.iter().any(|(_, k)| *k == key)
        }
        "NoExecute" => [NOT_READY, UNREACHABLE].contains(&key),
        _ => false,
    }
}

/// Returns key and effect of the taints that follow from the state of a node (`doNoScheduleTaintingPass` and
/// `processTaintBaseEviction` in `pkg/controller/nodelifecycle`).
fn required(node: &Object) -> Vec<(&'static str, &'static str)> {
    let status = |kind: &str| condition(node, kind).map(|c| c.str("/status"));
    let mut required = Vec::new();
    match status("Ready") {
        Some("True") => {}
        Some("False") => required.extend([(NOT_READY, "NoSchedule"), (NOT_READY, "NoExecute")]),
        Some(_) => required.extend([(UNREACHABLE, "NoSchedule"), (UNREACHABLE, "NoExecute")]),
        // The taint was set by admission when the node was created.
        None => required.push((NOT_READY, "NoSchedule")),
    }
    required.extend(
        CONDITION_TAINTS.iter().filter(|(kind, _)| status(kind) == Some("True")).map(|(_, key)| (*key, "NoSchedule")),
    );
    if node.flag("/spec/unschedulable") {
        required.push((UNSCHEDULABLE, "NoSchedule"));
    }
    required
}

/// Returns the NoExecute taints of a node.
pub(super) fn no_execute(node: &Object) -> Vec<&Value> {
    node.list("/spec/taints").iter().filter(|t| t.str("/effect") == "NoExecute").collect()
}

/// Reports whether a toleration matches a taint.
pub(super) fn tolerates(toleration: &Value, taint: &Value) -> bool {
    let (effect, key) = (toleration.str("/effect"), toleration.str("/key"));
    if !effect.is_empty() && effect != taint.str("/effect") || !key.is_empty() && key != taint.str("/key") {
        return false;
    }
    match toleration.str("/operator") {
        "Exists" => true,
        "" | "Equal" => !key.is_empty() && toleration.str("/value") == taint.str("/value"),
        _ => false,
    }
}

/// Time for which a pod tolerates the taints of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TolerationTime {
    /// Without limit.
    Forever,
    /// In seconds; 0 if a taint is not tolerated.
    Seconds(i64),
}

/// Returns how long a pod tolerates taints: the shortest time of the tolerations that match (`getMinTolerationTime`).
pub(super) fn toleration_time(pod: &Object, taints: &[&Value]) -> TolerationTime {
    let mut seconds: Option<i64> = None;
    for taint in taints {
        let Some(toleration) = pod.list("/spec/tolerations").iter().find(|t| tolerates(t, taint)) else {
            return TolerationTime::Seconds(0);
        };
        if let Some(limit) = toleration.int("/tolerationSeconds") {
            let limit = limit.max(0);
            seconds = Some(seconds.map_or(limit, |s| s.min(limit)));
        }
    }
    seconds.map_or(TolerationTime::Forever, TolerationTime::Seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn taints_follow_conditions_and_cordons() {
        let now = Time::from_secs(0);
        let own = json!({"key": "disk", "effect": "NoExecute"});
        let keys = |node: &Value| -> Vec<String> {
            plan(node, now).iter().map(|t| format!("{}:{}", t.str("/key"), t.str("/effect"))).collect()
        };
        let node = |ready: &str, unschedulable: bool, taints: Vec<Value>| {
            json!({"spec": {"taints": taints, "unschedulable": unschedulable},
                   "status": {"conditions": [{"type": "Ready", "status": ready}, {"type": "DiskPressure", "status": "False"}]}})
        };
        let new = json!({"key": NOT_READY, "effect": "NoSchedule"});
        let cases = [
            (node("True", false, vec![new.clone(), own.clone()]), vec!["disk:NoExecute"]),
            (
                node("Unknown", false, vec![own.clone()]),
                vec![
                    "disk:NoExecute",
                    "node.kubernetes.io/unreachable:NoSchedule",
                    "node.kubernetes.io/unreachable:NoExecute",
                ],
            ),
            (node("True", true, vec![]), vec!["node.kubernetes.io/unschedulable:NoSchedule"]),
            (json!({"spec": {"taints": [new]}}), vec!["node.kubernetes.io/not-ready:NoSchedule"]),
        ];
        for (node, want) in cases {
            assert_eq!(keys(&node), want, "{node}");
        }
    }

    #[test]
    fn the_shortest_toleration_counts() {
        let a = json!({"key": "a", "effect": "NoExecute"});
        let b = json!({"key": "b", "value": "x", "effect": "NoExecute"});
        let pod = |tolerations: Value| json!({"spec": {"tolerations": tolerations}});
        let cases = [
            (pod(json!([])), TolerationTime::Seconds(0)),
            (pod(json!([{"operator": "Exists"}])), TolerationTime::Forever),
            (pod(json!([{"key": "a", "operator": "Exists", "tolerationSeconds": 5}])), TolerationTime::Seconds(0)),
            (
                pod(json!([{"key": "a", "operator": "Exists", "tolerationSeconds": 5},
                           {"key": "b", "value": "x", "effect": "NoExecute", "tolerationSeconds": 3}])),
                TolerationTime::Seconds(3),
            ),
            (
                pod(json!([{"key": "a", "operator": "Exists"}, {"key": "b", "operator": "Equal", "value": "y"}])),
                TolerationTime::Seconds(0),
            ),
        ];
        for (pod, want) in cases {
            assert_eq!(toleration_time(&pod, &[&a, &b]), want, "{pod}");
        }
    }
}
