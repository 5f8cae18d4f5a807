//! The pod spec: what is filled in, what is refused, what is warned of, and which quality of service it gets.

pub mod containers;
pub mod defaults;
pub mod env;
pub mod handlers;
pub mod network;
pub mod qos;
pub mod resources;
pub mod scheduling;
pub mod security;
pub mod validate;
pub mod volume_sources;
pub mod volumes;
pub mod warnings;

use kctl_base::field::Path;
use kctl_base::json::Value;
use kctl_base::object::ValueRead;

/// The containers of a pod spec with their paths, in the order in which the API server visits them: init containers first.
pub fn all_containers<'a>(spec: &'a Value, path: &Path) -> Vec<(Path, &'a Value)> {
    let mut all = Vec::new();
    for field in ["initContainers", "containers", "ephemeralContainers"] {
        let list = spec.get(field).and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        all.extend(list.iter().enumerate().map(|(i, c)| (path.child(field).index(i), c)));
    }
    all
}

/// Whether an init container keeps running beside the others.
pub fn is_sidecar(container: &Value) -> bool {
    container.str("/restartPolicy") == "Always"
}
