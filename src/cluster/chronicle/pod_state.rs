//! The state of a pod, and what its own timestamps tell about earlier ones.

use kctl_base::object::{Object, ObjectMeta, ValueRead, condition, condition_is_true};
use kctl_base::sim::{Duration, Time};

/// Reasons of waiting that are part of a start in order.
const STARTING: &[&str] = &["ContainerCreating", "PodInitializing", ""];

/// The state of a pod as a picture shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PodState {
    /// No node has been found.
    Pending,
    /// The node prepares it: volumes, images, init containers, containers.
    Starting,
    /// It runs and is not ready.
    NotReady,
    /// It runs and is ready.
    Ready,
    /// It is being deleted.
    Terminating,
    /// A container has failed or waits for its next attempt (image, crash, configuration), or the pod has failed for good.
    Failed,
    /// All containers have ended without an error.
    Succeeded,
}

/// A stretch of the life of a pod in one state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// The state.
    pub state: PodState,
    /// A reason in the words of the API that says more, such as `Unschedulable`; empty for none.
    pub detail: String,
    /// The beginning.
    pub from: Time,
    /// The end: that of the history for the present state.
    pub to: Time,
}

impl PodState {
    /// All states, in the order of a life.
    pub const ALL: [PodState; 7] = [
        PodState::Pending,
        PodState::Starting,
        PodState::NotReady,
        PodState::Ready,
        PodState::Terminating,
        PodState::Failed,
        PodState::Succeeded,
    ];

    /// The name in legends: `not ready`.
    pub fn label(self) -> &'static str {
        match self {
            PodState::Pending => "pending",
            PodState::Starting => "starting",
            PodState::NotReady => "not ready",
            PodState::Ready => "ready",
            PodState::Terminating => "terminating",
            PodState::Failed => "failed",
            PodState::Succeeded => "succeeded",
        }
    }
}

/// Returns the state of a pod, and a reason in the words of the API that says more (`Unschedulable`, `CrashLoopBackOff`);
/// empty for none.
pub(super) fn state(pod: &Object) -> (PodState, String) {
    if pod.is_deleting() {
        return (PodState::Terminating, String::new());
    }
    match pod.str("/status/phase") {
        "Succeeded" => return (PodState::Succeeded, String::new()),
        "Failed" => return (PodState::Failed, reason_of_failure(pod)),
        _ => {}
    }
    if let Some(reason) = trouble(pod) {
        return (PodState::Failed, reason);
    }
    let scheduled = condition(pod, "PodScheduled").map_or("", |c| c.str("/reason"));
    match pod.str("/status/phase") {
        "Running" if condition_is_true(pod, "Ready") => (PodState::Ready, String::new()),
        "Running" | "Unknown" => (PodState::NotReady, reason_of(pod, "Ready")),
        _ if pod.str("/spec/nodeName").is_empty() => (PodState::Pending, scheduled.into()),
        _ => (PodState::Starting, waiting(pod).find(|reason| !reason.is_empty()).unwrap_or("").into()),
    }
}

fn reason_of(pod: &Object, condition_type: &str) -> String {
    condition(pod, condition_type).map_or("", |c| c.str("/reason")).into()
}

/// The statuses of init containers and containers.
fn containers(pod: &Object) -> impl Iterator<Item = &Object> {
    pod.list("/status/initContainerStatuses").iter().chain(pod.list("/status/containerStatuses"))
}

/// The reasons for which containers wait.
fn waiting(pod: &Object) -> impl Iterator<Item = &str> {
    containers(pod).filter_map(|status| status.at("/state/waiting")).map(|waiting| waiting.str("/reason"))
}

/// Why a pod that goes on has a failed container, if it has one.
fn trouble(pod: &Object) -> Option<String> {
    if let Some(reason) = waiting(pod).find(|reason| !STARTING.contains(reason)) {
        return Some(reason.into());
    }
    containers(pod).find_map(failure)
}

/// Why a container has ended, if it was an error.
fn failure(status: &Object) -> Option<String> {
    let code = status.int("/state/terminated/exitCode").filter(|code| *code != 0)?;
    Some(format!("{} (exit code {code})", status.str("/state/terminated/reason")))
}

/// The reason of the phase Failed: that of the pod, or that of a container.
fn reason_of_failure(pod: &Object) -> String {
    match pod.str("/status/reason") {
        "" => containers(pod).find_map(failure).unwrap_or_default(),
        own => own.into(),
    }
}

/// Returns the spans of a pod up to a time, as far as its timestamps tell them; they have a precision of seconds, and a
/// state that came and went has left no trace.
pub(super) fn remembered(pod: &Object, until: Time) -> Vec<Span> {
    let Some(created) = pod.creation_time() else { return Vec::new() };
    let (now, detail) = state(pod);
    let mut steps = vec![(created, PodState::Pending, String::new())];
    steps.extend(transition(pod, "PodScheduled", "True").map(|at| (at, PodState::Starting, String::new())));
    if let Some(started) = started(pod) {
        let lost = transition(pod, "Ready", "False").filter(|at| *at > started && now != PodState::Starting);
        let first = if lost.is_some() { PodState::Ready } else { PodState::NotReady };
        steps.push((started, first, String::new()));
        steps.extend(lost.map(|at| (at, PodState::NotReady, String::new())));
    }
    steps.extend(transition(pod, "Ready", "True").map(|at| (at, PodState::Ready, String::new())));
    let last = steps.iter().map(|step| step.0).max().unwrap_or(created);
    match entered(pod, now) {
        Some(at) => steps.push((at, now, detail)),
        None if steps.last().is_some_and(|step| step.1 != now) => steps.push((last, now, detail)),
        None => {}
    }
    spans(steps, until)
}

/// Joins steps, each of which lasts until the next one; those that are out of order are dropped.
fn spans(steps: Vec<(Time, PodState, String)>, until: Time) -> Vec<Span> {
    let mut spans: Vec<Span> = Vec::new();
    for (at, state, detail) in steps {
        let at = at.min(until);
        if let Some(last) = spans.last_mut() {
            if at < last.from {
                continue;
            }
            last.to = at;
        }
        spans.push(Span { state, detail, from: at, to: until });
    }
    spans.retain(|span| span.from < span.to);
    spans
}

/// The time at which a condition got a status.
fn transition(pod: &Object, condition_type: &str, status: &str) -> Option<Time> {
    condition(pod, condition_type).filter(|c| c.str("/status") == status)?.time("/lastTransitionTime")
}

/// The time at which the first container of those that run or have ended started; a restart hides the first start.
fn started(pod: &Object) -> Option<Time> {
    let fields = ["/lastState/terminated/startedAt", "/state/running/startedAt", "/state/terminated/startedAt"];
    let statuses = pod.list("/status/containerStatuses").iter();
    statuses.filter_map(|status| fields.iter().find_map(|field| status.time(field))).min()
}

/// The time at which a pod got into its present state, if a timestamp says so.
fn entered(pod: &Object, state: PodState) -> Option<Time> {
    let ended = || containers(pod).filter_map(|status| status.time("/state/terminated/finishedAt")).max();
    let crashed = || containers(pod).filter_map(|status| status.time("/lastState/terminated/finishedAt")).max();
    match state {
        PodState::Terminating => {
            let grace = Duration::from_secs(pod.int("/metadata/deletionGracePeriodSeconds").unwrap_or(0));
            pod.deletion_time().map(|at| at - grace)
        }
        PodState::Succeeded => ended(),
        PodState::Failed => ended().or_else(crashed),
        PodState::Pending | PodState::Starting | PodState::NotReady | PodState::Ready => None,
    }
}
