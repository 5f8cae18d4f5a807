//! Reconciles a DaemonSet (`syncDaemonSet`): reads nodes, pods and revisions, takes one step, writes the status.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::backoff::Backoff;
use super::placement::{NodeDecision, Placement};
use super::plan::Plan;
use super::view::{Desired, Place, TemplateMark, by_node};
use super::{SETS, placement, plan, rolling, status};
use crate::controllers::history::{self, Created, HASH_LABEL};
use crate::controllers::runtime::Result;
use crate::controllers::shared::selector::label_selector;
use crate::controllers::shared::{claim, pod_control, pods, template};
use crate::controllers::{Action, Context};
use kctl_base::json::Value;
use kctl_base::object::{Object, ObjectMeta, ValueRead, ValueWrite};

/// The number of pods that one reconciliation creates or deletes at most (`BurstReplicas`).
const BURST_REPLICAS: usize = 250;

pub(super) fn run(ctx: &mut Context<'_>, set: &Object) -> Result<Action> {
    if set.is_deleting() {
        return Ok(Action::AwaitChange);
    }
    let selector = label_selector(set);
    let revisions = history::claim(ctx, set, &selector)?;
    let candidates = claim::candidates(ctx, set, "pods", &selector)?;
    let pods = claim::claim(ctx, set, "pods", &selector, candidates)?;
    let mut collisions = set.int("/status/collisionCount");
    let current = current_revision(ctx, set, &revisions, &mut collisions)?;
    let hash = current.label(HASH_LABEL).unwrap_or("").to_string();
    let (desired, places, strays) = survey(ctx, set, &pods, &hash)?;

    let mut backoff = Backoff::read(ctx, set)?;
    let now = ctx.now;
    let mut plan = plan::plan(&desired, &places, |node| backoff.until(node, now).is_some());
    record_terminal_pods(ctx, set, &plan, &mut backoff);
    plan.delete.extend(strays);
    let mut done = carry_out(ctx, set, &pods, &hash, &plan);
    // After a step the pods read above are out of date; their changes enqueue the set again.
    if done.is_ok() && plan.is_empty() {
        if desired.is_rolling {
            done = carry_out(ctx, set, &pods, &hash, &rolling::step(&desired, &places));
        }
        clean_up(ctx, set, &revisions, &current, &pods)?;
    }
    write(ctx, set, status::compute(&places, set.generation(), collisions))?;
    done?;
    let available = pods::next_availability(pods.iter().map(|p| &**p), desired.min_ready, now);
    let retry = plan.waiting.iter().filter_map(|node| backoff.until(node, now)).min();
    Ok(retry
        .map_or(Action::AwaitChange, Action::ResyncAt)
        .earliest(available.map_or(Action::AwaitChange, Action::RequeueAt)))
}

/// Reads the nodes. Returns the set's spec, each node with its pods, and the names of unbound pods whose node does not exist.
fn survey(
    ctx: &mut Context<'_>,
    set: &Object,
    pods: &[Arc<Object>],
    hash: &str,
) -> Result<(Desired, Vec<Place>, Vec<String>)> {
    let nodes = ctx.list("nodes", None)?;
    let placement = Placement::of(set);
    let decisions: Vec<_> = nodes.iter().map(|node| placement.decide(node)).collect();
    let desired = Desired::of(set, decisions.iter().filter(|d| d.should_run).count());
    let mark = TemplateMark { hash, generation: placement::template_generation(set) };
    let mut by_node = by_node(pods, &mark, desired.min_ready, ctx.now);
    let place = |(node, decision): (&Arc<Object>, NodeDecision)| Place {
        node: node.name().into(),
        decision,
        pods: by_node.remove(node.name()).unwrap_or_default(),
    };
    let places = nodes.iter().zip(decisions).map(place).collect();
    let strays = by_node.into_values().flatten().filter(|p| !p.bound && !p.deleting).map(|p| p.name).collect();
    Ok((desired, places, strays))
}

