//! The kubelet of every node: what happens to pods that are bound, second by second.
//!
//! A step ([`step`]; [`lifecycle`] for the pod, [`container`] for each container) is computed from the pod, what the kubelet
//! remembers of it ([`runtime`]) and the present; then the status ([`status`]) follows from the memory. What containers do
//! is guessed from their commands ([`program`]) or declared by an annotation ([`life`]). Nothing is executed and nothing is
//! downloaded.

mod container;
mod images;
mod launch;
pub mod life;
mod lifecycle;
mod probes;
pub mod program;
mod pull;
mod references;
mod runtime;
mod spec;
mod status;
mod step;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use super::{Action, Context, Controller, Event, Key, Watch};
use crate::api::{LogLine, Propagation, Server};
use crate::simulation::{self, PodFault};
use crate::store::{Change, ChangeKind};
use kctl_base::object::{Object, ObjectMeta, ValueRead};
use kctl_base::sim::Time;
use kctl_base::status::Status;
use runtime::PodRuntime;
use step::{Outcome, Step, World};

/// The controller.
pub(crate) const CONTROLLER: Controller =
    Controller { name: NAME, watches: &[Watch::mapped("pods", bound_pods)], reconcile };

const NAME: &str = "kubelet";

/// The key of a pod that is gone: this and its uid, without a namespace.
const GONE: &str = "gone:";

/// A kubelet minds only pods that are bound to its node; a removed pod is forgotten.
fn bound_pods(change: &Change, _: &mut Context<'_>) -> Result<Vec<Key>, Status> {
    let pod = &change.object;
    Ok(match (pod.str("/spec/nodeName"), change.kind) {
        ("", _) => Vec::new(),
        (_, ChangeKind::Deleted) => vec![Key::of(pod), Key::new("", &format!("{GONE}{}", pod.uid()))],
        _ => vec![Key::of(pod)],
    })
}

fn memory_name(uid: &str) -> String {
    format!("pod/{uid}")
}

fn reconcile(ctx: &mut Context<'_>, key: &Key) -> Result<Action, Status> {
    if let Some(uid) = key.name.strip_prefix(GONE) {
        ctx.clear_state(&memory_name(uid));
        return Ok(Action::AwaitChange);
    }
    let Some(pod) = ctx.get_key("pods", key)?.filter(|p| !p.str("/spec/nodeName").is_empty()) else {
        return Ok(Action::AwaitChange);
    };
    let phase = pod.str("/status/phase");
    let over = phase == "Succeeded" || phase == "Failed";
    let node = pod.str("/spec/nodeName").to_string();
    if (over && !pod.is_deleting()) || simulation::stopped_nodes(ctx.server())?.contains(&node) {
        return Ok(Action::AwaitChange);
    }
    let Some(mut runtime) = remembered(ctx, &pod, &node)? else { return Ok(Action::AwaitChange) };
    let before = runtime.clone();
    let outcome = step(ctx, &pod, &node, &mut runtime)?;
    if runtime != before || pod.str("/status/startTime").is_empty() {
        ctx.set_state(&memory_name(pod.uid()), runtime.clone());
    }
    for image in &outcome.pulled {
        keep_image(ctx, &node, image)?;
    }
    for note in &outcome.notes {
        let event_type = if note.warning { "Warning" } else { "Normal" };
        let (reason, message, field_path) = (note.reason, &note.message, &note.field_path);
        ctx.record(&pod, &Event { event_type, reason, message, field_path, host: &node });
    }
    // Containers that have only been told to stop look as they did.
    let reported = (!pod.is_deleting() || outcome.gone) && report(ctx, &pod, &runtime, &node)?;
    if outcome.gone && reported {
        // That its containers have ended is seen before the pod goes.
        return Ok(Action::RequeueAt(ctx.now));
    }
    if outcome.gone {
        simulation::remove_pod_fault(ctx.server(), &key.to_string())?;
        ctx.delete_with("pods", &pod, Some(0), Propagation::Background)?;
        return Ok(Action::AwaitChange);
    }
    Ok(match outcome.next {
        Some((at, true)) => Action::ResyncAt(at),
        Some((at, false)) => Action::RequeueAt(at),
        None => Action::AwaitChange,
    })
}

/// What the kubelet remembers of a pod; a pod that it sees first gets a sandbox and an address.
fn remembered(ctx: &mut Context<'_>, pod: &Object, node: &str) -> Result<Option<PodRuntime>, Status> {
    if let Some(known) = ctx.state(&memory_name(pod.uid()))? {
        return Ok(Some(known));
    }
    let Some(found) = ctx.get("nodes", "", node)? else { return Ok(None) };
    tell_of_nonsense(ctx, pod, node);
    let ip = if pod.flag("/spec/hostNetwork") { host_ip(&found) } else { next_ip(ctx, &found)? };
    let runtime = PodRuntime {
        started: ctx.now,
        ip,
        containers: BTreeMap::new(),
        stopping: None,
        mount_retry: None,
        ended: None,
    };
    Ok(Some(runtime))
}

