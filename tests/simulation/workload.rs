//! The operations of the simulation: those of users, and faults.

mod choose;
mod specs;

use std::collections::BTreeMap;

use kctl_base::json::{Value, json};
use kctl_base::object::{ObjectMeta as _, ValueRead as _};
use kctl_base::sim::Duration;
use kctl_base::status::Status;

use super::checkers;
use super::world::{MANAGER, World};
use crate::harness::cluster::{self, PatchType, PodFault, Propagation, Request};
pub(super) use choose::SCALED;

/// An operation.
#[derive(Debug)]
pub(super) enum Action {
    /// Create an object.
    Create(&'static str, Value),
    /// Scale a workload.
    Scale(&'static str, String, u64),
    /// Set the image in the pod template.
    Image(&'static str, String, &'static str),
    /// Restore an older template with the patch that `rollout undo` sends.
    Undo(&'static str, String, Value),
    /// Pause or resume a Deployment.
    Pause(String, bool),
    /// Suspend or resume a Job or a CronJob.
    Suspend(&'static str, String, bool),
    /// Delete an object.
    Delete(&'static str, String, Option<Propagation>),
    /// Delete a pod, optionally with another grace period in seconds.
    DeletePod(String, Option<i64>),
    /// Delete a claim of a deleted StatefulSet.
    DeleteClaim(String),
    /// Evict a pod.
    Evict(String),
    /// Stop or start the kubelet of a node.
    Stop(String, bool),
    /// Cordon or uncordon a node.
    Cordon(String, bool),
    /// Cordon a node and evict its pods.
    Drain(String),
    /// Add a taint with an effect to a node, or remove it.
    Taint(String, Option<&'static str>),
    /// Make an image unavailable.
    Missing(&'static str),
    /// Crash a pod.
    Crash(String),
    /// Make a pod unready.
    Unready(String),
    /// Set the CPU usage of pods.
    Metrics(BTreeMap<String, String>),
    /// Advance the clock.
    Wait(Duration),
}

/// The names of all operations, which a long run must cover.
const NAMES: &[&str] = &[
    "create deployments.apps",
    "create replicasets.apps",
    "create replicationcontrollers",
    "create statefulsets.apps",
    "create daemonsets.apps",
    "create jobs.batch",
    "create cronjobs.batch",
    "create pods",
    "create services",
    "create poddisruptionbudgets.policy",
    "create horizontalpodautoscalers.autoscaling",
    "create resourcequotas",
    "scale",
    "image",
    "undo",
    "pause",
    "suspend",
    "delete",
    "delete background",
    "delete foreground",
    "delete orphan",
    "delete pod",
    "delete claim",
    "evict",
    "stop",
    "cordon",
    "drain",
    "taint",
    "missing",
    "crash",
    "unready",
    "metrics",
    "wait",
    "disk full",
    "disk broken",
    "power loss",
    "slow disk",
];

/// The operations that never succeeded.
pub(super) fn never_performed(world: &World) -> Vec<&'static str> {
    NAMES
        .iter()
        .copied()
        .filter(|name| world.performed.get(name).is_none_or(|(succeeded, _)| *succeeded == 0))
        .collect()
}

impl Action {
    /// The name of the operation, one of [`NAMES`].
    fn name(&self) -> &'static str {
        let created =
            |resource: &str| NAMES.iter().copied().find(|name| name.strip_prefix("create ") == Some(resource));
        match self {
            Action::Create(resource, _) => created(resource).expect("a listed resource"),
            Action::Scale(..) => "scale",
            Action::Image(..) => "image",
            Action::Undo(..) => "undo",
            Action::Pause(..) => "pause",
            Action::Suspend(..) => "suspend",
            Action::Delete(_, _, None) => "delete",
            Action::Delete(_, _, Some(Propagation::Background)) => "delete background",
            Action::Delete(_, _, Some(Propagation::Foreground)) => "delete foreground",
            Action::Delete(_, _, Some(Propagation::Orphan)) => "delete orphan",
            Action::DeletePod(..) => "delete pod",
            Action::DeleteClaim(_) => "delete claim",
            Action::Evict(_) => "evict",
            Action::Stop(..) => "stop",
            Action::Cordon(..) => "cordon",
            Action::Drain(_) => "drain",
            Action::Taint(..) => "taint",
            Action::Missing(_) => "missing",
            Action::Crash(_) => "crash",
            Action::Unready(_) => "unready",
            Action::Metrics(_) => "metrics",
            Action::Wait(_) => "wait",
        }
    }

    /// Describes the operation in the log.
    pub(super) fn describe(&self) -> String {
        match self {
            Action::Create(resource, object) => format!("create {resource} {object}"),
            Action::Undo(resource, name, patch) => format!("undo {resource} {name} {patch}"),
            other => format!("{other:?}"),
        }
    }

    /// Returns true if the operation deletes pods or makes them unready in a way that no strategy or budget limits.
    fn disturbs(&self) -> bool {
        use Action::{Crash, DeletePod, Drain, Evict, Stop, Taint, Unready};
        matches!(self, DeletePod(..) | Evict(_) | Stop(..) | Drain(_) | Taint(..) | Crash(_) | Unready(_))
    }

    /// Performs the operation. It may be rejected; the invariants must hold all the same.
    pub(super) fn perform(self, world: &mut World) {
        let name = self.name();
        if self.disturbs() {
            world.undisturbed.clear();
        }
        let result = self.run(world);
        let count = world.performed.entry(name).or_default();
        match result {
            Ok(()) => count.0 += 1,
            Err(_) => count.1 += 1,
        }
    }

    /// Sends the requests or injects the fault.
    fn run(self, world: &mut World) -> Result<(), Status> {
        match self {
            Action::Create(resource, object) => return create(world, resource, object),
            Action::Scale(resource, name, replicas) => {
                let patch = json!({"spec": {"replicas": replicas}});
                let request = Request::patch(resource, "default", &name, PatchType::Merge, patch);
                return world.request(request.subresource("scale"));
            }
            Action::Image(resource, name, image) => {
                let patch = json!({"spec": {"template": {"spec": {"containers": [{"name": "c", "image": image}]}}}});
                return world.request(Request::patch(resource, "default", &name, PatchType::Strategic, patch));
            }
            Action::Undo(resource, name, patch) => {
                let format = if resource == "deployments.apps" { PatchType::Json } else { PatchType::Strategic };
                return world.request(Request::patch(resource, "default", &name, format, patch));
            }
            Action::Pause(name, paused) => {
                return world.patch("deployments.apps", &name, &json!({"spec": {"paused": paused}}));
            }
            Action::Suspend(resource, name, suspend) => {
                return world.patch(resource, &name, &json!({"spec": {"suspend": suspend}}));
            }
            Action::Delete(resource, name, propagation) => {
                let mut request = Request::delete(resource, "default", &name);
                request.options.propagation = propagation;
                return world.request(request);
            }
            Action::DeletePod(name, grace) => {
                return world.request(Request::delete("pods", "default", &name).grace(grace));
            }
            Action::DeleteClaim(name) => {
                world.released_claims.insert(name.clone());
                return world.request(Request::delete("persistentvolumeclaims", "default", &name));
            }
            Action::Evict(pod) => return evict(world, &pod),
            Action::Cordon(node, cordon) => return world.patch("nodes", &node, &unschedulable(cordon)),
            Action::Drain(node) => return drain(world, &node),
            Action::Taint(node, effect) => return taint(world, &node, effect),
            Action::Stop(node, stop) => world.set_stopped(&node, stop),
            Action::Missing(image) => world.set_missing(&[image]),
            Action::Crash(pod) => world.set_fault(&pod, Some(PodFault::Crash)),
            Action::Unready(pod) => {
                world.set_fault(&pod, Some(PodFault::Unready));
                world.unready.insert(pod);
            }
            Action::Metrics(used) => world.set_metrics(&used),
            Action::Wait(span) => world.cluster.advance(span).expect("time passes"),
        }
        Ok(())
    }
}

/// Creates an object, and checks that the fields it was sent with belong to the client.
fn create(world: &mut World, resource: &str, object: Value) -> Result<(), Status> {
    world.request(Request::create(resource, "default", object.clone()))?;
    let created = cluster::get(&mut world.cluster, resource, "default", object.name()).expect("a created object");
    world.violations.extend(checkers::sent_fields_are_owned(&created, &object, MANAGER));
    Ok(())
}

fn unschedulable(cordon: bool) -> Value {
    json!({"spec": {"unschedulable": cordon}})
}

/// Evicts a pod, and checks a granted eviction against the budgets.
fn evict(world: &mut World, pod: &str) -> Result<(), Status> {
    let body =
        json!({"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": pod, "namespace": "default"}});
    let mut request = Request::create("pods", "default", body).subresource("eviction");
    request.name = pod.into();
    let violations = checkers::violations_of_eviction(world, pod);
    let result = world.request(request);
    if result.is_ok() {
        world.violations.extend(violations);
    }
    for change in world.new_changes() {
        checkers::check_change(world, &change);
    }
    result
}

/// Cordons a node and evicts its pods, except those of DaemonSets. Returns the last rejection, if there is one.
fn drain(world: &mut World, node: &str) -> Result<(), Status> {
    let mut result = world.patch("nodes", node, &unschedulable(true));
    for pod in world.list("pods").iter().filter(|p| p.str("/spec/nodeName") == node) {
        if pod.controller_of().is_none_or(|owner| owner.kind != "DaemonSet") {
            result = evict(world, pod.name()).or(result);
        }
    }
    result
}

/// Replaces the injected taints of a node.
fn taint(world: &mut World, node: &str, effect: Option<&str>) -> Result<(), Status> {
    let node = world.all("nodes").into_iter().find(|n| n.name() == node).expect("an existing node");
    let mut taints = node.list("/spec/taints").to_vec();
    taints.retain(|t| t.str("/key") != super::world::TAINT);
    taints.extend(effect.map(|effect| json!({"key": super::world::TAINT, "value": "x", "effect": effect})));
    world.patch("nodes", node.name(), &json!({"spec": {"taints": taints}}))
}
