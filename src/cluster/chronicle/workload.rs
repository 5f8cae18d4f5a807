//! Workloads: the replicas that each should have and had, over time.

use std::collections::HashMap;

use super::owners::Owners;
use super::{History, ObjectRef};
use kctl_base::object::{Object, ObjectMeta, ValueRead};
use kctl_base::sim::Time;

/// The replicas of a workload from a time on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Replicas {
    /// The beginning.
    pub at: Time,
    /// The pods that there should be; for a Job, the completions.
    pub desired: i64,
    /// The pods that are ready.
    pub ready: i64,
    /// The pods that are available; for a Job, those that have succeeded.
    pub available: i64,
}

/// A workload: a Deployment, ReplicaSet, ReplicationController, StatefulSet, DaemonSet or Job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Workload {
    /// The object.
    pub object: ObjectRef,
    /// The owners, the nearest first.
    pub owners: Vec<ObjectRef>,
    /// The revision of a ReplicaSet.
    pub revision: Option<i64>,
    /// The replicas as a step function: each entry holds until the next one, the last one to the end.
    pub replicas: Vec<Replicas>,
    /// True if it is older than the history.
    pub is_open: bool,
    /// The time at which it was removed; `None` if it still exists.
    pub gone: Option<Time>,
}

impl Workload {
    /// The replicas at a time; `None` before the first that is known, and after its removal.
    pub fn replicas_at(&self, at: Time) -> Option<Replicas> {
        if self.gone.is_some_and(|gone| gone <= at) {
            return None;
        }
        self.replicas.iter().rev().find(|replicas| replicas.at <= at).copied()
    }
}

/// Returns the workloads of a history, by kind, namespace, name and creation.
pub(super) fn workloads(history: &History, owners: &Owners) -> Vec<Workload> {
    let start = history.changes.first().map_or(history.to, |change| change.cause.at);
    let mut found: HashMap<String, Workload> = HashMap::new();
    for object in &history.objects {
        observe(&mut found, owners, object, start, true);
    }
    for change in &history.changes {
        let Some(object) = change.event.object() else { continue };
        match change.event {
            crate::WatchEvent::Deleted(_) => {
                if let Some(workload) = found.get_mut(object.uid()) {
                    workload.gone = Some(change.cause.at);
                }
            }
            _ => observe(&mut found, owners, object, change.cause.at, false),
        }
    }
    let mut workloads: Vec<Workload> = found.into_values().collect();
    workloads.sort_by_cached_key(|workload| {
        let ObjectRef { kind, namespace, name, uid } = workload.object.clone();
        (kind, namespace, name, workload.replicas.first().map(|replicas| replicas.at), uid)
    });
    workloads
}

/// Adds a version of an object, if it is a workload.
fn observe(found: &mut HashMap<String, Workload>, owners: &Owners, object: &Object, at: Time, is_open: bool) {
    let Some(now) = replicas(object, at) else { return };
    let workload = found.entry(object.uid().into()).or_insert_with(|| Workload {
        object: ObjectRef::of(object),
        owners: owners.chain(object),
        revision: owners.revision_of(object.uid()).filter(|_| object.kind() == "ReplicaSet"),
        replicas: Vec::new(),
        is_open,
        gone: None,
    });
    // Only the last of several versions at one instant lasts.
    workload.replicas.pop_if(|last| last.at == at);
    if workload.replicas.last().is_none_or(|last| Replicas { at, ..*last } != now) {
        workload.replicas.push(now);
    }
}

/// Returns the replicas of a workload; `None` for other objects.
fn replicas(object: &Object, at: Time) -> Option<Replicas> {
    let number = |pointer: &str| object.int(pointer).unwrap_or(0);
    let (desired, ready, available) = match (object.api_version(), object.kind()) {
        ("apps/v1", "Deployment" | "ReplicaSet" | "StatefulSet") | ("v1", "ReplicationController") => {
            let desired = object.int("/spec/replicas").unwrap_or(1);
            (desired, number("/status/readyReplicas"), number("/status/availableReplicas"))
        }
        ("apps/v1", "DaemonSet") => {
            (number("/status/desiredNumberScheduled"), number("/status/numberReady"), number("/status/numberAvailable"))
        }
        ("batch/v1", "Job") => {
            let desired = object.int("/spec/completions").or_else(|| object.int("/spec/parallelism")).unwrap_or(1);
            (desired, number("/status/ready"), number("/status/succeeded"))
        }
        _ => return None,
    };
    Some(Replicas { at, desired, ready, available })
}
