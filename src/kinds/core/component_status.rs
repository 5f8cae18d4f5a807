//! ComponentStatuses (deprecated): the health of control plane components; computed, never stored.

use crate::Names;
use crate::shared::table_kind::TableKind;
use kctl_base::object::{ObjectMeta, ValueRead};

/// A ComponentStatus.
pub(crate) static COMPONENT_STATUS: TableKind = TableKind::new(
    Names::cluster_scoped(("", "v1"), "ComponentStatus", "componentstatuses", "componentstatus").short(&["cs"]),
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
