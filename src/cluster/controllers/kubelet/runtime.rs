//! The state of the pods on a node, in place of a container runtime. It is stored beside the objects; the status of a pod is
//! computed from it, never the other way round. The serialised names are those of rows in existing stores.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::container_runtime::ContainerRuntime;
use super::resources::{Allocation, Resize};
use super::{pod_state, row};
use crate::api::Server;
use kctl_base::object::{Object, ObjectMeta};
use kctl_base::sim::{Duration, Time};
use kctl_base::status::Status;

/// State of a pod.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct PodRuntime {
    /// When the kubelet has first seen the pod.
    pub(super) started: Time,
    /// IP address of the sandbox.
    pub(super) ip: String,
    /// Containers by name, init containers included. Boxed, because a node of a tree has room for eleven.
    pub(super) containers: BTreeMap<String, Box<ContainerRuntime>>,
    /// Set while the containers of a deleted pod are being stopped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) stopping: Option<Stopping>,
    /// The next attempt to mount the volumes, after a failed one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) mount_retry: Option<Retry>,
    /// Reason and message of the status of a pod that was ended as a whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) ended: Option<(String, String)>,
    /// The resources that the node has granted; `None` for a pod without requests and limits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) allocation: Option<Allocation>,
    /// A resize that is not complete.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) resize: Option<Resize>,
    /// When all containers are restarted, after one of them has asked for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) restart_all_at: Option<Time>,
    /// The inside of the pod is kept in a row of its own.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) has_inside: bool,
    /// When the inside has to be looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) look_at: Option<Time>,
    /// The number of forecasts in a row that have ended too early.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(super) forecasts: u32,
}

fn is_zero(number: &u32) -> bool {
    *number == 0
}

impl PodRuntime {
    /// Reads the state of a pod; `None` if no kubelet has seen it.
    ///
    /// # Errors
    /// A row that cannot be read.
    pub(super) fn load(server: &mut Server, pod: &Object) -> Result<Option<PodRuntime>, Status> {
        server.typed_row(&row(&pod_state(pod.uid())))
    }

    /// Keeps the state of a pod.
    pub(super) fn store(self, server: &mut Server, pod: &Object) {
        server.set_typed_row(&row(&pod_state(pod.uid())), Some(self));
    }

    /// Creates the state of a pod that is new to the kubelet.
    pub(super) fn new(now: Time, ip: String) -> PodRuntime {
        PodRuntime {
            started: now,
            ip,
            containers: BTreeMap::new(),
            stopping: None,
            mount_retry: None,
            ended: None,
            allocation: None,
            resize: None,
            restart_all_at: None,
            has_inside: false,
            look_at: None,
            forecasts: 0,
        }
    }

    /// Returns the state of a container; `None` before its pod has been synced.
    pub(super) fn container(&self, name: &str) -> Option<&ContainerRuntime> {
        self.containers.get(name).map(|container| &**container)
    }
}

/// A retry with growing delays.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Retry {
    /// When to try again.
    pub(super) at: Time,
    /// The delay before it.
    pub(super) delay: Duration,
}

/// The termination of a pod.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Stopping {
    /// When the containers have stopped.
    pub(super) gone_at: Time,
    /// When the hooks before the stop fail that have not been reported yet, by container.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) failed_hooks: BTreeMap<String, Time>,
}
