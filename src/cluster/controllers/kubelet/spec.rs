//! The containers of a pod in the order of their start, and what sets init containers and sidecars apart.
//!
//! Speaks of what is written in the pod; what has become of a container is in [`super::runtime`].

use super::runtime::ContainerRuntime;
use kctl_base::json::Value;
use kctl_base::object::{Object, ValueRead};
use kctl_kinds::shared::pod_spec::is_sidecar;

/// One container as the step sees it.
#[derive(Clone, Copy)]
pub(super) struct Spec<'a> {
    /// As it stands in the pod.
    pub(super) container: &'a Value,
    /// Whether it runs before the ordinary ones.
    pub(super) init: bool,
    /// An init container that goes on running beside the others.
    pub(super) sidecar: bool,
}

impl Spec<'_> {
    /// Its name.
    pub(super) fn name(&self) -> &str {
        self.container.str("/name")
    }

    /// The field that events are about: `spec.containers{x}`.
    pub(super) fn path(&self) -> String {
        format!("spec.{}{{{}}}", if self.init { "initContainers" } else { "containers" }, self.name())
    }
}

/// The containers of a pod in the order of their start.
pub(super) fn specs(pod: &Object) -> impl Iterator<Item = Spec<'_>> {
    let init =
        pod.list("/spec/initContainers").iter().map(|c| Spec { container: c, init: true, sidecar: is_sidecar(c) });
    init.chain(pod.list("/spec/containers").iter().map(|c| Spec { container: c, init: false, sidecar: false }))
}

/// Whether an init container has done what the next one waits for.
pub(super) fn init_done(container: &Value, runtime: Option<&ContainerRuntime>) -> bool {
    match runtime {
        Some(c) if is_sidecar(container) => c.running().is_some() && c.probes.started,
        Some(c) => c.ended().is_some_and(|e| e.exit_code == 0),
        None => false,
    }
}
