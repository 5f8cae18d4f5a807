//! The kubelet of every node: syncs the pods bound to it (`pkg/kubelet`).
//!
//! Nothing is executed and nothing is downloaded. Instead of a container runtime there is a state of each pod ([`runtime`]),
//! and a sync ([`pod_sync`]) makes the transitions that are due: those of the pod as a whole ([`lifecycle`]) and of each
//! container ([`container`]: image pull, start, probes, restart). Before, the resources that the pod asks for are granted or
//! have to wait ([`allocation`]). The status of the pod is computed from that state
//! ([`status`]). How long containers run, what they print and how they exit is derived from their commands ([`command`]) or
//! declared by an annotation ([`script`]).

mod admission;
mod allocation;
mod command;
mod conditions;
mod container;
mod container_runtime;
mod container_spec;
pub(in crate::controllers) mod cri;
mod image_pull;
mod images;
mod inside;
mod lifecycle;
mod mirror;
mod mount_status;
mod non_root;
mod pod_sync;
mod probes;
mod profiles;
mod references;
mod replace;
mod report;
mod resize;
mod resize_events;
mod resources;
mod restart_all;
mod runtime;
mod script;
mod start;
mod status;
#[cfg(test)]
mod tests;
mod watches;

use std::collections::{BTreeMap, BTreeSet};

use super::node::static_pods::is_mirror;
use super::{Action, Context, Controller, Event, Key, Watch};
use crate::api::{LogLine, LogQuery, Propagation, Server};
use crate::simulation::{self, PodFault};
use crate::store::{Change, ChangeKind};
use allocation::Decision;
use container_runtime::State;
use container_spec::containers;
use cri::Cri;
use inside::Stopped;
pub(crate) use inside::{forward, session};
use kctl_base::object::{Object, ObjectMeta, ValueRead};
use kctl_base::sim::Time;
use kctl_base::status::Status;
use kctl_kinds::core::pod::is_terminal;
use pod_sync::{Outcome, Pace, PodInputs, PodSync};
use probes::ProbeResults;
use runtime::PodRuntime;
use script::ContainerScript;

/// The controller; its keys are pods, and [`REMOVED`] followed by the uid of a deleted pod, and by its name if it is a mirror.
pub(crate) const CONTROLLER: Controller = Controller { name: NAME, watches: WATCHES, reconcile };

const WATCHES: &[Watch] = &[
    Watch::mapped("pods", bound_pods),
    Watch::mapped("configmaps", watches::config_map),
    Watch::mapped("secrets", watches::secret),
    Watch::mapped("persistentvolumes", watches::volume),
    Watch::mapped("services", watches::network),
    Watch::mapped("endpointslices.discovery.k8s.io", watches::network),
    Watch::mapped("networkpolicies.networking.k8s.io", watches::network),
];

const NAME: &str = "kubelet";
/// Prefix of the key, without a namespace, that drops the state of a deleted pod.
const REMOVED: &str = "gone:";

/// Maps a change to the pod, if it is bound to a node.
fn bound_pods(change: &Change, ctx: &mut Context<'_>) -> Result<Vec<Key>, Status> {
    let pod = &change.object;
    let node = pod.str("/spec/nodeName");
    let mut keys = match (node, change.kind) {
        ("", _) => return Ok(Vec::new()),
        (_, ChangeKind::Deleted) if is_mirror(pod) => {
            vec![Key::of(pod), Key::new(pod.namespace(), &[REMOVED, pod.uid(), ":", pod.name()].concat())]
        }
        (_, ChangeKind::Deleted) => vec![Key::of(pod), Key::new("", &[REMOVED, pod.uid()].concat())],
        _ => vec![Key::of(pod)],
    };
    if releases_resources(change) {
        keys.extend(allocation::waiting(ctx, node)?);
    }
    Ok(keys)
}

