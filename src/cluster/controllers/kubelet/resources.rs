//! The resources that a node has granted to a pod, and a resize that is not complete.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use kctl_base::json::{Map, Value};
use kctl_base::object::{ValueRead, ValueWrite};
use kctl_base::sim::Time;

/// The resources granted to a pod.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Allocation {
    /// By container; containers without requests and limits are left out.
    pub(super) containers: BTreeMap<String, Value>,
    /// Pod-level resources.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) pod: Option<Value>,
}

impl Allocation {
    /// Returns the resources of a container; `None` when it has neither requests nor limits.
    pub(super) fn of_container(&self, name: &str) -> Option<&Value> {
        self.containers.get(name)
    }

    /// Returns the resources that a container runs with: it cannot use more than the limits of the pod, which count where it has
    /// none of its own
    /// (<https://kubernetes.io/docs/tasks/configure-pod-container/resize-pod-resources/>).
    pub(super) fn effective(&self, name: &str) -> Value {
        let mut resources = self.of_container(name).cloned().unwrap_or_else(|| Value::Object(Map::default()));
        let of_pod = self.pod.as_ref().and_then(|pod| pod.map("/limits"));
        for (resource, limit) in of_pod.into_iter().flatten() {
            let pointer = format!("/limits/{}", resource.replace('/', "~1"));
            resources.put_default(&pointer, limit.clone());
        }
        resources
    }
}

/// A resize that is not complete.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Resize {
    /// The condition `PodResizePending`: the node has no room.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) pending: Option<ResizeState>,
    /// The condition `PodResizeInProgress`: the containers have not got their new resources yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) in_progress: Option<ResizeState>,
}

/// The content of a condition about a resize.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct ResizeState {
    /// Why the resize waits; empty when it is in progress.
    pub(super) message: String,
    /// Generation of the pod that asked for the resize.
    pub(super) generation: i64,
    /// Since when the condition holds.
    pub(super) since: Time,
}
