//! The health of nodes as the control plane sees it: a node that falls silent is unknown after a grace time, conditions and
//! cordons become taints, and the pods of a lost node are not ready any more.

use super::{kubelet, taints};
use crate::controllers::runtime::Result;
use crate::controllers::{Action, Context, Controller, Key, Watch};
use crate::simulation;
use kctl_base::json::{Value, json};
use kctl_base::object::{Object, ObjectMeta, ValueRead, ValueWrite, condition, condition_is_true};
use kctl_base::sim::{Duration, Time};

/// The controller; its keys are nodes. Stopping and starting a kubelet wakes it.
pub const CONTROLLER: Controller =
    Controller { name: "node-lifecycle-controller", watches: &[Watch::primary("nodes")], reconcile };

/// How long a node may be silent (`--node-monitor-grace-period`).
const GRACE: Duration = Duration::from_secs(50);
/// How long after a node is lost its taints are set: the period of the tainting loop.
const TAINT_DELAY: Duration = Duration::from_millis(100);
/// Tells how old what a kubelet knows of Secrets may be; put on every node, and 0 in small clusters.
const TTL: &str = "node.alpha.kubernetes.io/ttl";
/// What kubelets report.
const REPORTED: &[&str] = &["MemoryPressure", "DiskPressure", "PIDPressure", "Ready"];

fn reconcile(ctx: &mut Context<'_>, key: &Key) -> Result<Action> {
    let Some(node) = ctx.get_key("nodes", key)? else {
        ctx.clear_state(&silence_row(&key.name));
        return Ok(Action::AwaitChange);
    };
    let node = register(ctx, &node)?;
    let silent_since = silence(ctx, &node)?;
    let lost_at = silent_since.map(|since| since + GRACE).filter(|_| !is_lost(&node));
    let mut node = node;
    if lost_at.is_some_and(|at| at <= ctx.now) {
        node = lose(ctx, node)?;
    }
    // Taints follow a little later, in a loop of their own: what looks at the pods in between still sees a usable node.
    let tainted_at = silent_since.map(|since| since + GRACE + TAINT_DELAY).filter(|_| is_lost(&node));
    if let Some(at) = tainted_at.filter(|at| *at > ctx.now) {
        return Ok(Action::RequeueAt(at));
    }
    let planned = taints::plan(&node, ctx.now);
    if planned != node.list("/spec/taints") {
        let mut new = node;
        match planned.is_empty() {
            true => drop(new.remove_at("/spec/taints")),
            false => new.put("/spec/taints", planned),
        }
        ctx.update("nodes", new)?;
    }
    Ok(lost_at.filter(|at| *at > ctx.now).map_or(Action::AwaitChange, Action::RequeueAt))
}

fn silence_row(node: &str) -> String {
    format!("silent/{node}")
}

/// A node that is new to the control plane gets a range of pod addresses and is announced.
fn register(ctx: &mut Context<'_>, node: &Object) -> Result<Object> {
    if node.annotation(TTL).is_some() {
        return Ok(node.clone());
    }
    let mut new = node.clone();
    new.set_annotation(TTL, "0");
    if node.str("/spec/podCIDR").is_empty() {
        let range = pod_range(ctx.next_counter("pod-range", "")?);
        new.put("/spec/podCIDR", range.as_str());
        new.put("/spec/podCIDRs", json!([range]));
    }
    let new = ctx.update("nodes", new)?;
    let text = format!("Node {0} event: Registered Node {0} in Controller", node.name());
    ctx.event(&new, "Normal", "RegisteredNode", &text);
    Ok((*new).clone())
}

/// The range of pod addresses with a number: 10.244.0.0/24 and on.
fn pod_range(number: u64) -> String {
    let number = number % (12 * 256);
    format!("10.{}.{}.0/24", 244 + number / 256, number % 256)
}

/// Since when the node has been silent. One that has just begun to speak again is told to its kubelet, which has slept.
fn silence(ctx: &mut Context<'_>, node: &Object) -> Result<Option<Time>> {
    let row = silence_row(node.name());
    let since = ctx.state::<Time>(&row)?;
    match (simulation::stopped_nodes(ctx.server())?.contains(node.name()), since) {
        (true, None) => {
            let now = ctx.now;
            ctx.set_state(&row, now);
            Ok(Some(now))
        }
        (false, Some(_)) => {
            ctx.clear_state(&row);
            wake_kubelet(ctx, node)?;
            Ok(None)
        }
        (_, since) => Ok(since),
    }
}

