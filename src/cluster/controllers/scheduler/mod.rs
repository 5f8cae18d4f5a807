//! The default scheduler (`kube-scheduler`): binds pending pods to nodes.
//!
//! The controller has one key, its queue, so that all pending pods are scheduled in one reconciliation, the most important
//! first. Each pod passes through a scheduling cycle ([`schedule_one`], after `pkg/scheduler/schedule_one.go`): PreFilter
//! gathers what decides about the pod, [`filters`] drops the nodes that do not fit, [`scoring`] ranks the others, and if no
//! node fits [`preemption`] may evict pods of lower priority. A binding is applied to the [`cache`] at once, so that every
//! decision sees those before it, while the other controllers see all bindings of the reconciliation together.
//!
//! Unschedulable pods are kept in an index of the store. They are retried when a change may help ([`event_handlers`]), and
//! every five minutes. The allocation of devices ([`resource_claims`]), attach limits of volumes and storage capacity are not simulated.

mod cache;
mod event_handlers;
mod explain;
mod filters;
mod interpod_affinity;
mod node_identity;
mod node_info;
mod node_usage;
mod nodes;
mod pod_info;
mod pod_topology_spread;
mod preemption;
mod queue;
mod ratings;
mod report;
mod resource_claims;
mod resources;
mod schedule_one;
mod scoring;
mod spread_selectors;
pub(super) mod terms;
#[cfg(test)]
mod tests;
mod volume_binding;

use std::sync::Arc;

use super::runtime::Result;
use super::{Action, Context, Controller, Key, Watch};
use crate::api::{Body, Request, Verb};
use cache::Cache;
pub(crate) use explain::{Placement, explain, next_retry};
use kctl_base::json::json;
use kctl_base::object::{Object, ObjectMeta, ValueRead};
use kctl_base::sim::Duration;
use kctl_kinds::core::pod::{PENDING_POD_AFFINITY_INDEX, is_terminal};
use report::Failure;
use schedule_one::{ScheduleResult, schedule_pod};

/// The controller.
pub(super) const CONTROLLER: Controller = Controller {
    name: NAME,
    watches: &[
        Watch::mapped("pods", event_handlers::pods),
        Watch::mapped("nodes", event_handlers::nodes),
        Watch::mapped("namespaces", event_handlers::namespaces),
        Watch::mapped("services", event_handlers::services),
        Watch::mapped("persistentvolumeclaims", event_handlers::claims),
        Watch::mapped("persistentvolumes", event_handlers::claims),
        Watch::mapped("storageclasses.storage.k8s.io", event_handlers::claims),
        Watch::mapped("resourceclaims.resource.k8s.io", event_handlers::claims),
        Watch::mapped("deviceclasses.resource.k8s.io", event_handlers::claims),
    ],
    reconcile,
};

/// The name of the scheduler, as pods name it and as its controller.
pub(crate) const NAME: &str = "default-scheduler";
/// Key that schedules the queued pods.
const QUEUE: &str = "queue";
/// Key that retries all unschedulable pods.
const FLUSH: &str = "flush";
/// Longest time that an unschedulable pod is not retried (`DefaultPodMaxInUnschedulablePodsDuration`).
const FLUSH_AFTER: Duration = Duration::from_secs(300);
/// Index of pending pods by scheduler.
const PENDING_INDEX: &str = "unscheduled";

fn reconcile(ctx: &mut Context<'_>, key: &Key) -> Result<Action> {
    let mut cache: Cache = ctx.take_cache();
    let result = schedule_pending(ctx, &mut cache, key.name == FLUSH);
    cache.save_nodes(ctx);
    ctx.put_cache(cache);
    result
}

/// Outcome of one attempt to schedule a pod.
enum Attempt {
    /// The pod is bound, or its volumes are being bound first.
    Scheduled,
    /// The pod stays pending.
    Unschedulable,
    /// The pod stays pending until evicted pods are gone. Their eviction has to take effect before the next attempt.
    Preempted,
}

