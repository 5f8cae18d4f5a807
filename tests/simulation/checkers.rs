//! The invariants, one function each. A function returns a sentence for every violation.
//!
//! Invariants of changes are checked for every change in order, with the world as it was before the change. Invariants of
//! states are checked after every step, those of resting states when all faults are healed and time has passed.
//!
//! Those named [`RECOMPUTED`] and below know only all objects of a cluster, however they came about, and compute again what
//! the cluster keeps up to date: counts, indexes, statuses, field ownership. The simulation of the command line shares them.

mod autoscalers;
mod budgets;
mod claims;
mod disruption;
mod endpoints;
mod generations;
mod history;
mod jobs;
mod managed_fields;
mod ownership;
mod placement;
mod pods;
mod quotas;
mod requests;
mod services;
mod sets;
mod stateful_sets;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use kctl_base::object::{Object, ObjectMeta as _, ValueRead as _};
use kctl_base::sim::Time;

use super::world::World;
use crate::harness::cluster::{Change, ChangeKind, Cluster, ObjectKey, named, problems};

pub(super) use disruption::violations_of_eviction;
pub(super) use managed_fields::sent_fields_are_owned;

/// All objects of a cluster.
pub(super) type Objects = BTreeMap<ObjectKey, Arc<Object>>;

/// An invariant of one change.
type ChangeInvariant = fn(&World, &Change) -> Vec<String>;
/// An invariant of one change, with the version before it.
type RecomputedChange = fn(Option<&Object>, &Change) -> Vec<String>;
/// An invariant of a state.
type StateInvariant = fn(&World) -> Vec<String>;

const CHANGES: &[ChangeInvariant] = &[
    history::revisions_grow,
    history::objects_change_consistently,
    placement::pods_are_bound_where_they_may_run,
    claims::claims_are_retained,
    disruption::rollouts_keep_pods_available,
    stateful_sets::pods_are_created_in_order,
];
const STATES: &[StateInvariant] = &[
    history::owners_exist,
    pods::statuses_are_consistent,
    placement::nodes_are_not_overcommitted,
    placement::taints_evict_pods,
    sets::counts_are_consistent,
    claims::claims_of_pods_exist,
    jobs::jobs_keep_their_limits,
];
const RESTING_STATES: &[StateInvariant] = &[
    history::generations_are_observed,
    history::no_object_keeps_terminating,
    placement::unschedulable_pods_fit_nowhere,
    sets::deployments_converge,
    sets::replica_sets_converge,
    sets::daemon_sets_converge,
    stateful_sets::stateful_sets_converge,
    claims::claims_are_bound,
    jobs::jobs_finish,
    jobs::cron_jobs_start_in_time,
    disruption::budgets_count_healthy_pods,
    |world| budgets::statuses_are_computed_from_pods(&world.objects),
    autoscalers::sizes_are_within_bounds,
    services::endpoints_are_the_ready_pods,
];

/// Invariants of all objects at a time.
const RECOMPUTED: &[fn(&Objects, Time) -> Vec<String>] = &[
    |objects, _| ownership::owners_are_real(objects),
    quotas::usage_is_what_there_is,
    |objects, _| endpoints::endpoints_are_the_pods(objects),
];
const RECOMPUTED_CHANGES: &[RecomputedChange] = &[generations::generations_follow_the_desired_state, |_, change| {
    managed_fields::managed_fields_exist(&change.object)
}];

/// Checks a change by what is computed again, and records it.
pub(super) fn record_recomputed(objects: &mut Objects, change: &Change) -> Vec<String> {
    let old = match change.kind {
        ChangeKind::Deleted => objects.remove(&change.key),
        ChangeKind::Added | ChangeKind::Modified => objects.insert(change.key.clone(), change.object.clone()),
    };
    RECOMPUTED_CHANGES.iter().flat_map(|invariant| invariant(old.as_deref(), change)).collect()
}

/// Checks a state by what is computed again, and that updates of the objects of some keys as themselves change nothing.
pub(super) fn recomputed(cluster: &mut Cluster, objects: &Objects, keys: &BTreeSet<ObjectKey>) -> Vec<String> {
    let now = cluster.now();
    let mut problems: Vec<String> = RECOMPUTED.iter().flat_map(|invariant| invariant(objects, now)).collect();
    for (key, object) in keys.iter().filter_map(|key| objects.get_key_value(key)) {
        problems.extend(requests::an_update_as_itself_changes_nothing(cluster, key, object));
    }
    problems
}

