//! Node lifecycle (`pkg/controller/nodelifecycle`): a node that stops reporting becomes Unknown after a grace period, and its
//! pods become unready; conditions and `spec.unschedulable` become taints. New nodes are given a range of pod addresses.

use super::{kubelet, taints};
use crate::controllers::runtime::Result;
use crate::controllers::{Action, Context, Controller, Key, Watch};
use crate::simulation;
use kctl_base::json::{Value, json};
use kctl_base::object::{Object, ObjectMeta, ValueRead, ValueWrite, condition, condition_is_true};
use kctl_base::sim::{Duration, Time};

/// The controller; its keys are nodes. Stopping and starting a kubelet enqueues its node.
pub(crate) const CONTROLLER: Controller =
    Controller { name: "node-lifecycle-controller", watches: &[Watch::primary("nodes")], reconcile };

/// Time after which a node that does not report becomes Unknown (`--node-monitor-grace-period`).
const GRACE_PERIOD: Duration = Duration::from_secs(50);
/// Delay from the condition Unknown to the taints: the period of the loop that sets them.
const TAINT_DELAY: Duration = Duration::from_millis(100);
/// Annotation with the time in seconds for which a kubelet caches Secrets; 0 in small clusters (`pkg/controller/ttl`).
const TTL_ANNOTATION: &str = "node.alpha.kubernetes.io/ttl";
/// Conditions that kubelets report.
const KUBELET_CONDITIONS: &[&str] = &["MemoryPressure", "DiskPressure", "PIDPressure", "Ready"];

fn reconcile(ctx: &mut Context<'_>, key: &Key) -> Result<Action> {
    let Some(node) = ctx.get_key("nodes", key)? else {
        ctx.clear_state(&silence_row(&key.name));
        return Ok(Action::AwaitChange);
    };
    let node = register(ctx, &node)?;
    let silent_since = silent_since(ctx, &node)?;
    let unknown_at = silent_since.map(|since| since + GRACE_PERIOD).filter(|_| !is_unknown(&node));
    let mut node = node;
    if unknown_at.is_some_and(|at| at <= ctx.now) {
        node = set_unknown(ctx, node)?;
    }
    // A separate loop sets the taints: for a moment other controllers see the condition without the taint.
    let tainted_at = silent_since.map(|since| since + GRACE_PERIOD + TAINT_DELAY).filter(|_| is_unknown(&node));
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
    Ok(unknown_at.filter(|at| *at > ctx.now).map_or(Action::AwaitChange, Action::RequeueAt))
}

fn silence_row(node: &str) -> String {
    format!("silent/{node}")
}

/// Registers a node that is new: allocates `spec.podCIDR` and records an event.
fn register(ctx: &mut Context<'_>, node: &Object) -> Result<Object> {
    if node.annotation(TTL_ANNOTATION).is_some() {
        return Ok(node.clone());
    }
    let mut new = node.clone();
    new.set_annotation(TTL_ANNOTATION, "0");
    if node.str("/spec/podCIDR").is_empty() {
        assign_range(ctx, &mut new)?;
    }
    let new = ctx.update("nodes", new)?;
    let text = format!("Node {0} event: Registered Node {0} in Controller", node.name());
    ctx.event(&new, "Normal", "RegisteredNode", &text);
    Ok((*new).clone())
}

/// Gives a node a range of pod addresses, or records that there is none left (`pkg/controller/nodeipam/ipam`).
fn assign_range(ctx: &mut Context<'_>, node: &mut Object) -> Result<()> {
    let number = ctx.next_counter("pod-range", "")?;
    match ctx.installation().node_range(number) {
        Some(range) => {
            node.put("/spec/podCIDR", range.as_str());
            node.put("/spec/podCIDRs", json!([range]));
        }
        None => {
            let text = format!("Node {} status is now: CIDRNotAvailable", node.name());
            ctx.event(node, "Normal", "CIDRNotAvailable", &text);
        }
    }
    Ok(())
}

/// Returns since when the kubelet of a node has been stopped. When it has been started again, the kubelet is enqueued, which
/// has not reconciled the node and its pods in the meantime.
fn silent_since(ctx: &mut Context<'_>, node: &Object) -> Result<Option<Time>> {
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
            enqueue_kubelet(ctx, node)?;
            Ok(None)
        }
        (_, since) => Ok(since),
    }
}

fn enqueue_kubelet(ctx: &mut Context<'_>, node: &Object) -> Result<()> {
    let now = ctx.now;
    let node_key = Key::of(node).to_string();
    ctx.server().schedule(kubelet::NAME, &node_key, now, false);
    for pod in ctx.indexed("pods", "node", node.name())? {
        let key = Key::of(&pod).to_string();
        ctx.server().schedule(crate::controllers::kubelet::CONTROLLER.name, &key, now, false);
    }
    Ok(())
}

fn is_unknown(node: &Object) -> bool {
    condition(node, "Ready").is_some_and(|c| c.str("/status") == "Unknown")
}

/// Sets the conditions of a node to Unknown and marks its pods as not ready.
fn set_unknown(ctx: &mut Context<'_>, node: Object) -> Result<Object> {
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

/// Returns the conditions of a node with those of the kubelet set to Unknown.
fn unknown_conditions(node: &Object, now: Time) -> Vec<Value> {
    let mut conditions = node.list("/status/conditions").to_vec();
    for kind in KUBELET_CONDITIONS {
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

/// Sets the condition `Ready` of a pod to False (`MarkPodsNotReady`).
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
    fn conditions_of_the_kubelet_become_unknown() {
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
}
