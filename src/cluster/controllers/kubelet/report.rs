//! The statuses that the kubelet has written: what they were generated from, and the syncs that they cause.

use rustc_hash::FxHashMap;

use super::container_runtime::{ContainerRuntime, State};
use super::cri::Cri;
use super::host_ip;
use super::runtime::PodRuntime;
use super::status;
use crate::controllers::{Action, Context};
use kctl_base::json::SharedStr;
use kctl_base::object::{Object, ObjectMeta};
use kctl_base::sim::Time;
use kctl_base::status::Status;

/// The pods whose status is what would be generated again unless their state has changed, by uid.
#[derive(Default)]
struct Reported(FxHashMap<SharedStr, Report>);

/// What a status was generated from beside the state of the pod.
struct Report {
    /// The resourceVersion of the pod with the status.
    version: SharedStr,
    /// The address of the node.
    host_ip: String,
    /// The sync that the status itself causes.
    echo: Option<Echo>,
}

/// A sync at the instant of the one before, which would find nothing to do.
struct Echo {
    at: Time,
    /// What the sync before has returned.
    action: Action,
}

impl Report {
    fn is_of(&self, pod: &Object, host_ip: &str) -> bool {
        self.version == pod.resource_version() && self.host_ip == host_ip
    }
}

/// Forgets a pod that has gone.
pub(super) fn forget(ctx: &mut Context<'_>, uid: &str) {
    ctx.cache::<Reported>().0.remove(uid);
}

/// Returns the result of the sync that follows a status which the kubelet has written, if nothing else has changed the pod.
pub(super) fn echo(ctx: &mut Context<'_>, pod: &Object) -> Option<Action> {
    let now = ctx.now;
    let report = ctx.cache::<Reported>().0.get_mut(pod.uid())?;
    let echo = report.echo.take()?;
    (echo.at == now && report.version == pod.resource_version()).then_some(echo.action)
}

/// Expects the sync that a status causes, if that will find nothing to do.
pub(super) fn expect_echo(ctx: &mut Context<'_>, pod: &Object, runtime: &PodRuntime, action: Action) {
    let now = ctx.now;
    if !pod.is_deleting()
        && is_settled(runtime, now)
        && action.time().is_none_or(|at| at > now)
        && let Some(report) = ctx.cache::<Reported>().0.get_mut(pod.uid())
    {
        report.echo = Some(Echo { at: now, action });
    }
}

/// Returns whether all that a pod does now is to wait for a pull, a start or the end of a run, none of which looks inside.
fn is_settled(runtime: &PodRuntime, now: Time) -> bool {
    let waits = |container: &ContainerRuntime| match &container.state {
        State::Pulling { until, .. } | State::Starting { until } => *until > now,
        State::Running(_) => true,
        _ => false,
    };
    !runtime.has_inside
        && runtime.resize.is_none()
        && runtime.restart_all_at.is_none()
        && runtime.containers.values().all(|container| waits(container))
}

/// Updates the status of the pod; returns whether it has changed. `has_changed` is true if the state of the pod has.
///
/// # Errors
/// The status cannot be written.
pub(super) fn update_status(
    ctx: &mut Context<'_>,
    pod: &Object,
    runtime: &PodRuntime,
    node: &str,
    has_changed: bool,
) -> Result<bool, Status> {
    let host = ctx.get("nodes", "", node)?;
    let host_ip = host.as_ref().map(|n| host_ip(n)).unwrap_or_default();
    let report = |pod: &Object| Report { version: pod.resource_version().into(), host_ip: host_ip.clone(), echo: None };
    if !has_changed && ctx.cache::<Reported>().0.get(pod.uid()).is_some_and(|known| known.is_of(pod, &host_ip)) {
        return Ok(false);
    }
    let cri = Cri::of(ctx.installation().profile, host.as_deref());
    let inputs = status::StatusInputs { host_ip: &host_ip, cri, now: ctx.now, ids: ctx.ids() };
    let status = status::generate(pod, runtime, &inputs);
    if pod.get("status") == Some(&status) {
        ctx.cache::<Reported>().0.insert(pod.uid().into(), report(pod));
        return Ok(false);
    }
    let mut new = pod.clone();
    new["status"] = status.clone();
    match ctx.update_status("pods", new) {
        Err(status) if status.is_not_found() => Ok(false),
        Err(status) => Err(status),
        Ok(written) => {
            // Admission may have changed it.
            if written.get("status") == Some(&status) {
                ctx.cache::<Reported>().0.insert(pod.uid().into(), report(&written));
            }
            Ok(true)
        }
    }
}
