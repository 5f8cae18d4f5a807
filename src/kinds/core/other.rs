//! Binding and ComponentStatus: kinds that are never stored.

use crate::Names;
use crate::shared::simple::{CREATE_ONLY, Simple};
use kctl_base::object::{ObjectMeta, ValueRead};

/// Binds a pod to a node.
pub static BINDING: Simple =
    Simple::new(Names::builtin(("", "v1"), "Binding", "bindings", "binding", true)).verbs(CREATE_ONLY);

/// The health of the parts of a control plane.
pub static COMPONENT_STATUS: Simple = Simple::new(
    Names::builtin(("", "v1"), "ComponentStatus", "componentstatuses", "componentstatus", false).short(&["cs"]),
)
.verbs(&["get", "list"])
.table(&["Name", "Status", "Message", "Error"], |object, _| {
    let healthy = object.list("/conditions").iter().find(|c| c.str("/type") == "Healthy");
    let status = match healthy.map(|c| c.str("/status")) {
        None => "Unknown",
        Some("True") => "Healthy",
        Some(_) => "Unhealthy",
    };
    let part = |pointer| healthy.map_or("", |c| c.str(pointer));
    vec![object.name().into(), status.into(), part("/message").into(), part("/error").into()]
});
