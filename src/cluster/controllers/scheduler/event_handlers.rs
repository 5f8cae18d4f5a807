//! What of all that happens concerns the scheduler. Noted in the cache here, worked in by the next round.

use std::sync::Arc;

use super::cache::Cache;
use super::view::takes_room;
use super::{QUEUE, waits};
use crate::controllers::runtime::Result;
use crate::controllers::{Context, Key};
use crate::store::{Change, ChangeKind};
use kctl_base::object::{Object, ObjectMeta, ValueRead};

/// The object after a change, unless that was its end.
fn after(change: &Change) -> Option<&Arc<Object>> {
    (change.kind != ChangeKind::Deleted).then_some(&change.object)
}

/// The key of the next round, if there is anything to do in it.
fn next_round(cache: &Cache) -> Vec<Key> {
    if cache.has_work() { vec![Key::new("", QUEUE)] } else { Vec::new() }
}

/// Pods: those that wait, those that take room, those that stand near others.
pub(super) fn pods(change: &Change, ctx: &mut Context<'_>) -> Result<Vec<Key>> {
    let cache: &mut Cache = ctx.cache();
    let (old, new) = (change.old.as_ref(), after(change));
    let (was, is) = (old.filter(|p| takes_room(p)), new.filter(|p| takes_room(p)));
    if cache.is_own_binding(old, new) {
        return Ok(next_round(cache));
    }
    if was.is_some() || is.is_some() {
        let same = was.zip(is).is_some_and(|(a, b)| looks_the_same(a, b));
        if !same {
            cache.note_pod(was.cloned(), is.cloned());
            cache.moved |= is.is_none() || was.zip(is).is_some_and(|(a, b)| a["spec"] != b["spec"]);
            cache.joined = true;
        }
    }
    note_waiting(cache, old, new, &change.object);
    Ok(next_round(cache))
}

/// Whether two versions of a bound pod are the same to the scheduler.
fn looks_the_same(old: &Object, new: &Object) -> bool {
    old.generation() == new.generation()
        && old.str("/spec/nodeName") == new.str("/spec/nodeName")
        && old.is_deleting() == new.is_deleting()
        && old["metadata"].get("labels") == new["metadata"].get("labels")
}

fn note_waiting(cache: &mut Cache, old: Option<&Arc<Object>>, new: Option<&Arc<Object>>, last: &Arc<Object>) {
    let promised = |pod: &Arc<Object>| !pod.str("/status/nominatedNodeName").is_empty();
    let waiting = new.filter(|p| waits(p));
    if old.is_some_and(promised) || waiting.is_some_and(promised) {
        cache.note_nomination(last, waiting.is_some());
        // What had been kept for the pod is free for others when it gives up.
        cache.moved |= waiting.is_none() && last.str("/spec/nodeName").is_empty();
    }
    let Some(pod) = waiting else { return };
    let news = old
        .is_none_or(|old| old["spec"] != pod["spec"] || old["metadata"].get("labels") != pod["metadata"].get("labels"));
    if news {
        cache.enqueue(pod);
    }
}

/// Nodes: those that come and go, and what decides about pods on them.
pub(super) fn nodes(change: &Change, ctx: &mut Context<'_>) -> Result<Vec<Key>> {
    let new = after(change);
    let part = |node: &Object, pointer: &str| node.pointer(pointer).cloned();
    let decides =
        ["/metadata/uid", "/metadata/labels", "/spec", "/status/allocatable", "/status/capacity", "/status/images"];
    let same = change.old.as_ref().zip(new).is_some_and(|(a, b)| decides.iter().all(|p| part(a, p) == part(b, p)));
    if same {
        return Ok(Vec::new());
    }
    let cache: &mut Cache = ctx.cache();
    cache.note_node(change.object.name(), new.cloned());
    cache.moved = true;
    Ok(next_round(cache))
}

/// Claims, volumes and classes: pods may wait for them.
pub(super) fn storage(change: &Change, ctx: &mut Context<'_>) -> Result<Vec<Key>> {
    if after(change).is_none() && change.key.resource != "persistentvolumeclaims" {
        return Ok(Vec::new());
    }
    let cache: &mut Cache = ctx.cache();
    cache.moved = true;
    Ok(next_round(cache))
}

/// Namespaces: terms may choose them by their labels.
pub(super) fn namespaces(change: &Change, ctx: &mut Context<'_>) -> Result<Vec<Key>> {
    let labels = |namespace: &Arc<Object>| namespace["metadata"].get("labels").cloned();
    if change.old.as_ref().map(labels) == after(change).map(labels) {
        return Ok(Vec::new());
    }
    let cache: &mut Cache = ctx.cache();
    cache.forget_namespaces();
    cache.joined = true;
    Ok(next_round(cache))
}

/// Services: they decide which pods belong together.
pub(super) fn services(change: &Change, ctx: &mut Context<'_>) -> Result<Vec<Key>> {
    if change.old.as_ref().map(|o| &o["spec"]) != after(change).map(|o| &o["spec"]) {
        ctx.cache::<Cache>().forget_selectors();
    }
    Ok(Vec::new())
}
