//! The scheduler: finds a node for every pod that has none.
//!
//! It has one key, the queue. A round ([`reconcile`]) works in what has happened ([`cache`]) and takes pods out of the queue,
//! most important first, until it is empty. Every binding is worked in at once, so that each decision sees the ones before
//! it, while the other controllers see all of them together. A pod goes through three steps: what decides about it is gathered ([`cycle`]), nodes
//! that do not take it are dropped ([`filters`]), the best of the others is chosen ([`scores`]). Where no node is left,
//! less important pods may have to go ([`preempt`]).
//!
//! Pods that found no node wait (the store has an index of them) until something changes that may help, and are tried again
//! every five minutes in any case. Dynamic resource claims, limits of attached volumes and storage capacities are not
//! simulated.

mod cache;
mod cycle;
mod event_handlers;
mod filters;
mod near;
mod preempt;
mod report;
mod resources;
mod scores;
mod spread;
pub(super) mod terms;
#[cfg(test)]
mod tests;
mod view;
mod volumes;

use std::sync::Arc;

use super::runtime::Result;
use super::{Action, Context, Controller, Key, Watch};
use crate::api::{Body, Request, Verb};
use cache::Cache;
use kctl_base::json::json;
use kctl_base::object::{Object, ObjectMeta, ValueRead};
use kctl_base::sim::Duration;
use report::Failure;

/// The controller.
pub(super) const CONTROLLER: Controller = Controller {
    name: NAME,
    watches: &[
        Watch::mapped("pods", event_handlers::pods),
        Watch::mapped("nodes", event_handlers::nodes),
        Watch::mapped("namespaces", event_handlers::namespaces),
        Watch::mapped("services", event_handlers::services),
        Watch::mapped("persistentvolumeclaims", event_handlers::storage),
        Watch::mapped("persistentvolumes", event_handlers::storage),
        Watch::mapped("storageclasses.storage.k8s.io", event_handlers::storage),
    ],
    reconcile,
};

const NAME: &str = "default-scheduler";
/// The key of a round.
const QUEUE: &str = "queue";
/// The key under which all waiting pods are tried again.
const FLUSH: &str = "flush";
/// How long a pod waits when nothing changes.
const FLUSH_AFTER: Duration = Duration::from_secs(300);

fn reconcile(ctx: &mut Context<'_>, key: &Key) -> Result<Action> {
    let mut cache: Cache = ctx.take_cache();
    let result = round(ctx, &mut cache, key.name == FLUSH);
    ctx.put_cache(cache);
    result
}

/// How the attempt to place a pod ended.
enum Attempt {
    /// It is on its node, or its volumes are on their way.
    Placed,
    /// It waits.
    Failed,
    /// It waits for others to go. What follows from that has to happen before the next pod is looked at.
    Cleared,
}

/// Schedules until no pod is left in the queue.
fn round(ctx: &mut Context<'_>, cache: &mut Cache, flush: bool) -> Result<Action> {
    cache.work_in(ctx)?;
    if std::mem::take(&mut cache.moved) || flush {
        refill(ctx, cache, "unscheduled")?;
    }
    let mut waiting = false;
    loop {
        let Some(key) = cache.pop() else {
            if std::mem::take(&mut cache.joined) && refill(ctx, cache, "unscheduled-social")? {
                continue;
            }
            break;
        };
        let Some(pod) = ctx.get_key("pods", &key)?.filter(|p| waits(p)) else { continue };
        match attempt(ctx, cache, &pod, flush)? {
            Attempt::Placed => {}
            Attempt::Failed => waiting = true,
            Attempt::Cleared => {
                waiting = true;
                break;
            }
        }
    }
    let due = ctx.now + FLUSH_AFTER;
    if flush {
        return Ok(if waiting { Action::ResyncAt(due) } else { Action::AwaitChange });
    }
    let flush_key = Key::new("", FLUSH).to_string();
    if waiting && ctx.server().store().scheduled(NAME, &flush_key)?.is_none() {
        ctx.server().schedule(NAME, &flush_key, due, true);
    }
    Ok(Action::AwaitChange)
}

/// Whether a pod is to be scheduled here and now.
fn waits(pod: &Object) -> bool {
    pod.str("/spec/nodeName").is_empty()
        && pod.str("/spec/schedulerName") == NAME
        && !pod.is_deleting()
        && !view::has_ended(pod)
        && pod.list("/spec/schedulingGates").is_empty()
}

/// Puts the waiting pods of an index into the queue; whether there are any.
fn refill(ctx: &mut Context<'_>, cache: &mut Cache, index: &str) -> Result<bool> {
    let mut pods = ctx.indexed("pods", index, NAME)?;
    pods.retain(|p| waits(p));
    pods.iter().for_each(|p| cache.enqueue(p));
    Ok(!pods.is_empty())
}

/// Tries to place one pod.
fn attempt(ctx: &mut Context<'_>, cache: &mut Cache, pod: &Arc<Object>, again: bool) -> Result<Attempt> {
    let failure = match cycle::place(ctx, cache, pod) {
        Ok(cycle::Placement::On(node)) => match bind(ctx, pod, &node) {
            Ok(bound) => {
                cache.note_binding(bound);
                cache.work_in(ctx)?;
                return Ok(Attempt::Placed);
            }
            Err(status) => Failure { reason: "SchedulerError", message: status.to_string(), nominated: None },
        },
        Ok(cycle::Placement::Preparing) => return Ok(Attempt::Placed),
        Ok(cycle::Placement::Nowhere(failure)) => failure,
        Err(status) => Failure { reason: "SchedulerError", message: status.to_string(), nominated: None },
    };
    report::failed(ctx, pod, &failure, again)?;
    Ok(if failure.nominated.is_some_and(|node| !node.is_empty()) { Attempt::Cleared } else { Attempt::Failed })
}

/// Binds a pod to a node and tells so; answers the pod as it is then.
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
