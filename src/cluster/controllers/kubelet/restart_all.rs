//! Restarts of all containers of a pod in place, which a restart rule of one of them asks for (KEP-5532): the containers are
//! stopped and removed, and the pod starts again with its init containers, on the same node and with the same address.

use super::container_runtime::{ContainerRuntime, Ended, RESTARTING, State};
use super::container_spec::{ContainerSpec, containers};
use super::pod_sync::PodSync;
use super::probes::Probes;
use super::runtime::PodRuntime;
use kctl_base::object::{Object, ValueRead};

/// Message of that state.
pub(super) const REMOVED: &str = "The container is removed because RestartAllContainers in place";
/// Exit code of a container that was removed.
const EXIT_CODE: i64 = 137;

/// Returns the action of the first restart rule of a container that an exit code matches.
pub(super) fn matched_action<'a>(spec: &ContainerSpec<'a>, exit_code: i64) -> Option<&'a str> {
    let matches = |codes: &kctl_base::json::Value| {
        let is_listed = codes.list("/values").iter().any(|value| value.as_i64() == Some(exit_code));
        is_listed == (codes.str("/operator") == "In")
    };
    let mut rules = spec.spec.list("/restartPolicyRules").iter();
    rules.find(|rule| rule.at("/exitCodes").is_some_and(matches)).map(|rule| rule.str("/action"))
}

/// Returns whether a container of a pod may ask for the restart of all (`AllContainersCouldRestart`).
pub(super) fn may_restart_all(pod: &Object) -> bool {
    let mut rules = containers(pod).flat_map(|container| container.spec.list("/restartPolicyRules"));
    rules.any(|rule| rule.str("/action") == "RestartAllContainers")
}

impl PodSync<'_> {
    /// Restarts all containers when that is due; returns `true` while they are being stopped.
    pub(super) fn restart_all(&mut self, runtime: &mut PodRuntime) -> bool {
        let Some(at) = runtime.restart_all_at else { return false };
        if at > self.inputs.now {
            self.out.requeue_at(at, false);
            return true;
        }
        runtime.restart_all_at = None;
        for spec in containers(self.pod).filter(|c| !c.is_ephemeral) {
            let Some(container) = runtime.containers.get_mut(spec.name()).filter(|c| c.has_run()) else { continue };
            if container.running().is_some() {
                self.event(Some(spec), "Killing", format!("Stopping container {}", spec.name()));
            }
            reset(container, self.inputs.now);
        }
        // Watches see the removed containers before the pod starts again.
        self.out.requeue_at(self.inputs.now, false);
        true
    }

    /// Schedules the restart of all containers, if a container has asked for it in this sync.
    pub(super) fn schedule_restart_all(&mut self, runtime: &mut PodRuntime) {
        if self.asks_for_restart_all && runtime.restart_all_at.is_none() {
            let at = self.inputs.now + self.duration("restart", "", 0);
            runtime.restart_all_at = Some(at);
            self.out.requeue_at(at, false);
        }
    }
}

/// Removes a container that has run.
fn reset(container: &mut ContainerRuntime, now: kctl_base::sim::Time) {
    let ended = container.terminate(EXIT_CODE, now);
    container.last = Some(Ended { reason: RESTARTING.into(), ..ended });
    container.restarts += 1;
    container.finished_runs += 1;
    container.backoff = None;
    container.probes = Probes::default();
    container.complete_resize();
    container.state = State::Waiting;
}

/// Returns whether a container was removed for the restart of all and has not begun to start again.
pub(super) fn is_reset(container: &ContainerRuntime) -> bool {
    matches!(container.state, State::Waiting) && container.last.as_ref().is_some_and(|last| last.reason == RESTARTING)
}
