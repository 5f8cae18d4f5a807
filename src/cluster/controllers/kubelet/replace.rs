//! Containers whose definition changes while they run: only the image can (`containerChanged` and `computePodActions` in
//! `pkg/kubelet/kuberuntime`).

use super::container::KILLED;
use super::container_runtime::{ContainerRuntime, Running, State};
use super::container_spec::ContainerSpec;
use super::pod_sync::PodSync;
use super::probes::Probes;
use kctl_base::object::ValueRead;

impl ContainerRuntime {
    /// Returns whether a container that runs is to be replaced by one with another image. An init container that is to end by
    /// itself is left alone.
    pub(super) fn is_changed(&self, spec: ContainerSpec<'_>) -> bool {
        (!spec.is_init || spec.is_sidecar) && self.image != spec.spec.str("/image")
    }
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
        container.complete_resize();
        container.state = State::Crashed { ended, until: now, restart: now };
        self.out.requeue_at(now, false);
    }

    /// Returns the exit code of a container that is stopped, as far as it is not simulated. What is meant to end by itself does
    /// not count as done then.
    pub(super) fn exit_code_of_stop(&self) -> i64 {
        if self.pod.str("/spec/restartPolicy") == "Always" { 0 } else { KILLED }
    }
}

#[cfg(test)]
mod tests {
    use crate::api::{PatchType, Request};
    use crate::controllers::shared::testing::Bench;
    use kctl_base::json::{Value, json};
    use kctl_base::object::{Object, ValueRead};

    fn pod(name: &str, policy: &str) -> Value {
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": {"restartPolicy": policy,
            "initContainers": [{"name": "side", "image": "nginx:1.25", "restartPolicy": "Always"}],
            "containers": [{"name": "a", "image": "nginx:1.25"}]}})
    }

    fn container(pod: &Object) -> &Value {
        &pod.list("/status/containerStatuses")[0]
    }

    #[test]
    fn a_container_with_another_image_is_replaced_whatever_the_restart_policy() {
        let mut bench = Bench::open();
        bench.create("pods", pod("web", "Always"));
        bench.create("pods", pod("once", "Never"));
        bench.settle();
        for name in ["web", "once"] {
            set_image(&mut bench, name, "containers", "a");
        }
        bench.advance(10);
        for (name, exit_code) in [("web", 0), ("once", 137)] {
            let pod = bench.get("pods", name);
            let status = container(&pod);
            assert_eq!((status.str("/image"), status.int("/restartCount")), ("nginx:1.26", Some(1)), "{name}");
            assert_eq!(status.int("/lastState/terminated/exitCode"), Some(exit_code), "{name}");
            assert!(status.at("/state/running").is_some() && status.flag("/ready"), "{name}: {status}");
            assert!(
                bench.events(name).contains(&"Killing Container a definition changed, will be restarted".to_string())
            );
            assert!(bench.events(name).contains(&"Pulling Pulling image \"nginx:1.26\"".to_string()));
        }
        set_image(&mut bench, "web", "initContainers", "side");
        bench.advance(10);
        let pod = bench.get("pods", "web");
        assert_eq!(pod.list("/status/initContainerStatuses")[0].int("/restartCount"), Some(1));
        assert_eq!(container(&pod).int("/restartCount"), Some(1));
        assert!(bench.events("web").contains(&"Killing Init container side definition changed".to_string()));
    }

    #[test]
    fn a_restart_counts_when_the_container_has_been_created() {
        let mut bench = Bench::open();
        bench.create("pods", pod("web", "Always"));
        bench.settle();
        let shown = |bench: &mut Bench| {
            let pod = bench.get("pods", "web");
            (container(&pod).str("/state/waiting/reason").to_owned(), container(&pod).int("/restartCount"))
        };
        set_image_to(&mut bench, "web", "containers", "a", "nginx:notfound");
        bench.advance(5);
        assert_eq!(shown(&mut bench), ("ImagePullBackOff".into(), Some(0)));
        set_image(&mut bench, "web", "containers", "a");
        bench.advance(5);
        assert_eq!(shown(&mut bench), (String::new(), Some(1)));
    }

    fn set_image(bench: &mut Bench, pod: &str, list: &str, container: &str) {
        set_image_to(bench, pod, list, container, "nginx:1.26");
    }

    fn set_image_to(bench: &mut Bench, pod: &str, list: &str, container: &str, image: &str) {
        let patch = json!({"spec": {list: [{"name": container, "image": image}]}});
        bench.cluster.handle(&Request::patch("pods", "default", pod, PatchType::Strategic, patch)).expect("accepted");
    }
}
