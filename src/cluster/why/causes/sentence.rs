//! The sentences: what a change did, in words for somebody who knows kubectl but not the controllers.

use super::deed::{self, Deed, waiting_reasons};
use super::difference;
use crate::store::Change;
use kctl_base::json::Value;
use kctl_base::object::{Object, ObjectMeta, ValueRead, condition};

/// The annotation of a ReplicaSet with the revision of its Deployment.
const REVISION: &str = "deployment.kubernetes.io/revision";

/// Controllers with another name in sentences than the kind that they are named after.
const CONTROLLERS: &[(&str, &str)] = &[
    ("kubelet", "the kubelet"),
    ("kubelet-node", "the kubelet"),
    ("default-scheduler", "the scheduler"),
    ("garbage-collector-controller", "the garbage collector"),
    ("pod-garbage-collector-controller", "the garbage collector of pods"),
    ("horizontal-pod-autoscaler", "the autoscaler"),
    ("persistentvolume-controller", "the volume controller"),
    ("persistentvolumeclaim-protection-controller", "the protection of claims in use"),
    ("persistentvolume-protection-controller", "the protection of volumes in use"),
    ("external-provisioner", "the provisioner of volumes"),
    ("node-lifecycle-controller", "the node controller"),
    ("taint-eviction-controller", "the eviction of pods by taints"),
    ("ttl-after-finished-controller", "the cleaner of finished Jobs"),
    ("replicaset-controller", "the ReplicaSet controller"),
    ("replication-controller", "the ReplicationController controller"),
    ("deployment-controller", "the Deployment controller"),
    ("statefulset-controller", "the StatefulSet controller"),
    ("daemonset-controller", "the DaemonSet controller"),
    ("job-controller", "the Job controller"),
    ("cronjob-controller", "the CronJob controller"),
    ("namespace-controller", "the namespace controller"),
    ("disruption-controller", "the controller of disruption budgets"),
    ("resourcequota-controller", "the quota controller"),
];

/// Names a controller: `the Deployment controller`.
pub(super) fn controller(name: &str) -> String {
    let known = CONTROLLERS.iter().find(|(known, _)| *known == name);
    known.map_or_else(|| format!("the {name}"), |(_, words)| (*words).to_string())
}

/// Tells what a change did, as a sentence without a full stop.
pub(super) fn what(change: &Change) -> String {
    let object = &*change.object;
    let subject = subject(change);
    let before = change.old.as_deref().unwrap_or(object);
    match deed::of(change) {
        Deed::Created => format!("{subject} was created{}", extent(object)),
        Deed::Removed => removed(&subject, object),
        Deed::DeletionRequested => deletion_requested(&subject, object),
        Deed::Bound => format!("{subject} was assigned to node {}", object.str("/spec/nodeName")),
        Deed::Scaled => scaled(&subject, before, object),
        Deed::Wanted => wanted(&subject, before, object),
        Deed::State => new_state(&subject, before, object),
        Deed::Metadata => metadata(&subject, before, object),
        Deed::Detail => format!("the status of {subject} was brought up to date"),
    }
}

fn subject(change: &Change) -> String {
    let kind = change.object.kind();
    let kind = if kind.is_empty() { &*change.key.resource } else { kind };
    format!("{kind} {}", change.object.name())
}

/// Returns how many pods a new object wants: ` with 3 replicas for revision 2`.
fn extent(object: &Object) -> String {
    let replicas = match object.int("/spec/replicas") {
        Some(1) => " with 1 replica".into(),
        Some(count) => format!(" with {count} replicas"),
        None => String::new(),
    };
    match object.annotation(REVISION) {
        Some(revision) if object.kind() == "ReplicaSet" => format!("{replicas} for revision {revision}"),
        _ => replicas,
    }
}

fn removed(subject: &str, object: &Object) -> String {
    match object.kind() {
        "Pod" if object.is_deleting() && !object.str("/spec/nodeName").is_empty() => {
            format!("{subject} was removed after its containers had ended")
        }
        _ if object.is_deleting() => format!("{subject} was removed, as nothing held it any more"),
        _ => format!("{subject} was deleted"),
    }
}

/// Reasons of the condition DisruptionTarget, and how a pod with it was deleted.
const DISRUPTIONS: &[(&str, &str)] = &[
    ("PreemptionByScheduler", "was preempted, to make room for a more important pod"),
    ("EvictionByEvictionAPI", "was evicted on request"),
    ("DeletionByTaintManager", "was evicted, because it does not tolerate a taint of its node"),
    ("DeletionByPodGC", "was deleted, because its node is gone or out of service"),
];

fn deletion_requested(subject: &str, object: &Object) -> String {
    let disruption = condition(object, "DisruptionTarget").map_or("", |condition| condition.str("/reason"));
    if let Some((_, words)) = DISRUPTIONS.iter().find(|(reason, _)| *reason == disruption) {
        return format!("{subject} {words}");
    }
    let grace = object.int("/metadata/deletionGracePeriodSeconds").filter(|seconds| *seconds > 0);
    match (grace, object.finalizers().as_slice()) {
        (Some(seconds), _) => format!("{subject} was deleted, with {seconds} seconds for its containers to end"),
        (None, []) => format!("{subject} was deleted"),
        (None, finalizers) => format!("{subject} was deleted, but is held by {}", finalizers.join(", ")),
    }
}

fn scaled(subject: &str, before: &Object, object: &Object) -> String {
    let (from, to) = (before.int("/spec/replicas").unwrap_or(1), object.int("/spec/replicas").unwrap_or(1));
    let direction = if to > from { "up" } else { "down" };
    format!("{subject} was scaled {direction} from {from} to {to}")
}

