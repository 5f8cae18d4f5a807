//! Objects by UID with their managing controllers, so that the workload of a pod can be found.

use std::collections::HashMap;

use super::History;
use kctl_base::object::{Object, ObjectMeta, OwnerReference, ValueRead};

/// The annotation with the revision of a ReplicaSet.
const REVISION: &str = "deployment.kubernetes.io/revision";
/// The label of the pods of StatefulSets and DaemonSets that names their ControllerRevision.
const CONTROLLER_REVISION_HASH: &str = "controller-revision-hash";
/// The longest chain of owners that is followed; a longer one is a cycle.
const CHAIN_MAX: usize = 8;

/// The identity of an object.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectRef {
    /// The kind, such as `ReplicaSet`.
    pub kind: String,
    /// The namespace; empty for cluster-scoped objects.
    pub namespace: String,
    /// The name.
    pub name: String,
    /// The UID; empty where it is not known.
    pub uid: String,
}

impl ObjectRef {
    /// The identity of an object.
    pub fn of(object: &Object) -> ObjectRef {
        ObjectRef {
            kind: object.kind().into(),
            namespace: object.namespace().into(),
            name: object.name().into(),
            uid: object.uid().into(),
        }
    }
}

/// Writes `replicaset/web-5d8f`.
impl std::fmt::Display for ObjectRef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.kind.to_lowercase(), self.name)
    }
}

/// The managing controllers and the revisions of all objects of a history, as they were last.
pub(super) struct Owners {
    /// By the UID of the owned object.
    controllers: HashMap<String, OwnerReference>,
    /// The numbers of ControllerRevisions, by namespace and name.
    revisions: HashMap<(String, String), i64>,
    /// The revisions of ReplicaSets, by UID.
    replica_sets: HashMap<String, i64>,
}

impl Owners {
    /// Reads all objects of a history.
    pub(super) fn of(history: &History) -> Owners {
        let mut owners =
            Owners { controllers: HashMap::new(), revisions: HashMap::new(), replica_sets: HashMap::new() };
        for object in history.versions().filter(|object| object.kind() != "Pod") {
            if let Some(controller) = object.controller_of() {
                owners.controllers.insert(object.uid().into(), controller);
            }
            if let Some(revision) = object.annotation(REVISION).and_then(|text| text.parse().ok()) {
                owners.replica_sets.insert(object.uid().into(), revision);
            }
            if object.kind() == "ControllerRevision" {
                let key = (object.namespace().into(), object.name().into());
                owners.revisions.insert(key, object.int("/revision").unwrap_or(0));
            }
        }
        owners
    }

    /// Returns the owners of an object, the nearest first.
    pub(super) fn chain(&self, object: &Object) -> Vec<ObjectRef> {
        let mut chain = Vec::new();
        let mut next = object.controller_of();
        while let Some(owner) = next.filter(|_| chain.len() < CHAIN_MAX) {
            next = self.controllers.get(owner.uid.as_str()).cloned();
            chain.push(ObjectRef {
                kind: owner.kind.as_str().into(),
                namespace: object.namespace().into(),
                name: owner.name.as_str().into(),
                uid: owner.uid.as_str().into(),
            });
        }
        chain
    }

    /// Returns the revision of a ReplicaSet with this UID.
    pub(super) fn revision_of(&self, uid: &str) -> Option<i64> {
        self.replica_sets.get(uid).copied()
    }

    /// Returns the revision of the template that a pod is made from: that of its ReplicaSet or its ControllerRevision.
    pub(super) fn revision_of_pod(&self, pod: &Object) -> Option<i64> {
        let owner = pod.controller_of()?;
        let Some(hash) = pod.label(CONTROLLER_REVISION_HASH) else { return self.revision_of(&owner.uid) };
        // The label of a StatefulSet is the whole name, that of a DaemonSet the last part.
        let names = [hash.to_string(), format!("{}-{hash}", owner.name)];
        names.into_iter().find_map(|name| self.revisions.get(&(pod.namespace().into(), name)).copied())
    }
}
