//! What a command did to an object, in a few words.

use super::ObjectRef;
use crate::WatchEvent;
use kctl_base::json::Value;
use kctl_base::object::{Object, ObjectMeta, ValueRead};

/// The annotation of a pod template that `rollout restart` sets.
const RESTARTED_AT: &str = "/spec/template/metadata/annotations/kubectl.kubernetes.io~1restartedAt";

/// Returns the verb and the sentence for a change by a command: `scale`, `scale deployment/web to 5`. `None` for changes that
/// no command asks for: those of a status alone.
pub(super) fn deed(event: &WatchEvent, old: Option<&Object>) -> Option<(String, String)> {
    let object = event.object()?;
    let name = ObjectRef::of(object);
    let plain = |verb: &str| Some((verb.to_string(), format!("{verb} {name}")));
    let Some(old) = old else { return plain("create") };
    if matches!(event, WatchEvent::Deleted(_)) || (object.is_deleting() && !old.is_deleting()) {
        return plain("delete");
    }
    let phrases: [fn(&Object, &Object) -> Option<Phrase>; 7] =
        [replicas, images, restart, pause, schedulability, metadata, anything];
    let Phrase { verb, suffix } = phrases.iter().find_map(|phrase| phrase(old, object))?;
    Some((verb.to_string(), format!("{verb} {name}{suffix}")))
}

/// A verb, and what follows the name of the object.
struct Phrase {
    verb: &'static str,
    suffix: String,
}

impl Phrase {
    fn new(verb: &'static str, suffix: String) -> Option<Phrase> {
        Some(Phrase { verb, suffix })
    }
}

fn differs(old: &Object, new: &Object, pointer: &str) -> bool {
    old.at(pointer) != new.at(pointer)
}

fn replicas(old: &Object, new: &Object) -> Option<Phrase> {
    let number = new.int("/spec/replicas").filter(|_| differs(old, new, "/spec/replicas"))?;
    Phrase::new("scale", format!(" to {number}"))
}

fn images(old: &Object, new: &Object) -> Option<Phrase> {
    let path = if new.kind() == "Pod" { "/spec" } else { "/spec/template/spec" };
    let mut changed = Vec::new();
    for list in ["initContainers", "containers"] {
        let pointer = format!("{path}/{list}");
        for container in new.list(&pointer) {
            let before = old.list(&pointer).iter().find(|c| c.str("/name") == container.str("/name"));
            if before.is_some_and(|before| before.str("/image") != container.str("/image")) {
                changed.push(format!(" {}={}", container.str("/name"), container.str("/image")));
            }
        }
    }
    if changed.is_empty() {
        return None;
    }
    Phrase::new("set image", changed.concat())
}

fn restart(old: &Object, new: &Object) -> Option<Phrase> {
    new.at(RESTARTED_AT).filter(|_| differs(old, new, RESTARTED_AT))?;
    Phrase::new("restart", String::new())
}

fn pause(old: &Object, new: &Object) -> Option<Phrase> {
    for (pointer, on, off) in [("/spec/paused", "pause", "resume"), ("/spec/suspend", "suspend", "resume")] {
        if old.flag(pointer) != new.flag(pointer) {
            return Phrase::new(if new.flag(pointer) { on } else { off }, String::new());
        }
    }
    None
}

fn schedulability(old: &Object, new: &Object) -> Option<Phrase> {
    if new.kind() != "Node" {
        return None;
    }
    if old.flag("/spec/unschedulable") != new.flag("/spec/unschedulable") {
        return Phrase::new(if new.flag("/spec/unschedulable") { "cordon" } else { "uncordon" }, String::new());
    }
    let taints = new.list("/spec/taints").iter().map(|taint| format!(" {}", taint.str("/key")));
    if differs(old, new, "/spec/taints") { Phrase::new("taint", taints.collect()) } else { None }
}

/// Labels or annotations, if nothing else was changed.
fn metadata(old: &Object, new: &Object) -> Option<Phrase> {
    if without(old, &["labels", "annotations"]) != without(new, &["labels", "annotations"]) {
        return None;
    }
    match (differs(old, new, "/metadata/labels"), differs(old, new, "/metadata/annotations")) {
        (true, _) => Phrase::new("label", String::new()),
        (false, true) => Phrase::new("annotate", String::new()),
        (false, false) => None,
    }
}

fn anything(old: &Object, new: &Object) -> Option<Phrase> {
    if without(old, &[]) == without(new, &[]) {
        return None;
    }
    let template = if differs(old, new, "/spec/template") { " (template)" } else { "" };
    Phrase::new("change", template.into())
}

/// An object without its status, the bookkeeping of its metadata, and other fields of the metadata.
fn without(object: &Object, fields: &[&str]) -> Object {
    let mut rest = object.clone();
    if let Value::Object(map) = &mut rest {
        map.remove("status");
    }
    if let Some(Value::Object(metadata)) = rest.pointer_mut("/metadata") {
        for field in ["managedFields", "resourceVersion", "generation"].iter().chain(fields) {
            metadata.remove(field);
        }
    }
    rest
}
