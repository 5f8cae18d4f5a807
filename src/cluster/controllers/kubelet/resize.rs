//! Resizes of running containers: in place, or with a restart where the resize policy of the container asks for one
//! (`computePodResizeAction` and `doPodResizeAction` in `pkg/kubelet/kuberuntime`).

use super::container::KILLED;
use super::container_runtime::{ContainerRuntime, Running, State};
use super::container_spec::ContainerSpec;
use super::pod_sync::PodSync;
use super::probes::Probes;
use super::resize_events::{self, ResizeStep};
use super::runtime::PodRuntime;
use kctl_base::json::Value;
use kctl_base::object::ValueRead;

impl PodSync<'_> {
    /// Gives a running container its new resources; returns `true` when it is restarted for that.
    pub(super) fn resize_container(
        &mut self,
        spec: ContainerSpec<'_>,
        container: &mut ContainerRuntime,
        running: &Running,
    ) -> bool {
        if self.inputs.is_resize_new {
            return false;
        }
        let Some(old) = container.outdated.take() else { return false };
        if !requires_restart(spec.spec, &old) {
            return false;
        }
        self.event(Some(spec), "Killing", format!("Container {} resize requires restart", spec.name()));
        let until = self.inputs.now + self.duration("stop", spec.name(), container.run());
        container.outdated = Some(old);
        container.state = State::Resizing { running: running.clone(), until };
        self.out.requeue_at(until, false);
        true
    }

    /// Restarts a container with its new resources, without a back-off.
    pub(super) fn restart_resized(&mut self, spec: ContainerSpec<'_>, container: &mut ContainerRuntime) {
        container.last = Some(container.terminate(KILLED, self.inputs.now));
        container.finished_runs += 1;
        container.probes = Probes::default();
        container.outdated = None;
        self.restart(spec, container);
    }

    /// Ends the resize when no container has old resources any more.
    pub(super) fn complete_resize(&mut self, runtime: &mut PodRuntime) {
        if self.inputs.is_resize_new {
            return self.out.requeue_at(self.inputs.now, false);
        }
        for container in runtime.containers.values_mut().filter(|c| c.running().is_none()) {
            container.outdated = None;
        }
        if runtime.containers.values().any(|c| c.outdated.is_some()) {
            return;
        }
        let Some(resize) = &mut runtime.resize else { return };
        if let Some(done) = resize.in_progress.take() {
            self.out.events.push(resize_events::event(self.pod, done.generation, &ResizeStep::Completed));
        }
        if resize.pending.is_none() {
            runtime.resize = None;
        }
    }
}

/// Returns whether a changed resource of a container has the resize policy `RestartContainer`.
fn requires_restart(container: &Value, old: &Value) -> bool {
    let restarts = |policy: &&Value| policy.str("/restartPolicy") == "RestartContainer";
    container.list("/resizePolicy").iter().filter(restarts).any(|policy| {
        let name = policy.str("/resourceName");
        let amount = |resources: Option<&Value>, kind: &str| Some(resources?.get(kind)?.get(name)?.clone());
        ["requests", "limits"].iter().any(|kind| amount(container.get("resources"), kind) != amount(Some(old), kind))
    })
}
