//! ReplicaSets and ReplicationControllers: keep the requested number of pods of one template (`pkg/controller/replicaset`).
//!
//! Both are the same controller over different resources; a [`Flavor`] holds the differences. [`plan`] decides; this module
//! reads and writes.

mod plan;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use plan::{Observed, Plan};

use super::runtime::Result;
use super::shared::{burst, claim, deletion_rank, orphans, pod_control, pods, selector, template};
use super::{Action, Context, Controller, Key, Watch};
use crate::store::Change;
use kctl_base::json::Value;
use kctl_base::labels::Selector;
use kctl_base::object::{Object, ObjectMeta, ValueRead, ValueWrite};
use kctl_base::sim::Time;

/// The controller of ReplicaSets.
pub(super) const REPLICA_SET: Controller = Controller {
    name: "replicaset-controller",
    watches: &[
        Watch::primary("replicasets.apps"),
        Watch::owned("pods", "ReplicaSet"),
        Watch::mapped("pods", orphan_to_replica_sets),
    ],
    reconcile: |ctx, key| sync(ctx, key, &FLAVORS[0]),
};

/// The controller of ReplicationControllers.
pub(super) const REPLICATION_CONTROLLER: Controller = Controller {
    name: "replication-controller",
    watches: &[
        Watch::primary("replicationcontrollers"),
        Watch::owned("pods", "ReplicationController"),
        Watch::mapped("pods", orphan_to_replication_controllers),
    ],
    reconcile: |ctx, key| sync(ctx, key, &FLAVORS[1]),
};

/// The differences between the two kinds.
struct Flavor {
    resource: &'static str,
    selector: fn(&Object) -> Selector,
    /// Enables `status.terminatingReplicas`.
    counts_terminating: bool,
}

static FLAVORS: [Flavor; 2] = [
    Flavor { resource: "replicasets.apps", selector: selector::label_selector, counts_terminating: true },
    Flavor { resource: "replicationcontrollers", selector: plain_selector, counts_terminating: false },
];

/// Returns `spec.selector` of a ReplicationController, a plain map; an empty one selects nothing.
fn plain_selector(owner: &Object) -> Selector {
    owner.map("/spec/selector").filter(|m| !m.is_empty()).map_or(Selector::Nothing, Selector::from_map)
}

fn orphan_to_replica_sets(change: &Change, ctx: &mut Context<'_>) -> Result<Vec<Key>> {
    orphans::possible_owners(change, ctx, "replicasets.apps", selector::label_selector)
}

fn orphan_to_replication_controllers(change: &Change, ctx: &mut Context<'_>) -> Result<Vec<Key>> {
    orphans::possible_owners(change, ctx, "replicationcontrollers", plain_selector)
}

/// Creates or deletes pods of one owner and writes its status (`syncReplicaSet`).
fn sync(ctx: &mut Context<'_>, key: &Key, flavor: &Flavor) -> Result<Action> {
    let Some(owner) = ctx.get_key(flavor.resource, key)? else { return Ok(Action::AwaitChange) };
    let selector = (flavor.selector)(&owner);
    let candidates = claim::candidates(ctx, &owner, "pods", &selector)?;
    let (active, ended): (Vec<_>, Vec<_>) = candidates.into_iter().partition(|p| pods::is_active(p));
    let terminating = ended
        .iter()
        .filter(|p| pods::is_terminating(p) && p.is_controlled_by(owner.uid()) && selector.matches_object(p))
        .count();
    let active = claim::claim(ctx, &owner, "pods", &selector, active)?;
    let mut plan = plan::plan(&owner, active.len());
    let mut next_burst = None;
    if let Plan::Create(count) = &mut plan {
        let missing = *count;
        *count = burst::creatable(missing, active.iter().map(|p| &**p), ctx.now);
        next_burst = (*count < missing).then(|| burst::next(ctx.now));
    }
    let failure = manage_replicas(ctx, &owner, &active, plan, flavor).err();
    let observed = Observed {
        active: &active,
        terminating: flavor.counts_terminating.then_some(terminating),
        failure: failure.as_ref(),
        now: ctx.now,
    };
    let status = plan::calculate_status(&owner, &observed);
    if plan::needs_write(&owner, &status) {
        let mut updated = (*owner).clone();
        updated.put("/status", status);
        ctx.update_status(flavor.resource, updated)?;
    }
    match failure {
        Some(failure) => Err(failure),
        None => Ok(next_sync(&owner, &active, next_burst, ctx)),
    }
}

/// Requeues at the next burst, or earlier at the instant at which the next pod has been ready for `minReadySeconds`.
fn next_sync(owner: &Object, active: &[Arc<Object>], next_burst: Option<Time>, ctx: &Context<'_>) -> Action {
    let min_ready = owner.int("/spec/minReadySeconds").unwrap_or(0);
    let available = pods::next_availability(active.iter().map(|p| &**p), min_ready, ctx.now);
    available.into_iter().chain(next_burst).min().map_or(Action::AwaitChange, Action::RequeueAt)
}

/// Creates missing pods or deletes surplus ones (`manageReplicas`).
fn manage_replicas(
    ctx: &mut Context<'_>,
    owner: &Object,
    active: &[Arc<Object>],
    plan: Plan,
    flavor: &Flavor,
) -> Result<()> {
    match plan {
        Plan::Nothing => Ok(()),
        Plan::Create(count) => create(ctx, owner, count),
        Plan::Delete(count) => {
            let related = indirectly_related_pods(ctx, owner, active, flavor)?;
            let mut failure = Ok(());
            for pod in deletion_rank::pods_to_delete(active, &related, count, ctx.now) {
                let deleted = pod_control::delete_pod(ctx, owner, &pod);
                failure = failure.and(deleted);
            }
            failure
        }
    }
}

fn create(ctx: &mut Context<'_>, owner: &Object, count: usize) -> Result<()> {
    let none = Value::Null;
    let pod = template::pod_from_template(owner, owner.at("/spec/template").unwrap_or(&none));
    let attempt = |_| match pod_control::create_pod(ctx, owner, pod.clone()) {
        Err(status) if pod_control::is_namespace_terminating(&status) => Ok(()),
        other => other.map(drop),
    };
    pod_control::slow_start_batch(count, attempt).1
}

/// Lists the pods of all sets that have the same controller as this one (`getIndirectlyRelatedPods`): deletion prefers nodes
/// with many of them, and during a rollout they share the nodes.
fn indirectly_related_pods(
    ctx: &mut Context<'_>,
    owner: &Object,
    active: &[Arc<Object>],
    flavor: &Flavor,
) -> Result<Vec<Arc<Object>>> {
    let Some(controller) = owner.controller_of() else { return Ok(active.to_vec()) };
    let mut related = Vec::new();
    for sibling in ctx.owned(flavor.resource, &controller.uid)? {
        if sibling.uid() == owner.uid() {
            related.extend_from_slice(active);
        } else if sibling.int("/status/replicas") != Some(0) {
            related.extend(ctx.owned("pods", sibling.uid())?);
        }
    }
    Ok(related)
}
