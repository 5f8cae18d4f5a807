//! The report as a document, for programs. Its shape:
//!
//! ```text
//! command     the command line
//! start, end  the times of the trial (RFC 3339)
//! ending      state: Unchanged, Complete, Met, Ended, NotMet, Stuck, TimedOut or Failed
//!             isGood: whether the exit status is 0
//!             time: the time to which the state refers, where it refers to one
//!             isCommandWaiting: true if the command had not come to its end
//!             text: the last line of the text
//! objects     effect: created, changed, deleted or replaced
//!             kind, namespace, name, resource, at (of the first change)
//!             fields: path, old, new; for changed and replaced objects
//! workloads   kind, namespace, name; not for pods that have no workload
//!             fewest: available, desired, at
//!             pods: name, namespace, node, revision, started, ready, terminating, gone, state, detail
//! obstacles   kind, object, others, message, first, last, count
//! unfinished  object, state, causes, findings (as `why` has them)
//! output      stdout, stderr: of the command
//! ```
//!
//! What is not known or has not happened is left out. An object is given as kind, namespace and name.

use super::{Plan, Planned};
use crate::Ctx;
use crate::verbs::why::structured;
use kctl_base::json::{Map, Value, json};
use kctl_base::sim::Time;
use kctl_cluster::chronicle::ObjectRef;
use kctl_cluster::trial::{FieldChange, ObjectEffect, Obstacle, PodChange, Unfinished, WorkloadPods};
use kctl_cluster::why::Diagnosis;

/// Returns the document of a plan.
pub(super) fn of(plan: &Plan, ctx: &Ctx, planned: &Planned) -> Value {
    let Planned { report, ending, command, .. } = planned;
    let diagnoses = planned.diagnoses.iter().map(Option::as_ref).chain(std::iter::repeat(None));
    let unfinished: Vec<(&Unfinished, Option<&Diagnosis>)> = report.unfinished.iter().zip(diagnoses).collect();
    let end = json!({
        "state": ending.name(), "isGood": ending.is_good(), "text": ending.to_string(),
        "isCommandWaiting": if planned.is_waiting { Value::Bool(true) } else { Value::Null },
        "time": optional(ending.time().map(|time| report.started + time)),
    });
    json!({
        "command": plan.command_line(ctx),
        "start": report.started.rfc3339_micro(),
        "end": report.ended.rfc3339_micro(),
        "ending": known(end),
        "objects": list(&report.objects, object_effect),
        "workloads": list(&report.workloads, workload),
        "obstacles": list(&report.obstacles, obstacle),
        "unfinished": list(&unfinished, |(found, diagnosis)| unfinished_object(found, *diagnosis)),
        "output": {"stdout": command.out.as_str(), "stderr": command.err.as_str()},
    })
}

fn list<T>(items: &[T], each: impl Fn(&T) -> Value) -> Value {
    Value::from(items.iter().map(each).collect::<Vec<_>>())
}

fn time(at: Time) -> Value {
    at.rfc3339_micro().into()
}

fn optional(at: Option<Time>) -> Value {
    at.map_or(Value::Null, time)
}

/// Leaves out what is not known.
fn known(value: Value) -> Value {
    let Value::Object(mut map) = value else { return value };
    map.retain(|_, value| !value.is_null() && value.as_str() != Some(""));
    Value::Object(map)
}

fn reference(object: &ObjectRef) -> Value {
    known(json!({"kind": object.kind.as_str(), "namespace": object.namespace.as_str(), "name": object.name.as_str()}))
}

fn object_effect(found: &ObjectEffect) -> Value {
    let mut value = reference(&found.object);
    if let Value::Object(map) = &mut value {
        map.insert("effect", found.effect.as_str().into());
        map.insert("resource", found.resource.as_str().into());
        map.insert("at", time(found.at));
        if !found.fields.is_empty() {
            map.insert("fields", list(&found.fields, field));
        }
    }
    value
}

fn field(change: &FieldChange) -> Value {
    let mut map = Map::new();
    map.insert("path", change.path.as_str().into());
    for (name, value) in [("old", &change.old), ("new", &change.new)] {
        if let Some(value) = value {
            map.insert(name, value.clone());
        }
    }
    Value::Object(map)
}

fn workload(found: &WorkloadPods) -> Value {
    let mut value = found.workload.as_ref().map_or_else(|| Value::Object(Map::new()), reference);
    if let Value::Object(map) = &mut value {
        if let Some(fewest) = found.fewest {
            let (available, desired) = (fewest.available, fewest.desired);
            map.insert("fewest", json!({"available": available, "desired": desired, "at": time(fewest.at)}));
        }
        map.insert("pods", list(&found.pods, pod));
    }
    value
}

fn pod(pod: &PodChange) -> Value {
    known(json!({
        "name": pod.name.as_str(), "namespace": pod.namespace.as_str(),
        "node": pod.node.as_deref().unwrap_or(""),
        "revision": pod.revision.map_or(Value::Null, Value::from),
        "started": optional(pod.started), "ready": optional(pod.ready),
        "terminating": optional(pod.terminating), "gone": optional(pod.gone),
        "state": pod.state.label(), "detail": pod.detail.as_str(),
    }))
}

fn obstacle(found: &Obstacle) -> Value {
    let others = if found.others.is_empty() { Value::Null } else { list(&found.others, reference) };
    known(json!({
        "others": others,
        "kind": found.kind.as_str(), "object": reference(&found.object), "message": found.message.as_str(),
        "first": time(found.first), "last": time(found.last), "count": i64::try_from(found.count).unwrap_or(i64::MAX),
    }))
}

fn unfinished_object(found: &Unfinished, diagnosis: Option<&Diagnosis>) -> Value {
    known(json!({
        "findings": diagnosis.map_or(Value::Null, structured::findings),
        "object": reference(&found.object), "state": found.state.as_str(),
        "causes": list(&found.causes, |cause| cause.as_str().into()),
    }))
}