/// Returns whether a change may make room for the resize of another pod on the node.
fn releases_resources(change: &Change) -> bool {
    let pod = &change.object;
    let shrinks = |old: &Object| old.pointer("/status/conditions") != pod.pointer("/status/conditions");
    change.kind == ChangeKind::Deleted
        || is_terminal(pod)
        || pod.generation() > 1 && change.old.as_ref().is_some_and(|old| shrinks(old))
}

/// Name of the state of a pod.
fn pod_state(uid: &str) -> String {
    ["pod/", uid].concat()
}

/// The row of a state, for what has no context of this controller.
fn row(state: &str) -> String {
    ["memory/", NAME, "/", state].concat()
}

/// Name of the state that lists the images on a node.
fn images_state(node: &str) -> String {
    ["images/", node].concat()
}

fn reconcile(ctx: &mut Context<'_>, key: &Key) -> Result<Action, Status> {
    if let Some(gone) = key.name.strip_prefix(REMOVED) {
        let (uid, mirror) = gone.split_once(':').map_or((gone, None), |(uid, name)| (uid, Some(name)));
        if let Some(name) = mirror {
            mirror::leave(ctx, uid, &Key::new(&key.namespace, name))?;
        }
        ctx.clear_state(&pod_state(uid));
        inside::remove(ctx.server(), uid);
        report::forget(ctx, uid);
        return Ok(Action::AwaitChange);
    }
    let Some(pod) = ctx.get_key("pods", key)?.filter(|p| !p.str("/spec/nodeName").is_empty()) else {
        return Ok(Action::AwaitChange);
    };
    let node = pod.str("/spec/nodeName").to_string();
    let is_done = is_terminal(&pod) && !pod.is_deleting();
    if is_done || simulation::stopped_nodes(ctx.server())?.contains(&node) {
        return Ok(Action::AwaitChange);
    }
    if let Some(action) = report::echo(ctx, &pod) {
        return Ok(action);
    }
    let Some(mut runtime) = load_or_add(ctx, &pod, &node)? else { return Ok(Action::AwaitChange) };
    if pod.is_deleting() && is_mirror(&pod) {
        // The pod in the file is not deleted.
        ctx.delete_with("pods", &pod, Some(0), Propagation::Background)?;
        return Ok(Action::AwaitChange);
    }
    let before = runtime.clone();
    let now = ctx.now;
    let has_looked = inside::before_sync(ctx.server(), &pod, &mut runtime, now)?;
    let decision = allocation::allocate(ctx, &pod, &node, &mut runtime)?;
    let seen = runtime.clone();
    let mut outcome = sync(ctx, &pod, &node, &mut runtime, Findings { decision, has_looked })?;
    inside::after_sync(ctx.server(), &pod, &mut runtime, &seen, now)?;
    if !pod.is_deleting() {
        requeue_for_inside(&runtime, &mut outcome);
    }
    let has_changed = runtime != before;
    if has_changed || pod.str("/status/startTime").is_empty() {
        ctx.set_state(&pod_state(pod.uid()), runtime.clone());
    }
    add_images(ctx, &node, &outcome.pulled_images)?;
    record_events(ctx, &pod, &node, &outcome);
    // While containers are being stopped, the status stays as it was.
    let has_new_status = !pod.is_deleting() || outcome.is_terminated;
    let updated = has_new_status && report::update_status(ctx, &pod, &runtime, &node, has_changed)?;
    if outcome.is_terminated {
        if updated {
            // Watches see the terminated containers before the pod is deleted.
            return Ok(Action::RequeueAt(ctx.now));
        }
        simulation::remove_pod_fault(ctx.server(), &key.text())?;
        ctx.delete_with("pods", &pod, Some(0), Propagation::Background)?;
        return Ok(Action::AwaitChange);
    }
    let action = match outcome.requeue {
        Some((at, true)) => Action::ResyncAt(at),
        Some((at, false)) => Action::RequeueAt(at),
        None => Action::AwaitChange,
    };
    if updated {
        report::expect_echo(ctx, &pod, &runtime, action);
    }
    Ok(action)
}

