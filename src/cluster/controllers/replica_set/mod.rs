//! ReplicaSets and ReplicationControllers: keep the requested number of pods of one template (`pkg/controller/replicaset`).
//!
//! Both are the same controller over different resources; a [`Flavor`] holds the differences. [`plan`] decides; this module
//! reads and writes.

mod owned_pods;
mod plan;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use owned_pods::{Counts, OwnedPods, PodState, Rules};
use plan::{Observed, Plan};

use super::runtime::Result;
use super::shared::claim::{self, Claim};
use super::shared::{burst, deletion_rank, orphans, pod_control, pods, selector, template};
use super::{Action, Context, Controller, Key, Watch};
use crate::store::Change;
use kctl_base::json::Value;
use kctl_base::labels::Selector;
use kctl_base::object::{Object, ObjectMeta, ValueRead, ValueWrite};

/// The controller of ReplicaSets.
pub(super) const REPLICA_SET: Controller = Controller {
    name: "replicaset-controller",
    watches: &[
        Watch::primary("replicasets.apps"),
        Watch::owned("pods", "ReplicaSet"),
        Watch::mapped("pods", pod_to_replica_sets),
    ],
    reconcile: |ctx, key| sync(ctx, key, &FLAVORS[0]),
};

/// The controller of ReplicationControllers.
pub(super) const REPLICATION_CONTROLLER: Controller = Controller {
    name: "replication-controller",
    watches: &[
        Watch::primary("replicationcontrollers"),
        Watch::owned("pods", "ReplicationController"),
        Watch::mapped("pods", pod_to_replication_controllers),
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

fn pod_to_replica_sets(change: &Change, ctx: &mut Context<'_>) -> Result<Vec<Key>> {
    pod_changed(change, ctx, "replicasets.apps", selector::label_selector)
}

fn pod_to_replication_controllers(change: &Change, ctx: &mut Context<'_>) -> Result<Vec<Key>> {
    pod_changed(change, ctx, "replicationcontrollers", plain_selector)
}

/// Takes the change of a pod into account, and maps an orphan to the owners that may adopt it.
fn pod_changed(
    change: &Change,
    ctx: &mut Context<'_>,
    resource: &str,
    selector_of: fn(&Object) -> Selector,
) -> Result<Vec<Key>> {
    let owners = orphans::possible_owners(change, ctx, resource, selector_of);
    let known: &mut OwnedPods = ctx.cache();
    match &owners {
        Ok(_) => known.observe(change),
        Err(_) => known.clear(),
    }
    owners
}

/// Creates or deletes pods of one owner and writes its status (`syncReplicaSet`).
fn sync(ctx: &mut Context<'_>, key: &Key, flavor: &Flavor) -> Result<Action> {
    let Some(owner) = ctx.get_key(flavor.resource, key)? else { return Ok(Action::AwaitChange) };
    let rules = Rules::of(&owner, (flavor.selector)(&owner));
    let mut known: OwnedPods = ctx.take_cache();
    let counts = known.count(ctx, &owner, &rules);
    ctx.put_cache(known);
    let mut counts = counts?;
    if counts.needs_claim || !ctx.orphans("pods", owner.namespace(), &rules.selector)?.is_empty() {
        counts = claim_pods(ctx, &owner, &rules)?;
    }
    let mut plan = plan::plan(&owner, counts.active);
    let mut next_burst = None;
    if let Plan::Create(count) = &mut plan {
        let missing = *count;
        *count = burst::creatable_after(missing, counts.created_now);
        next_burst = (*count < missing).then(|| burst::next(ctx.now));
    }
    let failure = manage_replicas(ctx, &owner, &rules, plan, flavor).err();
    let observed = Observed {
        counts: &counts,
        counts_terminating: flavor.counts_terminating,
        failure: failure.as_ref(),
        now: ctx.now,
    };
    let status = plan::calculate_status(&owner, &observed);
    if plan::needs_write(&owner, &status) {
        let mut updated = (*owner).clone();
        updated.put("/status", status);
        ctx.update_status(flavor.resource, updated)?;
    }
    // Requeues at the next burst, or earlier at the instant at which the next pod has been ready for `minReadySeconds`.
    let next = counts.next_available.into_iter().chain(next_burst).min();
    failure.map_or(Ok(next.map_or(Action::AwaitChange, Action::RequeueAt)), Err)
}

/// Adopts and releases pods, and counts all of them.
fn claim_pods(ctx: &mut Context<'_>, owner: &Object, rules: &Rules) -> Result<Counts> {
    let candidates = claim::candidates(ctx, owner, "pods", &rules.selector)?;
    let (active, ended): (Vec<_>, Vec<_>) = candidates.into_iter().partition(|p| pods::is_active(p));
    let claimed = claim::claim(ctx, owner, "pods", &rules.selector, active)?;
    let states: Vec<PodState> = claimed.iter().chain(&ended).map(|pod| PodState::of(owner, rules, pod)).collect();
    Ok(Counts::of(&states, owner.int("/spec/minReadySeconds").unwrap_or(0), ctx.now))
}

/// Reads the active pods of an owner that has claimed them.
fn active_pods(ctx: &mut Context<'_>, owner: &Object, rules: &Rules) -> Result<Vec<Arc<Object>>> {
    let mut found = claim::candidates(ctx, owner, "pods", &rules.selector)?;
    found.retain(|pod| pods::is_active(pod) && claim::decide(owner, &rules.selector, pod) == Claim::Keep);
    Ok(found)
}

/// Creates missing pods or deletes surplus ones (`manageReplicas`).
fn manage_replicas(ctx: &mut Context<'_>, owner: &Object, rules: &Rules, plan: Plan, flavor: &Flavor) -> Result<()> {
    match plan {
        Plan::Nothing => Ok(()),
        Plan::Create(count) => create(ctx, owner, count),
        Plan::Delete(count) => {
            let active = active_pods(ctx, owner, rules)?;
            let related = indirectly_related_pods(ctx, owner, &active, flavor)?;
            let mut failure = Ok(());
            for pod in deletion_rank::pods_to_delete(&active, &related, count, ctx.now) {
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
