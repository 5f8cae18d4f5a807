//! Field management: `managedFields` on every write (`apimachinery/pkg/util/managedfields`).

use std::borrow::Cow;
use std::sync::LazyLock;

use super::{Request, Verb, decode};
use kctl_base::gvk::GroupVersion;
use kctl_base::json::Value;
use kctl_base::managed::{FieldSet, Rules, Writer, on_create_like, on_write};
use kctl_base::object::{Object, ValueWrite};
use kctl_base::patch::{FieldType, Types};
use kctl_base::schema::Schema;
use kctl_base::sim::Time;
use kctl_kinds::Kind;

/// The manager of a request that names none.
const DEFAULT_MANAGER: &str = "unknown";

/// Resources without managedFields when controllers write them: events are numerous, short-lived and never applied.
const UNTRACKED: &[&str] = &["events"];

/// Returns the types of the fields of a kind and that of its objects; fields of a kind without a schema can have any type.
pub(super) fn types_of(kind: &dyn Kind) -> (&dyn Types, FieldType) {
    kind.field_types().unwrap_or_else(|| (Schema::builtin(), decode::root(kind).unwrap_or(FieldType::Any)))
}

/// Returns the type of the objects of a built-in kind in a version.
pub(super) fn root_in(kind: &dyn Kind, version: &GroupVersion) -> FieldType {
    let definition = Schema::builtin().root(&version.group, &version.version, kind.names().kind);
    definition.map_or(FieldType::Any, |definition| FieldType::Object(definition.into()))
}

/// Returns the `apiVersion` of the fields that a request writes.
pub(super) fn api_version(kind: &dyn Kind) -> String {
    GroupVersion::new(kind.names().group, kind.served_version()).to_string()
}

/// Returns the fields that a write through an endpoint does not own: the status, or, for the `status` subresource,
/// everything except status and metadata.
pub(super) fn ignored(kind: &dyn Kind, subresource: &str, object: &Object) -> Cow<'static, FieldSet> {
    static SPEC: LazyLock<FieldSet> = LazyLock::new(|| FieldSet::of_fields(&[["spec"]]));
    static STATUS: LazyLock<FieldSet> = LazyLock::new(|| FieldSet::of_fields(&[["status"]]));
    let written_as_status = |key: &str| ["apiVersion", "kind", "metadata", "status"].contains(&key);
    match (subresource, object.as_object()) {
        ("status", Some(fields)) => {
            let others = fields.keys().map(|key| key.as_str()).filter(|key| !written_as_status(key));
            match others.clone().eq(["spec"]) {
                true => Cow::Borrowed(&SPEC),
                false => Cow::Owned(FieldSet::of_fields(&others.map(|key| [key]).collect::<Vec<_>>())),
            }
        }
        _ if kind.has_status() => Cow::Borrowed(&STATUS),
        _ => Cow::default(),
    }
}

/// Returns the managedFields after a request has changed `old` to `sent`, the object before admission changes it. `None`
/// when nothing is recorded.
pub(super) fn after(
    kind: &dyn Kind,
    old: Option<&Object>,
    sent: &Object,
    request: &Request,
    now: Time,
) -> Option<Value> {
    if is_untracked(kind, request) {
        return None;
    }
    with_rules(kind, old.unwrap_or(sent), request, now, |rules, writer| on_write(rules, old, sent, writer))
}

/// Returns the managedFields of a new object as [`after`] does, derived from an earlier new object of the same manager and its
/// managedFields; `None` if they are too different.
pub(super) fn after_like(
    kind: &dyn Kind,
    earlier: (&Object, &Value),
    sent: &Object,
    request: &Request,
    now: Time,
) -> Option<Value> {
    if is_untracked(kind, request) {
        return None;
    }
    with_rules(kind, sent, request, now, |rules, writer| on_create_like(rules, earlier, sent, writer))
}

fn is_untracked(kind: &dyn Kind, request: &Request) -> bool {
    UNTRACKED.contains(&kind.names().plural) && request.is_from_control_plane()
}

/// Calls `derive` with the rules for an object and the author of a request.
fn with_rules(
    kind: &dyn Kind,
    object: &Object,
    request: &Request,
    now: Time,
    derive: impl FnOnce(&Rules<'_, dyn Types + '_>, &Writer<'_>) -> Option<Value>,
) -> Option<Value> {
    let subresource = if request.verb == Verb::Create { "" } else { request.subresource.as_str() };
    let manager = if request.options.manager.is_empty() { DEFAULT_MANAGER } else { &request.options.manager };
    // The endpoint records owners of a Scale, whose times are not taken over (`ScaleHandler.ToParent`).
    let now = (subresource != "scale").then(|| now.rfc3339());
    let api_version = api_version(kind);
    let (types, root) = types_of(kind);
    let writer = Writer { manager, api_version: &api_version, subresource, now: now.as_deref() };
    derive(&Rules { types, root: &root, ignored: &ignored(kind, subresource, object) }, &writer)
}

/// Sets or removes the managedFields of an object.
pub(super) fn put(object: &mut Object, managed: Option<Value>) {
    match managed {
        Some(managed) => object.put("/metadata/managedFields", managed),
        None => drop(object.remove_at("/metadata/managedFields")),
    }
}

#[cfg(test)]
mod tests {
    use kctl_base::json::json;
    use kctl_base::object::ValueRead;

    use crate::api::Request;
    use crate::{Cluster, OpenOptions};

    #[test]
    fn the_author_of_a_daemon_set_owns_the_generation_of_its_template() {
        let mut cluster = Cluster::open(OpenOptions::memory(7)).expect("a cluster in memory opens");
        let labels = json!({"a": "b"});
        let template = json!({"metadata": {"labels": labels}, "spec": {"containers": [{"name": "c", "image": "i"}]}});
        let spec = json!({"selector": {"matchLabels": labels}, "template": template});
        let set = json!({"apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": {"name": "d"}, "spec": spec});
        let set = cluster.handle(&Request::create("daemonsets.apps", "default", set)).unwrap().into_object();
        let generation = json!({"deprecated.daemonset.template.generation": "1"});
        assert_eq!(set.at("/metadata/annotations"), Some(&generation));
        let owned = set.at("/metadata/managedFields/0/fieldsV1/f:metadata/f:annotations");
        assert_eq!(owned, Some(&json!({".": {}, "f:deprecated.daemonset.template.generation": {}})));
    }
}