/// Words of a declared life that mean nothing would otherwise be passed over in silence.
fn tell_of_nonsense(ctx: &mut Context<'_>, pod: &Object, node: &str) {
    let lists = ["/spec/initContainers", "/spec/containers"];
    let words = lists.iter().flat_map(|list| pod.list(list)).flat_map(|container| life::declared(pod, container).1);
    let words: BTreeSet<String> = words.collect();
    if !words.is_empty() {
        let words: Vec<String> = words.into_iter().collect();
        let text = format!("Annotation {} says what means nothing: {}", life::ANNOTATION, words.join(" "));
        let (event_type, reason) = ("Warning", "UnknownLife");
        ctx.record(pod, &Event { event_type, reason, message: &text, field_path: "", host: node });
    }
}

/// The next address out of the node's range; numbers are used again when the range is used up.
fn next_ip(ctx: &mut Context<'_>, node: &Object) -> Result<String, Status> {
    let range = node.str("/spec/podCIDR");
    let prefix = range.split('/').next().and_then(|a| a.rsplit_once('.')).map_or("10.244.255", |(prefix, _)| prefix);
    let counter = ctx.next_counter("pod-ip", node.name())?;
    Ok(format!("{prefix}.{}", 2 + counter % 253))
}

fn host_ip(node: &Object) -> String {
    let internal = node.list("/status/addresses").iter().find(|a| a.str("/type") == "InternalIP");
    internal.map_or_else(String::new, |a| a.str("/address").to_string())
}

fn step(ctx: &mut Context<'_>, pod: &Object, node: &str, runtime: &mut PodRuntime) -> Result<Outcome, Status> {
    let present = node_images(ctx, node)?;
    let fault = simulation::pod_fault(ctx.server(), &Key::of(pod).to_string())?;
    let starting = runtime.containers.len() < pod.list("/spec/containers").len()
        || runtime.containers.values().any(|c| c.running().is_none());
    // A pull is possible only for a container that does not run.
    let missing = starting.then(|| simulation::missing_images(ctx.server())).transpose()?;
    let (unmountable, config) = match starting && !pod.is_deleting() {
        true => (references::missing_volume(ctx, pod)?, references::missing_config(ctx, pod)?),
        false => (None, BTreeMap::new()),
    };
    let world = World {
        now: ctx.now,
        latency: ctx.latency(),
        has_image: &|image| present.iter().any(|i| i == image),
        is_missing: &|image| missing.as_ref().is_some_and(|missing| missing.contains(image)),
        unmountable,
        missing_config: &|container| config.get(container.str("/name")).cloned(),
        fault,
    };
    let outcome = Step::run(pod, runtime, &world);
    if fault == Some(PodFault::Crash) {
        simulation::remove_pod_fault(ctx.server(), &Key::of(pod).to_string())?;
    }
    Ok(outcome)
}

/// The images that a node has pulled.
fn node_images(ctx: &mut Context<'_>, node: &str) -> Result<Vec<String>, Status> {
    Ok(ctx.state(&format!("images/{node}"))?.unwrap_or_default())
}

fn keep_image(ctx: &mut Context<'_>, node: &str, image: &str) -> Result<(), Status> {
    let mut images = node_images(ctx, node)?;
    if !images.iter().any(|i| i == image) {
        images.push(image.into());
        ctx.set_state(&format!("images/{node}"), images);
    }
    Ok(())
}

/// Writes the pod's status when it has changed; answers whether it has.
fn report(ctx: &mut Context<'_>, pod: &Object, runtime: &PodRuntime, node: &str) -> Result<bool, Status> {
    let host_ip = ctx.get("nodes", "", node)?.map(|n| host_ip(&n)).unwrap_or_default();
    let around = status::Surroundings { host_ip: &host_ip, now: ctx.now, ids: ctx.ids() };
    let computed = status::compute(pod, runtime, &around);
    if pod.get("status") == Some(&computed) {
        return Ok(false);
    }
    let mut new = pod.clone();
    new["status"] = computed;
    match ctx.update_status("pods", new) {
        Err(status) if status.is_not_found() => Ok(false),
        other => other.map(|_| true),
    }
}

/// The lines that a container of a pod has printed: those of the current or last instance, or, with `previous`, of the one
/// before it. A container that has never started has none.
///
/// # Errors
/// A state of the pod that cannot be read.
pub fn container_log(
    server: &mut Server,
    pod: &Object,
    container: &str,
    previous: bool,
    now: Time,
) -> Result<Vec<LogLine>, Status> {
    let runtime = server.typed_row::<PodRuntime>(&format!("memory/{NAME}/{}", memory_name(pod.uid())))?;
    let Some(container) = runtime.as_ref().and_then(|runtime| runtime.containers.get(container)) else {
        return Ok(Vec::new());
    };
    if previous {
        return Ok(container.last.as_ref().map(|l| l.output.clone()).unwrap_or_default());
    }
    Ok(match (container.running(), &container.state, &container.last) {
        (Some(running), _, _) => runtime::printed(running, now),
        (None, runtime::State::Ended(ended) | runtime::State::Crashed { ended, .. }, _) => ended.output.clone(),
        (None, _, Some(last)) => last.output.clone(),
        _ => Vec::new(),
    })
}
