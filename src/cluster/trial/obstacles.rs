//! What got in the way: refused evictions, quotas, pods that found no node, images that could not be pulled.

use std::collections::BTreeMap;

use super::record::{Refusal, TrialRecord};
use crate::chronicle::{Chronicle, Mark, MarkKind, ObjectRef};
use kctl_base::order::Order as _;
use kctl_base::sim::Time;
use kctl_base::status::Reason;

/// The kind of an obstacle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ObstacleKind {
    /// A PodDisruptionBudget refused an eviction.
    Budget,
    /// A ResourceQuota refused an object.
    Quota,
    /// Something else than a quota refused an object of a controller.
    Admission,
    /// No node took a pod.
    Scheduling,
    /// A volume could not be provided or mounted.
    Volume,
    /// An image could not be pulled.
    Image,
    /// A container ended and is started again after a while.
    Crash,
    /// A probe failed.
    Probe,
    /// Anything else of which an event warns.
    Other,
}

impl ObstacleKind {
    /// The word for it: `disruption budget`.
    pub fn as_str(self) -> &'static str {
        match self {
            ObstacleKind::Budget => "disruption budget",
            ObstacleKind::Quota => "quota",
            ObstacleKind::Admission => "admission",
            ObstacleKind::Scheduling => "scheduling",
            ObstacleKind::Volume => "volume",
            ObstacleKind::Image => "image",
            ObstacleKind::Crash => "crash",
            ObstacleKind::Probe => "probe",
            ObstacleKind::Other => "warning",
        }
    }

    /// Classifies an event of type Warning by its reason and its message.
    fn of_event(reason: &str, message: &str) -> ObstacleKind {
        match reason {
            "FailedCreate" | "FailedUpdate" if message.contains("exceeded quota") => ObstacleKind::Quota,
            "FailedCreate" | "FailedUpdate" | "ReplicaSetCreateError" => ObstacleKind::Admission,
            "FailedScheduling" => ObstacleKind::Scheduling,
            "FailedMount" | "FailedAttachVolume" | "FailedBinding" | "ProvisioningFailed" | "VolumeResizeFailed" => {
                ObstacleKind::Volume
            }
            "ErrImagePull" | "ImagePullBackOff" | "InspectFailed" | "ErrImageNeverPull" => ObstacleKind::Image,
            "Failed" | "BackOff" if message.contains("image") || message.contains("ImagePull") => ObstacleKind::Image,
            "Failed" | "BackOff" | "BackoffLimitExceeded" => ObstacleKind::Crash,
            "Unhealthy" => ObstacleKind::Probe,
            _ => ObstacleKind::Other,
        }
    }
}

/// Something that got in the way, once or several times.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Obstacle {
    /// The kind.
    pub kind: ObstacleKind,
    /// The object in whose way it was: the outermost owner of a pod or a set, if it has one.
    pub object: ObjectRef,
    /// The other pods whose eviction the same budget refused.
    pub others: Vec<ObjectRef>,
    /// What happened, in the words of the first event or refusal.
    pub message: String,
    /// The first time.
    pub first: Time,
    /// The last time.
    pub last: Time,
    /// The number of times.
    pub count: usize,
}

/// Returns the obstacles by the time at which each was first met.
pub(super) fn obstacles(record: &TrialRecord, chronicle: &Chronicle) -> Vec<Obstacle> {
    let of_pods = chronicle.pods.iter().map(|pod| (&pod.uid, &pod.owners));
    let of_sets = chronicle.workloads.iter().map(|workload| (&workload.object.uid, &workload.owners));
    let workloads: BTreeMap<&str, &ObjectRef> =
        of_pods.chain(of_sets).filter_map(|(uid, owners)| Some((uid.as_str(), owners.last()?))).collect();
    let warnings = chronicle.marks.iter().filter(|mark| mark.kind == MarkKind::Warning && mark.at >= record.started);
    let mut met: Vec<(Time, ObstacleKind, ObjectRef, String)> =
        warnings.map(|mark| of_warning(mark, &workloads)).collect();
    met.extend(record.refusals.iter().filter_map(of_refusal));
    met.order_by_key(|(at, ..)| *at);
    let mut found: Vec<Obstacle> = Vec::new();
    for (at, kind, object, message) in met {
        let is_same = |known: &Obstacle| match kind {
            ObstacleKind::Budget => known.message == message,
            _ => known.object == object,
        };
        match found.iter_mut().find(|known| known.kind == kind && is_same(known)) {
            Some(known) => known.meet_again(at, object),
            None => found.push(Obstacle { kind, object, others: Vec::new(), message, first: at, last: at, count: 1 }),
        }
    }
    found
}

