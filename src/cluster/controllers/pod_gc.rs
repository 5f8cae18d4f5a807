//! The pod garbage collector (`pkg/controller/podgc`): deletes pods whose node no longer exists, pods that are being deleted on
//! an out-of-service node, and terminal pods above a threshold.

use std::collections::BTreeSet;

use super::node::taints::{OUT_OF_SERVICE, tainted_node};
use super::runtime::Result;
use super::shared::pod_conditions::mark_disruption_target;
use super::shared::pods::is_terminal;
use super::{Action, Context, Controller, Key, Watch};
use crate::api::Propagation;
use crate::store::{Change, ChangeKind};
use kctl_base::object::{Object, ObjectMeta, ValueRead, ValueWrite, condition_is_true};
use kctl_base::sim::{Duration, Time};

/// The controller; its keys are the names of nodes, and [`TERMINATED`].
pub(super) const CONTROLLER: Controller = Controller {
    name: "pod-garbage-collector-controller",
    watches: &[Watch::mapped("nodes", deleted_or_lost_node), Watch::mapped("pods", collectable_pod)],
    reconcile,
};

/// The key for counting terminal pods.
const TERMINATED: &str = "*";
/// The number of terminal pods to keep (`--terminated-pod-gc-threshold`).
const TERMINATED_MAX: usize = 12_500;
/// The interval between two collections (`gcCheckPeriod`).
const PERIOD: Duration = Duration::from_secs(20);
/// The time for which a node has to be missing before its pods are deleted (`quarantineTime`).
const QUARANTINE: Duration = Duration::from_secs(40);

/// Maps a node to itself when it was deleted, came back, or is out of service.
fn deleted_or_lost_node(change: &Change, _: &mut Context<'_>) -> Result<Vec<Key>> {
    let lost = change.kind == ChangeKind::Deleted || is_out_of_service(&change.object);
    let back = change.kind == ChangeKind::Added;
    Ok((lost || back).then(|| Key::of(&change.object)).into_iter().collect())
}

fn is_out_of_service(node: &Object) -> bool {
    node.list("/spec/taints").iter().any(|t| t.str("/key") == OUT_OF_SERVICE)
}

/// Maps a pod that becomes terminal, is bound to a node that does not exist, or begins to terminate on an out-of-service or
/// missing node.
fn collectable_pod(change: &Change, ctx: &mut Context<'_>) -> Result<Vec<Key>> {
    let pod = &change.object;
    if change.kind == ChangeKind::Deleted {
        return Ok(Vec::new());
    }
    let mut keys = Vec::new();
    let became = |is: fn(&Object) -> bool| is(pod) && !change.old.as_ref().is_some_and(|old| is(old));
    if became(is_terminal) {
        keys.push(Key::new("", TERMINATED));
    }
    let node = pod.str("/spec/nodeName");
    let is_concerned = match node.is_empty() {
        true => false,
        false if became(|p| p.is_deleting()) => {
            !ctx.exists("nodes", "", node)? || tainted_node(ctx, node)?.is_some_and(|node| is_out_of_service(&node))
        }
        false => became(|p| !p.str("/spec/nodeName").is_empty()) && !ctx.exists("nodes", "", node)?,
    };
    keys.extend(is_concerned.then(|| Key::new("", node)));
    Ok(keys)
}

fn reconcile(ctx: &mut Context<'_>, key: &Key) -> Result<Action> {
    if key.name == TERMINATED {
        return collect_terminated(ctx);
    }
    let row = format!("missing/{}", key.name);
    match ctx.get("nodes", "", &key.name)? {
        Some(node) => {
            ctx.clear_state(&row);
            collect_out_of_service(ctx, &node)?;
            Ok(Action::AwaitChange)
        }
        None => collect_orphaned(ctx, &key.name, &row),
    }
}

/// Fails and deletes the pods of a node that no longer exists (`gcOrphaned`), after a quarantine in which it may come back.
fn collect_orphaned(ctx: &mut Context<'_>, node: &str, row: &str) -> Result<Action> {
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

/// Fails and deletes the pods that are being deleted on an out-of-service node (`gcTerminating`): they need not wait for its
/// kubelet.
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
        let marked = mark_disruption_target(ctx, pod, "DeletionByPodGC", message)?;
        let mut failed = (*marked).clone();
        failed.put("/status/phase", "Failed");
        ctx.update_status("pods", failed)?;
    }
    ctx.delete_with("pods", pod, Some(0), Propagation::Background)
}

/// Deletes the oldest terminal pods above the threshold (`gcTerminated`), at most once a period.
fn collect_terminated(ctx: &mut Context<'_>) -> Result<Action> {
    let last = ctx.state::<Time>("ended")?;
    if let Some(last) = last.filter(|l| *l + PERIOD > ctx.now) {
        return Ok(Action::ResyncAt(last + PERIOD));
    }
    let now = ctx.now;
    ctx.set_state("ended", now);
    let count = ctx.server().store().keys_by_index("ended", "")?.len();
    if count > TERMINATED_MAX {
        let pods = ctx.indexed("pods", "ended", "")?;
        let oldest: BTreeSet<(Option<Time>, Key)> = pods.iter().map(|p| (p.creation_time(), Key::of(p))).collect();
        for (_, key) in oldest.into_iter().take(count - TERMINATED_MAX) {
            if let Some(pod) = ctx.get_key("pods", &key)? {
                ctx.delete_with("pods", &pod, Some(0), Propagation::Background)?;
            }
        }
    }
    Ok(Action::AwaitChange)
}
