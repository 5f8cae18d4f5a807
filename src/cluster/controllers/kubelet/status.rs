//! The status of a pod, computed from its state (`generateAPIPodStatus` in `pkg/kubelet/kubelet_pods.go`).

use super::container_runtime::{ContainerRuntime, Ended, RESTARTING, State};
use super::container_spec::is_initialized;
use super::cri::Cri;
use super::mount_status;
use super::restart_all::{REMOVED, is_reset};
use super::runtime::PodRuntime;
use super::{conditions, inside};
use crate::controllers::Key;
use crate::controllers::node::static_pods::is_mirror;
use kctl_base::json::{Map, Value, json};
use kctl_base::object::{Object, ObjectMeta, ValueRead, ValueWrite};
use kctl_base::order::Order as _;
use kctl_base::sim::{Ids, Time};
use kctl_kinds::core::pod::PodPhase;
use kctl_kinds::shared::pod_spec::is_sidecar;

/// The list of the containers that were added for debugging.
const EPHEMERAL: &str = "/spec/ephemeralContainers";

/// Inputs of a status beside the pod and its state.
pub(super) struct StatusInputs<'a> {
    /// Address of the node.
    pub(super) host_ip: &'a str,
    /// The container runtime of the node.
    pub(super) cri: Cri,
    /// The current time.
    pub(super) now: Time,
    /// Generates container ids.
    pub(super) ids: Ids,
}

/// Generates the status of a pod. Fields that the kubelet does not own are kept.
pub(super) fn generate(pod: &Object, runtime: &PodRuntime, inputs: &StatusInputs<'_>) -> Value {
    let mut status = pod.get("status").cloned().unwrap_or_else(|| json!({}));
    let phase = reported_phase(pod, runtime);
    status["phase"] = phase.as_str().into();
    status["conditions"] = conditions::of_pod(pod, runtime, phase, inputs.now);
    status["hostIP"] = inputs.host_ip.into();
    status["hostIPs"] = json!([{"ip": inputs.host_ip}]);
    status["startTime"] = runtime.started.rfc3339().into();
    if !runtime.ip.is_empty() {
        status["podIP"] = runtime.ip.as_str().into();
        status["podIPs"] = json!([{"ip": runtime.ip}]);
    }
    if pod.generation() > 0 {
        status["observedGeneration"] = pod.generation().into();
    }
    if let Some((reason, message)) = &runtime.ended {
        status["reason"] = reason.as_str().into();
        status["message"] = message.as_str().into();
    }
    if !pod.list("/spec/initContainers").is_empty() {
        status["initContainerStatuses"] = container_statuses(pod, "/spec/initContainers", runtime, inputs);
    }
    status["containerStatuses"] = sorted_statuses(pod, "/spec/containers", runtime, inputs);
    if let Some(resources) = runtime.allocation.as_ref().and_then(|allocation| allocation.pod.as_ref()) {
        status["resources"] = resources.clone();
        if let Some(requests) = resources.at("/requests") {
            status["allocatedResources"] = requests.clone();
        }
    }
    if !pod.list(EPHEMERAL).is_empty() {
        let mut list = sorted_statuses(pod, EPHEMERAL, runtime, inputs);
        // Nothing probes them, so whether they are ready or started is not known.
        for container in list.as_array_mut().into_iter().flatten() {
            container["ready"] = false.into();
            container.remove_at("/started");
        }
        status["ephemeralContainerStatuses"] = list;
    }
    status
}

/// Returns the statuses of the containers of a list by name.
fn sorted_statuses(pod: &Object, list: &str, runtime: &PodRuntime, inputs: &StatusInputs<'_>) -> Value {
    let mut statuses = container_statuses(pod, list, runtime, inputs);
    if let Some(statuses) = statuses.as_array_mut() {
        statuses.order_by(|a, b| a.str("/name").cmp(b.str("/name")));
    }
    statuses
}

/// Returns the phase to report. A pod that is being deleted keeps its phase: it is gone when its containers have stopped. Only
/// one that finalizers keep is seen in its last phase (`SyncTerminatedPod`), which the Job controller waits for.
fn reported_phase(pod: &Object, runtime: &PodRuntime) -> PodPhase {
    match (PodPhase::of(pod), phase(pod, runtime)) {
        (phase @ (PodPhase::Pending | PodPhase::Running), last) if pod.is_deleting() => {
            let has_stopped = runtime.containers.values().all(|c| c.running().is_none());
            match last {
                _ if pod.list("/metadata/finalizers").is_empty() || !has_stopped => phase,
                PodPhase::Succeeded => PodPhase::Succeeded,
                _ => PodPhase::Failed,
            }
        }
        (_, phase) => phase,
    }
}

