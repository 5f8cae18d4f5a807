//! The resources that a node has granted to a pod, and resizes of them in place (`pkg/kubelet/allocation`).
//!
//! A resize that the node has room for is allocated at once ([`Allocation`]); the containers follow in the next sync
//! ([`super::resize`]). One that it has no room for waits until other pods release theirs.

use std::cmp::Reverse;

use super::container_spec::{ContainerSpec, containers};
use super::pod_sync::PodEvent;
use super::resize::requires_restart;
use super::resize_events::{self, ResizeStep};
use super::resources::{Allocation, Resize, ResizeState};
use super::runtime::PodRuntime;
use crate::controllers::runtime::Result;
use crate::controllers::{Context, Key};
use kctl_base::json::Value;
use kctl_base::object::{Object, ObjectMeta, ValueRead, ValueWrite};
use kctl_base::order::Order as _;
use kctl_base::sim::{Duration, Time};
use kctl_kinds::core::pod::is_terminal;
use kctl_kinds::shared::pod_spec::resources::{Amounts, add, allocated_requests, amounts, of_pod};

/// Interval between attempts to grant a resize that had to wait (`retryDelay`).
const RETRY: Duration = Duration::from_secs(180);

/// Returns what the spec of a pod asks for; `None` for a pod without requests and limits, which can never get any.
fn wanted(pod: &Object) -> Option<Allocation> {
    let resizable = containers(pod).filter(|c| !c.is_ephemeral);
    let of_containers = resizable.filter_map(|c| Some((c.name().to_string(), resources(c)?.clone())));
    let allocation = Allocation { containers: of_containers.collect(), pod: pod.at("/spec/resources").cloned() };
    (allocation != Allocation::default()).then_some(allocation)
}

/// Returns the requests and limits of a container.
fn resources(container: ContainerSpec<'_>) -> Option<&Value> {
    container.spec.at("/resources").filter(|r| r.as_object().is_some_and(|map| !map.is_empty()))
}

/// The outcome of a request for resources.
#[derive(Debug, Default)]
pub(super) struct Decision {
    /// Events to record.
    pub(super) events: Vec<PodEvent>,
    /// The resources have just been allocated: the status has to show it before the containers change.
    pub(super) is_new: bool,
    /// When to ask again for a resize that waits.
    pub(super) retry: Option<Time>,
}

/// Allocates the resources of a pod: those of a new pod as they are, those of a resize if the node has room.
pub(super) fn allocate(ctx: &mut Context<'_>, pod: &Object, node: &str, runtime: &mut PodRuntime) -> Result<Decision> {
    let is_waiting = runtime.resize.as_ref().is_some_and(|resize| resize.pending.is_some());
    if pod.is_deleting() || runtime.ended.is_some() {
        if is_waiting {
            set_waiting(ctx, node, pod, false)?;
        }
        return Ok(Decision::default());
    }
    // Only pods whose spec has changed since their creation can ask for anything else.
    if runtime.allocation.is_some() && pod.generation() <= 1 {
        return Ok(Decision::default());
    }
    let wanted = wanted(pod);
    let is_granted = runtime.allocation.is_none() || runtime.allocation == wanted;
    let shortage = if is_granted { None } else { shortage(ctx, pod, node)? };
    if is_waiting != shortage.is_some() {
        set_waiting(ctx, node, pod, shortage.is_some())?;
    }
    if let Some(shortage) = shortage {
        return Ok(defer(ctx.now, pod, runtime, &shortage));
    }
    if let Some(resize) = &mut runtime.resize {
        resize.pending = None;
    }
    match is_granted {
        true => runtime.allocation = wanted,
        false => return Ok(grant(ctx.now, pod, runtime, wanted)),
    }
    Ok(Decision::default())
}

/// Allocates new resources, and marks the containers that still run with the old ones.
fn grant(now: Time, pod: &Object, runtime: &mut PodRuntime, wanted: Option<Allocation>) -> Decision {
    let after = wanted.clone().unwrap_or_default();
    let before = std::mem::replace(&mut runtime.allocation, wanted).unwrap_or_default();
    for spec in containers(pod).filter(|c| !c.is_ephemeral) {
        let (old, new) = (before.effective(spec.name()), after.effective(spec.name()));
        let container = runtime.containers.get_mut(spec.name()).filter(|c| c.running().is_some());
        if let Some(container) = container.filter(|_| old != new) {
            container.restarts_to_resize |= requires_restart(spec.spec, &old, &new);
            let none = || Value::Object(Default::default());
            container.outdated.get_or_insert_with(|| before.of_container(spec.name()).cloned().unwrap_or_else(none));
        }
    }
    let state = ResizeState { message: String::new(), generation: pod.generation(), since: now };
    runtime.resize = Some(Resize { pending: None, in_progress: Some(state) });
    let events = vec![resize_events::event(pod, pod.generation(), &ResizeStep::Started)];
    Decision { events, is_new: true, retry: None }
}

