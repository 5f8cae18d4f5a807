//! Taints of nodes and tolerations of pods, as far as controllers decide by them.

use kctl_base::json::{Value, json};
use kctl_base::object::{Object, ValueRead, condition};
use kctl_base::sim::Time;

/// The node has reported that it is not ready, or has not reported yet.
pub const NOT_READY: &str = "node.kubernetes.io/not-ready";
/// The node does not report any more.
pub const UNREACHABLE: &str = "node.kubernetes.io/unreachable";
/// The node has been cordoned.
pub const UNSCHEDULABLE: &str = "node.kubernetes.io/unschedulable";
/// A person has declared that the node is down for good.
pub const OUT_OF_SERVICE: &str = "node.kubernetes.io/out-of-service";

/// Conditions that keep new pods away while they are true.
const PRESSURES: &[(&str, &str)] = &[
    ("MemoryPressure", "node.kubernetes.io/memory-pressure"),
    ("DiskPressure", "node.kubernetes.io/disk-pressure"),
    ("PIDPressure", "node.kubernetes.io/pid-pressure"),
    ("NetworkUnavailable", "node.kubernetes.io/network-unavailable"),
];

/// The taints that a node should have: what people have set, and what follows from its conditions and from a cordon.
/// Those that are there already keep their place and their time.
pub fn plan(node: &Object, now: Time) -> Vec<Value> {
    let wanted = wanted(node);
    let is_wanted = |t: &Value| wanted.iter().any(|(key, effect)| is(t, key, effect));
    let mut taints: Vec<Value> =
        node.list("/spec/taints").iter().filter(|t| !is_managed(t) || is_wanted(t)).cloned().collect();
    for (key, effect) in &wanted {
        if !taints.iter().any(|t| is(t, key, effect)) {
            taints.push(json!({"key": key, "effect": effect, "timeAdded": now.rfc3339()}));
        }
    }
    taints
}

fn is(taint: &Value, key: &str, effect: &str) -> bool {
    taint.str("/key") == key && taint.str("/effect") == effect
}

/// Whether a taint is put on and taken off by the controller.
fn is_managed(taint: &Value) -> bool {
    let (key, effect) = (taint.str("/key"), taint.str("/effect"));
    match effect {
        "NoSchedule" => {
            [NOT_READY, UNREACHABLE, UNSCHEDULABLE].contains(&key) || PRESSURES.iter().any(|(_, k)| *k == key)
        }
        "NoExecute" => [NOT_READY, UNREACHABLE].contains(&key),
        _ => false,
    }
}

fn wanted(node: &Object) -> Vec<(&'static str, &'static str)> {
    let status = |kind: &str| condition(node, kind).map(|c| c.str("/status"));
    let mut wanted = Vec::new();
    match status("Ready") {
        Some("True") => {}
        Some("False") => wanted.extend([(NOT_READY, "NoSchedule"), (NOT_READY, "NoExecute")]),
        Some(_) => wanted.extend([(UNREACHABLE, "NoSchedule"), (UNREACHABLE, "NoExecute")]),
        // A node that has not reported yet has been tainted on its creation.
        None => wanted.push((NOT_READY, "NoSchedule")),
    }
    wanted
        .extend(PRESSURES.iter().filter(|(kind, _)| status(kind) == Some("True")).map(|(_, key)| (*key, "NoSchedule")));
    if node.flag("/spec/unschedulable") {
        wanted.push((UNSCHEDULABLE, "NoSchedule"));
    }
    wanted
}

/// The taints of a node that drive pods away.
pub fn no_execute(node: &Object) -> Vec<&Value> {
    node.list("/spec/taints").iter().filter(|t| t.str("/effect") == "NoExecute").collect()
}

/// Whether a toleration is about a taint.
pub fn tolerates(toleration: &Value, taint: &Value) -> bool {
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

/// How long a pod may stay on a node with these taints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stay {
    /// As long as it likes.
    Forever,
    /// So many seconds; 0 is not at all.
    Seconds(i64),
}

/// How long a pod tolerates taints: not at all if it does not tolerate one of them, else as long as the most impatient
/// of the tolerations that apply.
pub fn stay(pod: &Object, taints: &[&Value]) -> Stay {
    let mut seconds: Option<i64> = None;
    for taint in taints {
        let Some(toleration) = pod.list("/spec/tolerations").iter().find(|t| tolerates(t, taint)) else {
            return Stay::Seconds(0);
        };
        if let Some(limit) = toleration.int("/tolerationSeconds") {
            let limit = limit.max(0);
            seconds = Some(seconds.map_or(limit, |s| s.min(limit)));
        }
    }
    seconds.map_or(Stay::Forever, Stay::Seconds)
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
    fn the_most_impatient_toleration_counts() {
        let a = json!({"key": "a", "effect": "NoExecute"});
        let b = json!({"key": "b", "value": "x", "effect": "NoExecute"});
        let pod = |tolerations: Value| json!({"spec": {"tolerations": tolerations}});
        let cases = [
            (pod(json!([])), Stay::Seconds(0)),
            (pod(json!([{"operator": "Exists"}])), Stay::Forever),
            (pod(json!([{"key": "a", "operator": "Exists", "tolerationSeconds": 5}])), Stay::Seconds(0)),
            (
                pod(json!([{"key": "a", "operator": "Exists", "tolerationSeconds": 5},
                           {"key": "b", "value": "x", "effect": "NoExecute", "tolerationSeconds": 3}])),
                Stay::Seconds(3),
            ),
            (
                pod(json!([{"key": "a", "operator": "Exists"}, {"key": "b", "operator": "Equal", "value": "y"}])),
                Stay::Seconds(0),
            ),
        ];
        for (pod, want) in cases {
            assert_eq!(stay(&pod, &[&a, &b]), want, "{pod}");
        }
    }
}
