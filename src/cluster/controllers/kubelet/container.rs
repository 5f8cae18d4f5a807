//! Transitions of one container: at most one for each sync, so that watches see every state.
//!
//! The image pull is in [`super::image_pull`], the start in [`super::start`].

use super::container_runtime::{ContainerRuntime, Running, State};
use super::container_spec::ContainerSpec;
use super::lifecycle::pre_stop_duration;
use super::pod_sync::PodSync;
use super::probes::{self, ProbeTarget};
use super::restart_all::matched_action;
use crate::simulation::PodFault;
use kctl_base::object::{ObjectMeta, ValueRead};

/// Exit code of a container that was killed (128 + SIGKILL).
pub(super) const KILLED: i64 = 137;

impl PodSync<'_> {
    /// Makes the transition of a container that is due, or requeues the pod for it.
    pub(super) fn sync_container(&mut self, spec: ContainerSpec<'_>, container: &mut ContainerRuntime) {
        let now = self.inputs.now;
        match container.state.clone() {
            State::Waiting => self.pull_image(spec, container),
            State::Pulling { until, fails } if until <= now => self.finish_pull(spec, container, fails),
            State::PullFailed { until } if until <= now => self.back_off_pull(spec, container),
            State::PullBackoff { until } | State::ImageError { until, .. }
                if until <= now || container.image != spec.spec.str("/image") =>
            {
                self.pull_image(spec, container);
            }
            State::CreateFailed { until, .. } if until <= now || (self.inputs.create_error)(spec.spec).is_none() => {
                self.pull_image(spec, container);
            }
            State::Starting { until } if until <= now => self.start(spec, container),
            State::PostStart { running, until: Some(until), failure } if until <= now => match failure {
                None => self.begin_run(spec, container, running),
                Some(failure) => self.fail_post_start(spec, container, running, failure),
            },
            State::Running(running) => match running.ends_at().filter(|t| *t <= now) {
                Some(_) => self.finish_run(spec, container, running.program.exit_code),
                None if container.is_changed(spec) => self.kill_changed(spec, container, running),
                None if self.resize_container(spec, container, &running) => {}
                None => self.probe(spec, container, &running),
            },
            State::Resizing { until, .. } if until <= now => self.restart_resized(spec, container),
            State::Killing { running, until } if until <= now => self.finish_kill(spec, container, &running),
            State::Crashed { ended, until, restart } if until <= now => {
                container.last = Some(ended);
                if restart <= now {
                    return self.restart(spec, container);
                }
                let (pod, namespace, uid) = (self.pod.name(), self.pod.namespace(), self.pod.uid());
                let name = spec.name();
                let message = format!("Back-off restarting failed container {name} in pod {pod}_{namespace}({uid})");
                self.warning(Some(spec), "BackOff", message);
                container.state = State::CrashBackoff { until: restart };
                self.out.requeue_at(restart, true);
            }
            State::CrashBackoff { until } if until <= now => self.restart(spec, container),
            State::Pulling { until, .. }
            | State::PullFailed { until }
            | State::Starting { until }
            | State::Killing { until, .. }
            | State::Resizing { until, .. }
            | State::Crashed { until, .. } => self.out.requeue_at(until, false),
            State::PullBackoff { until }
            | State::ImageError { until, .. }
            | State::CreateFailed { until, .. }
            | State::CrashBackoff { until } => self.out.requeue_at(until, true),
            State::PostStart { until, .. } => {
                if let Some(at) = until {
                    self.out.requeue_at(at, false);
                }
            }
            State::Ended(_) => {}
        }
    }

    /// Ends the current run: for good, or with a restart after the back-off.
    pub(super) fn finish_run(&mut self, spec: ContainerSpec<'_>, container: &mut ContainerRuntime, exit_code: i64) {
        let now = self.inputs.now;
        let ended = container.terminate(exit_code, now);
        container.finished_runs += 1;
        container.probes = probes::Probes::default();
        let action = if spec.is_ephemeral { None } else { matched_action(&spec, exit_code) };
        self.asks_for_restart_all |= action == Some("RestartAllContainers");
        if self.asks_for_restart_all || action != Some("Restart") && !self.should_restart(spec, exit_code) {
            container.state = State::Ended(ended);
            return;
        }
        let restart = now + container.crash_delay(ended.finished - ended.started);
        let until = now + self.duration("stop", spec.name(), container.run());
        container.state = State::Crashed { ended, until, restart: restart.max(until) };
        self.out.requeue_at(until, false);
    }

    /// Applies the restart policy of the container (KEP-5307), or else that of the pod. An init container that has succeeded is
    /// not restarted, an ephemeral one never, and none in a pod that ends.
    fn should_restart(&self, spec: ContainerSpec<'_>, exit_code: i64) -> bool {
        if spec.is_ephemeral || self.is_ending {
            return false;
        }
        let policy = match spec.spec.str("/restartPolicy") {
            "" => self.pod.str("/spec/restartPolicy"),
            policy => policy,
        };
        match policy {
            "Never" => false,
            "OnFailure" => exit_code != 0,
            _ => spec.is_sidecar || !spec.is_init || exit_code != 0,
        }
    }

    /// Runs the probes of a running container that are due.
    pub(super) fn probe(&mut self, spec: ContainerSpec<'_>, container: &mut ContainerRuntime, running: &Running) {
        if let Some(at) = running.ends_at() {
            self.out.requeue_at(at, container.repeats());
        }
        let target = ProbeTarget {
            container: spec.spec,
            script: &self.script(spec),
            running,
            is_unready: self.inputs.fault == Some(PodFault::Unready),
            results: &self.inputs.probe_results,
            now: self.inputs.now,
        };
        let result = probes::run(&target, &mut container.probes);
        for message in result.failures {
            self.warning(Some(spec), "Unhealthy", message);
        }
        if let Some((at, is_retry)) = result.requeue {
            self.out.requeue_at(at, is_retry);
        }
        if let Some(probe) = result.killed_by {
            let message = format!("Container {} failed {probe} probe, will be restarted", spec.name());
            self.event(Some(spec), "Killing", message);
            self.kill(spec, container, running.clone());
        }
    }

    /// Begins to stop a container that will be restarted.
    pub(super) fn kill(&mut self, spec: ContainerSpec<'_>, container: &mut ContainerRuntime, running: Running) {
        let stop = self.duration("stop", spec.name(), container.run());
        let until = self.inputs.now + stop + pre_stop_duration(spec);
        container.state = State::Killing { running, until };
        self.out.requeue_at(until, false);
    }

    /// Ends the run of a container that has been stopped, to start it again unless the pod ends.
    fn finish_kill(&mut self, spec: ContainerSpec<'_>, container: &mut ContainerRuntime, running: &Running) {
        if container.is_changed(spec) && !self.is_ending {
            return self.finish_changed(container, running);
        }
        let exit_code = match running.program.is_terminating {
            true => running.program.exit_code,
            false if self.is_ending => 0,
            false => KILLED,
        };
        self.finish_run(spec, container, exit_code);
    }
}
