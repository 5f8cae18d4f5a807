//! Containers of a pod spec in the order of their start, init containers and sidecars first, ephemeral ones last.

use super::container_runtime::ContainerRuntime;
use kctl_base::json::Value;
use kctl_base::object::{Object, ValueRead};
use kctl_kinds::shared::pod_spec::is_sidecar;

/// A container of a pod spec.
#[derive(Clone, Copy)]
pub(super) struct ContainerSpec<'a> {
    /// The container as the pod has it.
    pub(super) spec: &'a Value,
    /// It is one of `initContainers`.
    pub(super) is_init: bool,
    /// It is a restartable init container, which runs beside the regular ones (KEP-753).
    pub(super) is_sidecar: bool,
    /// It was added for debugging: it starts at any time, once, and the pod does not depend on it.
    pub(super) is_ephemeral: bool,
}

impl ContainerSpec<'_> {
    pub(super) fn name(&self) -> &str {
        self.spec.str("/name")
    }

    /// Returns the field path of events: `spec.containers{name}`.
    pub(super) fn field_path(&self) -> String {
        let list = match (self.is_init, self.is_ephemeral) {
            (true, _) => "initContainers",
            (_, true) => "ephemeralContainers",
            _ => "containers",
        };
        format!("spec.{list}{{{}}}", self.name())
    }
}

/// Iterates over the containers of a pod in the order of their start.
pub(super) fn containers(pod: &Object) -> impl Iterator<Item = ContainerSpec<'_>> {
    let init = pod.list("/spec/initContainers").iter();
    let init =
        init.map(|spec| ContainerSpec { spec, is_init: true, is_sidecar: is_sidecar(spec), is_ephemeral: false });
    let ephemeral = pod.list("/spec/ephemeralContainers").iter();
    let ephemeral = ephemeral.map(|spec| ContainerSpec { spec, is_init: false, is_sidecar: false, is_ephemeral: true });
    init.chain(regular_containers(pod)).chain(ephemeral)
}

/// Iterates over the containers of a pod without its init containers.
pub(super) fn regular_containers(pod: &Object) -> impl Iterator<Item = ContainerSpec<'_>> {
    let containers = pod.list("/spec/containers").iter();
    containers.map(|spec| ContainerSpec { spec, is_init: false, is_sidecar: false, is_ephemeral: false })
}

/// Reports whether the next container may start after an init container: it has succeeded, or as a sidecar has started.
pub(super) fn is_initialized(init: &Value, runtime: Option<&ContainerRuntime>) -> bool {
    match runtime {
        Some(c) if is_sidecar(init) => c.running().is_some() && c.probes.started,
        Some(c) => c.terminated().is_some_and(|t| t.exit_code == 0),
        None => false,
    }
}
