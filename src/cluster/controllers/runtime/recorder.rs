//! Events, with the correlation that client-go's recorder does before it writes them.
//!
//! Three steps, all per (component, object): similar events (same reason, ten different texts within ten minutes) become
//! one "combined" event; an event that was seen before raises the count of the one that is there; a budget of 25 events
//! with one more every five minutes drops what is left. What the steps need is kept in one row an object, which goes when
//! its events expire.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::Context;
use super::context::component_of;
use kctl_base::json::{Value, json};
use kctl_base::object::{Object, ObjectMeta, ValueRead, ValueWrite};
use kctl_base::sim::{Duration, Time};

/// Texts of one reason from which on events are combined.
const SIMILAR_MAX: usize = 10;
/// How long similar events stay similar.
const SIMILAR_FOR: Duration = Duration::from_secs(600);
/// Events that one component may record about one object at once.
const BURST: f64 = 25.0;
/// Seconds until the budget grows by one.
const REFILL_SECONDS: f64 = 300.0;
/// How long an event is kept after it was last seen (`--event-ttl`).
pub(in crate::controllers) const EVENT_TTL: Duration = Duration::from_secs(3600);

/// The one component that records through `events.k8s.io`, which has series instead of counts.
const SCHEDULER: &str = "default-scheduler";

/// One thing to record.
pub(in crate::controllers) struct Note<'a> {
    /// `Normal` or `Warning`.
    pub(in crate::controllers) kind: &'a str,
    /// CamelCase.
    pub(in crate::controllers) reason: &'a str,
    /// The text.
    pub(in crate::controllers) message: &'a str,
    /// A part of the object, `spec.containers{x}`.
    pub(in crate::controllers) field_path: &'a str,
    /// The node, for events of its kubelet.
    pub(in crate::controllers) host: &'a str,
}