/// Schedules until the queue is empty; with `flush` all unschedulable pods are queued first.
fn schedule_pending(ctx: &mut Context<'_>, cache: &mut Cache, flush: bool) -> Result<Action> {
    cache.apply_events(ctx)?;
    if std::mem::take(&mut cache.retry_all) || flush {
        queue_pending(ctx, cache, PENDING_INDEX)?;
    }
    let mut has_unschedulable = false;
    loop {
        let Some(key) = cache.queue.pop() else {
            let retry = std::mem::take(&mut cache.retry_pods_with_affinity);
            if retry && queue_pending(ctx, cache, PENDING_POD_AFFINITY_INDEX)? {
                continue;
            }
            break;
        };
        let Some(pod) = ctx.get_key("pods", &key)?.filter(|p| is_pending(p)) else { continue };
        match attempt(ctx, cache, &pod, flush)? {
            Attempt::Scheduled => {}
            Attempt::Unschedulable => has_unschedulable = true,
            Attempt::Preempted => {
                has_unschedulable = true;
                break;
            }
        }
    }
    let due = ctx.now + FLUSH_AFTER;
    if flush {
        return Ok(if has_unschedulable { Action::ResyncAt(due) } else { Action::AwaitChange });
    }
    let flush_key = Key::new("", FLUSH);
    if has_unschedulable && !ctx.is_scheduled(&flush_key)? {
        ctx.server().schedule(NAME, &flush_key.to_string(), due, true);
    }
    Ok(Action::AwaitChange)
}

/// Reports whether a pod is for this scheduler and can be scheduled now.
fn is_pending(pod: &Object) -> bool {
    pod.str("/spec/nodeName").is_empty()
        && pod.str("/spec/schedulerName") == NAME
        && !pod.is_deleting()
        && !is_terminal(pod)
        && pod.list("/spec/schedulingGates").is_empty()
}

/// Queues the pending pods of an index; returns false if there are none.
fn queue_pending(ctx: &mut Context<'_>, cache: &mut Cache, index: &str) -> Result<bool> {
    let mut pods = ctx.indexed("pods", index, NAME)?;
    pods.retain(|p| is_pending(p));
    pods.iter().for_each(|p| cache.queue.push(p));
    Ok(!pods.is_empty())
}

/// Schedules one pod. With `repeat_event` a failure is recorded as an event even if it is the same as before.
fn attempt(ctx: &mut Context<'_>, cache: &mut Cache, pod: &Arc<Object>, repeat_event: bool) -> Result<Attempt> {
    let failure = match schedule_pod(ctx, cache, pod) {
        Ok(ScheduleResult::Node(node)) => match bind(ctx, pod, &node) {
            Ok(bound) => {
                cache.assume(bound);
                cache.apply_events(ctx)?;
                return Ok(Attempt::Scheduled);
            }
            Err(status) => Failure::error(&status),
        },
        Ok(ScheduleResult::BindingVolumes) => return Ok(Attempt::Scheduled),
        Ok(ScheduleResult::Unschedulable(failure)) => failure,
        Err(status) => Failure::error(&status),
    };
    report::scheduling_failure(ctx, pod, &failure, repeat_event)?;
    let preempted = failure.nominated_node.is_some_and(|node| !node.is_empty());
    Ok(if preempted { Attempt::Preempted } else { Attempt::Unschedulable })
}

/// Binds a pod to a node and records the event; returns the bound pod.
fn bind(ctx: &mut Context<'_>, pod: &Object, node: &str) -> Result<Arc<Object>> {
    let binding = json!({
        "apiVersion": "v1", "kind": "Binding", "metadata": {"name": pod.name(), "namespace": pod.namespace()},
        "target": {"kind": "Node", "name": node},
    });
    let request = Request::new(Verb::Create, "pods", pod.namespace(), pod.name());
    let bound = ctx.send(request.subresource("binding").body(Body::Object(binding)))?.into_object();
    let text = format!("Successfully assigned {}/{} to {node}", pod.namespace(), pod.name());
    ctx.event(pod, "Normal", "Scheduled", &text);
    Ok(bound)
}
