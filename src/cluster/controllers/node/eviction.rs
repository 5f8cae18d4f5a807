//! Taint eviction: pods leave a node whose NoExecute taints they do not tolerate, at once or when their patience ends.

use std::sync::Arc;

use super::taints::{self, Stay};
use crate::controllers::runtime::Result;
use crate::controllers::{Action, Context, Controller, Key, Watch};
use crate::store::{Change, ChangeKind};
use kctl_base::json::{Value, json};
use kctl_base::object::{Object, ObjectMeta, ValueRead, ValueWrite};
use kctl_base::sim::{Duration, Time};

/// The controller; its keys are pods.
pub const CONTROLLER: Controller = Controller {
    name: "taint-eviction-controller",
    watches: &[Watch::mapped("nodes", pods_of_tainted), Watch::mapped("pods", bound)],
    reconcile,
};

/// The pods of a node whose NoExecute taints have changed.
fn pods_of_tainted(change: &Change, ctx: &mut Context<'_>) -> Result<Vec<Key>> {
    let now = taints::no_execute(&change.object);
    let before = change.old.as_ref().map(|o| taints_of(o)).unwrap_or_default();
    if change.kind == ChangeKind::Deleted || now.iter().copied().eq(before.iter()) {
        return Ok(Vec::new());
    }
    let pods = ctx.indexed("pods", "node", change.object.name())?;
    Ok(pods.iter().map(|p| Key::of(p)).collect())
}

fn taints_of(node: &Object) -> Vec<Value> {
    taints::no_execute(node).into_iter().cloned().collect()
}

/// A pod that has come to its node, or tolerates something else than before, or has gone.
fn bound(change: &Change, _: &mut Context<'_>) -> Result<Vec<Key>> {
    fn concerns(pod: &Object) -> (&str, &[Value]) {
        (pod.str("/spec/nodeName"), pod.list("/spec/tolerations"))
    }
    let changed = change.kind == ChangeKind::Deleted
        || change.old.as_ref().is_none_or(|old| concerns(old) != concerns(&change.object));
    let relevant = changed && !change.object.str("/spec/nodeName").is_empty();
    Ok(relevant.then(|| Key::of(&change.object)).into_iter().collect())
}

/// What is to be done about a pod.
#[derive(Debug, PartialEq, Eq)]
enum Plan {
    /// Nothing threatens it.
    Leave,
    /// It goes now.
    Evict,
    /// It goes then, unless the taint does.
    EvictAt(Time),
}

/// The decision; `since` is when the pod's patience began to run.
fn plan(pod: &Object, taints: &[&Value], since: Time, now: Time) -> Plan {
    if taints.is_empty() || pod.is_deleting() {
        return Plan::Leave;
    }
    match taints::stay(pod, taints) {
        Stay::Forever => Plan::Leave,
        Stay::Seconds(seconds) => match since + Duration::from_secs(seconds) {
            at if at <= now => Plan::Evict,
            at => Plan::EvictAt(at),
        },
    }
}

fn reconcile(ctx: &mut Context<'_>, key: &Key) -> Result<Action> {
    let row = format!("since/{key}");
    let since = ctx.state::<Time>(&row)?;
    let Some(pod) = ctx.get_key("pods", key)? else {
        ctx.clear_state(&row);
        return Ok(Action::AwaitChange);
    };
    let node = ctx.get("nodes", "", pod.str("/spec/nodeName"))?;
    let tainted = node.as_deref().map(taints::no_execute).unwrap_or_default();
    match plan(&pod, &tainted, since.unwrap_or(ctx.now), ctx.now) {
        Plan::Leave => {
            if since.is_some() {
                ctx.clear_state(&row);
                if !pod.is_deleting() {
                    let text = format!("Cancelling deletion of Pod {key}");
                    ctx.event(&pod, "Normal", "TaintManagerEviction", &text);
                }
            }
            Ok(Action::AwaitChange)
        }
        Plan::Evict => {
            ctx.clear_state(&row);
            evict(ctx, key, &pod)?;
            Ok(Action::AwaitChange)
        }
        Plan::EvictAt(at) => {
            if since.is_none() {
                let now = ctx.now;
                ctx.set_state(&row, now);
            }
            Ok(Action::RequeueAt(at))
        }
    }
}

fn evict(ctx: &mut Context<'_>, key: &Key, pod: &Object) -> Result<()> {
    ctx.event(pod, "Normal", "TaintManagerEviction", &format!("Marking for deletion Pod {key}"));
    let message = "Taint manager: deleting due to NoExecute taint";
    mark_disrupted(ctx, pod, "DeletionByTaintManager", message)?;
    ctx.delete("pods", pod)
}

/// Tells in the pod's status why it is taken away.
pub(in crate::controllers) fn mark_disrupted(
    ctx: &mut Context<'_>,
    pod: &Object,
    reason: &str,
    message: &str,
) -> Result<Arc<Object>> {
    let mut new = pod.clone();
    let mut condition = json!({"type": "DisruptionTarget", "status": "True", "reason": reason, "message": message,
                               "lastProbeTime": null, "lastTransitionTime": ctx.now.rfc3339()});
    if pod.generation() > 0 {
        condition["observedGeneration"] = pod.generation().into();
    }
    let list = new.list_mut("/status/conditions");
    list.retain(|c| c.str("/type") != "DisruptionTarget");
    list.push(condition);
    ctx.update_status("pods", new)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patience_runs_from_the_taint_on() {
        let taint = json!({"key": taints::UNREACHABLE, "effect": "NoExecute"});
        let pod = |seconds: Option<i64>| {
            let mut toleration = json!({"key": taints::UNREACHABLE, "operator": "Exists", "effect": "NoExecute"});
            if let Some(seconds) = seconds {
                toleration["tolerationSeconds"] = seconds.into();
            }
            json!({"metadata": {}, "spec": {"tolerations": [toleration]}})
        };
        let at = Time::from_secs;
        let cases = [
            (pod(None), vec![&taint], 0, Plan::Leave),
            (pod(Some(5)), vec![&taint], 3, Plan::EvictAt(at(5))),
            (pod(Some(5)), vec![&taint], 5, Plan::Evict),
            (pod(Some(5)), vec![], 5, Plan::Leave),
            (json!({"metadata": {}}), vec![&taint], 0, Plan::Evict),
            (json!({"metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z"}}), vec![&taint], 0, Plan::Leave),
        ];
        for (pod, taints, now, want) in cases {
            assert_eq!(plan(&pod, &taints, at(0), at(now)), want, "{pod} at {now}");
        }
    }
}
