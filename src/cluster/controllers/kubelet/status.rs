//! The status of a pod, computed from what the kubelet remembers of it.

use super::images;
use super::runtime::{ContainerRuntime, Ended, PodRuntime, State};
use super::spec::init_done;
use kctl_base::json::{Map, Value, json};
use kctl_base::object::{Object, ObjectMeta, ValueRead};
use kctl_base::sim::{Ids, Time};
use kctl_kinds::shared::pod_spec::is_sidecar;

/// What goes into a status beside the pod and its runtime.
pub(super) struct Surroundings<'a> {
    /// The node's address.
    pub(super) host_ip: &'a str,
    /// The present.
    pub(super) now: Time,
    /// For container ids.
    pub(super) ids: Ids,
}

/// The status that a kubelet reports for a pod.
pub(super) fn compute(pod: &Object, runtime: &PodRuntime, around: &Surroundings<'_>) -> Value {
    let mut status = pod.get("status").cloned().unwrap_or_else(|| json!({}));
    let phase = phase_of(pod, runtime);
    status["phase"] = phase.into();
    status["conditions"] = conditions(pod, runtime, phase, around.now);
    status["hostIP"] = around.host_ip.into();
    status["hostIPs"] = json!([{"ip": around.host_ip}]);
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
        status["initContainerStatuses"] = statuses(pod, "/spec/initContainers", runtime, around);
    }
    let mut list = statuses(pod, "/spec/containers", runtime, around);
    if let Some(list) = list.as_array_mut() {
        list.sort_by(|a, b| a.str("/name").cmp(b.str("/name")));
    }
    status["containerStatuses"] = list;
    status
}

/// The phase to report: a pod that is being deleted keeps the one it had, it does not succeed on its way out.
fn phase_of(pod: &Object, runtime: &PodRuntime) -> &'static str {
    match (pod.is_deleting(), pod.str("/status/phase")) {
        (true, "Pending") => "Pending",
        (true, "Running") => "Running",
        _ => phase(pod, runtime),
    }
}

/// The phase, by the kubelet's rules: https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-phase
fn phase(pod: &Object, runtime: &PodRuntime) -> &'static str {
    if runtime.ended.is_some() {
        return "Failed";
    }
    if !initialized(pod, runtime) {
        let failed = pod.list("/spec/initContainers").iter().any(|c| {
            let known = runtime.containers.get(c.str("/name"));
            !is_sidecar(c) && known.and_then(ContainerRuntime::ended).is_some_and(|e| e.exit_code != 0)
        });
        return if failed { "Failed" } else { "Pending" };
    }
    let containers: Vec<&ContainerRuntime> =
        pod.list("/spec/containers").iter().filter_map(|c| runtime.containers.get(c.str("/name"))).collect();
    if containers.iter().any(|c| !c.has_run()) {
        return "Pending";
    }
    let over = containers.iter().all(|c| c.ended().is_some());
    match (over, containers.iter().all(|c| c.ended().is_some_and(|e| e.exit_code == 0))) {
        (false, _) => "Running",
        (true, true) => "Succeeded",
        (true, false) => "Failed",
    }
}

fn initialized(pod: &Object, runtime: &PodRuntime) -> bool {
    let all_over = || {
        let containers = pod.list("/spec/containers");
        containers.iter().any(|c| runtime.containers.get(c.str("/name")).is_some_and(ContainerRuntime::has_run))
    };
    pod.list("/spec/initContainers").iter().all(|c| init_done(c, runtime.containers.get(c.str("/name")))) || all_over()
}

fn conditions(pod: &Object, runtime: &PodRuntime, phase: &str, now: Time) -> Value {
    let over = phase == "Succeeded" || phase == "Failed";
    let sandbox = !runtime.ip.is_empty();
    let unready = names(pod, "/spec/containers", |c| !is_ready(c, runtime));
    let waiting = names(pod, "/spec/initContainers", |c| !init_done(c, runtime.containers.get(c.str("/name"))));
    let ended = if phase == "Succeeded" { "PodCompleted" } else { "PodFailed" };
    let not_ready = || match over {
        true => (false, ended, String::new()),
        false => (false, "ContainersNotReady", format!("containers with unready status: [{}]", unready.join(" "))),
    };
    let gates = pod.list("/spec/readinessGates").iter().map(|g| g.str("/conditionType"));
    let open: Vec<&str> = gates.filter(|g| !kctl_base::object::condition_is_true(pod, g)).collect();
    let containers_ready = if unready.is_empty() && !over { (true, "", String::new()) } else { not_ready() };
    let ready = match (containers_ready.0, open.is_empty()) {
        (true, false) => {
            let texts: Vec<String> = open
                .iter()
                .map(|g| format!("corresponding condition of pod readiness gate \"{g}\" does not exist."))
                .collect();
            (false, "ReadinessGatesNotReady", texts.join(", "))
        }
        _ => containers_ready.clone(),
    };
    let initialized = match (initialized(pod, runtime), phase) {
        (true, "Succeeded") => (true, "PodCompleted", String::new()),
        (true, _) => (true, "", String::new()),
        (false, _) => {
            (false, "ContainersNotInitialized", format!("containers with incomplete status: [{}]", waiting.join(" ")))
        }
    };
    let mut list = vec![
        condition(pod, "PodReadyToStartContainers", (sandbox, "", String::new()), now),
        condition(pod, "Initialized", initialized, now),
        condition(pod, "Ready", ready, now),
        condition(pod, "ContainersReady", containers_ready, now),
    ];
    let own = ["PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady"];
    list.extend(pod.list("/status/conditions").iter().filter(|c| !own.contains(&c.str("/type"))).cloned());
    Value::from(list)
}

