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
        if !container.restarts_to_resize {
            container.complete_resize();
            return false;
        }
        self.event(Some(spec), "Killing", format!("Container {} resize requires restart", spec.name()));
        let until = self.inputs.now + self.duration("stop", spec.name(), container.run());
        container.state = State::Resizing { running: running.clone(), until };
        self.out.requeue_at(until, false);
        true
    }

    /// Restarts a container with its new resources, without a back-off.
    pub(super) fn restart_resized(&mut self, spec: ContainerSpec<'_>, container: &mut ContainerRuntime) {
        container.last = Some(container.terminate(KILLED, self.inputs.now));
        container.finished_runs += 1;
        container.probes = Probes::default();
        container.complete_resize();
        self.restart(spec, container);
    }

    /// Ends the resize when no container has old resources any more.
    pub(super) fn complete_resize(&mut self, runtime: &mut PodRuntime) {
        if self.inputs.is_resize_new {
            return self.out.requeue_at(self.inputs.now, false);
        }
        for container in runtime.containers.values_mut().filter(|c| c.running().is_none()) {
            container.complete_resize();
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

/// Returns whether a resource of a container that changes has the resize policy `RestartContainer`.
pub(super) fn requires_restart(container: &Value, old: &Value, new: &Value) -> bool {
    let restarts = |policy: &&Value| policy.str("/restartPolicy") == "RestartContainer";
    container.list("/resizePolicy").iter().filter(restarts).any(|policy| {
        let name = policy.str("/resourceName");
        let amount = |resources: &Value, kind: &str| Some(resources.get(kind)?.get(name)?.clone());
        ["requests", "limits"].iter().any(|kind| amount(old, kind) != amount(new, kind))
    })
}