fn wanted(subject: &str, before: &Object, object: &Object) -> String {
    if object.kind() == "Node" && before.flag("/spec/unschedulable") != object.flag("/spec/unschedulable") {
        let done = if object.flag("/spec/unschedulable") { "cordoned" } else { "uncordoned" };
        return format!("{subject} was {done}");
    }
    if object.kind() == "Node" && before.at("/spec/taints") != object.at("/spec/taints") {
        return taints(subject, before, object);
    }
    let claim = object.str("/spec/claimRef/name");
    if object.kind() == "PersistentVolume" && before.str("/spec/claimRef/name") != claim && !claim.is_empty() {
        return format!("{subject} was given to the claim {}/{claim}", object.str("/spec/claimRef/namespace"));
    }
    let template = before.at("/spec/template") != object.at("/spec/template");
    let what = if template { "the pod template of " } else { "" };
    format!("{what}{subject} was changed ({})", difference::of(before, object))
}

/// Tells which taints a node got or lost.
fn taints(subject: &str, before: &Object, object: &Object) -> String {
    let name = |taint: &Value| format!("{}:{}", taint.str("/key"), taint.str("/effect"));
    let names = |node: &Object| node.list("/spec/taints").iter().map(name).collect::<Vec<_>>();
    let (old, new) = (names(before), names(object));
    let only = |these: &[String], those: &[String]| {
        these.iter().filter(|taint| !those.contains(taint)).cloned().collect::<Vec<_>>().join(", ")
    };
    match (only(&new, &old), only(&old, &new)) {
        (got, lost) if lost.is_empty() => format!("{subject} got the taint {got}"),
        (got, lost) if got.is_empty() => format!("{subject} lost the taint {lost}"),
        (got, lost) => format!("{subject} got the taint {got} and lost {lost}"),
    }
}

fn new_state(subject: &str, before: &Object, object: &Object) -> String {
    if object.kind() == "Pod" {
        return format!("{subject} {}", pod_state(object));
    }
    let phase = object.str("/status/phase");
    if phase != before.str("/status/phase") && !phase.is_empty() {
        return format!("{subject} became {phase}{}", volume_of(object));
    }
    let known: Vec<_> = deed::conditions(before).collect();
    match deed::conditions(object).find(|condition| !known.contains(condition)) {
        Some((kind, status, _)) => format!("{subject} {}", condition_words(object, kind, status)),
        None => format!("{subject} lost a condition"),
    }
}

/// Conditions that have words of their own: kind, type, status, reason (empty for any) and what the object did.
const CONDITIONS: &[(&str, &str, &str, &str, &str)] = &[
    ("Deployment", "Available", "True", "", "has enough available pods"),
    ("Deployment", "Available", "False", "", "has too few available pods"),
    ("Deployment", "Progressing", "True", "NewReplicaSetAvailable", "has completed its rollout"),
    ("Deployment", "Progressing", "False", "ProgressDeadlineExceeded", "exceeded its progress deadline"),
    ("Deployment", "Progressing", "Unknown", "", "began a rollout"),
    ("Node", "Ready", "True", "", "became ready"),
    ("Node", "Ready", "Unknown", "", "is not ready, as its kubelet does not report any more"),
    ("Node", "Ready", "False", "", "is not ready"),
    ("Job", "Complete", "True", "", "is complete"),
    ("Job", "Suspended", "True", "", "was suspended"),
    ("Job", "Suspended", "False", "", "was resumed"),
    ("ReplicaSet", "ReplicaFailure", "True", "", "could not create or delete a pod"),
];

fn condition_words(object: &Object, kind: &str, status: &str) -> String {
    let reason = condition(object, kind).map_or("", |condition| condition.str("/reason"));
    let known = CONDITIONS.iter().find(|(of, name, value, why, _)| {
        (*of, *name, *value) == (object.kind(), kind, status) && (why.is_empty() || *why == reason)
    });
    match known {
        Some((.., words)) => (*words).into(),
        None if reason.is_empty() => format!("got the condition {kind}={status}"),
        None => format!("got the condition {kind}={status} ({reason})"),
    }
}

fn volume_of(claim: &Object) -> String {
    match claim.str("/spec/volumeName") {
        "" => String::new(),
        volume => format!(" to volume {volume}"),
    }
}

fn pod_state(pod: &Object) -> String {
    if let Some(reason) = waiting_reasons(pod).first() {
        return format!("came to wait in {reason}");
    }
    match pod.str("/status/phase") {
        "Succeeded" => "succeeded".into(),
        "Failed" => match pod.str("/status/reason") {
            "" => "failed".into(),
            reason => format!("failed ({reason})"),
        },
        "Running" if condition(pod, "Ready").is_some_and(|ready| ready.str("/status") == "True") => {
            "became ready".into()
        }
        "Running" => "runs, but is not ready".into(),
        _ if condition(pod, "PodScheduled").is_some_and(|c| c.str("/status") == "False") => {
            "could not be assigned to a node".into()
        }
        _ => "began to start".into(),
    }
}

fn metadata(subject: &str, before: &Object, object: &Object) -> String {
    let gone: Vec<&str> = before.finalizers().into_iter().filter(|name| !object.has_finalizer(name)).collect();
    match gone.as_slice() {
        [] => format!("the labels of {subject} were changed"),
        gone => format!("{subject} was released by {}", gone.join(", ")),
    }
}
