//! The rules: one function a rule. Each answers a sentence for every breach.
//!
//! Rules about changes are asked for every change, in order, with the world as it was before it; rules about a moment are
//! asked after every step; rules about the end are asked when all faults are healed and time has passed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use kctl::machinery::labels::Selector;
use kctl::machinery::object::{Meta as _, Object, Reading as _, condition, condition_is_true};
use kctl::machinery::quantity::Quantity;
use kctl::sim::Duration;
use kctl::store::{Change, ChangeKind};

use super::named;
use super::world::World;

/// The grace period of the pods here, and a little more.
const STOPPING: Duration = Duration::from_secs(31);

/// A rule about one change.
type OfChange = fn(&World, &Change) -> Vec<String>;
/// A rule about a moment.
type OfMoment = fn(&World) -> Vec<String>;

const OF_CHANGES: &[OfChange] = &[
    revisions_grow,
    histories_are_continuous,
    pods_are_bound_where_they_may_run,
    claims_stay,
    rollouts_keep_pods_available,
];
const OF_MOMENTS: &[OfMoment] = &[owners_exist, pods_are_consistent, nodes_are_not_overbooked, sets_count_their_pods, claims_are_there];
const OF_CALM: &[OfMoment] = &[
    observed_is_current,
    nothing_is_left_terminating,
    deployments_converge,
    replica_sets_converge,
    stateful_sets_converge,
    daemon_sets_converge,
    jobs_end,
    budgets_count,
];

/// Looks at what the step changed, and at the world after it.
pub(super) fn after_step(world: &mut World) -> Vec<String> {
    let mut problems = Vec::new();
    for change in world.news() {
        problems.extend(OF_CHANGES.iter().flat_map(|rule| rule(world, &change)));
        world.learn(&change);
        note_completion(world, &change);
    }
    problems.extend(OF_MOMENTS.iter().flat_map(|rule| rule(world)));
    problems
}

/// Looks at a world that has had time to become what it was asked to be.
pub(super) fn when_calm(world: &mut World) -> Vec<String> {
    OF_CALM.iter().flat_map(|rule| rule(world)).collect()
}

/// A complete Deployment is undisturbed from now on.
fn note_completion(world: &mut World, change: &Change) {
    let object = &change.object;
    if change.key.resource != "deployments.apps" {
        return;
    }
    let wanted = object.int("/spec/replicas").unwrap_or(0);
    let has = |field: &str| object.int(&format!("/status/{field}")).unwrap_or(0) == wanted;
    let complete = has("updatedReplicas") && has("availableReplicas") && has("replicas");
    let observed = object.int("/status/observedGeneration") == Some(object.generation());
    if change.kind == ChangeKind::Deleted || object.is_deleting() {
        world.undisturbed.remove(object.name());
    } else if complete && observed && world.stopped.is_empty() {
        world.undisturbed.insert(object.name().into());
    }
}

/// resourceVersion only grows, one change a revision.
fn revisions_grow(_: &World, change: &Change) -> Vec<String> {
    let own = change.object.resource_version() == change.revision.to_string();
    let old = change.old.as_ref().and_then(|o| o.resource_version().parse::<u64>().ok()).unwrap_or(0);
    if own && old < change.revision {
        return Vec::new();
    }
    vec![format!(
        "{} of revision {} says {}, after {old}",
        named(&change.object),
        change.revision,
        change.object.resource_version()
    )]
}

