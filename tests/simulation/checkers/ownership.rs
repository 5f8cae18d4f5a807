//! Owner references.

use std::collections::BTreeMap;

use kctl_base::object::{Object, ObjectMeta as _};

use super::{Objects, named};

/// An owner is an object of that uid, kind and name in the namespace of its dependent or in none, and an object has at most
/// one controller. What is being deleted may outlive its owners.
pub(crate) fn owners_are_real(objects: &Objects) -> Vec<String> {
    let by_uid: BTreeMap<&str, &Object> = objects.values().map(|object| (object.uid(), &**object)).collect();
    let mut problems = Vec::new();
    for object in objects.values() {
        let owners = object.owners();
        if owners.iter().filter(|owner| owner.controller).count() > 1 {
            problems.push(format!("{} has several controllers: {owners:?}", named(object)));
        }
        for owner in owners.iter().filter(|_| !object.is_deleting()) {
            let found = by_uid.get(owner.uid.as_str());
            let is_real = found.is_some_and(|found| {
                let is_near = found.namespace().is_empty() || found.namespace() == object.namespace();
                is_near && (found.kind(), found.name()) == (owner.kind.as_str(), owner.name.as_str())
            });
            if !is_real {
                problems.push(format!("{} has an owner that does not exist: {owner:?}", named(object)));
            }
        }
    }
    problems
}