fn names(pod: &Object, list: &str, is: impl Fn(&Value) -> bool) -> Vec<String> {
    pod.list(list).iter().filter(|c| is(c)).map(|c| c.str("/name").to_string()).collect()
}

/// One condition; the time of its last transition moves only when its status does.
fn condition(pod: &Object, kind: &str, (is, reason, message): (bool, &str, String), now: Time) -> Value {
    let status = if is { "True" } else { "False" };
    let before = kctl_base::object::condition(pod, kind).filter(|c| c.str("/status") == status);
    let since = before.map_or_else(|| now.rfc3339(), |c| c.str("/lastTransitionTime").to_string());
    let mut condition = json!({"type": kind, "status": status, "lastProbeTime": null, "lastTransitionTime": since});
    for (key, text) in [("reason", reason), ("message", message.as_str())] {
        if !text.is_empty() {
            condition[key] = text.into();
        }
    }
    if pod.generation() > 0 {
        condition["observedGeneration"] = pod.generation().into();
    }
    condition
}

fn is_ready(container: &Value, runtime: &PodRuntime) -> bool {
    runtime
        .containers
        .get(container.str("/name"))
        .is_some_and(|c| c.running().is_some() && c.probes.ready && !matches!(c.state, State::Killing { .. }))
}

fn statuses(pod: &Object, list: &str, runtime: &PodRuntime, around: &Surroundings<'_>) -> Value {
    let init = list == "/spec/initContainers";
    let status = |spec: &Value| match runtime.containers.get(spec.str("/name")) {
        Some(container) => container_status(pod, spec, container, init, around),
        None => json!({}),
    };
    pod.list(list).iter().map(status).collect()
}

fn container_status(
    pod: &Object,
    spec: &Value,
    container: &ContainerRuntime,
    init: bool,
    around: &Surroundings<'_>,
) -> Value {
    let running = container.running().is_some() && !matches!(container.state, State::Killing { .. });
    let done = init && container.ended().is_some_and(|e| e.exit_code == 0);
    let ready = if init && !is_sidecar(spec) { done } else { running && container.probes.ready };
    let started = running && container.probes.started;
    let mut status = json!({
        "name": spec.str("/name"),
        "image": if container.image.is_empty() { spec.str("/image") } else { &container.image },
        "imageID": "",
        "ready": ready,
        "restartCount": container.restarts,
        "started": started,
        "state": state(pod, spec, container, around),
        "lastState": {},
    });
    if let Some(last) = &container.last {
        status["lastState"] = terminated(pod, spec, last, around);
    }
    if container.has_run() {
        status["imageID"] = images::id(&container.image).into();
        let attempt = match (&container.last, container.ended()) {
            _ if container.running().is_some() => container.restarts,
            (_, Some(ended)) => ended.attempt,
            (Some(last), None) => last.attempt,
            (None, None) => 0,
        };
        status["containerID"] = container_id(pod, spec, attempt, around.ids).into();
    }
    if let Some(resources) =
        spec.at("/resources").filter(|r| container.has_run() && r.as_object().is_some_and(|m| !m.is_empty()))
    {
        status["resources"] = resources.clone();
        if let Some(requests) = resources.at("/requests") {
            status["allocatedResources"] = requests.clone();
        }
    }
    status
}

fn container_id(pod: &Object, spec: &Value, attempt: i64, ids: Ids) -> String {
    let owner = format!("{}/{}", pod.uid(), spec.str("/name"));
    let counter = attempt.unsigned_abs() * 2;
    format!(
        "containerd://{:032x}{:032x}",
        ids.draw("container", &owner, counter),
        ids.draw("container", &owner, counter + 1)
    )
}

fn state(pod: &Object, spec: &Value, container: &ContainerRuntime, around: &Surroundings<'_>) -> Value {
    // Where there are init containers this is said of all containers, and until they have started.
    let idle = || {
        let initializes = !pod.list("/spec/initContainers").is_empty();
        waiting(if initializes { "PodInitializing" } else { "ContainerCreating" }, "")
    };
    match &container.state {
        State::Waiting | State::Pulling { .. } | State::Starting { .. } if container.last.is_some() => {
            container.last.as_ref().map_or_else(idle, |last| terminated(pod, spec, last, around))
        }
        // A further attempt shows only when it is over.
        State::Pulling { .. } if container.pull_backoff.is_some() => back_off(container),
        State::Waiting | State::Pulling { .. } | State::Starting { .. } => idle(),
        State::PullFailed { .. } => waiting("ErrImagePull", &images::not_found(&container.image)),
        State::PullBackoff { .. } => back_off(container),
        State::ConfigError { message, .. } => {
            let reason = if message.contains("pull policy of Never") {
                "ErrImageNeverPull"
            } else {
                "CreateContainerConfigError"
            };
            waiting(reason, message)
        }
        State::Running(running) | State::Killing { running, .. } => {
            json!({"running": {"startedAt": running.since.rfc3339()}})
        }
        State::Ended(ended) | State::Crashed { ended, .. } => terminated(pod, spec, ended, around),
        State::CrashBackoff { until } => {
            let ended = container.last.as_ref().map_or(around.now, |l| l.finished);
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

fn back_off(container: &ContainerRuntime) -> Value {
    let image = &container.image;
    let text = format!("Back-off pulling image \"{image}\": ErrImagePull: {}", images::not_found(image));
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

fn terminated(pod: &Object, spec: &Value, ended: &Ended, around: &Surroundings<'_>) -> Value {
    json!({"terminated": {
        "containerID": container_id(pod, spec, ended.attempt, around.ids),
        "exitCode": ended.exit_code,
        "reason": ended.reason,
        "startedAt": ended.started.rfc3339(),
        "finishedAt": ended.finished.rfc3339(),
    }})
}