/// The identity of an object stays, its generation and its counters never go back, what has ended stays ended.
fn histories_are_continuous(world: &World, change: &Change) -> Vec<String> {
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
    expect(old.uid() == new.uid(), "another uid");
    expect(old.creation_time() == new.creation_time(), "another time of creation");
    expect(old.generation() <= new.generation(), "the generation goes back");
    expect(!old.is_deleting() || new.is_deleting(), "a deletion is taken back");
    let revision =
        |o: &Object| o.annotation("deployment.kubernetes.io/revision").and_then(|r| r.parse::<u64>().ok()).unwrap_or(0);
    expect(revision(old) <= revision(new), "the revision goes back");
    expect(old.int("/revision") <= new.int("/revision"), "the revision of a ControllerRevision goes back");
    if change.key.resource == "pods" {
        let ended = |o: &Object| ["Succeeded", "Failed"].contains(&o.str("/status/phase"));
        expect(!ended(old) || old.str("/status/phase") == new.str("/status/phase"), "a pod that has ended goes on");
        expect(
            old.str("/spec/nodeName").is_empty() || old.str("/spec/nodeName") == new.str("/spec/nodeName"),
            "a pod moves",
        );
        for status in old.list("/status/containerStatuses") {
            let later = new.list("/status/containerStatuses").iter().find(|s| s.str("/name") == status.str("/name"));
            expect(
                later.and_then(|s| s.int("/restartCount")) >= status.int("/restartCount"),
                "a container restarts backwards",
            );
        }
    }
    problems
}

/// A pod is bound to a node that has what it selects, no taint it does not tolerate, and room.
fn pods_are_bound_where_they_may_run(world: &World, change: &Change) -> Vec<String> {
    let pod = &change.object;
    let before = change.old.as_ref().map_or("", |o| o.str("/spec/nodeName"));
    let name = pod.str("/spec/nodeName");
    if change.key.resource != "pods" || name.is_empty() || !before.is_empty() {
        return Vec::new();
    }
    let nodes = world.all("nodes");
    let Some(node) = nodes.iter().find(|n| n.name() == name) else {
        return vec![format!("{} is bound to {name}, which is no node", named(pod))];
    };
    let mut problems = Vec::new();
    for (key, value) in pod.strings("/spec/nodeSelector") {
        if node.label(&key) != Some(value.as_str()) {
            problems.push(format!("{} selects {key}={value} and is bound to {name}", named(pod)));
        }
    }
    for taint in node.list("/spec/taints").iter().filter(|t| t.str("/effect") != "PreferNoSchedule") {
        if !pod.list("/spec/tolerations").iter().any(|t| tolerates(t, taint)) {
            problems.push(format!("{} does not tolerate {taint} of {name}", named(pod)));
        }
    }
    problems
}

fn tolerates(toleration: &Object, taint: &Object) -> bool {
    let same = |field: &str| toleration.str(field) == taint.str(field);
    let effect = toleration.str("/effect").is_empty() || same("/effect");
    let exists = toleration.str("/operator") == "Exists";
    let key = same("/key") || (exists && toleration.str("/key").is_empty());
    effect && key && (exists || same("/value"))
}

/// Nothing deletes a claim of a StatefulSet.
fn claims_stay(_: &World, change: &Change) -> Vec<String> {
    let gone = change.kind == ChangeKind::Deleted && change.key.resource == "persistentvolumeclaims";
    if gone { vec![format!("{} is lost", named(&change.object))] } else { Vec::new() }
}

/// A rolling update of an undisturbed Deployment never has fewer pods available than it promises.
fn rollouts_keep_pods_available(world: &World, change: &Change) -> Vec<String> {
    let lost = change.key.resource == "pods" && (change.kind == ChangeKind::Deleted || change.object.is_deleting());
    let Some(set) = change.object.controller_of().filter(|o| lost && o.kind == "ReplicaSet") else { return Vec::new() };
    let sets = world.own("replicasets.apps");
    let Some(set) = sets.iter().find(|s| s.uid() == set.uid) else { return Vec::new() };
    let Some(owner) = set.controller_of() else { return Vec::new() };
    let deployments = world.own("deployments.apps");
    let Some(deployment) = deployments.iter().find(|d| d.uid() == owner.uid && world.undisturbed.contains(d.name()))
    else {
        return Vec::new();
    };
    if deployment.str("/spec/strategy/type") != "RollingUpdate" {
        return Vec::new();
    }
    let wanted = deployment.int("/spec/replicas").unwrap_or(0);
    let least = wanted - max_unavailable(deployment, wanted);
    let uids: BTreeSet<&str> = sets.iter().filter(|s| s.is_controlled_by(deployment.uid())).map(|s| s.uid()).collect();
    let pods = world.own("pods");
    let ready = pods.iter().filter(|p| {
        p.name() != change.key.name
            && !p.is_deleting()
            && p.controller_of().is_some_and(|o| uids.contains(o.uid.as_str()))
            && condition_is_true(p, "Ready")
    });
    let ready = ready.count() as i64;
    let was_ready = condition_is_true(&change.object, "Ready");
    if ready >= least || !was_ready {
        return Vec::new();
    }
    vec![format!("{} has {ready} ready pods without {}, and promises {least}", named(deployment), change.key.name)]
}

