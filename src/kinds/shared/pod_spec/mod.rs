//! The pod spec of pods and pod templates: defaults, validation, warnings, resources and quality of service.

pub(crate) mod containers;
pub(crate) mod defaults;
pub mod effective;
pub(crate) mod env;
mod ephemeral;
pub(crate) mod handlers;
pub(crate) mod network;
pub mod qos;
pub mod resources;
pub(crate) mod scheduling;
pub(crate) mod security;
pub(crate) mod validate;
pub(crate) mod volume_sources;
pub(crate) mod volumes;
pub(crate) mod warnings;

use kctl_base::field::Path;
use kctl_base::json::Value;
use kctl_base::object::ValueRead;

/// The containers of a pod spec with their paths, in the order of `VisitContainers` upstream: init containers first.
pub(crate) fn all_containers<'a>(spec: &'a Value, path: &Path) -> Vec<(Path, &'a Value)> {
    let mut all = Vec::new();
    for field in ["initContainers", "containers", "ephemeralContainers"] {
        let list = spec.get(field).and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        all.extend(list.iter().enumerate().map(|(i, c)| (path.child(field).index(i), c)));
    }
    all
}

/// Returns whether an init container is a sidecar, that is, runs as long as the pod (KEP-753).
pub fn is_sidecar(container: &Value) -> bool {
    container.str("/restartPolicy") == "Always"
}
