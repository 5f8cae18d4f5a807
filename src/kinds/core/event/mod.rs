//! Events, served as `v1` and `events.k8s.io/v1`.

mod validate;

use crate::shared::describe::non_empty_or;
use crate::shared::table::columns;
use crate::{Kind, Names, since};
use kctl_base::field::ErrorList;
use kctl_base::json::json;
use kctl_base::object::{Object, ObjectMeta, ValueRead};
use kctl_base::sim::Time;
use kctl_base::view::{Cell, Column};

/// The Event kind (`pkg/registry/core/event/strategy.go`).
pub(crate) struct Event;

static NAMES: Names = Names::namespaced(("", "v1"), "Event", "events", "event").short(&["ev"]);

/// The group in which events are served besides the core group.
const EVENTS_GROUP: &str = "events.k8s.io";

/// The index of events by the object they are about; see [`about`].
pub const ABOUT: &str = "involved";

/// The index value of the object that an event is about: its UID, or `kind/namespace/name` without one.
pub fn about(event: &Object) -> String {
    let object = event.get("involvedObject");
    let involved = |field: &str| object.and_then(|object| object.get(field)?.as_str()).unwrap_or_default();
    match involved("uid") {
        "" => format!("{}/{}/{}", involved("kind"), involved("namespace"), involved("name")),
        uid => uid.to_string(),
    }
}

/// Fields that the groups name differently: name in the core group, name in [`EVENTS_GROUP`]
/// (`pkg/apis/events/v1/conversion.go`).
const RENAMED: &[(&str, &str)] = &[
    ("involvedObject", "regarding"),
    ("message", "note"),
    ("reportingComponent", "reportingController"),
    ("source", "deprecatedSource"),
    ("firstTimestamp", "deprecatedFirstTimestamp"),
    ("lastTimestamp", "deprecatedLastTimestamp"),
    ("count", "deprecatedCount"),
];

impl Kind for Event {
    fn names(&self) -> &Names {
        &NAMES
    }

    fn other_versions(&self) -> &'static [(&'static str, &'static str)] {
        &[(EVENTS_GROUP, "v1")]
    }

    fn convert(&self, object: &mut Object, group: &str, version: &str) {
        let Some(map) = object.as_object_mut() else { return };
        for (core, events) in RENAMED {
            let (from, to) = if group == EVENTS_GROUP { (core, events) } else { (events, core) };
            if let Some(value) = map.remove(from) {
                map.insert(*to, value);
            }
        }
        let api_version = if group.is_empty() { version.into() } else { format!("{group}/{version}") };
        map.insert("apiVersion", api_version.into());
    }

    fn has_status(&self) -> bool {
        false
    }

    fn set_defaults(&self, object: &mut Object) {
        let Some(event) = object.as_object_mut() else { return };
        for field in ["eventTime", "firstTimestamp", "lastTimestamp"] {
            event.get_or_insert_null(field);
        }
        for (field, empty) in [
            ("reportingComponent", json!("")),
            ("reportingInstance", json!("")),
            ("source", json!({})),
            ("involvedObject", json!({})),
        ] {
            let value = event.get_or_insert_null(field);
            if value.is_null() {
                *value = empty;
            }
        }
    }

    fn validate(&self, object: &Object) -> ErrorList {
        validate::event(object)
    }

    fn validate_create_in(&self, group: &str, new: &Object) -> ErrorList {
        if group == EVENTS_GROUP { validate::strict(new) } else { ErrorList::new() }
    }

    fn columns(&self) -> Vec<Column> {
        columns(&[
            "Last Seen",
            "Type",
            "Reason",
            "Object",
            "+Subobject",
            "+Source",
            "Message",
            "+First Seen",
            "+Count",
            "+Name",
        ])
    }

    fn row(&self, object: &Object, now: Time) -> Vec<Cell> {
        let first = object.time("/firstTimestamp").or_else(|| object.time("/eventTime"));
        let last = object.time("/lastTimestamp").or(first);
        let (last, count) = match object.int("/series/count") {
            Some(count) => (object.time("/series/lastObservedTime"), count),
            None => (last, object.int("/count").unwrap_or(0).max(1)),
        };
        let kind = object.str("/involvedObject/kind").to_lowercase();
        let target = match object.str("/involvedObject/name") {
            "" => kind,
            name => format!("{kind}/{name}"),
        };
        vec![
            since(last, now),
            object.str("/type").into(),
            object.str("/reason").into(),
            target,
            object.str("/involvedObject/fieldPath").into(),
            source(object),
            object.str("/message").trim().into(),
            since(first, now),
            count.to_string(),
            object.name().into(),
        ]
    }

    fn selectable_field(&self, object: &Object, field: &str) -> Option<String> {
        let value = match field {
            "involvedObject.kind"
            | "involvedObject.namespace"
            | "involvedObject.name"
            | "involvedObject.uid"
            | "involvedObject.apiVersion"
            | "involvedObject.resourceVersion"
            | "involvedObject.fieldPath" => object.str(&format!("/{}", field.replace('.', "/"))),
            "reason" => object.str("/reason"),
            "reportingComponent" => object.str("/reportingComponent"),
            "source" => non_empty_or(object.str("/source/component"), object.str("/reportingComponent")),
            "type" => object.str("/type"),
            _ => return None,
        };
        Some(value.into())
    }

    fn index_entries(&self, object: &Object) -> Vec<(&'static str, String)> {
        vec![(ABOUT, about(object))]
    }
}

/// The reporting component, followed by the host or instance when it is known.
fn source(object: &Object) -> String {
    let component = non_empty_or(object.str("/source/component"), object.str("/reportingComponent"));
    match non_empty_or(object.str("/source/host"), object.str("/reportingInstance")) {
        "" => component.into(),
        instance => format!("{component}, {instance}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_convert_both_ways() {
        let core =
            json!({"apiVersion": "v1", "kind": "Event", "message": "m", "involvedObject": {"kind": "Pod"}, "count": 2});
        let mut event = core.clone();
        Event.convert(&mut event, EVENTS_GROUP, "v1");
        let want = json!({"apiVersion": "events.k8s.io/v1", "kind": "Event", "note": "m", "regarding": {"kind": "Pod"}, "deprecatedCount": 2});
        assert_eq!(event, want);
        Event.convert(&mut event, "", "v1");
        assert_eq!(event, core);
    }

    #[test]
    fn repeated_events_show_when_they_were_last_seen() {
        let event = json!({
            "metadata": {"name": "web.1"}, "type": "Normal", "reason": "Pulled", "message": " done\n",
            "involvedObject": {"kind": "Pod", "name": "web", "namespace": "x"}, "count": 3,
            "firstTimestamp": "2026-01-01T00:00:00Z", "lastTimestamp": "2026-01-01T00:00:50Z",
            "source": {"component": "kubelet", "host": "n1"},
        });
        let now = Time::parse("2026-01-01T00:01:00Z").expect("a time");
        let row = Event.row(&event, now);
        assert_eq!(row, ["10s", "Normal", "Pulled", "pod/web", "", "kubelet, n1", "done", "60s", "3", "web.1"]);
        assert_eq!(Event.index_entries(&event), [("involved", "Pod/x/web".to_string())]);
        assert_eq!(Event.selectable_field(&event, "involvedObject.name").as_deref(), Some("web"));
    }
}
