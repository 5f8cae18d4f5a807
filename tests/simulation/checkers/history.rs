//! The history of objects: what may change in which direction.

use std::collections::BTreeSet;

use kctl_base::object::{Object, ObjectMeta as _, ValueRead as _};
use kctl_base::sim::Duration;

use super::{World, claims, named};
use crate::harness::cluster::{Change, ChangeKind};

/// The grace period of pods, and a second more.
const TERMINATION_TIME: Duration = Duration::from_secs(31);
/// Counters that never decrease, in any object that has them.
const COUNTERS: &[&str] = &["/revision", "/status/succeeded", "/status/failed", "/status/observedGeneration"];

/// The resourceVersion of an object is the revision of its last change, and grows.
pub(super) fn revisions_grow(world: &World, change: &Change) -> Vec<String> {
    let old = world.before(change).map_or(0, |old| old.resource_version().parse().unwrap_or(u64::MAX));
    let version = change.object.resource_version();
    if version == change.revision.to_string() && old < change.revision {
        return Vec::new();
    }
    vec![format!("{} of revision {} has version {version}, after {old}", named(&change.object), change.revision)]
}

/// The identity of an object does not change, its generation and counters never decrease, and a terminated pod stays so.
pub(super) fn objects_change_consistently(world: &World, change: &Change) -> Vec<String> {
    let before = world.before(change);
    let mut problems = Vec::new();
    let mut expect = |holds: bool, what: &str| {
        if !holds {
            problems.push(format!("{}: {what} (revision {})", named(&change.object), change.revision));
        }
    };
    expect(before.is_some() == (change.kind != ChangeKind::Added), "added twice, or changed before it was added");
    let Some(old) = before else { return problems };
    let new = &change.object;
    expect(old.uid() == new.uid(), "the uid changes");
    expect(old.creation_time() == new.creation_time(), "the creationTimestamp changes");
    expect(old.generation() <= new.generation(), "the generation decreases");
    expect(!old.is_deleting() || new.is_deleting(), "a deletion is revoked");
    let revision =
        |o: &Object| o.annotation("deployment.kubernetes.io/revision").and_then(|r| r.parse::<u64>().ok()).unwrap_or(0);
    expect(revision(old) <= revision(new), "the revision decreases");
    for field in COUNTERS {
        expect(old.int(field) <= new.int(field), &format!("{field} decreases"));
    }
    if change.key.resource == "pods" {
        check_pod(old, new, &mut expect);
    }
    problems
}

/// The invariants of pods: a final phase, one node, growing restart counts.
fn check_pod(old: &Object, new: &Object, expect: &mut impl FnMut(bool, &str)) {
    let node = |o: &Object| o.str("/spec/nodeName").to_string();
    expect(
        !super::is_terminated(old) || old.str("/status/phase") == new.str("/status/phase"),
        "a terminated pod changes its phase",
    );
    expect(node(old).is_empty() || node(old) == node(new), "a pod changes its node");
    for status in old.list("/status/containerStatuses") {
        let later = new.list("/status/containerStatuses").iter().find(|s| s.str("/name") == status.str("/name"));
        let restarts = later.and_then(|s| s.int("/restartCount"));
        expect(restarts >= status.int("/restartCount"), "a restartCount decreases");
    }
}

/// An owner of every object exists, or the object is being deleted as well.
pub(super) fn owners_exist(world: &World) -> Vec<String> {
    let uids: BTreeSet<&str> = world.objects.values().map(|o| o.uid()).collect();
    let orphans = world.objects.iter().filter(|(key, object)| {
        let owners = object.owners();
        key.resource != "events"
            && !owners.is_empty()
            && !object.is_deleting()
            && !owners.iter().any(|o| uids.contains(o.uid.as_str()))
    });
    orphans.map(|(key, _)| format!("{key} outlives its owners")).collect()
}

/// Controllers have observed the current generation of every workload.
pub(super) fn generations_are_observed(world: &World) -> Vec<String> {
    let watched =
        ["deployments.apps", "replicasets.apps", "replicationcontrollers", "statefulsets.apps", "daemonsets.apps"];
    let behind = watched
        .iter()
        .flat_map(|r| world.list(r))
        .filter(|o| o.int("/status/observedGeneration").unwrap_or(0) != o.generation());
    behind.map(|o| format!("{} is at generation {}, observed is {}", named(&o), o.generation(), o["status"])).collect()
}

/// No object is terminating for longer than the grace period of a pod, except claims that a pod uses. Recent deletions are
/// possible because CronJobs never rest.
pub(super) fn no_object_keeps_terminating(world: &World) -> Vec<String> {
    let late = |o: &Object| o.deletion_time().is_some_and(|t| t + TERMINATION_TIME < world.cluster.now());
    let stuck = world.objects.values().filter(|o| late(o) && !claims::is_used(world, o));
    stuck.map(|o| format!("{} is still terminating: {}", named(o), o["metadata"])).collect()
}
