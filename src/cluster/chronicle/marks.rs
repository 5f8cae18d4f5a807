//! Marks: what commands did, and the events worth a look.

use super::deed::deed;
use super::{History, ObjectRef};
use crate::inspection::Change;
use kctl_base::object::{Object, ObjectMeta, ValueRead};
use kctl_base::order::Order as _;
use kctl_base::sim::Time;

/// The reasons of normal events that explain what a picture shows; every warning does.
const TELLING: &[&str] = &[
    "Killing",
    "NodeNotReady",
    "NodeNotSchedulable",
    "Preempted",
    "ScalingReplicaSet",
    "SuccessfulRescale",
    "Suspended",
    "Resumed",
    "TaintManagerEviction",
];

/// What a mark is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MarkKind {
    /// A command changed an object.
    Command,
    /// An event of type Warning.
    Warning,
    /// An event of type Normal that explains what happened.
    Normal,
}

/// Something that happened at one instant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// The time.
    pub at: Time,
    /// What it is about.
    pub kind: MarkKind,
    /// The reason of an event (`BackOff`), or the verb of a command (`scale`).
    pub reason: String,
    /// The object that a command changed, or that an event is about.
    pub object: ObjectRef,
    /// The message of an event, or what a command did in a few words: `scale deployment/web to 5`.
    pub text: String,
    /// The revision of the change; 0 for an event that is older than the history.
    pub revision: u64,
}

/// Returns the marks of a history by time; those of one instant in the order of their changes.
pub(super) fn marks(history: &History) -> Vec<Mark> {
    let mut marks: Vec<Mark> = history.objects.iter().filter_map(|object| of_past_event(object)).collect();
    marks.extend(history.changes.iter().filter_map(of_change));
    marks.order_by_key(|mark| mark.at);
    marks
}

fn of_past_event(object: &Object) -> Option<Mark> {
    let times = ["/lastTimestamp", "/eventTime", "/metadata/creationTimestamp"];
    let at = times.iter().find_map(|field| object.time(field))?;
    of_event(object, at, 0)
}

fn of_change(change: &Change) -> Option<Mark> {
    let object = change.event.object()?;
    if object.kind() == "Event" {
        let is_news = !matches!(change.event, crate::WatchEvent::Deleted(_));
        return of_event(object, change.cause.at, change.revision).filter(|_| is_news);
    }
    if change.cause.controller.is_some() {
        return None;
    }
    let (reason, text) = deed(&change.event, change.old.as_deref())?;
    let (at, revision) = (change.cause.at, change.revision);
    Some(Mark { at, kind: MarkKind::Command, reason, object: ObjectRef::of(object), text, revision })
}

/// Returns the mark of an event that is worth one.
fn of_event(event: &Object, at: Time, revision: u64) -> Option<Mark> {
    if event.kind() != "Event" {
        return None;
    }
    let reason = event.str("/reason");
    let kind = match event.str("/type") {
        "Warning" => MarkKind::Warning,
        _ if TELLING.contains(&reason) => MarkKind::Normal,
        _ => return None,
    };
    let about = event.at("/involvedObject").or_else(|| event.at("/regarding"))?;
    let object = ObjectRef {
        kind: about.str("/kind").into(),
        namespace: about.str("/namespace").into(),
        name: about.str("/name").into(),
        uid: about.str("/uid").into(),
    };
    let message = if event.str("/message").is_empty() { event.str("/note") } else { event.str("/message") };
    Some(Mark { at, kind, reason: reason.into(), object, text: message.trim().into(), revision })
}