/// `maxUnavailable` as a number; percentages are rounded down, and one of the two limits is at least 1.
fn max_unavailable(deployment: &Object, wanted: i64) -> i64 {
    let number = |path: &str, up: bool| match deployment.at(path) {
        Some(value) if value.is_i64() || value.is_u64() => value.as_i64().unwrap_or(0),
        Some(value) => {
            let percent: i64 = value.as_str().unwrap_or("0%").trim_end_matches('%').parse().unwrap_or(0);
            (wanted * percent + if up { 99 } else { 0 }) / 100
        }
        None => 0,
    };
    let unavailable = number("/spec/strategy/rollingUpdate/maxUnavailable", false);
    if unavailable == 0 && number("/spec/strategy/rollingUpdate/maxSurge", true) == 0 { 1 } else { unavailable }
}

/// Every owner exists, or what it owned is going too.
fn owners_exist(world: &World) -> Vec<String> {
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

/// What a pod's status says fits together.
fn pods_are_consistent(world: &World) -> Vec<String> {
    let mut problems = Vec::new();
    for pod in world.all("pods") {
        let phase = pod.str("/status/phase");
        let statuses = pod.list("/status/containerStatuses");
        let ready = !statuses.is_empty() && statuses.iter().all(|s| s.flag("/ready"));
        let mut expect = |holds: bool, what: &str| {
            if !holds {
                problems.push(format!("{}: {what}: {}", named(&pod), pod["status"]));
            }
        };
        expect(["Pending", "Running", "Succeeded", "Failed"].contains(&phase), "an unknown phase");
        expect(!pod.str("/spec/nodeName").is_empty() || phase == "Pending" || phase == "Failed", "it runs nowhere");
        expect(
            condition_is_true(&pod, "PodScheduled") || pod.str("/spec/nodeName").is_empty() || phase == "Failed",
            "bound, but not scheduled",
        );
        let lost = world.stopped.contains(pod.str("/spec/nodeName"));
        if phase == "Running" && !lost {
            expect(statuses.len() == pod.list("/spec/containers").len(), "it runs without statuses of its containers");
            expect(!pod.str("/status/podIP").is_empty(), "it runs without an address");
            expect(
                condition_is_true(&pod, "Ready") == ready || pod.is_deleting() || !is_reporting(world, &pod),
                "ready and not ready",
            );
        }
        if phase == "Pending" {
            expect(!statuses.iter().any(|s| s.flag("/ready")), "ready, but pending");
        }
        if phase == "Succeeded" {
            expect(statuses.iter().all(|s| s.int("/state/terminated/exitCode") == Some(0)), "succeeded with a failure");
        }
    }
    problems
}

/// Whether the node of a pod says of itself that it is ready.
fn is_reporting(world: &World, pod: &Object) -> bool {
    world.all("nodes").iter().any(|n| n.name() == pod.str("/spec/nodeName") && condition_is_true(n, "Ready"))
}

/// The pods of a node ask for no more than it has.
fn nodes_are_not_overbooked(world: &World) -> Vec<String> {
    let mut asked: BTreeMap<String, (u64, i128, i128)> = BTreeMap::new();
    for pod in world.all("pods").iter().filter(|p| !["Succeeded", "Failed"].contains(&p.str("/status/phase"))) {
        let entry = asked.entry(pod.str("/spec/nodeName").into()).or_default();
        entry.0 += 1;
        for container in pod.list("/spec/containers") {
            entry.1 += milli(container.str("/resources/requests/cpu"));
            entry.2 += milli(container.str("/resources/requests/memory"));
        }
    }
    let mut problems = Vec::new();
    for node in world.all("nodes") {
        let Some((pods, cpu, memory)) = asked.get(node.name()) else { continue };
        let has = |what: &str| milli(node.str(&format!("/status/allocatable/{what}")));
        if i128::from(*pods) * 1000 > has("pods") || *cpu > has("cpu") || *memory > has("memory") {
            problems.push(format!("{} is overbooked: {pods} pods, {cpu}m CPU, {memory}m bytes", node.name()));
        }
    }
    problems
}

/// A quantity in thousandths; nothing is 0.
fn milli(text: &str) -> i128 {
    text.parse::<Quantity>().map_or(0, |q| i128::from(q.milli_value()))
}

/// Counts of a status never contradict each other.
fn sets_count_their_pods(world: &World) -> Vec<String> {
    let mut problems = Vec::new();
    for resource in ["deployments.apps", "replicasets.apps", "statefulsets.apps"] {
        for object in world.own(resource) {
            let count = |field: &str| object.int(&format!("/status/{field}")).unwrap_or(0);
            let ordered =
                count("availableReplicas") <= count("readyReplicas") && count("readyReplicas") <= count("replicas");
            if !ordered || count("updatedReplicas") > count("replicas") && resource == "deployments.apps" {
                problems.push(format!("{} counts wrongly: {}", named(&object), object["status"]));
            }
        }
    }
    problems
}

/// Controllers have seen the last version of every spec.
fn observed_is_current(world: &World) -> Vec<String> {
    let watched = ["deployments.apps", "replicasets.apps", "statefulsets.apps", "daemonsets.apps"];
    let behind = watched
        .iter()
        .flat_map(|r| world.own(r))
        .filter(|o| o.int("/status/observedGeneration").unwrap_or(0) != o.generation());
    behind.map(|o| format!("{} is at generation {}, observed is {}", named(&o), o.generation(), o["status"])).collect()
}

/// Everything that was deleted is gone, but for what was deleted so short a while ago that it may still be stopping: the Jobs
/// of a schedule never rest. A pod's deletion time is when its grace ends; what waits for it was deleted that much before.
fn nothing_is_left_terminating(world: &World) -> Vec<String> {
    let late = |o: &Object| o.deletion_time().is_some_and(|t| t + STOPPING < world.cluster.now());
    let going = world.known.values().filter(|o| late(o));
    going.map(|o| format!("{} is still terminating: {}", named(o), o["metadata"])).collect()
}

/// Whether pods of a template can all run: its image exists. (All nodes are there, and have room for all.)
fn can_run(template: &Object) -> bool {
    template.list("/spec/containers").iter().all(|c| !c.str("/image").ends_with(":does-not-exist"))
}

/// The pods that an object controls and that are not ended.
fn pods_of(world: &World, owner: &Object) -> Vec<Arc<Object>> {
    let mut pods = world.own("pods");
    pods.retain(|p| p.is_controlled_by(owner.uid()) && !["Succeeded", "Failed"].contains(&p.str("/status/phase")));
    pods
}

/// A pod that no node has room for; it may stay pending.
fn waits_for_room(pod: &Object) -> bool {
    condition(pod, "PodScheduled")
        .is_some_and(|c| c.str("/reason") == "Unschedulable" && c.str("/message").contains("Insufficient"))
}

fn any_waits_for_room(world: &World) -> bool {
    world.own("pods").iter().any(|p| waits_for_room(p))
}

/// Deployments that can are complete.
fn deployments_converge(world: &World) -> Vec<String> {
    let mut problems = Vec::new();
    for deployment in world.own("deployments.apps") {
        let wanted = deployment.int("/spec/replicas").unwrap_or(0);
        if deployment.flag("/spec/paused") || !can_run(&deployment["spec"]["template"]) || any_waits_for_room(world) {
            continue;
        }
        for field in ["replicas", "updatedReplicas", "readyReplicas", "availableReplicas"] {
            let has = deployment.int(&format!("/status/{field}")).unwrap_or(0);
            if has != wanted {
                problems.push(format!(
                    "{} wants {wanted} and has {field} {has}: {}",
                    named(&deployment),
                    deployment["status"]
                ));
            }
        }
    }
    problems
}

/// ReplicaSets have as many pods as they want, ready where they can be.
fn replica_sets_converge(world: &World) -> Vec<String> {
    let mut problems = Vec::new();
    for set in world.own("replicasets.apps") {
        let wanted = set.int("/spec/replicas").unwrap_or(0);
        let pods = pods_of(world, &set);
        let ready = pods.iter().filter(|p| condition_is_true(p, "Ready")).count() as i64;
        let waiting = pods.iter().filter(|p| waits_for_room(p)).count() as i64;
        let could = if can_run(&set["spec"]["template"]) { wanted - waiting } else { ready };
        let says = (set.int("/status/replicas"), set.int("/status/readyReplicas").unwrap_or(0));
        if pods.len() as i64 != wanted || ready != could || says != (Some(wanted), ready) {
            problems.push(format!(
                "{} wants {wanted}, has {} pods, {ready} ready: {}",
                named(&set),
                pods.len(),
                set["status"]
            ));
        }
    }
    problems
}

/// What keeps a pod from ever getting ready: its image does not exist, or no node has room for it.
fn is_hopeless(pod: &Object) -> bool {
    !can_run(pod) || waits_for_room(pod)
}

/// StatefulSets rest where their rules let them rest, with their claims.
fn stateful_sets_converge(world: &World) -> Vec<String> {
    let mut problems = Vec::new();
    for set in world.own("statefulsets.apps") {
        let pods: BTreeMap<i64, Arc<Object>> = world
            .own("pods")
            .into_iter()
            .filter(|p| p.is_controlled_by(set.uid()))
            .filter_map(|p| Some((p.name().rsplit('-').next()?.parse().ok()?, p)))
            .collect();
        let unrest = match set.str("/spec/podManagementPolicy") {
            "Parallel" => parallel_unrest(&set, &pods),
            _ => ordered_unrest(&set, &pods),
        };
        problems.extend(unrest.map(|what| {
            let pods: Vec<String> = pods.values().map(|p| format!("{} {}", p.name(), p["status"]["phase"])).collect();
            format!("{} wants {}: {what}; it has {pods:?}: {}", named(&set), set["spec"]["replicas"], set["status"])
        }));
    }
    problems
}

/// In order, a replica that can not get ready stops everything after it: pods above it may be missing, old or too many.
/// Once all replicas are ready, surplus pods go from the highest on. One that is not ready goes only when it is the lowest
/// of those: two of them block each other for ever, as in Kubernetes.
fn ordered_unrest(set: &Object, pods: &BTreeMap<i64, Arc<Object>>) -> Option<String> {
    let wanted = set.int("/spec/replicas").unwrap_or(0);
    for ordinal in 0..wanted {
        let Some(pod) = pods.get(&ordinal) else { return Some(format!("pod {ordinal} is missing")) };
        if !condition_is_true(pod, "Ready") {
            return (!is_hopeless(pod)).then(|| format!("pod {ordinal} could be ready"));
        }
    }
    let surplus: Vec<(&i64, &Arc<Object>)> = pods.range(wanted..).collect();
    let Some((highest, last)) = surplus.last() else { return update_unrest(set, pods) };
    let lowest_unready = surplus.iter().find(|(_, p)| !condition_is_true(p, "Ready")).map(|(ordinal, _)| *ordinal);
    let blocked = !condition_is_true(last, "Ready") && lowest_unready != Some(*highest);
    if blocked && is_hopeless(last) { None } else { Some(format!("the surplus pod {highest} stays")) }
}

/// In parallel nothing stops anything but an update: it goes on above a new pod only.
fn parallel_unrest(set: &Object, pods: &BTreeMap<i64, Arc<Object>>) -> Option<String> {
    let wanted = set.int("/spec/replicas").unwrap_or(0);
    if !pods.keys().copied().eq(0..wanted) {
        return Some("pods are missing or too many".into());
    }
    let unready = pods.iter().find(|(_, p)| !condition_is_true(p, "Ready") && !is_hopeless(p));
    unready.map(|(ordinal, _)| format!("pod {ordinal} could be ready")).or_else(|| update_unrest(set, pods))
}

/// An update replaces pods from the highest on, and stops at a new one that is not ready.
fn update_unrest(set: &Object, pods: &BTreeMap<i64, Arc<Object>>) -> Option<String> {
    let image = set.str("/spec/template/spec/containers/0/image");
    for (ordinal, pod) in pods.iter().rev() {
        if pod.str("/spec/containers/0/image") != image {
            return Some(format!("pod {ordinal} is not updated"));
        }
        if !condition_is_true(pod, "Ready") {
            return None;
        }
    }
    None
}

/// A pod of a StatefulSet that is to run has its claims.
fn claims_are_there(world: &World) -> Vec<String> {
    let claims: BTreeSet<String> =
        world.own("persistentvolumeclaims").iter().map(|claim| claim.name().to_string()).collect();
    let mut problems = Vec::new();
    for pod in world.own("pods").iter().filter(|p| !p.is_deleting()) {
        for volume in pod.list("/spec/volumes") {
            let claim = volume.str("/persistentVolumeClaim/claimName");
            if !claim.is_empty() && !claims.contains(claim) {
                problems.push(format!("{} has no claim {claim}", named(pod)));
            }
        }
    }
    problems
}

/// DaemonSets have one pod on every node that takes it.
fn daemon_sets_converge(world: &World) -> Vec<String> {
    let mut problems = Vec::new();
    for set in world.own("daemonsets.apps") {
        let template = &set["spec"]["template"];
        let pods = pods_of(world, &set);
        let mut wanted: Vec<String> = Vec::new();
        for node in world.all("nodes") {
            let selected = template.strings("/spec/nodeSelector").iter().all(|(k, v)| node.label(k) == Some(v));
            let taken = node
                .list("/spec/taints")
                .iter()
                .all(|t| template.list("/spec/tolerations").iter().any(|o| tolerates(o, t)));
            if selected && taken {
                wanted.push(node.name().into());
            }
        }
        let placed: BTreeSet<&str> = pods.iter().map(|p| p.str("/spec/nodeName")).collect();
        let complete = wanted.iter().all(|n| placed.contains(n.as_str())) && pods.len() == wanted.len();
        if !complete && !any_waits_for_room(world) {
            problems.push(format!(
                "{} should run on {wanted:?} and runs on {placed:?}: {}",
                named(&set),
                set["status"]
            ));
        }
    }
    problems
}

/// Jobs end, one way or the other, unless their pods find no room.
fn jobs_end(world: &World) -> Vec<String> {
    let mut jobs = world.own("jobs.batch");
    jobs.retain(|j| j.controller_of().is_none() && !j.flag("/spec/suspend"));
    jobs.retain(|j| !condition_is_true(j, "Complete") && !condition_is_true(j, "Failed"));
    jobs.iter()
        .filter(|_| !any_waits_for_room(world))
        .map(|j| format!("{} does not end: {}", named(j), j["status"]))
        .collect()
}

/// Budgets count the pods they select.
fn budgets_count(world: &World) -> Vec<String> {
    let mut problems = Vec::new();
    for budget in world.own("poddisruptionbudgets.policy") {
        let Ok(selector) = Selector::from_object(&budget["spec"]["selector"]) else { continue };
        let pods = world.own("pods");
        let healthy = pods
            .iter()
            .filter(|p| selector.matches_object(p) && !p.is_deleting() && condition_is_true(p, "Ready"))
            .count();
        if budget.int("/status/currentHealthy") != Some(healthy as i64) {
            problems.push(format!("{} counts wrongly, {healthy} are healthy: {}", named(&budget), budget["status"]));
        }
    }
    problems
}