/// Checks the lists of a cluster, and its store.
pub(super) fn recomputed_lists(cluster: &mut Cluster, objects: &Objects) -> Vec<String> {
    let mut found = requests::lists_are_filters(cluster, objects);
    found.extend(problems(cluster));
    found
}

/// The objects of a resource with their keys.
fn of_resource<'a>(objects: &'a Objects, resource: &'a str) -> impl Iterator<Item = (&'a ObjectKey, &'a Arc<Object>)> {
    objects.range(ObjectKey::new(resource, "", "")..).take_while(move |(key, _)| key.resource == resource)
}

/// Checks the changes of a step and the state after it.
pub(super) fn after_step(world: &mut World) -> Vec<String> {
    for change in world.new_changes() {
        check_change(world, &change);
    }
    let mut problems = std::mem::take(&mut world.violations);
    let changed = std::mem::take(&mut world.changed);
    problems.extend(recomputed(&mut world.cluster, &world.objects, &changed));
    problems.extend(STATES.iter().flat_map(|invariant| invariant(world)));
    problems
}

/// Checks and records one change. Violations are collected until the end of the step.
pub(super) fn check_change(world: &mut World, change: &Change) {
    let problems: Vec<String> = CHANGES.iter().flat_map(|invariant| invariant(world, change)).collect();
    world.violations.extend(problems);
    world.changed.insert(change.key.clone());
    let old = world.record(change);
    disruption::track_undisturbed(world, change, old.as_deref());
    claims::track_released_claims(world, change);
}

/// Checks a state that has had time to converge.
pub(super) fn at_rest(world: &mut World) -> Vec<String> {
    let mut problems = recomputed_lists(&mut world.cluster, &world.objects);
    problems.extend(RESTING_STATES.iter().flat_map(|invariant| invariant(world)));
    problems
}

/// Touches the objects whose controllers observe some changes only at the next one of the object or of a pod, as upstream.
pub(super) fn resync(world: &mut World) {
    sets::resync_daemon_sets(world);
    for budget in world.list("poddisruptionbudgets.policy") {
        world.touch("poddisruptionbudgets.policy", budget.name());
    }
}

/// The objects of a resource that can converge: no autoscalers contend for their size, or for that of their controllers.
fn resting(world: &World, resource: &str) -> Vec<Arc<Object>> {
    let mut objects = world.list(resource);
    objects.retain(|object| {
        let controller = object.controller_of().and_then(|owner| world.get("deployments.apps", &owner.name));
        !autoscalers::is_contended(world, controller.as_ref().unwrap_or(object))
    });
    objects
}

/// Returns true if all containers of a pod have terminated for good.
fn is_terminated(pod: &Object) -> bool {
    ["Succeeded", "Failed"].contains(&pod.str("/status/phase"))
}

/// Returns true if the images of a pod template exist.
fn can_run(template: &Object) -> bool {
    template.list("/spec/containers").iter().all(|c| !c.str("/image").ends_with(":does-not-exist"))
}

/// Returns true for a pod that no node has the resources for; it may stay pending.
fn is_unschedulable(pod: &Object) -> bool {
    pod.str("/spec/nodeName").is_empty()
        && kctl_base::object::condition(pod, "PodScheduled")
            .is_some_and(|c| c.str("/reason") == "Unschedulable" && c.str("/message").contains("Insufficient"))
}

/// Describes a pod in a problem: its name and, if it is not ready, its status.
fn describe_pod(pod: &Object) -> String {
    match kctl_base::object::condition_is_true(pod, "Ready") {
        true => pod.name().into(),
        false => format!("{} {} {}", pod.name(), pod["metadata"]["annotations"], pod["status"]),
    }
}

/// The pods that an object controls, without terminated ones.
fn pods_of(world: &World, owner: &Object) -> Vec<Arc<Object>> {
    let mut pods = world.pods_of(owner);
    pods.retain(|p| !is_terminated(p));
    pods
}

/// Resolves an int-or-percent value against a total, rounding up or down.
fn scaled_value(value: Option<&Object>, whole: i64, up: bool) -> i64 {
    let Some(value) = value else { return 0 };
    let Some(percent) = value.as_str() else { return value.as_i64().unwrap_or(0) };
    let percent: i64 = percent.trim_end_matches('%').parse().unwrap_or(0);
    (whole * percent + if up { 99 } else { 0 }) / 100
}
