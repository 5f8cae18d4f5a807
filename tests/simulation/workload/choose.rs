//! The random choice of the next operation.

use kctl_base::json::json;
use kctl_base::object::{ObjectMeta as _, ValueRead as _};
use kctl_base::sim::Duration;

use super::super::world::{TAINT, World};
use super::{Action, specs};
use crate::harness::cluster::Propagation;
use crate::harness::random::Random;

/// Chooses the details of an operation; `None` if the cluster has no object for it.
type Choice = fn(&mut Random, &World) -> Option<Action>;

/// All choices with their weights.
const CHOICES: &[(u64, Choice)] = &[
    (18, specs::create),
    (11, scale),
    (12, image),
    (4, bad_image),
    (5, undo),
    (4, pause),
    (2, suspend),
    (8, delete_workload),
    (4, delete_pod),
    (2, delete_claim),
    (4, evict),
    (3, stop),
    (3, cordon),
    (1, drain),
    (3, taint),
    (1, missing),
    (3, crash),
    (2, unready),
    (2, metrics),
    (28, wait),
];

/// The resources with a scale subresource.
pub(crate) const SCALED: &[&str] =
    &["deployments.apps", "replicasets.apps", "replicationcontrollers", "statefulsets.apps"];
/// The resources that roll out.
const ROLLING: &[&str] = &["deployments.apps", "statefulsets.apps", "daemonsets.apps"];
const BAD_IMAGE: &str = "nginx:does-not-exist";

impl Action {
    /// Chooses an operation that is possible in the current state; waits if the chosen one is not.
    pub(crate) fn choose(random: &mut Random, world: &World) -> Action {
        let mut at = random.below(CHOICES.iter().map(|(weight, _)| weight).sum());
        let choice = CHOICES.iter().find(|(weight, _)| {
            let here = at < *weight;
            at = at.saturating_sub(*weight);
            here
        });
        let action = choice.and_then(|(_, choose)| choose(random, world));
        action.unwrap_or_else(|| Action::Wait(Duration::from_millis(random.below(20_000) as i64)))
    }
}

