//! The rules: one function a rule. Each answers a sentence for every breach.
//!
//! Rules about changes are asked for every change, in order, with the world as it was before it; rules about a moment are
//! asked after every step; rules about the end are asked when all faults are healed and time has passed.

mod autoscalers;
mod claims;
mod disruption;
mod history;
mod jobs;
mod placement;
mod pods;
mod services;
mod sets;
mod stateful_sets;

use std::sync::Arc;

use kctl_base::object::{Object, ObjectMeta as _, ValueRead as _};
use kctl_cluster::store::Change;

use super::named;
use super::world::World;

pub(super) use disruption::promises_broken_by_eviction;
pub(super) use sets::wake_daemon_sets;

/// A rule about one change.
type OfChange = fn(&World, &Change) -> Vec<String>;
/// A rule about a moment.
type OfMoment = fn(&World) -> Vec<String>;

const OF_CHANGES: &[OfChange] = &[
    history::revisions_grow,
    history::histories_are_continuous,
    placement::pods_are_bound_where_they_may_run,
    claims::claims_are_not_lost,
    disruption::controllers_keep_pods_available,
    stateful_sets::pods_are_made_in_order,
];
const OF_MOMENTS: &[OfMoment] = &[
    history::owners_exist,
    pods::pods_are_consistent,
    placement::nodes_are_not_overbooked,
    placement::taints_drive_pods_away,
    sets::sets_count_their_pods,
    claims::pods_have_their_claims,
    jobs::jobs_keep_their_limits,
];
const OF_CALM: &[OfMoment] = &[
    history::observed_is_current,
    history::nothing_is_left_terminating,
    placement::pods_that_wait_fit_nowhere,
    sets::deployments_converge,
    sets::replica_sets_converge,
    sets::daemon_sets_converge,
    stateful_sets::stateful_sets_rest,
    claims::claims_are_bound,
    jobs::jobs_end,
    jobs::cron_jobs_keep_time_and_limits,
    disruption::budgets_count,
    autoscalers::sizes_are_within_bounds,
    services::endpoints_are_the_ready_pods,
];

/// Looks at what the step changed, and at the world after it.
pub(super) fn after_step(world: &mut World) -> Vec<String> {
    for change in world.news() {
        look_at(world, &change);
    }
    let mut problems = std::mem::take(&mut world.breaches);
    problems.extend(OF_MOMENTS.iter().flat_map(|rule| rule(world)));
    problems
}

/// Looks at one change and remembers it; breaches are kept until the step is over.
pub(super) fn look_at(world: &mut World, change: &Change) {
    let problems: Vec<String> = OF_CHANGES.iter().flat_map(|rule| rule(world, change)).collect();
    world.breaches.extend(problems);
    world.learn(change);
    disruption::note_disturbances(world, change);
    claims::note_claims_given_up(world, change);
}

/// Looks at a world that has had time to become what it was asked to be.
pub(super) fn when_calm(world: &mut World) -> Vec<String> {
    OF_CALM.iter().flat_map(|rule| rule(world)).collect()
}

/// The objects of a resource that can come to rest: nobody fights over their size, nor over that of what controls them.
fn resting(world: &World, resource: &str) -> Vec<Arc<Object>> {
    let mut objects = world.own(resource);
    objects.retain(|object| {
        let controller = object.controller_of().and_then(|owner| world.find("deployments.apps", &owner.name));
        !autoscalers::is_fought_over(world, controller.as_ref().unwrap_or(object))
    });
    objects
}

fn is_ended(pod: &Object) -> bool {
    ["Succeeded", "Failed"].contains(&pod.str("/status/phase"))
}

/// Whether pods of a template can all run: its images exist. (All nodes are there.)
fn can_run(template: &Object) -> bool {
    template.list("/spec/containers").iter().all(|c| !c.str("/image").ends_with(":does-not-exist"))
}

/// A pod that no node has room for; it may stay pending.
fn waits_for_room(pod: &Object) -> bool {
    pod.str("/spec/nodeName").is_empty()
        && kctl_base::object::condition(pod, "PodScheduled")
            .is_some_and(|c| c.str("/reason") == "Unschedulable" && c.str("/message").contains("Insufficient"))
}

/// The name of a pod and, where it is not ready, why.
fn unready(pod: &Object) -> String {
    match kctl_base::object::condition_is_true(pod, "Ready") {
        true => pod.name().into(),
        false => format!("{} {} {}", pod.name(), pod["metadata"]["annotations"], pod["status"]),
    }
}

/// The pods that an object controls and that are not ended.
fn pods_of(world: &World, owner: &Object) -> Vec<Arc<Object>> {
    let mut pods = world.pods_of(owner);
    pods.retain(|p| !is_ended(p));
    pods
}

/// An amount that may be a percentage of a whole, rounded up or down.
fn amount(value: Option<&Object>, whole: i64, up: bool) -> i64 {
    let Some(value) = value else { return 0 };
    let Some(percent) = value.as_str() else { return value.as_i64().unwrap_or(0) };
    let percent: i64 = percent.trim_end_matches('%').parse().unwrap_or(0);
    (whole * percent + if up { 99 } else { 0 }) / 100
}
