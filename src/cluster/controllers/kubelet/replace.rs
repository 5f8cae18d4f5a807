//! Containers whose definition changes while they run: only the image can (`containerChanged` and `computePodActions` in
//! `pkg/kubelet/kuberuntime`).

use super::container::KILLED;
use super::container_runtime::{ContainerRuntime, Running, State};
use super::container_spec::ContainerSpec;
use super::pod_sync::PodSync;
use super::probes::Probes;
use kctl_base::object::ValueRead;

/// Returns whether a container that runs is to be replaced by one with another image. An init container that is to end by
/// itself is left alone.
pub(super) fn is_changed(spec: ContainerSpec<'_>, container: &ContainerRuntime) -> bool {
    (!spec.is_init || spec.is_sidecar) && container.image != spec.spec.str("/image")
}

impl PodSync<'_> {
    /// Begins to stop a container whose definition has changed.
    pub(super) fn kill_changed(&mut self, spec: ContainerSpec<'_>, container: &mut ContainerRuntime, running: Running) {
        let message = match spec.is_sidecar {
            true => format!("Init container {} definition changed", spec.name()),
            false => format!("Container {} definition changed, will be restarted", spec.name()),
        };
        self.event(Some(spec), "Killing", message);
        self.kill(spec, container, running);
    }

    /// Ends the run of a container whose definition has changed. It starts again at once, whatever the restart policy.
    pub(super) fn finish_changed(&mut self, container: &mut ContainerRuntime, running: &Running) {
        let now = self.inputs.now;
        let exit_code =
            if running.program.is_terminating { running.program.exit_code } else { self.exit_code_of_stop() };
        let ended = container.terminate(exit_code, now);
        container.finished_runs += 1;
        container.probes = Probes::default();
        container.outdated = None;
        container.state = State::Crashed { ended, until: now, restart: now };
        self.out.requeue_at(now, false);
    }

    /// Returns the exit code of a container that is stopped, as far as it is not simulated. What is meant to end by itself does
    /// not count as done then.
    pub(super) fn exit_code_of_stop(&self) -> i64 {
        if self.pod.str("/spec/restartPolicy") == "Always" { 0 } else { KILLED }
    }
}
