//! Taint-based eviction (`pkg/controller/tainteviction/taint_eviction.go`): deletes pods that do not tolerate a NoExecute taint
//! of their node, at once or after `tolerationSeconds`.

use super::taints::{self, TolerationTime};
use crate::controllers::runtime::Result;
use crate::controllers::shared::pod_conditions::mark_disruption_target;
use crate::controllers::{Action, Context, Controller, Key, Watch};
use crate::store::{Change, ChangeKind};
use kctl_base::json::Value;
use kctl_base::object::{Object, ObjectMeta, ValueRead};
use kctl_base::sim::{Duration, Time};

/// The controller; its keys are pods.
pub(in crate::controllers) const CONTROLLER: Controller = Controller {
    name: "taint-eviction-controller",
    watches: &[Watch::mapped("nodes", pods_of_node), Watch::mapped("pods", bound_pod)],
    reconcile,
};

/// Maps a change of NoExecute taints to the pods of the node.
fn pods_of_node(change: &Change, ctx: &mut Context<'_>) -> Result<Vec<Key>> {
    let before = change.old.as_deref().map(taints::no_execute).unwrap_or_default();
    if change.kind == ChangeKind::Deleted || taints::no_execute(&change.object) == before {
        return Ok(Vec::new());
    }
    let pods = ctx.indexed("pods", "node", change.object.name())?;
    Ok(pods.iter().map(|p| Key::of(p)).collect())
}

/// Maps a change to the pod, if it was bound or deleted or its tolerations have changed.
fn bound_pod(change: &Change, _: &mut Context<'_>) -> Result<Vec<Key>> {
    fn relevant_fields(pod: &Object) -> (&str, &[Value]) {
        (pod.str("/spec/nodeName"), pod.list("/spec/tolerations"))
    }
    let changed = change.kind == ChangeKind::Deleted
        || change.old.as_ref().is_none_or(|old| relevant_fields(old) != relevant_fields(&change.object));
    let is_relevant = changed && !change.object.str("/spec/nodeName").is_empty();
    Ok(is_relevant.then(|| Key::of(&change.object)).into_iter().collect())
}

/// Decision about a pod.
#[derive(Debug, PartialEq, Eq)]
enum Plan {
    /// No eviction, or none any more.
    Keep,
    /// Evict now.
    Evict,
    /// Evict at an instant, unless the taint is removed.
    EvictAt(Time),
}

/// Decides about a pod; `since` is when it was first seen on the tainted node.
fn plan(pod: &Object, taints: &[&Value], since: Time, now: Time) -> Plan {
    if taints.is_empty() || pod.is_deleting() {
        return Plan::Keep;
    }
    match taints::toleration_time(pod, taints) {
        TolerationTime::Forever => Plan::Keep,
        TolerationTime::Seconds(seconds) => match since + Duration::from_secs(seconds) {
            at if at <= now => Plan::Evict,
            at => Plan::EvictAt(at),
        },
    }
}

fn reconcile(ctx: &mut Context<'_>, key: &Key) -> Result<Action> {
    let row = ["since/", &key.text()].concat();
    let since = ctx.state::<Time>(&row)?;
    let Some(pod) = ctx.get_key("pods", key)? else {
        ctx.clear_state(&row);
        return Ok(Action::AwaitChange);
    };
    let node = taints::tainted_node(ctx, pod.str("/spec/nodeName"))?;
    let taints = node.as_deref().map(taints::no_execute).unwrap_or_default();
    match plan(&pod, &taints, since.unwrap_or(ctx.now), ctx.now) {
        Plan::Keep => {
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
    mark_disruption_target(ctx, pod, "DeletionByTaintManager", message)?;
    ctx.delete("pods", pod)
}

#[cfg(test)]
mod tests {
    use super::*;
    use kctl_base::json::json;

    #[test]
    fn toleration_seconds_count_from_the_taint() {
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
            (pod(None), vec![&taint], 0, Plan::Keep),
            (pod(Some(5)), vec![&taint], 3, Plan::EvictAt(at(5))),
            (pod(Some(5)), vec![&taint], 5, Plan::Evict),
            (pod(Some(5)), vec![], 5, Plan::Keep),
            (json!({"metadata": {}}), vec![&taint], 0, Plan::Evict),
            (json!({"metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z"}}), vec![&taint], 0, Plan::Keep),
        ];
        for (pod, taints, now, want) in cases {
            assert_eq!(plan(&pod, &taints, at(0), at(now)), want, "{pod} at {now}");
        }
    }
}
