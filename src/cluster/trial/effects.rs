//! The net effect of a trial on each object: created, changed or deleted.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::fields::{FieldChange, differences};
use crate::WatchEvent;
use crate::chronicle::ObjectRef;
use crate::inspection::Change;
use kctl_base::object::{Object, ObjectMeta};
use kctl_base::order::Order as _;
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
    effects.order_by(|a, b| (&a.object.kind, a.effect, &a.object).cmp(&(&b.object.kind, b.effect, &b.object)));
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inspection::Cause;
    use kctl_base::json::json;

    /// A version of an object; `spec` tells versions apart.
    fn version(kind: &str, name: &str, uid: &str, spec: i64) -> Arc<Object> {
        Arc::new(json!({"kind": kind, "metadata": {"name": name, "uid": uid}, "spec": {"replicas": spec}}))
    }

    /// A pod of a ReplicaSet.
    fn pod(uid: &str, node: &str) -> Arc<Object> {
        let owner = json!({"kind": "ReplicaSet", "name": "web", "uid": "rs", "controller": true});
        Arc::new(
            json!({"kind": "Pod", "metadata": {"name": "web-1", "uid": uid, "ownerReferences": [owner]}, "spec": {"nodeName": node}}),
        )
    }

    type Step = (Option<Arc<Object>>, Option<Arc<Object>>, Option<&'static str>);

    /// Describes the effects of changes, each from a version to a version and by a controller or a command.
    fn told(steps: Vec<Step>) -> Vec<String> {
        let change = |(index, (old, new, by)): (usize, Step)| {
            let at = Time::from_secs(index as i64);
            let object = new.clone().or(old.clone()).expect("a version");
            let event = match (&old, &new) {
                (None, _) => WatchEvent::Added(object.clone()),
                (_, Some(_)) => WatchEvent::Modified(object.clone()),
                (_, None) => WatchEvent::Deleted(object.clone()),
            };
            let cause = by.map_or_else(|| Cause::request(at), |name| Cause::controller(at, name, None));
            let resource = format!("{}s", object.kind().to_lowercase());
            let (namespace, name) = (object.namespace().into(), object.name().into());
            Change { revision: index as u64, resource, namespace, name, event, old, cause }
        };
        let changes: Vec<Change> = steps.into_iter().enumerate().map(change).collect();
        let line = |effect: ObjectEffect| {
            let fields: Vec<String> = effect.fields.into_iter().map(|field| field.path).collect();
            format!("{} {} {} {}", effect.effect.as_str(), effect.object, effect.at.secs(), fields.join(" "))
        };
        effects(&changes).into_iter().map(line).map(|line| line.trim_end().to_string()).collect()
    }

    #[test]
    fn only_the_net_effect_counts() {
        let set = |uid: &str, spec: i64| Some(version("Set", "a", uid, spec));
        assert_eq!(told(vec![(None, set("1", 1), None), (set("1", 1), set("1", 2), Some("c"))]), ["created set/a 0"]);
        assert_eq!(told(vec![(None, set("1", 1), None), (set("1", 1), None, None)]), [""; 0]);
        assert_eq!(told(vec![(set("1", 1), set("1", 2), None), (set("1", 2), set("1", 1), None)]), [""; 0]);
        assert_eq!(
            told(vec![(set("1", 1), set("1", 2), None), (set("1", 2), set("1", 5), Some("c"))]),
            ["changed set/a 0 spec.replicas"]
        );
        assert_eq!(
            told(vec![(set("1", 1), set("1", 0), Some("c")), (set("1", 0), None, Some("c"))]),
            ["deleted set/a 0"]
        );
        let replaced = told(vec![(set("1", 1), None, None), (None, set("2", 1), None)]);
        assert_eq!(replaced, ["replaced set/a 0 "].map(str::trim_end));
    }

    #[test]
    fn objects_are_grouped_by_kind_and_effect_and_noise_is_left_out() {
        let new = |kind: &str, name: &str| (None, Some(version(kind, name, name, 1)), None);
        let gone = (Some(version("Map", "z", "z", 1)), None, Some("garbage-collector"));
        let told = told(vec![new("Set", "b"), gone, new("Map", "c"), new("Event", "e"), new("Map", "b")]);
        assert_eq!(told, ["created map/b 4", "created map/c 2", "deleted map/z 1", "created set/b 0"]);
    }

    #[test]
    fn pods_of_workloads_count_where_a_command_has_changed_them() {
        let (old, new) = (pod("1", ""), pod("1", "n1"));
        assert_eq!(told(vec![(None, Some(new.clone()), None)]), [""; 0]);
        assert_eq!(told(vec![(Some(old.clone()), Some(new.clone()), Some("default-scheduler"))]), [""; 0]);
        assert_eq!(told(vec![(Some(old), Some(new), None)]), ["changed pod/web-1 0 spec.nodeName"]);
    }
}
