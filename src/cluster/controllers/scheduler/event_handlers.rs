//! Changes that concern the scheduler (`pkg/scheduler/eventhandlers.go`). They are recorded in the cache, which applies them
//! at the beginning of the next scheduling cycle.

use std::sync::Arc;

use super::cache::Cache;
use super::pod_info::{is_assigned, nominated_node, uses_other_resources};
use super::{QUEUE, is_pending};
use crate::controllers::runtime::Result;
use crate::controllers::{Context, Key};
use crate::store::{Change, ChangeKind};
use kctl_base::object::{Object, ObjectMeta, ValueRead};

/// Returns the object after a change; `None` after a deletion.
fn after(change: &Change) -> Option<&Arc<Object>> {
    (change.kind != ChangeKind::Deleted).then_some(&change.object)
}

/// Returns the key of the queue if there is anything to do.
fn queue_key(cache: &Cache) -> Vec<Key> {
    if cache.has_work() { vec![Key::new("", QUEUE)] } else { Vec::new() }
}

/// Handles a change of a pod: an assigned pod changes its node, a pending one is queued.
pub(super) fn pods(change: &Change, ctx: &mut Context<'_>) -> Result<Vec<Key>> {
    let cache: &mut Cache = ctx.cache();
    let (old, new) = (change.old.as_ref(), after(change));
    if cache.confirm_assumed(old, new) {
        return Ok(queue_key(cache));
    }
    let (old_assigned, new_assigned) = (old.filter(|p| is_assigned(p)), new.filter(|p| is_assigned(p)));
    if old_assigned.is_some() || new_assigned.is_some() {
        let both = old_assigned.zip(new_assigned);
        if !both.is_some_and(|(old, new)| is_equivalent(old, new)) {
            cache.pod_changed(old_assigned.cloned(), new_assigned.cloned());
            cache.retry_all |= new_assigned.is_none() || both.is_some_and(|(old, new)| uses_other_resources(old, new));
            cache.retry_pods_with_affinity = true;
        }
    }
    pending_pod(cache, old, new, &change.object);
    Ok(queue_key(cache))
}

/// Reports whether two versions of an assigned pod make no difference to the scheduler.
fn is_equivalent(old: &Object, new: &Object) -> bool {
    old.generation() == new.generation()
        && old.str("/spec/nodeName") == new.str("/spec/nodeName")
        && old.is_deleting() == new.is_deleting()
        && has_same_labels(old, new)
        && !uses_other_resources(old, new)
}

fn has_same_labels(old: &Object, new: &Object) -> bool {
    old["metadata"].get("labels") == new["metadata"].get("labels")
}

fn pending_pod(cache: &mut Cache, old: Option<&Arc<Object>>, new: Option<&Arc<Object>>, last: &Arc<Object>) {
    let is_nominated = |pod: &Arc<Object>| !nominated_node(pod).is_empty();
    let pending = new.filter(|p| is_pending(p));
    if old.is_some_and(is_nominated) || pending.is_some_and(is_nominated) {
        cache.set_nominated(last, pending.is_some());
        // A pod that is no longer pending, and not bound either, releases the room that was reserved for it.
        cache.retry_all |= pending.is_none() && last.str("/spec/nodeName").is_empty();
    }
    let Some(pod) = pending else { return };
    if old.is_none_or(|old| old["spec"] != pod["spec"] || !has_same_labels(old, pod)) {
        cache.queue.push(pod);
    }
}

/// Handles a change of a node, if it concerns any filter or score.
pub(super) fn nodes(change: &Change, ctx: &mut Context<'_>) -> Result<Vec<Key>> {
    const RELEVANT: [&str; 6] =
        ["/metadata/uid", "/metadata/labels", "/spec", "/status/allocatable", "/status/capacity", "/status/images"];
    let new = after(change);
    let is_same = |old: &Object, new: &Object| RELEVANT.iter().all(|part| old.pointer(part) == new.pointer(part));
    if change.old.as_ref().zip(new).is_some_and(|(old, new)| is_same(old, new)) {
        return Ok(Vec::new());
    }
    let cache: &mut Cache = ctx.cache();
    cache.node_changed(change.object.name(), new.cloned());
    cache.retry_all = true;
    Ok(queue_key(cache))
}

/// Handles a change of what pods claim, a volume or devices, or of its class: pods may wait for it.
pub(super) fn claims(change: &Change, ctx: &mut Context<'_>) -> Result<Vec<Key>> {
    if after(change).is_none() && change.key.resource != "persistentvolumeclaims" {
        return Ok(Vec::new());
    }
    let cache: &mut Cache = ctx.cache();
    cache.retry_all = true;
    Ok(queue_key(cache))
}

/// Handles a change of a namespace: affinity terms may select namespaces by their labels.
pub(super) fn namespaces(change: &Change, ctx: &mut Context<'_>) -> Result<Vec<Key>> {
    let labels = |namespace: &Arc<Object>| namespace["metadata"].get("labels").cloned();
    if change.old.as_ref().map(labels) == after(change).map(labels) {
        return Ok(Vec::new());
    }
    let cache: &mut Cache = ctx.cache();
    cache.namespaces_changed();
    cache.retry_pods_with_affinity = true;
    Ok(queue_key(cache))
}

/// Handles a change of a service: its selector decides which pods are spread by default.
pub(super) fn services(change: &Change, ctx: &mut Context<'_>) -> Result<Vec<Key>> {
    if change.old.as_ref().map(|o| &o["spec"]) != after(change).map(|o| &o["spec"]) {
        ctx.cache::<Cache>().spread_selectors.clear();
    }
    Ok(Vec::new())
}