/// Returns the phase (`getPhase`,
/// <https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-phase>).
fn phase(pod: &Object, runtime: &PodRuntime) -> PodPhase {
    if runtime.ended.is_some() {
        return PodPhase::Failed;
    }
    if runtime.restart_all_at.is_some() {
        return if is_pod_initialized(pod, runtime) { PodPhase::Running } else { PodPhase::Pending };
    }
    if !is_pod_initialized(pod, runtime) {
        let init_failed = pod.list("/spec/initContainers").iter().any(|c| {
            let known = runtime.container(c.str("/name"));
            !is_sidecar(c) && known.and_then(ContainerRuntime::terminated).is_some_and(|t| t.exit_code != 0)
        });
        return if init_failed { PodPhase::Failed } else { PodPhase::Pending };
    }
    let containers: Vec<&ContainerRuntime> =
        pod.list("/spec/containers").iter().filter_map(|c| runtime.container(c.str("/name"))).collect();
    if containers.iter().any(|c| !c.has_run()) {
        return PodPhase::Pending;
    }
    let exit_codes: Option<Vec<i64>> = containers.iter().map(|c| Some(c.terminated()?.exit_code)).collect();
    // Sidecars count as long as they run.
    let runs = |c: &Value| runtime.container(c.str("/name")).is_some_and(|c| c.running().is_some());
    let has_sidecar = pod.list("/spec/initContainers").iter().any(|c| is_sidecar(c) && runs(c));
    match exit_codes {
        _ if has_sidecar => PodPhase::Running,
        None => PodPhase::Running,
        Some(codes) if codes.iter().all(|code| *code == 0) => PodPhase::Succeeded,
        Some(_) => PodPhase::Failed,
    }
}

/// Returns whether the init containers have done their part.
pub(super) fn is_pod_initialized(pod: &Object, runtime: &PodRuntime) -> bool {
    // Init containers are not run again once a regular container has been started.
    let has_started = || {
        let containers = pod.list("/spec/containers");
        containers.iter().any(|c| runtime.container(c.str("/name")).is_some_and(ContainerRuntime::has_run))
    };
    let mut init = pod.list("/spec/initContainers").iter();
    init.all(|c| is_initialized(c, runtime.container(c.str("/name")))) || has_started()
}

fn container_statuses(pod: &Object, list: &str, runtime: &PodRuntime, inputs: &StatusInputs<'_>) -> Value {
    let is_init = list == "/spec/initContainers";
    let status = |spec: &Value| {
        let Some(container) = runtime.container(spec.str("/name")) else { return json!({}) };
        let mut status = container_status(pod, spec, container, is_init, inputs);
        if list != EPHEMERAL {
            put_resources(&mut status, spec, runtime);
        }
        status
    };
    pod.list(list).iter().map(status).collect()
}

fn container_status(
    pod: &Object,
    spec: &Value,
    container: &ContainerRuntime,
    is_init: bool,
    inputs: &StatusInputs<'_>,
) -> Value {
    let running = container.running().is_some();
    let is_done = is_init && container.terminated().is_some_and(|e| e.exit_code == 0);
    let ready = if is_init && !is_sidecar(spec) { is_done } else { running && container.probes.ready };
    let started = running && container.probes.started;
    let mut status = json!({
        "name": spec.str("/name"),
        "image": if container.image.is_empty() { spec.str("/image") } else { &container.image },
        "imageID": "",
        "ready": ready,
        "restartCount": container.counted_restarts(),
        "started": started,
        "state": state(pod, spec, container, inputs),
        "lastState": {},
    });
    if let Some(mounts) = mount_status::of_container(spec, inputs.cri) {
        status["volumeMounts"] = mounts;
    }
    let last = match &container.state {
        State::Crashed { ended, .. } if container.hook_error.is_some() => Some(ended),
        _ => container.last.as_ref(),
    };
    if let Some(last) = last {
        status["lastState"] = terminated(pod, spec, last, inputs);
    }
    if container.has_run() {
        status["image"] = inputs.cri.image(&container.image).into();
        status["imageID"] = inputs.cri.image_id(&container.image).into();
        if inputs.cri.has_handler_features() {
            status["user"] = user(pod, spec);
        }
        let attempt = match (&container.last, container.terminated()) {
            _ if container.running().is_some() => container.restarts,
            (_, Some(ended)) => ended.attempt,
            (Some(last), None) => last.attempt,
            (None, None) => 0,
        };
        status["containerID"] = container_id(pod, spec, attempt, inputs).into();
    }
    status
}

/// Adds the resources that a started container has been granted, and those that it runs with.
fn put_resources(status: &mut Value, spec: &Value, runtime: &PodRuntime) {
    let Some(container) = runtime.container(spec.str("/name")).filter(|c| c.has_run()) else { return };
    let none = json!({});
    let granted = runtime.allocation.as_ref().and_then(|a| a.of_container(spec.str("/name"))).unwrap_or(&none);
    status["resources"] = container.outdated.as_ref().unwrap_or(granted).clone();
    if let Some(requests) = granted.at("/requests") {
        status["allocatedResources"] = requests.clone();
    }
}