fn record_events(ctx: &mut Context<'_>, pod: &Object, node: &str, outcome: &Outcome) {
    for event in &outcome.events {
        let event_type = if event.is_warning { "Warning" } else { "Normal" };
        let (reason, message, field_path) = (event.reason, &event.message, &event.field_path);
        ctx.record(pod, &Event { event_type, reason, message, field_path, host: node });
    }
}

/// Requests the sync at which a container will end of itself, or at which the inside of the pod has to be looked at.
fn requeue_for_inside(runtime: &PodRuntime, outcome: &mut Outcome) {
    if !runtime.has_inside {
        return;
    }
    let running = runtime.containers.values().filter_map(|container| match &container.state {
        State::Running(running) => Some((running.ends_at()?, container.repeats())),
        State::Killing { until, .. } => Some((*until, false)),
        State::PostStart { until, .. } => Some(((*until)?, false)),
        _ => None,
    });
    for (at, repeats) in running {
        outcome.requeue_at(at, repeats);
    }
    if let Some(at) = runtime.look_at {
        outcome.requeue_at(at, true);
    }
}

/// Returns the state of a pod. A new pod is given a sandbox with an IP address; `None` if its node does not exist,
/// or rejects it.
fn load_or_add(ctx: &mut Context<'_>, pod: &Object, node: &str) -> Result<Option<PodRuntime>, Status> {
    if let Some(runtime) = ctx.state(&pod_state(pod.uid()))? {
        return Ok(Some(runtime));
    }
    if let Some(runtime) = mirror::take_over(ctx, pod)? {
        return Ok(Some(runtime));
    }
    let Some(found) = ctx.get("nodes", "", node)? else { return Ok(None) };
    let cri = Cri::of(ctx.installation().profile, Some(&found));
    if let Some(rejection) = admission::rejection(pod, cri).filter(|_| !pod.is_deleting()) {
        admission::reject(ctx, pod, node, &rejection)?;
        return Ok(None);
    }
    report_invalid_scripts(ctx, pod, node);
    let ip = if pod.flag("/spec/hostNetwork") { host_ip(&found) } else { next_ip(ctx, &found)? };
    Ok(Some(PodRuntime::new(ctx.now, ip)))
}

/// Records an event about settings in `kctl.dev/life` annotations that are not understood.
fn report_invalid_scripts(ctx: &mut Context<'_>, pod: &Object, node: &str) {
    let invalid: BTreeSet<String> = containers(pod).flat_map(|c| ContainerScript::of(pod, c.spec).1).collect();
    if !invalid.is_empty() {
        let invalid: Vec<String> = invalid.into_iter().collect();
        let message = &format!("Annotation {} has invalid settings: {}", script::ANNOTATION, invalid.join(" "));
        let event = Event { event_type: "Warning", reason: "InvalidLife", message, field_path: "", host: node };
        ctx.record(pod, &event);
    }
}

/// Allocates an address of `spec.podCIDR`; addresses are reused after the last one of the range.
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

/// What was found before a sync.
struct Findings {
    /// What the node has granted.
    decision: Decision,
    /// The inside of the pod may have changed otherwise than expected.
    has_looked: bool,
}

