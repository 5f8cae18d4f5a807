//! Records events as client-go's `EventRecorder` does (`tools/record/event.go`).
//!
//! The [`correlator`] decides whether an event becomes a new object, raises the count of an existing one, or is dropped. Its
//! state is a row of the store for each component and object, which is removed when the events expire.
//!
//! As in client-go, an event that cannot be recorded does not fail the caller; it is logged.

mod correlator;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{Context, Result};
use correlator::{Correlated, Correlator, Seen};
use kctl_base::json::{SharedStr, Value, json};
use kctl_base::object::{Object, ObjectMeta, ValueRead, ValueWrite};
use kctl_base::sim::Duration;

/// The time for which an event is kept after its last occurrence (`--event-ttl` of kube-apiserver).
pub(in crate::controllers) const EVENT_TTL: Duration = Duration::from_secs(3600);

/// The component that records through `events.k8s.io`, where events have a series instead of a count.
const SCHEDULER: &str = "default-scheduler";

/// An event to record.
pub(crate) struct Event<'a> {
    /// `Normal` or `Warning`.
    pub event_type: &'a str,
    /// The reason in CamelCase, such as `Scheduled`.
    pub reason: &'a str,
    /// The message for people.
    pub message: &'a str,
    /// The part of the object, such as `spec.containers{x}`; empty for the whole object.
    pub field_path: &'a str,
    /// The node of the reporting kubelet; empty for other components.
    pub host: &'a str,
}

/// Returns the name of a controller in the events that it records.
fn component_of(controller: &str) -> &str {
    match controller {
        "kubelet-node" => "kubelet",
        "node-lifecycle-controller" => "node-controller",
        "disruption-controller" => "controllermanager",
        own => own,
    }
}

/// Records an event about an object.
pub(super) fn record(ctx: &mut Context<'_>, about: &Object, event: &Event<'_>) {
    if let Err(error) = try_record(ctx, about, event) {
        let (controller, object) = (ctx.controller, format!("{}/{}", about.namespace(), about.name()));
        tracing::warn!(controller, kind = about.kind(), object, reason = event.reason, %error, "event not recorded");
    }
}

fn try_record(ctx: &mut Context<'_>, about: &Object, event: &Event<'_>) -> Result<()> {
    let (row, now) = (row_of(ctx.controller, about.uid(), about.name()), ctx.now);
    let correlated = ctx.server().change_typed_row(&row, |state: &mut Correlator| state.correlate(event, now))?;
    let Some(Correlated { key, message, is_allowed, is_new }) = correlated else { return Ok(()) };
    let (name, uid) = if is_new { new_identity(ctx, about)? } else { Default::default() };
    let seen = ctx.server().change_typed_row(&row, |state: &mut Correlator| state.observe(key, now, name))?;
    if !is_allowed {
        return Ok(());
    }
    let known = if is_new { None } else { ctx.get("events", namespace_of(about), &seen.name)? };
    match known {
        Some(known) => count_again(ctx, &known, &message, &seen),
        None => {
            let object = new_object(ctx, about, event, &message, (&seen, &uid));
            ctx.record_event(object)
        }
    }
}

/// Returns the row that holds the state of a component's events about an object.
fn row_of(controller: &str, uid: &str, name: &str) -> String {
    let id = if uid.is_empty() { name } else { uid };
    ["events/", controller, "/", id].concat()
}

/// Forgets expired events. The row of a component and object is removed with its last event.
///
/// # Errors
/// When the store cannot be read.
pub(in crate::controllers) fn forget(ctx: &mut Context<'_>, expired: &[Arc<Object>]) -> Result<()> {
    let mut rows: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for event in expired {
        let (uid, name) = (event.str("/involvedObject/uid"), event.str("/involvedObject/name"));
        rows.entry(row_of(event.str("/reportingComponent"), uid, name)).or_default().insert(event.name());
    }
    for (row, names) in rows {
        ctx.server().retain_typed_row(&row, |state: &mut Correlator| state.forget(&names))?;
    }
    Ok(())
}