/// Records events about terminal pods, and starts or prolongs the backoff of failed ones.
fn record_terminal_pods(ctx: &mut Context<'_>, set: &Object, plan: &Plan, backoff: &mut Backoff) {
    for ended in &plan.ended {
        let (event_type, reason, what, end) = match ended.failed {
            true => ("Warning", "FailedDaemonPod", "failed", "kill"),
            false => ("Normal", "SucceededDaemonPod", "succeeded", "delete"),
        };
        let (namespace, pod, node) = (set.namespace(), &ended.pod, &ended.node);
        let message = format!("Found {what} daemon pod {namespace}/{pod} on node {node}, will try to {end} it");
        ctx.event(set, event_type, reason, &message);
        if ended.failed {
            backoff.start(node, ctx.now);
        }
    }
    if plan.ended.iter().any(|e| e.failed) {
        backoff.write(ctx, set);
    }
}

fn carry_out(ctx: &mut Context<'_>, set: &Object, pods: &[Arc<Object>], hash: &str, plan: &Plan) -> Result<()> {
    let create = &plan.create[..plan.create.len().min(BURST_REPLICAS)];
    let pod = placement::make_pod(set, hash);
    let attempt = |index: usize| match pod_control::create_pod(ctx, set, placement::tie(&pod, &create[index])) {
        Err(status) if pod_control::is_namespace_terminating(&status) => Ok(()),
        other => other.map(drop),
    };
    let (_, mut done) = pod_control::slow_start_batch(create.len(), attempt);
    for name in plan.delete.iter().take(BURST_REPLICAS) {
        if let Some(pod) = pods.iter().find(|p| p.name() == name) {
            let deleted = pod_control::delete_pod(ctx, set, pod);
            done = done.and(deleted);
        }
    }
    done
}

/// Returns the revision of the current template, with the highest number (`constructHistory`). Creates it where there is none
/// and deletes duplicates.
fn current_revision(
    ctx: &mut Context<'_>,
    set: &Object,
    revisions: &[Arc<Object>],
    collisions: &mut Option<i64>,
) -> Result<Arc<Object>> {
    let data = history::data_of(set);
    let (mut equal, others): (Vec<_>, Vec<_>) = revisions.iter().partition(|r| r.get("data") == Some(&data));
    let number = history::next_number(others);
    if let Some(current) = equal.pop() {
        for duplicate in equal {
            ctx.delete(history::REVISIONS, duplicate)?;
        }
        return history::renumber(ctx, current, history::number(current).max(number));
    }
    loop {
        let hash = template::compute_hash(&set["spec"]["template"], *collisions);
        match history::create(ctx, history::make(set, data.clone(), (HASH_LABEL, &hash), number))? {
            Created::Made(revision) => return Ok(revision),
            Created::Collision => *collisions = Some(collisions.unwrap_or(0) + 1),
        }
    }
}

/// Deletes revisions that no pod has, beyond the history limit (`cleanupHistory`).
fn clean_up(
    ctx: &mut Context<'_>,
    set: &Object,
    revisions: &[Arc<Object>],
    current: &Object,
    pods: &[Arc<Object>],
) -> Result<()> {
    let limit = set.int("/spec/revisionHistoryLimit").unwrap_or(10);
    let in_use: BTreeSet<&str> = pods.iter().filter_map(|p| p.label(HASH_LABEL)).collect();
    let is_live = |revision: &Object| {
        revision.name() == current.name() || revision.label(HASH_LABEL).is_some_and(|hash| in_use.contains(hash))
    };
    for revision in history::surplus(revisions, limit, is_live) {
        ctx.delete(history::REVISIONS, revision)?;
    }
    Ok(())
}

fn write(ctx: &mut Context<'_>, set: &Object, status: Value) -> Result<()> {
    if set.get("status") == Some(&status) {
        return Ok(());
    }
    let mut changed = set.clone();
    changed.put("/status", status);
    match ctx.update_status(SETS, changed) {
        Err(status) if status.is_not_found() => Ok(()),
        other => other.map(drop),
    }
}
