//! The net effect of a trial on each object: created, changed or deleted.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::fields::{FieldChange, differences};
use crate::WatchEvent;
use crate::chronicle::ObjectRef;
use crate::inspection::Change;
use kctl_base::object::{Object, ObjectMeta};
use kctl_base::sim::Time;

/// Resources whose objects nobody would count.
const UNCOUNTED: &[&str] = &["controllerrevisions.apps", "events", "events.events.k8s.io"];

/// The net effect on an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effect {
    /// It exists and did not exist before.
    Created,
    /// It is another version of the same object.
    Changed,
    /// It no longer exists.
    Deleted,
    /// It was deleted, and another one of the same name exists.
    Replaced,
}

impl Effect {
    /// The word for it: `created`.
    pub fn as_str(self) -> &'static str {
        match self {
            Effect::Created => "created",
            Effect::Changed => "changed",
            Effect::Deleted => "deleted",
            Effect::Replaced => "replaced",
        }
    }
}

/// An object that is not what it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectEffect {
    /// The effect.
    pub effect: Effect,
    /// The resource as `plural.group`.
    pub resource: String,
    /// The object; the later one of two of the same name.
    pub object: ObjectRef,
    /// The time of the first change.
    pub at: Time,
    /// The version before; `None` if there was none.
    pub before: Option<Arc<Object>>,
    /// The version after; `None` if there is none.
    pub after: Option<Arc<Object>>,
    /// The fields that differ, if both versions exist.
    pub fields: Vec<FieldChange>,
}

/// Returns the effects on all objects, by kind, namespace and name. Those on the pods of workloads are told by their lives,
/// except for what a command itself has changed in them.
pub(super) fn effects(changes: &[Change]) -> Vec<ObjectEffect> {
    let mut nets: BTreeMap<(&str, &str, &str), Net> = BTreeMap::new();
    for change in changes.iter().filter(|change| !UNCOUNTED.contains(&change.resource.as_str())) {
        let key = (change.resource.as_str(), change.namespace.as_str(), change.name.as_str());
        nets.entry(key).or_insert_with(|| Net::before(change)).apply(change);
    }
    let mut effects: Vec<ObjectEffect> =
        nets.into_iter().filter_map(|((resource, ..), net)| net.effect(resource)).collect();
    effects.sort_by(|a, b| (&a.object.kind, a.effect, &a.object).cmp(&(&b.object.kind, b.effect, &b.object)));
    effects
}

/// An object before and after the changes so far.
struct Net {
    at: Time,
    before: Option<Arc<Object>>,
    after: Option<Arc<Object>>,
    is_by_command: bool,
}

impl Net {
    fn before(change: &Change) -> Net {
        Net { at: change.cause.at, before: change.old.clone(), after: None, is_by_command: false }
    }

    fn apply(&mut self, change: &Change) {
        self.is_by_command |= change.cause.controller.is_none();
        self.after = match &change.event {
            WatchEvent::Deleted(_) => None,
            event => event.object().cloned(),
        };
    }

    /// Returns the effect; `None` if there is none that counts.
    fn effect(self, resource: &str) -> Option<ObjectEffect> {
        let Net { at, before, after, is_by_command } = self;
        let object = after.as_ref().or(before.as_ref())?;
        let is_of_workload = resource == "pods" && object.is_managed();
        let (effect, fields) = match (&before, &after) {
            (Some(old), Some(new)) if old.uid() == new.uid() => {
                let fields = differences(old, new);
                if fields.is_empty() || (is_of_workload && !is_by_command) {
                    return None;
                }
                (Effect::Changed, fields)
            }
            _ if is_of_workload => return None,
            (Some(old), Some(new)) => (Effect::Replaced, differences(old, new)),
            (None, Some(_)) => (Effect::Created, Vec::new()),
            (Some(_), None) => (Effect::Deleted, Vec::new()),
            (None, None) => return None,
        };
        let object = ObjectRef::of(object);
        Some(ObjectEffect { effect, resource: resource.into(), object, at, before, after, fields })
    }
}