/// Gathers the inputs of a sync, and runs it.
fn sync(
    ctx: &mut Context<'_>,
    pod: &Object,
    node: &str,
    runtime: &mut PodRuntime,
    Findings { decision, has_looked }: Findings,
) -> Result<Outcome, Status> {
    let key = Key::of(pod).text();
    let images = node_images(ctx, node)?;
    let fault = simulation::pod_fault(ctx.server(), &key)?;
    // Images and references matter only to containers that do not run yet.
    let is_starting = runtime.containers.len() < containers(pod).count()
        || runtime.containers.values().any(|c| c.running().is_none());
    let may_pull = is_starting && containers(pod).any(|c| image_pull::may_pull(c, &images));
    let host = if may_pull { ctx.get("nodes", "", node)? } else { None };
    let missing_images = may_pull.then(|| simulation::missing_images(ctx.server())).transpose()?;
    let (mount_error, create_errors) = match is_starting && !pod.is_deleting() {
        true => (references::mount_error(ctx, pod)?, references::create_errors(ctx, pod)?),
        false => (None, BTreeMap::new()),
    };
    let now = ctx.now;
    let (probe_results, stopped) = inside_inputs(ctx.server(), pod, runtime, has_looked, now)?;
    let inputs = PodInputs {
        now,
        cri: Cri::of(ctx.installation().profile, host.as_deref()),
        pace: Pace { latency: ctx.latency(), chance: ctx.chance() },
        has_image: &|image| images.iter().any(|i| i == image),
        is_image_missing: &|image| missing_images.as_ref().is_some_and(|missing| missing.contains(image)),
        mount_error,
        create_error: &|container| create_errors.get(container.str("/name")).cloned(),
        fault,
        probe_results,
        stopped,
        is_resize_new: decision.is_new,
    };
    let mut outcome = PodSync::run(pod, runtime, &inputs);
    if outcome.events.iter().any(|event| event.reason == "Pulling")
        && let Some(event) = references::pull_secrets_event(ctx, pod)?
    {
        outcome.events.insert(0, event);
    }
    outcome.events.splice(0..0, decision.events);
    if let Some(at) = decision.retry {
        outcome.requeue_at(at, true);
    }
    if fault == Some(PodFault::Crash) {
        simulation::remove_pod_fault(ctx.server(), &key)?;
    }
    Ok(outcome)
}

/// Returns what the inside of a pod contributes to a sync: the results of probes, and when the containers of a deleted pod stop.
fn inside_inputs(
    server: &mut Server,
    pod: &Object,
    runtime: &PodRuntime,
    has_looked: bool,
    now: Time,
) -> Result<(ProbeResults, Option<Stopped>), Status> {
    if !runtime.has_inside {
        return Ok((ProbeResults::new(), None));
    }
    match (pod.is_deleting(), &runtime.stopping) {
        (false, _) => Ok((inside::probe(server, pod, runtime, has_looked, now)?, None)),
        (true, None) => {
            let deadline = pod.deletion_time().unwrap_or(now).max(now);
            Ok((ProbeResults::new(), inside::begin_stop(server, pod, runtime, deadline, now)?))
        }
        (true, Some(_)) => Ok((ProbeResults::new(), None)),
    }
}

/// Returns the images that a node has pulled.
fn node_images(ctx: &mut Context<'_>, node: &str) -> Result<Vec<String>, Status> {
    Ok(ctx.state(&images_state(node))?.unwrap_or_default())
}

/// Puts images on a node, as if they had been pulled before the cluster was there.
pub(crate) fn preload_images(server: &mut Server, node: &str, images: Vec<String>) {
    server.set_typed_row(&row(&images_state(node)), Some(images));
}

fn add_images(ctx: &mut Context<'_>, node: &str, pulled: &[String]) -> Result<(), Status> {
    if pulled.is_empty() {
        return Ok(());
    }
    let mut images = node_images(ctx, node)?;
    for image in pulled {
        if !images.contains(image) {
            images.push(image.clone());
        }
    }
    ctx.set_state(&images_state(node), images);
    Ok(())
}

/// Returns the log of a container: the lines of its current (or else last) run, or of the run before the current one, each with
/// the instant at which it was printed.
///
/// # Errors
/// `InternalError` when the state of the pod cannot be read.
pub(crate) fn container_log(
    server: &mut Server,
    pod: &Object,
    query: &LogQuery<'_>,
    now: Time,
) -> Result<Vec<LogLine>, Status> {
    let Some(runtime) = PodRuntime::load(server, pod)? else { return Ok(Vec::new()) };
    let Some(found) = runtime.containers.get(query.container) else { return Ok(Vec::new()) };
    // A server whose program is known is simulated as soon as somebody wants to see what it has printed.
    let is_simulated = |program: &command::Program| program.is_inside || program.runs.is_none();
    match found.running() {
        Some(running) if is_simulated(&running.program) && !query.previous => {
            inside::log(server, pod, &runtime, query, now)
        }
        _ => Ok(found.log(query.previous, now)),
    }
}
