//! What is known about the picture, as JSON for programs.

use super::Picture;
use kctl_base::json::{Value, json};
use kctl_base::sim::Time;
use kctl_cluster::chronicle::{Mark, MarkKind, ObjectRef, PodLife, Replicas, Workload};

/// Returns the document: the times are RFC 3339 with microseconds.
pub(crate) fn document(picture: &Picture<'_>) -> Value {
    let lives = picture.rows().flat_map(|row| &row.lives);
    let workloads = picture.sections.iter().flat_map(|section| &section.workloads);
    json!({
        "kind": "Timeline",
        "knownFrom": time(picture.known_from),
        "from": time(picture.from),
        "to": time(picture.now),
        "workloads": workloads.map(|w| workload(w)).collect::<Vec<_>>(),
        "pods": lives.map(|life| pod(life)).collect::<Vec<_>>(),
        "marks": picture.legend.marks.iter().map(|m| mark(m)).collect::<Vec<_>>(),
    })
}

fn time(at: Time) -> String {
    at.rfc3339_micro()
}

fn reference(object: &ObjectRef) -> Value {
    json!({"kind": object.kind, "namespace": object.namespace, "name": object.name, "uid": object.uid})
}

/// Returns an object without the fields that are null.
fn without_nulls(mut object: Value) -> Value {
    if let Value::Object(map) = &mut object {
        map.retain(|_, value| !value.is_null());
    }
    object
}

fn workload(workload: &Workload) -> Value {
    let step =
        |r: &Replicas| json!({"at": time(r.at), "desired": r.desired, "ready": r.ready, "available": r.available});
    without_nulls(json!({
        "object": reference(&workload.object),
        "replicas": workload.replicas.iter().map(step).collect::<Vec<_>>(),
        "olderThanLog": workload.is_open,
        "deletedAt": workload.gone.map(time),
    }))
}

fn pod(life: &PodLife) -> Value {
    let spans = life.spans.iter().map(|span| {
        let detail = Some(span.detail.as_str()).filter(|detail| !detail.is_empty());
        let (from, to) = (time(span.from), time(span.to));
        without_nulls(json!({"state": span.state.label(), "reason": detail, "from": from, "to": to}))
    });
    without_nulls(json!({
        "namespace": life.namespace,
        "name": life.name,
        "uid": life.uid,
        "owners": life.owners.iter().map(reference).collect::<Vec<_>>(),
        "revision": life.revision,
        "node": life.node,
        "restarts": life.restarts,
        "olderThanLog": life.is_open,
        "deletedAt": life.gone.map(time),
        "spans": spans.collect::<Vec<_>>(),
    }))
}

fn mark(mark: &Mark) -> Value {
    let kind = match mark.kind {
        MarkKind::Command => "Command",
        MarkKind::Warning => "Warning",
        MarkKind::Normal => "Normal",
    };
    json!({"at": time(mark.at), "type": kind, "reason": mark.reason, "object": reference(&mark.object), "message": mark.text})
}