/// The names of the objects of some resources that have no controller and are not being deleted.
pub(super) fn names(world: &World, resources: &[&'static str]) -> Vec<(&'static str, String)> {
    let mut found = Vec::new();
    for resource in resources {
        let objects = world.list(resource).into_iter().filter(|o| o.controller_of().is_none() && !o.is_deleting());
        found.extend(objects.map(|o| (*resource, o.name().to_string())));
    }
    found
}

/// A random element; `None` for an empty slice.
pub(super) fn any<T: Clone>(random: &mut Random, from: &[T]) -> Option<T> {
    (!from.is_empty()).then(|| random.pick(from).clone())
}

fn any_pod(random: &mut Random, world: &World) -> Option<String> {
    any(random, &world.list("pods")).map(|pod| pod.name().to_string())
}

fn any_node(random: &mut Random, world: &World) -> Option<String> {
    any(random, &world.all("nodes")).map(|node| node.name().to_string())
}

fn wait(_: &mut Random, _: &World) -> Option<Action> {
    None
}

fn scale(random: &mut Random, world: &World) -> Option<Action> {
    let (resource, name) = any(random, &names(world, SCALED))?;
    Some(Action::Scale(resource, name, random.below(9)))
}

fn image(random: &mut Random, world: &World) -> Option<Action> {
    let (resource, name) = any(random, &names(world, ROLLING))?;
    Some(Action::Image(resource, name, random.pick::<&str>(specs::IMAGES)))
}

fn bad_image(random: &mut Random, world: &World) -> Option<Action> {
    let (resource, name) = any(random, &names(world, ROLLING))?;
    Some(Action::Image(resource, name, BAD_IMAGE))
}

/// Chooses an older template from the ReplicaSets of a Deployment or the ControllerRevisions of another workload.
fn undo(random: &mut Random, world: &World) -> Option<Action> {
    let (resource, name) = any(random, &names(world, ROLLING))?;
    let owner = world.get(resource, &name)?;
    let is_deployment = resource == "deployments.apps";
    let mut kept = world.list(if is_deployment { "replicasets.apps" } else { "controllerrevisions.apps" });
    kept.retain(|o| o.is_controlled_by(owner.uid()));
    let chosen = any(random, &kept)?;
    if !is_deployment {
        return Some(Action::Undo(resource, name, chosen["data"].clone()));
    }
    if owner.flag("/spec/paused") {
        return None;
    }
    let mut template = chosen["spec"]["template"].clone();
    template["metadata"]["labels"].as_object_mut()?.remove("pod-template-hash");
    let patch = json!([{"op": "replace", "path": "/spec/template", "value": template}]);
    Some(Action::Undo(resource, name, patch))
}

fn pause(random: &mut Random, world: &World) -> Option<Action> {
    let (resource, name) = any(random, &names(world, &["deployments.apps"]))?;
    let now = world.get(resource, &name)?;
    Some(Action::Pause(name, !now.flag("/spec/paused")))
}

fn suspend(random: &mut Random, world: &World) -> Option<Action> {
    let (resource, name) = any(random, &names(world, &["jobs.batch", "cronjobs.batch"]))?;
    let now = world.get(resource, &name)?;
    Some(Action::Suspend(resource, name, !now.flag("/spec/suspend")))
}

fn delete_workload(random: &mut Random, world: &World) -> Option<Action> {
    let (resource, name) = any(random, &names(world, specs::RESOURCES))?;
    let policies =
        [None, None, Some(Propagation::Background), Some(Propagation::Foreground), Some(Propagation::Orphan)];
    // Pods without a controller have no dependents, so the policy makes no difference.
    let policy = if resource == "pods" { None } else { *random.pick(&policies) };
    Some(Action::Delete(resource, name, policy))
}

fn delete_pod(random: &mut Random, world: &World) -> Option<Action> {
    let grace = if random.once_in(4) { Some(0) } else { None };
    Some(Action::DeletePod(any_pod(random, world)?, grace))
}

/// Chooses a claim of a deleted StatefulSet.
fn delete_claim(random: &mut Random, world: &World) -> Option<Action> {
    let used = |claim: &str| {
        let of =
            |set: &str| claim.strip_prefix("data-").and_then(|c| c.rsplit_once('-')).is_some_and(|(s, _)| s == set);
        world.list("statefulsets.apps").iter().any(|set| of(set.name()))
    };
    let mut claims = world.list("persistentvolumeclaims");
    claims.retain(|claim| !claim.is_deleting() && !used(claim.name()));
    any(random, &claims).map(|claim| Action::DeleteClaim(claim.name().into()))
}

fn evict(random: &mut Random, world: &World) -> Option<Action> {
    any_pod(random, world).map(Action::Evict)
}

fn stop(random: &mut Random, world: &World) -> Option<Action> {
    let node = any_node(random, world)?;
    let stop = !world.stopped.contains(&node);
    Some(Action::Stop(node, stop))
}

fn cordon(random: &mut Random, world: &World) -> Option<Action> {
    let node = any(random, &world.all("nodes"))?;
    Some(Action::Cordon(node.name().into(), !node.flag("/spec/unschedulable")))
}

fn drain(random: &mut Random, world: &World) -> Option<Action> {
    any_node(random, world).map(Action::Drain)
}

fn taint(random: &mut Random, world: &World) -> Option<Action> {
    let node = any(random, &world.all("nodes"))?;
    let tainted = node.list("/spec/taints").iter().any(|t| t.str("/key") == TAINT);
    let effect = (!tainted).then(|| *random.pick(&["NoSchedule", "NoExecute", "PreferNoSchedule"]));
    Some(Action::Taint(node.name().into(), effect))
}

fn missing(random: &mut Random, _: &World) -> Option<Action> {
    Some(Action::Missing(random.pick::<&str>(specs::IMAGES)))
}

fn crash(random: &mut Random, world: &World) -> Option<Action> {
    any_pod(random, world).map(Action::Crash)
}

fn unready(random: &mut Random, world: &World) -> Option<Action> {
    any_pod(random, world).map(Action::Unready)
}

fn metrics(random: &mut Random, world: &World) -> Option<Action> {
    let used = |pod: &std::sync::Arc<_>| {
        let pod: &kctl_base::json::Value = pod;
        (pod.name().to_string(), format!("{}m", 10 * random.below(200)))
    };
    Some(Action::Metrics(world.list("pods").iter().map(used).collect()))
}
