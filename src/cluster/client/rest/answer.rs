//! The bodies of responses.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::api::{ObjectList, Payload, Request, Response, Verb};
use kctl_base::gvk::GroupVersion;
use kctl_base::json::{self, SharedStr, Value, json};
use kctl_base::object::{Object, ObjectMeta};
use kctl_base::schema::order::GoOrder;
use kctl_kinds::catalog::KindRef;

/// Resources whose storage returns the object that it has deleted (`ReturnDeletedObject`); that of others returns a Status.
const RETURNED: [&str; 6] =
    ["persistentvolumeclaims", "persistentvolumes", "pods", "podtemplates", "resourcequotas", "serviceaccounts"];

/// Returns the body of a response: JSON in one line, with the fields of built-in types in the order of Go's structs, or the
/// text of a log.
pub(in crate::client) fn text(kind: &KindRef, request: &Request, response: &Response) -> String {
    match &response.payload {
        Payload::Log(log) => log.text.clone(),
        Payload::Events(_) | Payload::Session(_) | Payload::Forwarded(_) => String::new(),
        Payload::List(list) => list_text(kind, request, list),
        Payload::Object(object) if is_gone(request, object) => success(kind, object),
        Payload::Object(object) => json::to_compact_in(object, GoOrder::of(object)) + "\n",
    }
}

/// Returns whether an object is deleted at once, so that a Status stands for it.
fn is_gone(request: &Request, object: &Object) -> bool {
    request.verb == Verb::Delete && !object.is_deleting() && !RETURNED.contains(&request.resource.as_str())
}

/// The Status of a deletion, in the order of Go's struct.
#[derive(Serialize)]
struct Deleted<'a> {
    kind: &'static str,
    #[serde(rename = "apiVersion")]
    api_version: &'static str,
    metadata: BTreeMap<(), ()>,
    status: &'static str,
    details: Details<'a>,
}

/// `StatusDetails`.
#[derive(Serialize)]
struct Details<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    group: &'a str,
    kind: &'a str,
    uid: &'a str,
}

/// Returns the Status of a deletion.
fn success(kind: &KindRef, object: &Object) -> String {
    let names = kind.names();
    let details = Details { name: object.name(), group: names.group, kind: names.plural, uid: object.uid() };
    let metadata = BTreeMap::new();
    let status = Deleted { kind: "Status", api_version: "v1", metadata, status: "Success", details };
    // Strings alone can always be written.
    serde_json::to_string(&status).unwrap_or_default() + "\n"
}

/// Returns a list. The items of built-in kinds name neither kind nor version.
fn list_text(kind: &KindRef, request: &Request, list: &ObjectList) -> String {
    let names = kind.names();
    let own = GroupVersion::new(names.group, names.version);
    let version = request.version.as_ref().unwrap_or(&own).to_string();
    let mut metadata = json!({"resourceVersion": list.resource_version.to_string()});
    if !list.continue_token.is_empty() {
        metadata["continue"] = list.continue_token.as_str().into();
    }
    let is_custom = matches!(kind, KindRef::Custom(_));
    let item = |item: &std::sync::Arc<Object>| {
        let order = GoOrder::of(item);
        let mut item = (**item).clone();
        if let (Value::Object(fields), false) = (&mut item, is_custom) {
            fields.retain(|key: &SharedStr, _| key != "kind" && key != "apiVersion");
        }
        json::to_compact_in(&item, order)
    };
    let items = list.items.iter().map(item).collect::<Vec<_>>().join(",");
    let (kind, version) = (json::to_compact(&format!("{}List", names.kind).into()), json::to_compact(&version.into()));
    let metadata = json::to_compact(&metadata);
    match is_custom {
        true => format!("{{\"apiVersion\":{version},\"items\":[{items}],\"kind\":{kind},\"metadata\":{metadata}}}\n"),
        false => format!("{{\"kind\":{kind},\"apiVersion\":{version},\"metadata\":{metadata},\"items\":[{items}]}}\n"),
    }
}
