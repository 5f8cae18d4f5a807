//! Transitions of the pod as a whole: termination, deadline, volumes, the order in which containers start.

use std::collections::BTreeMap;

use super::command::{self, Invocation};
use super::container::KILLED;
use super::container_runtime::{ContainerRuntime, State};
use super::container_spec::{ContainerSpec, containers, is_initialized, regular_containers};
use super::pod_sync::{Outcome, PodInputs, PodSync};
use super::restart_all::is_reset;
use super::runtime::{PodRuntime, Retry, Stopping};
use super::start::strings;
use crate::simulation::PodFault;
use kctl_base::object::{Object, ObjectMeta, ValueRead};
use kctl_base::sim::{Duration, Time};

/// First delay between attempts to mount volumes (`initialDurationBeforeRetry` of exponentialbackoff).
const FIRST_MOUNT_RETRY: Duration = Duration::from_millis(500);
/// Longest delay between attempts to mount volumes (`maxDurationBeforeRetry`).
const MAX_MOUNT_RETRY: Duration = Duration::from_secs(122);

/// Returns the duration of the hook before the stop of a container, as far as the command alone decides it.
pub(super) fn pre_stop_duration(spec: ContainerSpec<'_>) -> Duration {
    if let Some(seconds) = spec.spec.int("/lifecycle/preStop/sleep/seconds") {
        return Duration::from_secs(seconds);
    }
    let argv = strings(spec.spec.list("/lifecycle/preStop/exec/command"));
    if argv.is_empty() {
        return Duration::ZERO;
    }
    let hook = Invocation { image: "", argv: &argv, is_service: false, start: Time::from_secs(0) };
    match command::decide(&hook) {
        Some(program) => program.runs.unwrap_or(Duration::from_secs(i64::from(i32::MAX))),
        // It is run in the inside of the pod.
        None => Duration::ZERO,
    }
}

impl<'a> PodSync<'a> {
    /// Makes the transitions that are due.
    pub(super) fn run(pod: &'a Object, runtime: &mut PodRuntime, inputs: &'a PodInputs<'a>) -> Outcome {
        let mut sync = PodSync { pod, inputs, out: Outcome::default(), asks_for_restart_all: false, is_ending: false };
        for spec in containers(pod) {
            let containers = &mut runtime.containers;
            containers
                .entry(spec.name().into())
                .or_insert_with(|| Box::new(ContainerRuntime::new(spec.spec.str("/image"))));
        }
        if pod.is_deleting() {
            sync.sync_terminating(runtime);
        } else if runtime.ended.is_none() {
            sync.sync_running(runtime);
        }
        sync.out
    }

    /// Stops the containers of a deleted pod within its grace period.
    fn sync_terminating(&mut self, runtime: &mut PodRuntime) {
        let now = self.inputs.now;
        let is_running = runtime.containers.values().any(|c| c.running().is_some());
        let gone_at = match &runtime.stopping {
            Some(stopping) => stopping.gone_at,
            None if !is_running => now,
            None => {
                let deadline = self.pod.deletion_time().unwrap_or(now);
                let stop = self.duration("stop", "", 0);
                let simulated = self.inputs.stopped.as_ref().map_or(now, |stopped| stopped.at);
                let gone_at = (now + stop + self.longest_hook(runtime)).max(simulated).min(deadline).max(now);
                for spec in containers(self.pod) {
                    if runtime.container(spec.name()).is_some_and(|c| c.running().is_some()) {
                        self.event(Some(spec), "Killing", format!("Stopping container {}", spec.name()));
                    }
                }
                gone_at
            }
        };
        // Another deletion may have shortened the grace period.
        let gone_at = self.pod.deletion_time().map_or(gone_at, |deadline| gone_at.min(deadline.max(now)));
        let begun = || self.inputs.stopped.as_ref().map(|stopped| stopped.failed_hooks.clone()).unwrap_or_default();
        let mut failed_hooks = runtime.stopping.take().map_or_else(begun, |stopping| stopping.failed_hooks);
        self.report_failed_hooks(&mut failed_hooks);
        let next = failed_hooks.values().copied().chain([gone_at]).min();
        runtime.stopping = Some(Stopping { gone_at, failed_hooks });
        if let (true, Some(next)) = (gone_at > now, next) {
            return self.out.requeue_at(next, false);
        }
        let exit_code = self.exit_code_of_stop();
        for container in runtime.containers.values_mut().filter(|c| c.running().is_some()) {
            container.state = State::Ended(container.terminate(exit_code, now));
        }
        self.out.is_terminated = true;
    }

    /// Reports the hooks before the stop that have failed, and takes them out.
    fn report_failed_hooks(&mut self, failed: &mut BTreeMap<String, Time>) {
        let now = self.inputs.now;
        for spec in containers(self.pod) {
            if failed.get(spec.name()).is_some_and(|at| *at <= now) {
                failed.remove(spec.name());
                self.warning(Some(spec), "FailedPreStopHook", "PreStopHook failed".into());
            }
        }
    }

    /// Returns the duration of the longest hook before the stop of the running containers.
    fn longest_hook(&self, runtime: &PodRuntime) -> Duration {
        let is_running =
            |spec: &ContainerSpec<'_>| runtime.container(spec.name()).is_some_and(|c| c.running().is_some());
        containers(self.pod).filter(is_running).map(pre_stop_duration).max().unwrap_or(Duration::ZERO)
    }