/// Returns the user and the groups of the first process of a container (`convertContainerStatusUser`).
fn user(pod: &Object, spec: &Value) -> Value {
    let user = inside::first_credentials(pod, spec);
    json!({"linux": {"uid": user.uid, "gid": user.gid, "supplementalGroups": user.groups}})
}

fn container_id(pod: &Object, spec: &Value, attempt: i64, inputs: &StatusInputs<'_>) -> String {
    let (scheme, ids) = (inputs.cri.scheme(), inputs.ids);
    // The containers of a static pod outlive its mirrors.
    let mirror = is_mirror(pod).then(|| Key::of(pod).text());
    let owner = [mirror.as_deref().unwrap_or(pod.uid()), "/", spec.str("/name")].concat();
    let counter = attempt.unsigned_abs() * 2;
    format!(
        "{scheme}://{:032x}{:032x}",
        ids.draw("container", &owner, counter),
        ids.draw("container", &owner, counter + 1)
    )
}

fn state(pod: &Object, spec: &Value, container: &ContainerRuntime, inputs: &StatusInputs<'_>) -> Value {
    // The reason of all containers, also of init containers, depends on whether the pod has any.
    let not_started = || {
        let initializes = !pod.list("/spec/initContainers").is_empty();
        waiting(if initializes { "PodInitializing" } else { "ContainerCreating" }, "")
    };
    let hook_failed = || waiting("PostStartHookError", container.hook_error.as_deref().unwrap_or_default());
    match &container.state {
        State::Crashed { .. } if container.hook_error.is_some() => hook_failed(),
        State::Waiting | State::Pulling { .. } | State::Starting { .. } if container.hook_error.is_some() => {
            hook_failed()
        }
        _ if container.is_before_running() => match &container.last {
            None => not_started(),
            Some(_) if container.hook_error.is_some() => hook_failed(),
            Some(last) => terminated(pod, spec, last, inputs),
        },
        State::Waiting if is_reset(container) => waiting(RESTARTING, REMOVED),
        State::Waiting | State::Pulling { .. } | State::Starting { .. } if container.last.is_some() => {
            container.last.as_ref().map_or_else(not_started, |last| terminated(pod, spec, last, inputs))
        }
        // Another attempt to pull is not visible until it has ended.
        State::Pulling { .. } if container.pull_backoff.is_some() => back_off(container, inputs.cri),
        State::Waiting | State::Pulling { .. } | State::Starting { .. } => not_started(),
        State::PullFailed { .. } => waiting("ErrImagePull", &inputs.cri.pull_error(&container.image)),
        State::PullBackoff { .. } => back_off(container, inputs.cri),
        State::ImageError { reason, message, .. } => waiting(reason, message),
        State::CreateFailed { error, .. } => waiting(error.reason.as_str(), &error.message),
        State::PostStart { running, .. }
        | State::Running(running)
        | State::Killing { running, .. }
        | State::Resizing { running, .. } => {
            json!({"running": {"startedAt": running.since.rfc3339()}})
        }
        State::Ended(ended) | State::Crashed { ended, .. } => terminated(pod, spec, ended, inputs),
        State::CrashBackoff { until } => {
            let ended = container.last.as_ref().map_or(inputs.now, |l| l.finished);
            let name = spec.str("/name");
            let text = format!(
                "back-off {} restarting failed container={name} pod={}_{}({})",
                *until - ended,
                pod.name(),
                pod.namespace(),
                pod.uid()
            );
            waiting("CrashLoopBackOff", &text)
        }
    }
}

fn back_off(container: &ContainerRuntime, cri: Cri) -> Value {
    let image = &container.image;
    let text = format!("Back-off pulling image \"{image}\": ErrImagePull: {}", cri.pull_error(image));
    waiting("ImagePullBackOff", &text)
}

fn waiting(reason: &str, message: &str) -> Value {
    let mut inner = Map::new();
    inner.insert("reason", reason.into());
    if !message.is_empty() {
        inner.insert("message", message.into());
    }
    json!({"waiting": inner})
}

fn terminated(pod: &Object, spec: &Value, ended: &Ended, inputs: &StatusInputs<'_>) -> Value {
    if ended.reason == RESTARTING {
        // The container is gone, and its times and id with it.
        return json!({"terminated": {"exitCode": ended.exit_code, "reason": RESTARTING, "message": REMOVED,
            "startedAt": null, "finishedAt": null}});
    }
    let mut terminated = json!({
        "containerID": container_id(pod, spec, ended.attempt, inputs),
        "exitCode": ended.exit_code,
        "reason": ended.reason,
        "startedAt": ended.started.rfc3339(),
        "finishedAt": ended.finished.rfc3339(),
    });
    if let Some(message) = &ended.message {
        terminated["message"] = message.as_str().into();
    }
    json!({"terminated": terminated})
}
