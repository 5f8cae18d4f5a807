//! Classification of changes: what a change did to its object.

use crate::store::{Change, ChangeKind};
use kctl_base::json::Value;
use kctl_base::object::{Object, ObjectMeta, ValueRead, condition};
use kctl_base::order::Order as _;

/// The effect of a change on its object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Deed {
    /// The object was created.
    Created,
    /// The object was removed from the store.
    Removed,
    /// The deletion was asked for, and the object stays until its containers have ended or its finalizers are gone.
    DeletionRequested,
    /// A pod was assigned to a node.
    Bound,
    /// The wanted number of replicas changed, and nothing else of what is wanted.
    Scaled,
    /// The desired state changed: anything but metadata and status.
    Wanted,
    /// The state that [`state`] describes changed.
    State,
    /// Finalizers or labels changed.
    Metadata,
    /// Anything else: counters of a status, annotations.
    Detail,
}

impl Deed {
    /// Returns whether two deeds of one controller are alike, so that a chain need not tell those between them.
    pub(super) fn is_like(self, other: Deed) -> bool {
        let shapes = |deed| matches!(deed, Deed::Created | Deed::Scaled | Deed::Wanted);
        self == other || shapes(self) && shapes(other)
    }
}

/// Classifies a change.
pub(super) fn of(change: &Change) -> Deed {
    let (object, Some(old)) = (&*change.object, &change.old) else { return Deed::Created };
    if change.kind == ChangeKind::Deleted {
        return Deed::Removed;
    }
    if object.is_deleting() && !old.is_deleting() {
        return Deed::DeletionRequested;
    }
    if !object.str("/spec/nodeName").is_empty() && old.str("/spec/nodeName").is_empty() && object.kind() == "Pod" {
        return Deed::Bound;
    }
    match wanted_difference(old, object) {
        Wanted::Replicas => return Deed::Scaled,
        Wanted::More => return Deed::Wanted,
        Wanted::Nothing => {}
    }
    if state(old) != state(object) {
        return Deed::State;
    }
    let has_other = |pointer: &str| old.at(pointer) != object.at(pointer);
    match has_other("/metadata/finalizers") || has_other("/metadata/labels") {
        true => Deed::Metadata,
        false => Deed::Detail,
    }
}

/// The difference of what is wanted between two versions.
enum Wanted {
    Nothing,
    Replicas,
    More,
}

fn wanted_difference(old: &Object, new: &Object) -> Wanted {
    let differs = |key: &str| old.get(key) != new.get(key);
    let keys =
        |object: &Object| object.as_object().into_iter().flatten().map(|(key, _)| key.to_string()).collect::<Vec<_>>();
    let ignored = |key: &String| matches!(key.as_str(), "metadata" | "status" | "apiVersion");
    let differing: Vec<String> =
        keys(new).into_iter().chain(keys(old)).filter(|key| !ignored(key) && differs(key)).collect();
    match differing.iter().all(|key| key == "spec") {
        _ if differing.is_empty() => Wanted::Nothing,
        true if without_replicas(old) == without_replicas(new) => Wanted::Replicas,
        _ => Wanted::More,
    }
}

fn without_replicas(object: &Object) -> Option<Value> {
    let mut spec = object.get("spec")?.clone();
    if let Some(fields) = spec.as_object_mut() {
        fields.remove("replicas");
    }
    Some(spec)
}

/// Describes the state of an object in a few words that are equal for versions in the same state: the phase of a pod and
/// what its containers wait for; for other kinds their phase and their conditions.
pub(super) fn state(object: &Object) -> Vec<String> {
    let mut words = vec![object.str("/status/phase").to_string()];
    if object.kind() == "Pod" {
        words.push(condition(object, "Ready").map_or("", |ready| ready.str("/status")).to_string());
        words.extend(waiting_reasons(object));
        return words;
    }
    words.extend(conditions(object).map(|(kind, status, reason)| format!("{kind}={status} {reason}")));
    // The order of conditions says nothing.
    words.order();
    words
}

/// Returns the conditions that tell the state of an object: type, status, and reason where several reasons with one status
/// are different states.
pub(super) fn conditions(object: &Object) -> impl Iterator<Item = (&str, &str, &str)> {
    let kind = object.kind();
    object.list("/status/conditions").iter().filter_map(move |condition| {
        let (name, status, reason) = (condition.str("/type"), condition.str("/status"), condition.str("/reason"));
        Some(match (kind, name) {
            ("Node", "Ready") => (name, status, ""),
            // The kubelet reports the pressures again and again.
            ("Node", _) => return None,
            ("HorizontalPodAutoscaler", "AbleToScale") if reason == "SucceededGetScale" => return None,
            ("Deployment", "Progressing") if is_milestone(reason) => (name, status, reason),
            ("Deployment", "Progressing") => (name, "Unknown", ""),
            _ => (name, status, reason),
        })
    })
}

/// Returns whether a reason of the condition Progressing of a Deployment begins or ends something.
fn is_milestone(reason: &str) -> bool {
    matches!(reason, "NewReplicaSetAvailable" | "ProgressDeadlineExceeded" | "DeploymentPaused")
}

/// Returns why the containers of a pod wait. The two reasons between which a failing pull alternates count as one.
pub(super) fn waiting_reasons(pod: &Object) -> Vec<String> {
    let lists = ["/status/initContainerStatuses", "/status/containerStatuses"];
    let statuses = lists.iter().flat_map(|list| pod.list(list));
    let reasons = statuses.map(|status| status.str("/state/waiting/reason")).filter(|reason| !reason.is_empty());
    let known = reasons.map(|reason| if reason == "ErrImagePull" { "ImagePullBackOff" } else { reason });
    known.filter(|reason| !matches!(*reason, "ContainerCreating" | "PodInitializing")).map(String::from).collect()
}