    /// Starts, restarts and probes the containers.
    fn sync_running(&mut self, runtime: &mut PodRuntime) {
        if self.exceeds_active_deadline(runtime) || !self.mount_volumes(runtime) {
            return;
        }
        if self.restart_all(runtime) {
            return;
        }
        if self.inputs.fault == Some(PodFault::Crash) {
            self.crash(runtime);
        }
        self.is_ending = self.regular_containers_terminated(runtime);
        let mut initialized = true;
        let mut is_held_up = false;
        for spec in containers(self.pod) {
            let container =
                runtime.containers.entry(spec.name().into()).or_insert_with(|| Box::new(ContainerRuntime::new("")));
            // The kubelet starts the containers one after the other, so a pull or hook delays those behind it.
            let may_start = spec.is_ephemeral || initialized && (spec.is_init || !is_held_up);
            if may_start || container.has_run() && !is_reset(container) {
                self.sync_container(spec, container);
            }
            if spec.is_init {
                initialized = initialized && is_initialized(spec.spec, Some(container));
            } else if !spec.is_ephemeral {
                is_held_up |=
                    matches!(container.state, State::Pulling { .. } | State::PostStart { .. } | State::Waiting);
            }
        }
        self.schedule_restart_all(runtime);
        self.stop_sidecars(runtime);
        self.complete_resize(runtime);
    }

    fn regular_containers_terminated(&self, runtime: &PodRuntime) -> bool {
        let is_terminated =
            |c: ContainerSpec<'_>| runtime.container(c.name()).is_some_and(|c| c.terminated().is_some());
        runtime.restart_all_at.is_none() && regular_containers(self.pod).all(is_terminated)
    }

    /// Fails a pod that exceeds `activeDeadlineSeconds` (`pkg/kubelet/active_deadline.go`); otherwise requeues it for the
    /// deadline.
    fn exceeds_active_deadline(&mut self, runtime: &mut PodRuntime) -> bool {
        let Some(seconds) = self.pod.int("/spec/activeDeadlineSeconds") else { return false };
        if self.regular_containers_terminated(runtime) {
            return false;
        }
        let deadline = runtime.started + Duration::from_secs(seconds);
        if deadline > self.inputs.now {
            self.out.requeue_at(deadline, false);
            return false;
        }
        let message = "Pod was active on the node longer than the specified deadline".to_string();
        self.event(None, "DeadlineExceeded", message.clone());
        for spec in containers(self.pod) {
            self.stop(runtime, spec, KILLED);
        }
        runtime.ended = Some(("DeadlineExceeded".into(), message));
        true
    }

    /// Ends the run of a container for good.
    fn stop(&mut self, runtime: &mut PodRuntime, spec: ContainerSpec<'_>, exit_code: i64) {
        if let Some(container) = runtime.containers.get_mut(spec.name()).filter(|c| c.running().is_some()) {
            self.event(Some(spec), "Killing", format!("Stopping container {}", spec.name()));
            container.state = State::Ended(container.terminate(exit_code, self.inputs.now));
        }
    }

    /// Reports whether the volumes are mounted, and retries with growing delays while they cannot be.
    fn mount_volumes(&mut self, runtime: &mut PodRuntime) -> bool {
        if runtime.containers.values().any(|c| c.has_run()) {
            return true;
        }
        let Some(message) = self.inputs.mount_error.clone() else {
            runtime.mount_retry = None;
            return true;
        };
        let now = self.inputs.now;
        if runtime.mount_retry.as_ref().is_none_or(|r| r.at <= now) {
            let doubled = |retry: &Retry| Duration::from_micros(retry.delay.micros() * 2).min(MAX_MOUNT_RETRY);
            let delay = runtime.mount_retry.as_ref().map_or(FIRST_MOUNT_RETRY, doubled);
            runtime.mount_retry = Some(Retry { at: now + delay, delay });
            self.warning(None, "FailedMount", message);
        }
        if let Some(retry) = &runtime.mount_retry {
            self.out.requeue_at(retry.at, true);
        }
        false
    }

    /// Injects the fault [`PodFault::Crash`].
    fn crash(&mut self, runtime: &mut PodRuntime) {
        for spec in containers(self.pod) {
            if let Some(container) = runtime.containers.get_mut(spec.name()).filter(|c| c.running().is_some()) {
                self.finish_run(spec, container, KILLED);
            }
        }
    }

    /// Stops the ephemeral containers, and the sidecars one after the other, the last one first, when all regular containers have
    /// terminated for good (`terminationOrdering` in `pkg/kubelet/kuberuntime`).
    fn stop_sidecars(&mut self, runtime: &mut PodRuntime) {
        if !self.regular_containers_terminated(runtime) {
            return;
        }
        for spec in containers(self.pod).filter(|spec| spec.is_ephemeral) {
            self.stop(runtime, spec, 0);
        }
        let sidecars: Vec<ContainerSpec<'_>> = containers(self.pod).filter(|spec| spec.is_sidecar).collect();
        let is_running =
            |spec: &&ContainerSpec<'_>| runtime.container(spec.name()).is_some_and(|c| c.running().is_some());
        let Some(spec) = sidecars.iter().rev().find(is_running).copied() else { return };
        let Some(container) = runtime.containers.get_mut(spec.name()) else { return };
        if let (Some(running), false) = (container.running().cloned(), matches!(container.state, State::Killing { .. }))
        {
            self.event(Some(spec), "Killing", format!("Stopping container {}", spec.name()));
            self.kill(spec, container, running);
        }
    }
}
