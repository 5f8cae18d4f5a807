//! What may happen to any object over time.

use std::collections::BTreeSet;

use kctl_base::object::{Object, ObjectMeta as _, ValueRead as _};
use kctl_base::sim::Duration;
use kctl_cluster::store::{Change, ChangeKind};

use super::{World, claims, named};

/// The grace period of the pods here, and a little more.
const STOPPING: Duration = Duration::from_secs(31);
/// Numbers that only grow, of any object that has them.
const GROWING: &[&str] = &["/revision", "/status/succeeded", "/status/failed", "/status/observedGeneration"];

/// resourceVersion only grows, one change a revision.
pub(super) fn revisions_grow(_: &World, change: &Change) -> Vec<String> {
    let own = change.told().resource_version() == change.revision.to_string();
    let old = change.old.as_ref().and_then(|o| o.resource_version().parse::<u64>().ok()).unwrap_or(0);
    if own && old < change.revision {
        return Vec::new();
    }
    let last = change.told();
    let says = last.resource_version();
    vec![format!("{} of revision {} says {says}, after {old}", named(&change.object), change.revision)]
}

/// The identity of an object stays, its generation and its counters never go back, what has ended stays ended.
pub(super) fn histories_are_continuous(world: &World, change: &Change) -> Vec<String> {
    let known = world.known.get(&change.key);
    let mut problems = Vec::new();
    let mut expect = |holds: bool, what: &str| {
        if !holds {
            problems.push(format!("{}: {what} (revision {})", named(&change.object), change.revision));
        }
    };
    expect(known.is_some() == (change.kind != ChangeKind::Added), "added twice, or changed without being there");
    let Some(old) = known else { return problems };
    let new = &change.object;
    expect(change.old.as_ref() == Some(old), "the log tells of another version before");
    expect(old.uid() == new.uid(), "another uid");
    expect(old.creation_time() == new.creation_time(), "another time of creation");
    expect(old.generation() <= new.generation(), "the generation goes back");
    expect(!old.is_deleting() || new.is_deleting(), "a deletion is taken back");
    let revision =
        |o: &Object| o.annotation("deployment.kubernetes.io/revision").and_then(|r| r.parse::<u64>().ok()).unwrap_or(0);
    expect(revision(old) <= revision(new), "the revision goes back");
    for field in GROWING {
        expect(old.int(field) <= new.int(field), &format!("{field} goes back"));
    }
    if change.key.resource == "pods" {
        pod_goes_on(old, new, &mut expect);
    }
    problems
}

fn pod_goes_on(old: &Object, new: &Object, expect: &mut impl FnMut(bool, &str)) {
    let node = |o: &Object| o.str("/spec/nodeName").to_string();
    expect(
        !super::is_ended(old) || old.str("/status/phase") == new.str("/status/phase"),
        "a pod that has ended goes on",
    );
    expect(node(old).is_empty() || node(old) == node(new), "a pod moves");
    for status in old.list("/status/containerStatuses") {
        let later = new.list("/status/containerStatuses").iter().find(|s| s.str("/name") == status.str("/name"));
        let restarts = later.and_then(|s| s.int("/restartCount"));
        expect(restarts >= status.int("/restartCount"), "a container restarts backwards");
    }
}

/// Every owner exists, or what it owned is going too.
pub(super) fn owners_exist(world: &World) -> Vec<String> {
    let uids: BTreeSet<&str> = world.known.values().map(|o| o.uid()).collect();
    let orphans = world.known.iter().filter(|(key, object)| {
        let owners = object.owners();
        key.resource != "events"
            && !owners.is_empty()
            && !object.is_deleting()
            && !owners.iter().any(|o| uids.contains(o.uid.as_str()))
    });
    orphans.map(|(key, _)| format!("{key} outlives its owners")).collect()
}

/// Controllers have seen the last version of every spec.
pub(super) fn observed_is_current(world: &World) -> Vec<String> {
    let watched =
        ["deployments.apps", "replicasets.apps", "replicationcontrollers", "statefulsets.apps", "daemonsets.apps"];
    let behind = watched
        .iter()
        .flat_map(|r| world.own(r))
        .filter(|o| o.int("/status/observedGeneration").unwrap_or(0) != o.generation());
    behind.map(|o| format!("{} is at generation {}, observed is {}", named(&o), o.generation(), o["status"])).collect()
}

/// Everything that was deleted is gone, but for what was deleted so short a while ago that it may still be stopping: the Jobs
/// of a schedule never rest, and for claims that a pod still uses. A pod's deletion time is when its grace ends; what waits for it was deleted that much before.
pub(super) fn nothing_is_left_terminating(world: &World) -> Vec<String> {
    let late = |o: &Object| o.deletion_time().is_some_and(|t| t + STOPPING < world.cluster.now());
    let going = world.known.values().filter(|o| late(o) && !claims::is_used(world, o));
    going.map(|o| format!("{} is still terminating: {}", named(o), o["metadata"])).collect()
}