fn wake_kubelet(ctx: &mut Context<'_>, node: &Object) -> Result<()> {
    let now = ctx.now;
    let node_key = Key::of(node).to_string();
    ctx.server().schedule(kubelet::NAME, &node_key, now, false);
    for pod in ctx.indexed("pods", "node", node.name())? {
        let key = Key::of(&pod).to_string();
        ctx.server().schedule("kubelet", &key, now, false);
    }
    Ok(())
}

fn is_lost(node: &Object) -> bool {
    condition(node, "Ready").is_some_and(|c| c.str("/status") == "Unknown")
}

/// The node is unknown from now on, and nobody can rely on its pods.
fn lose(ctx: &mut Context<'_>, node: Object) -> Result<Object> {
    let was_ready = condition_is_true(&node, "Ready");
    let mut new = node;
    let conditions = unknown_conditions(&new, ctx.now);
    new.put("/status/conditions", conditions);
    let new = ctx.update_status("nodes", new)?;
    if was_ready {
        let text = format!("Node {} status is now: NodeNotReady", new.name());
        ctx.event(&new, "Normal", "NodeNotReady", &text);
        for pod in ctx.indexed("pods", "node", new.name())? {
            mark_not_ready(ctx, &pod)?;
        }
    }
    Ok((*new).clone())
}

/// Everything that the kubelet reported, unknown now.
fn unknown_conditions(node: &Object, now: Time) -> Vec<Value> {
    let mut conditions = node.list("/status/conditions").to_vec();
    for kind in REPORTED {
        let known = conditions.iter_mut().find(|c| c.str("/type") == *kind);
        let unknown = |reason: &str, message: &str, heartbeat: &str| {
            json!({"type": kind, "status": "Unknown", "reason": reason, "message": message,
                   "lastHeartbeatTime": heartbeat, "lastTransitionTime": now.rfc3339()})
        };
        match known {
            Some(condition) => {
                let heartbeat = condition.str("/lastHeartbeatTime").to_string();
                *condition = unknown("NodeStatusUnknown", "Kubelet stopped posting node status.", &heartbeat);
            }
            None => {
                let created = node.str("/metadata/creationTimestamp");
                conditions.push(unknown("NodeStatusNeverUpdated", "Kubelet never posted node status.", created));
            }
        }
    }
    conditions
}

fn mark_not_ready(ctx: &mut Context<'_>, pod: &Object) -> Result<()> {
    if !condition_is_true(pod, "Ready") {
        return Ok(());
    }
    let mut new = pod.clone();
    let now = ctx.now.rfc3339();
    for condition in new.items_mut("/status/conditions").filter(|c| c.str("/type") == "Ready") {
        condition.put("/status", "False");
        condition.put("/lastTransitionTime", now.as_str());
    }
    ctx.update_status("pods", new)?;
    ctx.event(pod, "Warning", "NodeNotReady", "Node is not ready");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_reported_becomes_unknown() {
        let node = json!({"metadata": {"creationTimestamp": "2026-01-01T00:00:00Z"}, "status": {"conditions": [
            {"type": "Ready", "status": "True", "lastHeartbeatTime": "2026-01-01T00:00:09Z"},
            {"type": "Custom", "status": "True"}]}});
        let list = unknown_conditions(&node, Time::from_secs(0));
        let shown: Vec<String> =
            list.iter().map(|c| format!("{} {} {}", c.str("/type"), c.str("/status"), c.str("/reason"))).collect();
        assert_eq!(
            shown,
            [
                "Ready Unknown NodeStatusUnknown",
                "Custom True ",
                "MemoryPressure Unknown NodeStatusNeverUpdated",
                "DiskPressure Unknown NodeStatusNeverUpdated",
                "PIDPressure Unknown NodeStatusNeverUpdated",
            ]
        );
        assert_eq!(list[0].str("/lastHeartbeatTime"), "2026-01-01T00:00:09Z");
    }

    #[test]
    fn ranges_are_numbered() {
        for (number, want) in [(0, "10.244.0.0/24"), (3, "10.244.3.0/24"), (256, "10.245.0.0/24")] {
            assert_eq!(pod_range(number), want);
        }
    }
}