/// Returns the name and the uid of a new event. The name is that of the object and the instant in nanoseconds as sixteen
/// hexadecimal digits, a little later where an event of that name exists.
fn new_identity(ctx: &mut Context<'_>, about: &Object) -> Result<(String, String)> {
    let mut nanos = ctx.now.micros().saturating_mul(1000);
    loop {
        let name = format!("{}.{nanos:016x}", about.name());
        if ctx.get("events", namespace_of(about), &name)?.is_none() {
            return Ok((name, ctx.ids().uid("event", about.uid(), nanos.cast_unsigned())));
        }
        nanos += 1;
    }
}

/// Returns the namespace of events about an object; `default` for a cluster-scoped object.
fn namespace_of(about: &Object) -> &str {
    match about.namespace() {
        "" => "default",
        namespace => namespace,
    }
}

/// Updates an event that has occurred again.
fn count_again(ctx: &mut Context<'_>, known: &Object, message: &str, seen: &Seen) -> Result<()> {
    let mut event = known.clone();
    if ctx.controller == SCHEDULER {
        let last = ctx.now.rfc3339_micro();
        event.put("/series", json!({"count": seen.count, "lastObservedTime": last}));
    } else {
        event.put("/count", seen.count);
        event.put("/message", message);
        event.put("/lastTimestamp", ctx.now.rfc3339());
    }
    ctx.update("events", event).map(drop)
}

/// Returns the scheduler as it reports events: with the host that it runs on, the node of the control plane.
fn scheduler_instance(ctx: &Context<'_>) -> String {
    format!("{SCHEDULER}-{}", ctx.installation().control_plane())
}

/// Returns the object of a new event; `uid` is empty for one that was recorded before and has been deleted.
fn new_object(
    ctx: &Context<'_>,
    about: &Object,
    event: &Event<'_>,
    message: &str,
    (seen, uid): (&Seen, &str),
) -> Object {
    let component = component_of(ctx.controller);
    let is_scheduler = component == SCHEDULER;
    let instance = if is_scheduler { scheduler_instance(ctx).into() } else { SharedStr::from(event.host) };
    let source = match is_scheduler {
        true => json!({}),
        false => object_of([("component", component), ("host", event.host)]),
    };
    let (namespace, now) = (namespace_of(about), ctx.now.rfc3339());
    let mut object = json!({
        "apiVersion": "v1",
        "count": seen.count,
        "eventTime": null,
        "firstTimestamp": if seen.first == ctx.now { now.clone() } else { seen.first.rfc3339() },
        "involvedObject": reference(about, event.field_path),
        "kind": "Event",
        "lastTimestamp": now,
        "message": message,
        "metadata": object_of([("name", &seen.name), ("namespace", namespace), ("uid", uid)]),
        "reason": event.reason,
        "reportingComponent": component,
        "reportingInstance": instance,
        "source": source,
        "type": event.event_type,
    });
    if is_scheduler {
        object.remove_at("/count");
        object["action"] = action_of(event.reason).into();
        object["eventTime"] = ctx.now.rfc3339_micro().into();
        object["firstTimestamp"] = Value::Null;
        object["lastTimestamp"] = Value::Null;
    }
    object
}

/// Returns what the scheduler did when it recorded an event: events of `events.k8s.io` have this and a time instead of a count.
fn action_of(reason: &str) -> &'static str {
    match reason {
        "Scheduled" => "Binding",
        "Preempted" => "Preempting",
        _ => "Scheduling",
    }
}

/// Returns the reference to the object, or a part of it, that an event is about.
fn reference(about: &Object, field_path: &str) -> Value {
    object_of([
        ("apiVersion", about.api_version()),
        ("fieldPath", field_path),
        ("kind", about.kind()),
        ("name", about.name()),
        ("namespace", about.namespace()),
        ("resourceVersion", about.resource_version()),
        ("uid", about.uid()),
    ])
}

/// Returns an object with the texts that are not empty.
fn object_of<const N: usize>(fields: [(&'static str, &str); N]) -> Value {
    fields.into_iter().filter(|(_, text)| !text.is_empty()).collect()
}
