//! The conditions of a pod, computed from its state (`pkg/kubelet/status/generate.go`).

use super::container_spec::is_initialized;
use super::restart_all::may_restart_all;
use super::runtime::PodRuntime;
use super::status::is_pod_initialized;
use kctl_base::condition;
use kctl_base::json::{Value, json};
use kctl_base::object::{Object, ObjectMeta, ValueRead};
use kctl_base::sim::Time;
use kctl_kinds::core::pod::PodPhase;

/// Status, reason and message of a condition.
type Observed = (bool, &'static str, String);

/// The condition holds, without a reason.
const HOLDS: Observed = (true, "", String::new());

/// Returns the conditions of the kubelet, followed by those of others.
pub(super) fn of_pod(pod: &Object, runtime: &PodRuntime, phase: PodPhase, now: Time) -> Value {
    let containers_ready = containers_ready(pod, runtime, phase);
    let conditions = [
        ("PodReadyToStartContainers", (!runtime.ip.is_empty(), "", String::new())),
        ("Initialized", initialized(pod, runtime, phase)),
        ("Ready", ready(pod, &containers_ready)),
        ("ContainersReady", containers_ready),
    ];
    let own = conditions.each_ref().map(|(type_, _)| *type_);
    let is_other = |c: &&Value| {
        let type_ = c.str("/type");
        !own.contains(&type_) && !RESIZE_CONDITIONS.contains(&type_) && type_ != RESTART_CONDITION
    };
    let others = pod.list("/status/conditions").iter().filter(is_other).cloned();
    let own = conditions.into_iter().map(|(type_, observed)| condition(pod, type_, observed, now));
    let restart = may_restart_all(pod).then(|| condition(pod, RESTART_CONDITION, restarting(runtime, phase), now));
    resize_conditions(runtime).chain(restart).chain(own).chain(others).collect()
}

/// The condition of pods all of whose containers a restart rule may restart.
const RESTART_CONDITION: &str = "AllContainersRestarting";

/// `AllContainersRestarting` (`GenerateAllContainersRestartingCondition`).
fn restarting(runtime: &PodRuntime, phase: PodPhase) -> Observed {
    match phase {
        PodPhase::Succeeded => (false, "PodCompleted", String::new()),
        PodPhase::Failed => (false, "PodFailed", String::new()),
        _ if runtime.restart_all_at.is_none() => (false, "", String::new()),
        _ => (true, "RestartAllContainersStarted", "container exited with restart policy rule".into()),
    }
}

/// The conditions about a resize, which exist only while it is not complete.
const RESIZE_CONDITIONS: [&str; 2] = ["PodResizePending", "PodResizeInProgress"];

/// Returns the conditions about a resize (`updatedPodResizeCondition` in `pkg/kubelet/status/status_manager.go`).
fn resize_conditions(runtime: &PodRuntime) -> impl Iterator<Item = Value> {
    let resize = runtime.resize.as_ref();
    let states = [resize.and_then(|r| r.pending.as_ref()), resize.and_then(|r| r.in_progress.as_ref())];
    RESIZE_CONDITIONS.into_iter().zip(states).filter_map(|(type_, state)| {
        let state = state?;
        let since = state.since.rfc3339();
        let mut entry = json!({"lastProbeTime": since, "lastTransitionTime": since, "status": "True", "type": type_,
            "observedGeneration": state.generation});
        if !state.message.is_empty() {
            entry["reason"] = "Deferred".into();
            entry["message"] = state.message.as_str().into();
        }
        Some(entry)
    })
}

/// `ContainersReady` (`GenerateContainersReadyCondition`).
fn containers_ready(pod: &Object, runtime: &PodRuntime, phase: PodPhase) -> Observed {
    let unready = names(pod, "/spec/containers", |c| !is_ready(c, runtime));
    match phase {
        PodPhase::Succeeded => (false, "PodCompleted", String::new()),
        PodPhase::Failed => (false, "PodFailed", String::new()),
        _ if unready.is_empty() => HOLDS,
        _ => (false, "ContainersNotReady", format!("containers with unready status: [{}]", unready.join(" "))),
    }
}

/// `Ready`: the containers are ready and the readiness gates are true (`GeneratePodReadyCondition`).
fn ready(pod: &Object, containers_ready: &Observed) -> Observed {
    let gates = pod.list("/spec/readinessGates").iter().map(|g| g.str("/conditionType"));
    let open: Vec<String> = gates
        .filter(|gate| !condition::condition_is_true(pod, gate))
        .map(|gate| format!("corresponding condition of pod readiness gate \"{gate}\" does not exist."))
        .collect();
    match containers_ready.0 && !open.is_empty() {
        true => (false, "ReadinessGatesNotReady", open.join(", ")),
        false => containers_ready.clone(),
    }
}

/// `Initialized` (`GeneratePodInitializedCondition`).
fn initialized(pod: &Object, runtime: &PodRuntime, phase: PodPhase) -> Observed {
    let waiting = names(pod, "/spec/initContainers", |c| !is_initialized(c, runtime.container(c.str("/name"))));
    match (is_pod_initialized(pod, runtime), phase) {
        (true, PodPhase::Succeeded) => (true, "PodCompleted", String::new()),
        (true, _) => HOLDS,
        (false, _) => {
            (false, "ContainersNotInitialized", format!("containers with incomplete status: [{}]", waiting.join(" ")))
        }
    }
}

fn names(pod: &Object, list: &str, filter: impl Fn(&Value) -> bool) -> Vec<String> {
    pod.list(list).iter().filter(|c| filter(c)).map(|c| c.str("/name").to_string()).collect()
}

/// Returns the entry of a condition. `lastTransitionTime` is kept unless its status changes; empty fields are left out.
///
/// Built in one go instead of with [`kctl_base::condition`]: it is on the path of every step of every pod. Most conditions do
/// not change in a step, and then share the entry of the version before.
fn condition(pod: &Object, type_: &str, (holds, reason, message): Observed, now: Time) -> Value {
    let status = if holds { "True" } else { "False" };
    let generation = Some(pod.generation()).filter(|generation| *generation > 0);
    let existing = condition::condition(pod, type_).filter(|existing| has_text(existing, "status", status));
    if let Some(existing) = existing
        && has_text(existing, "reason", reason)
        && has_text(existing, "message", &message)
        && existing.get("observedGeneration").and_then(Value::as_i64) == generation
        && existing.get("lastProbeTime").is_some_and(Value::is_null)
    {
        return existing.clone();
    }
    let transition = existing.map_or_else(|| now.rfc3339().into(), |existing| existing["lastTransitionTime"].clone());
    let text = |text: &str| (!text.is_empty()).then(|| text.into());
    let fields = [
        ("lastProbeTime", Some(Value::Null)),
        ("lastTransitionTime", Some(transition)),
        ("message", text(&message)),
        ("observedGeneration", generation.map(Value::from)),
        ("reason", text(reason)),
        ("status", text(status)),
        ("type", text(type_)),
    ];
    fields.into_iter().filter_map(|(field, value)| Some((field, value?))).collect()
}

/// Returns whether a field has this text; a missing one is empty.
fn has_text(entry: &Value, field: &str, text: &str) -> bool {
    entry.get(field).and_then(Value::as_str).unwrap_or_default() == text
}

fn is_ready(container: &Value, runtime: &PodRuntime) -> bool {
    runtime.containers.get(container.str("/name")).is_some_and(|c| c.running().is_some() && c.probes.ready)
}
