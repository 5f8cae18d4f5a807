//! The pod garbage collector: pods whose node is gone, pods that terminate on a node declared dead, and ended pods beyond
//! a number that nobody needs any more.

use std::collections::BTreeSet;

use super::node::eviction::mark_disrupted;
use super::node::taints::OUT_OF_SERVICE;
use super::runtime::Result;
use super::shared::pods::is_terminal;
use super::{Action, Context, Controller, Key, Watch};
use crate::api::Propagation;
use crate::store::{Change, ChangeKind};
use kctl_base::object::{Object, ObjectMeta, ValueRead, ValueWrite, condition_is_true};
use kctl_base::sim::{Duration, Time};

/// The controller; its keys are names of nodes, and [`ENDED`].
pub const CONTROLLER: Controller = Controller {
    name: "pod-garbage-collector-controller",
    watches: &[Watch::mapped("nodes", lost_node), Watch::mapped("pods", stray_pod)],
    reconcile,
};

/// The key under which ended pods are counted.
const ENDED: &str = "*";
/// How many ended pods are kept (`--terminated-pod-gc-threshold`).
const ENDED_MAX: usize = 12_500;
/// How often the collector runs.
const PERIOD: Duration = Duration::from_secs(20);
/// How long a node has to be missing before its pods go.
const QUARANTINE: Duration = Duration::from_secs(40);

fn lost_node(change: &Change, _: &mut Context<'_>) -> Result<Vec<Key>> {
    let lost = change.kind == ChangeKind::Deleted || is_out_of_service(&change.object);
    let back = change.kind == ChangeKind::Added;
    Ok((lost || back).then(|| Key::of(&change.object)).into_iter().collect())
}

fn is_out_of_service(node: &Object) -> bool {
    node.list("/spec/taints").iter().any(|t| t.str("/key") == OUT_OF_SERVICE)
}

/// A pod that has ended, is bound to no known node, or begins to terminate on a node that is out of service.
fn stray_pod(change: &Change, ctx: &mut Context<'_>) -> Result<Vec<Key>> {
    let pod = &change.object;
    if change.kind == ChangeKind::Deleted {
        return Ok(Vec::new());
    }
    let mut keys = Vec::new();
    let became = |is: fn(&Object) -> bool| is(pod) && !change.old.as_ref().is_some_and(|old| is(old));
    if became(is_terminal) {
        keys.push(Key::new("", ENDED));
    }
    let name = pod.str("/spec/nodeName");
    let concerns_node = became(|p| !p.str("/spec/nodeName").is_empty()) || became(|p| p.is_deleting());
    if !name.is_empty() && concerns_node && ctx.get("nodes", "", name)?.is_none_or(|n| is_out_of_service(&n)) {
        keys.push(Key::new("", name));
    }
    Ok(keys)
}

fn reconcile(ctx: &mut Context<'_>, key: &Key) -> Result<Action> {
    if key.name == ENDED {
        return collect_ended(ctx);
    }
    let row = format!("missing/{}", key.name);
    match ctx.get("nodes", "", &key.name)? {
        Some(node) => {
            ctx.clear_state(&row);
            collect_out_of_service(ctx, &node)?;
            Ok(Action::AwaitChange)
        }
        None => collect_orphans(ctx, &key.name, &row),
    }
}

/// Pods of a node that is gone fail and go, after a while in which the node may come back.
fn collect_orphans(ctx: &mut Context<'_>, node: &str, row: &str) -> Result<Action> {
    let pods = ctx.indexed("pods", "node", node)?;
    if pods.is_empty() {
        ctx.clear_state(row);
        return Ok(Action::AwaitChange);
    }
    let since = ctx.state::<Time>(row)?;
    let now = ctx.now;
    let since = since.unwrap_or_else(|| {
        ctx.set_state(row, now);
        now
    });
    if since + QUARANTINE > now {
        return Ok(Action::RequeueAt(since + QUARANTINE));
    }
    for pod in pods {
        let message = "PodGC: node no longer exists";
        fail_and_delete(ctx, &pod, message)?;
    }
    ctx.clear_state(row);
    Ok(Action::AwaitChange)
}

/// On a node that a person has declared dead, pods that are to go need not wait for its kubelet.
fn collect_out_of_service(ctx: &mut Context<'_>, node: &Object) -> Result<()> {
    if !is_out_of_service(node) || condition_is_true(node, "Ready") {
        return Ok(());
    }
    for pod in ctx.indexed("pods", "node", node.name())? {
        if pod.is_deleting() {
            fail_and_delete(ctx, &pod, "PodGC: node has out-of-service taint")?;
        }
    }
    Ok(())
}

fn fail_and_delete(ctx: &mut Context<'_>, pod: &Object, message: &str) -> Result<()> {
    if !is_terminal(pod) {
        let marked = mark_disrupted(ctx, pod, "DeletionByPodGC", message)?;
        let mut failed = (*marked).clone();
        failed.put("/status/phase", "Failed");
        ctx.update_status("pods", failed)?;
    }
    ctx.delete_with("pods", pod, Some(0), Propagation::Background)
}

/// Deletes the oldest ended pods beyond the threshold, at most once a period.
fn collect_ended(ctx: &mut Context<'_>) -> Result<Action> {
    let last = ctx.state::<Time>("ended")?;
    if let Some(last) = last.filter(|l| *l + PERIOD > ctx.now) {
        return Ok(Action::ResyncAt(last + PERIOD));
    }
    let now = ctx.now;
    ctx.set_state("ended", now);
    let count = ctx.server().store().keys_by_index("ended", "")?.len();
    if count > ENDED_MAX {
        let pods = ctx.indexed("pods", "ended", "")?;
        let oldest: BTreeSet<(Option<Time>, Key)> = pods.iter().map(|p| (p.creation_time(), Key::of(p))).collect();
        for (_, key) in oldest.into_iter().take(count - ENDED_MAX) {
            if let Some(pod) = ctx.get_key("pods", &key)? {
                ctx.delete_with("pods", &pod, Some(0), Propagation::Background)?;
            }
        }
    }
    Ok(Action::AwaitChange)
}
