//! The `binding` subresource of pods: assigns a pod to a node, once (`pkg/registry/core/pod/storage`, `BindingREST`).

use super::{Request, Response, Result, Server, Verb};
use kctl_base::json::json;
use kctl_base::object::{Object, ObjectMeta, ValueRead, ValueWrite};
use kctl_base::sim::Time;
use kctl_base::status::Status;
use kctl_kinds::Kind;

impl Server {
    /// Assigns a pod to the node that a Binding names.
    pub(super) fn bind(&mut self, kind: &dyn Kind, request: &mut Request, now: Time) -> Result<Response> {
        let binding = request.take_object()?;
        let old = self.must_read(kind, &request.namespace, &request.name)?;
        check_unassigned(&old)?;
        let mut new = (*old).clone();
        new.put("/spec/nodeName", binding.str("/target/name"));
        new.remove_at("/status/nominatedNodeName");
        set_scheduled(&mut new, now);
        request.verb = Verb::Update;
        self.replace(kind, old, new, request, now, Vec::new())
    }
}

/// Rejects a binding of a pod that is being deleted or already has a node.
fn check_unassigned(pod: &Object) -> Result<()> {
    let conflict = |detail: &str| Err(Status::conflict("", "pods/binding", pod.name(), detail));
    if pod.is_deleting() {
        return conflict(&format!("pod {} is being deleted, cannot be assigned to a host", pod.name()));
    }
    match pod.str("/spec/nodeName") {
        "" => Ok(()),
        node => conflict(&format!("pod {} is already assigned to node \"{node}\"", pod.name())),
    }
}

/// Sets the condition `PodScheduled=True`, in the same write as the node.
fn set_scheduled(pod: &mut Object, now: Time) {
    let generation = pod.generation();
    let conditions = pod.list_mut("/status/conditions");
    conditions.retain(|c| c.str("/type") != "PodScheduled");
    let mut condition =
        json!({"type": "PodScheduled", "status": "True", "lastProbeTime": null, "lastTransitionTime": now.rfc3339()});
    if generation > 0 {
        condition["observedGeneration"] = generation.into();
    }
    conditions.push(condition);
}
