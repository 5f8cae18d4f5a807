//! Who owns which field: managedFields on every write, and the types of a kind's fields that this rests on.

use super::{Request, Verb, decode};
use kctl_base::json::Value;
use kctl_base::managed::{FieldSet, Rules, Writer, on_write};
use kctl_base::object::{Object, ValueWrite};
use kctl_base::patch::FieldType;
use kctl_base::schema::Schema;
use kctl_base::sim::Time;
use kctl_kinds::Kind;

/// The manager of a request that does not name one.
const UNNAMED: &str = "unknown";

/// Events are many, short-lived and never applied: nobody asks who owns their fields.
const UNTRACKED: &[&str] = &["events"];

/// The types of a kind's fields; a kind without a schema has fields of any type.
pub(super) fn root_of(kind: &dyn Kind) -> FieldType {
    decode::root(kind).unwrap_or(FieldType::Any)
}

/// The fields that a way of writing `object` leaves alone: the status, or all that is neither status nor metadata.
pub(super) fn ignored(kind: &dyn Kind, subresource: &str, object: &Object) -> FieldSet {
    let written_as_status = |key: &str| ["apiVersion", "kind", "metadata", "status"].contains(&key);
    match (subresource, object.as_object()) {
        ("status", Some(fields)) => {
            let alone = fields.keys().filter(|key| !written_as_status(key));
            FieldSet::of_fields(&alone.map(|key| vec![key.as_str()]).collect::<Vec<_>>())
        }
        _ if kind.has_status() => FieldSet::of_fields(&[["status"]]),
        _ => FieldSet::default(),
    }
}

/// The managedFields after a request turned `old` into `sent`: the object as the client wants it, before admission adds to
/// it. `None` when nothing is to be recorded.
pub(super) fn after(
    kind: &dyn Kind,
    old: Option<&Object>,
    sent: &Object,
    request: &Request,
    now: Time,
) -> Option<Value> {
    if UNTRACKED.contains(&kind.names().plural) && request.is_from_control_plane() {
        return None;
    }
    let subresource = if request.verb == Verb::Create { "" } else { request.subresource.as_str() };
    let manager = if request.options.manager.is_empty() { UNNAMED } else { &request.options.manager };
    let now = now.rfc3339();
    let api_version = kind.names().api_version();
    let writer = Writer { manager, api_version: &api_version, subresource, now: &now };
    let rules = Rules {
        types: Schema::builtin(),
        root: &root_of(kind),
        ignored: &ignored(kind, subresource, old.unwrap_or(sent)),
    };
    on_write(&rules, old, sent, &writer)
}

/// Puts the record into an object.
pub(super) fn put(object: &mut Object, managed: Option<Value>) {
    match managed {
        Some(managed) => object.put("/metadata/managedFields", managed),
        None => drop(object.remove_at("/metadata/managedFields")),
    }
}