/// What the correlator remembers of one object.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Correlation {
    tokens: Option<f64>,
    refilled: Time,
    similar: BTreeMap<String, Similar>,
    seen: BTreeMap<String, Seen>,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Similar {
    texts: Vec<String>,
    last: Time,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Seen {
    name: String,
    count: i64,
    first: Time,
}

/// Records one event; failures are dropped, as a recorder's are.
pub(in crate::controllers) fn record(ctx: &mut Context<'_>, about: &Object, note: &Note<'_>) {
    let (row, now) = (memory_row(ctx.controller, about), ctx.now);
    let correlated = ctx.server().change_typed_row(&row, |memory: &mut Correlation| memory.correlate(note, now));
    // Of what would never be shown nothing is kept: a memory stays as small as its events are few.
    let Ok(Some(Correlated { key, message, allowed, is_new })) = correlated else { return };
    let (name, uid) = if is_new { event_identity(ctx, about) } else { Default::default() };
    let seen = ctx.server().change_typed_row(&row, |memory: &mut Correlation| memory.observe(key, now, name));
    if let (Ok(seen), true) = (seen, allowed) {
        write(ctx, about, note, &message, &seen, uid);
    }
}

/// What the correlation makes of an event.
struct Correlated {
    /// The key under which it is counted.
    key: String,
    message: String,
    /// Whether the budget allows it.
    allowed: bool,
    /// Whether its key has no event yet.
    is_new: bool,
}

fn memory_row(controller: &str, about: &Object) -> String {
    row_of(controller, about.uid(), about.name())
}

fn row_of(controller: &str, uid: &str, name: &str) -> String {
    let id = if uid.is_empty() { name } else { uid };
    format!("events/{controller}/{id}")
}

/// The row in which an event may be remembered.
fn row_of_event(event: &Object) -> String {
    let text = |pointer: &str| event.str(pointer).to_string();
    row_of(&text("/reportingComponent"), &text("/involvedObject/uid"), &text("/involvedObject/name"))
}

/// Forgets events that have expired; with the last one that a component told of an object the whole row goes.
pub(in crate::controllers) fn forget(ctx: &mut Context<'_>, events: &[Arc<Object>]) {
    let mut rows: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for event in events {
        rows.entry(row_of_event(event)).or_default().insert(event.name());
    }
    for (row, names) in rows {
        let Some(mut memory) = ctx.server().typed_row::<Correlation>(&row).ok().flatten() else { continue };
        memory.seen.retain(|_, seen| !names.contains(seen.name.as_str()));
        ctx.server().set_typed_row(&row, Some(memory).filter(|memory| !memory.seen.is_empty()));
    }
}

impl Correlation {
    /// Notes an event; nothing is noted, nor answered, when it is not allowed and no event of its key has been.
    fn correlate(&mut self, note: &Note<'_>, now: Time) -> Option<Correlated> {
        let may_be_refused = self.tokens_at(now) < 1.0;
        let before = may_be_refused.then(|| self.clone());
        let (key, message) = self.combine(note, now);
        let allowed = self.spend(now);
        let is_new = !self.seen.contains_key(&key);
        match before {
            Some(before) if is_new => {
                *self = before;
                None
            }
            _ => Some(Correlated { key, message, allowed, is_new }),
        }
    }

    /// The key under which the event is counted, and its text.
    fn combine(&mut self, note: &Note<'_>, now: Time) -> (String, String) {
        let family = format!("{}\n{}\n{}", note.kind, note.reason, note.field_path);
        let similar = self.similar.entry(family.clone()).or_default();
        if now - similar.last > SIMILAR_FOR {
            similar.texts.clear();
        }
        similar.last = now;
        if !similar.texts.iter().any(|t| t == note.message) {
            similar.texts.push(note.message.into());
        }
        if similar.texts.len() < SIMILAR_MAX {
            return (format!("{family}\n{}", note.message), note.message.into());
        }
        similar.texts.remove(0);
        (family, format!("(combined from similar events): {}", note.message))
    }

    /// Counts the event; the first of its key gets a name.
    fn observe(&mut self, key: String, now: Time, name: String) -> Seen {
        let seen = self.seen.entry(key).or_insert_with(|| Seen { name, count: 0, first: now });
        seen.count += 1;
        seen.clone()
    }

    /// The budget at an instant.
    fn tokens_at(&self, now: Time) -> f64 {
        let passed = (now - self.refilled).micros() as f64 / 1e6;
        self.tokens.map_or(BURST, |t| (t + passed / REFILL_SECONDS).min(BURST))
    }

    /// Whether the budget allows one more event.
    fn spend(&mut self, now: Time) -> bool {
        let tokens = self.tokens_at(now);
        self.refilled = now;
        let allowed = tokens >= 1.0;
        self.tokens = Some(if allowed { tokens - 1.0 } else { tokens });
        allowed
    }
}

/// The name of a new event, `NAME.` and sixteen hexadecimal digits: the instant in nanoseconds, moved on a little where that
/// is taken; and its uid.
fn event_identity(ctx: &mut Context<'_>, about: &Object) -> (String, String) {
    let namespace = namespace_of(about).to_string();
    let mut nanos = ctx.now.micros().saturating_mul(1000);
    loop {
        let name = format!("{}.{nanos:016x}", about.name());
        if !matches!(ctx.get("events", &namespace, &name), Ok(Some(_))) {
            return (name, ctx.ids().uid("event", about.uid(), nanos.cast_unsigned()));
        }
        nanos += 1;
    }
}

/// Events about objects of the cluster are in the namespace `default`.
fn namespace_of(about: &Object) -> &str {
    if about.namespace().is_empty() { "default" } else { about.namespace() }
}

/// Writes an event; `uid` is that of a new one.
fn write(ctx: &mut Context<'_>, about: &Object, note: &Note<'_>, message: &str, seen: &Seen, uid: String) {
    let namespace = namespace_of(about).to_string();
    let now = ctx.now;
    // One that has just been given a name is not there.
    let is_new = !uid.is_empty();
    let known = if is_new { None } else { ctx.get("events", &namespace, &seen.name).ok().flatten() };
    let written = match known {
        Some(event) => {
            let mut event = (*event).clone();
            if ctx.controller == SCHEDULER {
                let last = now.rfc3339_micro();
                event.put("/series", json!({"count": seen.count, "lastObservedTime": last}));
            } else {
                event.put("/count", seen.count);
                event.put("/message", message);
                event.put("/lastTimestamp", now.rfc3339());
            }
            ctx.update("events", event)
        }
        None => {
            let mut event = event(component_of(ctx.controller), about, note, message, seen, &namespace, now);
            if is_new {
                event["metadata"]["uid"] = uid.into();
            }
            ctx.create("events", event)
        }
    };
    // A recorder that fails says nothing.
    drop(written);
}

fn event(
    component: &str,
    about: &Object,
    note: &Note<'_>,
    message: &str,
    seen: &Seen,
    namespace: &str,
    now: Time,
) -> Object {
    let mut involved = json!({"apiVersion": about.api_version(), "kind": about.kind(), "name": about.name()});
    for (key, text) in [
        ("namespace", about.namespace()),
        ("uid", about.uid()),
        ("resourceVersion", about.resource_version()),
        ("fieldPath", note.field_path),
    ] {
        if !text.is_empty() {
            involved[key] = text.into();
        }
    }
    let mut event = json!({
        "apiVersion": "v1", "kind": "Event", "metadata": {"name": seen.name, "namespace": namespace},
        "involvedObject": involved, "reason": note.reason, "message": message, "type": note.kind,
        "source": {"component": component}, "reportingComponent": component, "reportingInstance": note.host,
        "eventTime": null,
    });
    if !note.host.is_empty() {
        event["source"]["host"] = note.host.into();
    }
    if component == SCHEDULER {
        // The scheduler records through events.k8s.io, which has an instant instead of a count.
        event["eventTime"] = now.rfc3339_micro().into();
        event["source"] = json!({});
        let action = match note.reason {
            "Scheduled" => "Binding",
            "Preempted" => "Preempting",
            _ => "Scheduling",
        };
        event["action"] = action.into();
        event["firstTimestamp"] = Value::Null;
        event["lastTimestamp"] = Value::Null;
    } else {
        event["count"] = seen.count.into();
        event["firstTimestamp"] = seen.first.rfc3339().into();
        event["lastTimestamp"] = now.rfc3339().into();
    }
    event
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note(message: &str) -> Note<'_> {
        Note { kind: "Normal", reason: "ScalingReplicaSet", message, field_path: "", host: "" }
    }

    #[test]
    fn the_tenth_similar_text_is_combined() {
        let mut memory = Correlation::default();
        let now = Time::from_secs(1000);
        for n in 0..9 {
            assert_eq!(memory.combine(&note(&n.to_string()), now).1, n.to_string());
        }
        let (key, text) = memory.combine(&note("9"), now);
        assert_eq!(text, "(combined from similar events): 9");
        assert_eq!(memory.combine(&note("10"), now).0, key, "further ones count together");
        let later = now + SIMILAR_FOR + Duration::from_secs(1);
        assert_eq!(memory.combine(&note("11"), later).1, "11");
    }

    #[test]
    fn the_budget_is_spent_and_refilled() {
        let mut memory = Correlation::default();
        let now = Time::from_secs(1000);
        assert_eq!((0..30).filter(|_| memory.spend(now)).count(), 25);
        assert!(!memory.spend(now + Duration::from_secs(299)));
        assert!(memory.spend(now + Duration::from_secs(301)));
    }
}