/// Lets a resize wait for room.
fn defer(now: Time, pod: &Object, runtime: &mut PodRuntime, shortage: &Shortage) -> Decision {
    let (message, generation) = (shortage.message(), pod.generation());
    let resize = runtime.resize.get_or_insert_default();
    let retry = Some(now + RETRY);
    let is_known = resize.pending.as_ref().is_some_and(|p| p.message == message && p.generation == generation);
    if is_known {
        return Decision { retry, ..Decision::default() };
    }
    let since = resize.pending.as_ref().map_or(now, |pending| pending.since);
    let step = ResizeStep::Deferred { reason: format!("OutOf{}", shortage.resource), message: message.clone() };
    resize.pending = Some(ResizeState { message, generation, since });
    Decision { events: vec![resize_events::event(pod, generation, &step)], is_new: false, retry }
}

/// A resource of which a node has less than a pod asks for (`InsufficientResourceError`); thousandths of a core or bytes.
struct Shortage {
    resource: &'static str,
    requested: i64,
    used: i64,
    capacity: i64,
}

impl Shortage {
    fn message(&self) -> String {
        let Shortage { resource, requested, used, capacity } = self;
        format!(
            "Node didn't have enough resource: {resource}, requested: {requested}, used: {used}, capacity: {capacity}"
        )
    }
}

/// Returns the first resource that the node cannot grant to a pod beside what its other pods have.
fn shortage(ctx: &mut Context<'_>, pod: &Object, node: &str) -> Result<Option<Shortage>> {
    let mut desired = pod.clone();
    desired.remove_at("/status");
    let requests = of_pod(&desired, "requests");
    let mut used = Amounts::new();
    for other in ctx.indexed("pods", "node", node)? {
        if other.uid() != pod.uid() && !is_terminal(&other) {
            add(&mut used, &allocated_requests(&other));
        }
    }
    let allocatable = ctx.get("nodes", "", node)?.map(|node| amounts(&node, "/status/allocatable")).unwrap_or_default();
    let amount = |from: &Amounts, name: &str| {
        from.get(name).map_or(0, |q| if name == "cpu" { q.milli_value() } else { q.value() })
    };
    let shortages = ["cpu", "memory"].into_iter().map(|resource| Shortage {
        resource,
        requested: amount(&requests, resource),
        used: amount(&used, resource),
        capacity: amount(&allocatable, resource),
    });
    Ok(shortages.into_iter().find(|s| s.requested > 0 && s.requested > s.capacity - s.used))
}

/// Name of the state that lists the pods on a node whose resizes wait.
fn waiting_state(node: &str) -> String {
    format!("resizes/{node}")
}

/// Adds a pod to those whose resizes wait, or removes it.
fn set_waiting(ctx: &mut Context<'_>, node: &str, pod: &Object, waits: bool) -> Result<()> {
    let (row, key) = (waiting_state(node), Key::of(pod).to_string());
    let mut keys: Vec<String> = ctx.state(&row)?.unwrap_or_default();
    keys.retain(|other| *other != key);
    keys.extend(waits.then_some(key));
    match keys.is_empty() {
        true => ctx.clear_state(&row),
        false => ctx.set_state(&row, keys),
    }
    Ok(())
}

/// Returns the pods on a node whose resizes wait, in the order in which they get room: by priority, guaranteed ones before
/// others, and those first that have waited longer (`sortPendingResizes`).
pub(super) fn waiting(ctx: &mut Context<'_>, node: &str) -> Result<Vec<Key>> {
    // They are kept in the order in which they began to wait.
    let keys: Vec<String> = ctx.state(&waiting_state(node))?.unwrap_or_default();
    let mut waiting = Vec::with_capacity(keys.len());
    for (namespace, name) in keys.iter().filter_map(|key| key.split_once('/')) {
        let key = Key::new(namespace, name);
        if let Some(pod) = ctx.get_key("pods", &key)? {
            let is_guaranteed = pod.str("/status/qosClass") == "Guaranteed";
            waiting.push(((Reverse(pod.int("/spec/priority").unwrap_or(0)), !is_guaranteed), key));
        }
    }
    waiting.order_by_key(|(rank, _)| *rank);
    Ok(waiting.into_iter().map(|(_, key)| key).collect())
}
