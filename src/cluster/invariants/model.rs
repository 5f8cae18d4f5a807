//! The objects that invariants read, as they were after one change.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::api::{Result, Server};
use crate::store::{Change, ChangeKind, ObjectKey};
use kctl_base::cel::{Objects, SharedObject};
use kctl_base::condition::condition_is_true;
use kctl_base::labels::Selector;
use kctl_base::object::{Object, ObjectMeta};

/// The objects of the resources that have been read so far.
#[derive(Default)]
pub(super) struct Model(Mutex<State>);

#[derive(Default)]
struct State {
    resources: HashMap<String, BTreeMap<ObjectKey, SharedObject>>,
    /// The resources that the running evaluation has read.
    reads: BTreeSet<String>,
    /// Those of them that are not here yet.
    missing: BTreeSet<String>,
}

impl Model {
    fn state(&self) -> MutexGuard<'_, State> {
        // Only one thread uses it; a lock is there because values of expressions can be shared between threads.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins an evaluation.
    pub(super) fn begin(&self) {
        self.state().reads.clear();
    }

    /// Takes the resources that the evaluation lacked; its result counts only if there are none.
    pub(super) fn take_missing(&self) -> BTreeSet<String> {
        std::mem::take(&mut self.state().missing)
    }

    /// Returns the resources that the evaluation has read.
    pub(super) fn reads(&self) -> BTreeSet<String> {
        self.state().reads.clone()
    }

    /// Makes a change, if its resource has been read before.
    pub(super) fn apply(&self, change: &Change) {
        let mut state = self.state();
        let Some(objects) = state.resources.get_mut(change.key.resource.as_str()) else { return };
        match change.kind {
            ChangeKind::Deleted => drop(objects.remove(&change.key)),
            ChangeKind::Added | ChangeKind::Modified => {
                objects.insert(change.key.clone(), SharedObject::new(change.object.clone()));
            }
        }
    }

    /// Reads the objects of a resource from the server and takes back the changes that are `later` than the one at hand. An
    /// unknown resource has no objects.
    ///
    /// # Errors
    /// A store that cannot be read.
    pub(super) fn load(&self, server: &mut Server, resource: &str, later: &[Change]) -> Result<()> {
        let mut objects = BTreeMap::new();
        for object in server.read_all(resource, None)? {
            let key = ObjectKey::new(resource, object.namespace(), object.name());
            objects.insert(key, SharedObject::new(object));
        }
        for change in later.iter().rev().filter(|change| change.key.resource == resource) {
            match (change.kind, &change.old) {
                (ChangeKind::Added, _) | (_, None) => drop(objects.remove(&change.key)),
                (_, Some(old)) => drop(objects.insert(change.key.clone(), SharedObject::new(old.clone()))),
            }
        }
        self.state().resources.insert(resource.to_owned(), objects);
        Ok(())
    }

    /// Returns the values of the objects of a resource that are `selected`; none while the resource is missing.
    fn values(&self, resource: &str, selected: impl Fn(&Object) -> bool) -> Vec<SharedObject> {
        let mut state = self.state();
        state.reads.insert(resource.to_owned());
        let Some(objects) = state.resources.get(resource) else {
            state.missing.insert(resource.to_owned());
            return Vec::new();
        };
        objects.values().filter(|shared| selected(shared.object())).cloned().collect()
    }
}

impl Objects for Model {
    fn list(&self, resource: &str, selector: &Selector) -> std::result::Result<Vec<SharedObject>, String> {
        Ok(self.values(resource, |object| selector.matches_object(object)))
    }

    fn ready_pods(&self, selector: &Selector) -> std::result::Result<Vec<SharedObject>, String> {
        let is_serving = |pod: &Object| condition_is_true(pod, "Ready") && !pod.is_deleting();
        Ok(self.values("pods", |pod| is_serving(pod) && selector.matches_object(pod)))
    }
}
