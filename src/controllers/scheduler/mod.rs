//! The scheduler: gives every pod a node that can take it.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{Action, Context, Controller, Key, Wake};
use crate::api::{Request, Server};
use crate::machinery::object::{Meta, Object, Reading};
use crate::machinery::status::Status;
use crate::store::Change;

/// The controller.
pub(super) const CONTROLLER: Controller =
    Controller { name: "default-scheduler", wakes: &[Wake::custom("pods", unbound)], reconcile };

fn unbound(change: &Change, _: &mut Server) -> Vec<Key> {
    let waits = change.object.str("/spec/nodeName").is_empty() && !change.object.is_deleting();
    if waits { vec![Key::of(&change.object)] } else { Vec::new() }
}

fn reconcile(ctx: &mut Context<'_>, key: &Key) -> Result<Action, Status> {
    let Some(pod) = ctx.get_key("pods", key)? else { return Ok(Action::Done) };
    if !pod.str("/spec/nodeName").is_empty() || pod.is_deleting() {
        return Ok(Action::Done);
    }
    let nodes = ctx.list("nodes", None)?;
    let mut best: Option<(usize, Arc<Object>)> = None;
    for node in nodes.into_iter().filter(|n| fits(&pod, n)) {
        let load = ctx.indexed("pods", "node", node.name())?.len();
        if best.as_ref().is_none_or(|(l, _)| load < *l) {
            best = Some((load, node));
        }
    }
    let Some((_, node)) = best else { return Ok(Action::Done) };
    let binding = json!({"apiVersion": "v1", "kind": "Binding", "metadata": {"name": pod.name()}, "target": {"kind": "Node", "name": node.name()}});
    ctx.send(
        Request { name: pod.name().into(), ..Request::create("pods", pod.namespace(), binding) }.subresource("binding"),
    )?;
    let text = format!("Successfully assigned {}/{} to {}", pod.namespace(), pod.name(), node.name());
    ctx.event(&pod, "Normal", "Scheduled", &text);
    Ok(Action::Done)
}

fn fits(pod: &Object, node: &Object) -> bool {
    let tolerated = |taint: &Value| {
        pod.list("/spec/tolerations").iter().any(|t| {
            let key = t.str("/key").is_empty() || t.str("/key") == taint.str("/key");
            let effect = t.str("/effect").is_empty() || t.str("/effect") == taint.str("/effect");
            key && effect && (t.str("/operator") == "Exists" || t.str("/value") == taint.str("/value"))
        })
    };
    let taints = node
        .list("/spec/taints")
        .iter()
        .filter(|t| t.str("/effect") != "PreferNoSchedule" && t.str("/key") != "node.kubernetes.io/not-ready");
    let labels = node.labels();
    let selected = pod.strings("/spec/nodeSelector").iter().all(|(k, v)| labels.get(k) == Some(v));
    selected && !node.flag("/spec/unschedulable") && taints.into_iter().all(tolerated)
}