impl Obstacle {
    fn meet_again(&mut self, at: Time, object: ObjectRef) {
        (self.last, self.count) = (at, self.count + 1);
        if object != self.object && !self.others.contains(&object) {
            self.others.push(object);
        }
    }
}

fn of_warning(mark: &Mark, workloads: &BTreeMap<&str, &ObjectRef>) -> (Time, ObstacleKind, ObjectRef, String) {
    let object = workloads.get(mark.object.uid.as_str()).map_or(&mark.object, |workload| workload);
    (mark.at, ObstacleKind::of_event(&mark.reason, &mark.text), object.clone(), mark.text.clone())
}

/// Returns the obstacle of a refused eviction. Other refusals are the failure of the command itself.
fn of_refusal(refusal: &Refusal) -> Option<(Time, ObstacleKind, ObjectRef, String)> {
    if refusal.subresource != "eviction" || refusal.status.reason != Reason::TooManyRequests {
        return None;
    }
    let object = ObjectRef {
        kind: "Pod".into(),
        namespace: refusal.namespace.clone(),
        name: refusal.name.clone(),
        uid: String::new(),
    };
    let causes = refusal.status.causes.iter().map(|cause| cause.message.as_str());
    let message = std::iter::once(refusal.status.message.as_str()).chain(causes).collect::<Vec<_>>().join(" ");
    Some((refusal.at, ObstacleKind::Budget, object, message))
}

#[cfg(test)]
mod tests {
    use super::*;
    use kctl_base::status::Status;

    #[test]
    fn pods_that_one_budget_keeps_are_counted_together() {
        let refusal = |at: i64, name: &str| Refusal {
            at: Time::from_secs(at),
            resource: "pods".into(),
            subresource: "eviction".into(),
            namespace: "default".into(),
            name: name.into(),
            status: Status::new(Reason::TooManyRequests, "Cannot evict pod."),
        };
        let other = Refusal { subresource: String::new(), ..refusal(0, "c") };
        let refusals = vec![refusal(1, "a"), refusal(1, "b"), other, refusal(6, "a"), refusal(6, "b")];
        let record = TrialRecord { refusals, ..TrialRecord::default() };
        let found = obstacles(&record, &Chronicle::of(&record.history()));
        let [budget] = found.as_slice() else { panic!("{found:?}") };
        assert_eq!((budget.kind, budget.object.name.as_str(), budget.count), (ObstacleKind::Budget, "a", 4));
        assert_eq!((budget.others.len(), budget.first.secs(), budget.last.secs()), (1, 1, 6));
    }

    #[test]
    fn warnings_are_classified() {
        for (reason, message, kind) in [
            ("FailedCreate", "pods \"a\" is forbidden: exceeded quota: q, requested: pods=1", ObstacleKind::Quota),
            ("FailedCreate", "pods \"a\" is forbidden: violates PodSecurity", ObstacleKind::Admission),
            ("FailedScheduling", "0/3 nodes are available", ObstacleKind::Scheduling),
            ("Failed", "Error: ImagePullBackOff", ObstacleKind::Image),
            ("Failed", "Failed to pull image \"x\": not found", ObstacleKind::Image),
            ("BackOff", "Back-off pulling image \"x\"", ObstacleKind::Image),
            ("BackOff", "Back-off restarting failed container c in pod p", ObstacleKind::Crash),
            ("Unhealthy", "Readiness probe failed", ObstacleKind::Probe),
            ("FailedMount", "MountVolume.SetUp failed", ObstacleKind::Volume),
            ("NodeNotReady", "Node is not ready", ObstacleKind::Other),
        ] {
            assert_eq!(ObstacleKind::of_event(reason, message), kind, "{reason}: {message}");
        }
    }
}
