//! Validation of events (`pkg/apis/core/validation/events.go`).

use crate::shared::formats::dns_subdomain_problems;
use crate::shared::rules::{check, refuse};
use kctl_base::field::{self, ErrorList, Path};
use kctl_base::json::Value;
use kctl_base::labels::key_problems;
use kctl_base::object::{Object, ObjectMeta, ValueRead};

/// The longest reporting instance, action and reason, in bytes.
const NAME_MAX: usize = 128;
/// The longest message, in bytes.
const NOTE_MAX: usize = 1024;

/// Validates what events of both groups obey (`legacyValidateEvent`).
pub(super) fn event(event: &Object) -> ErrorList {
    let mut errors = ErrorList::new();
    let (own, involved) = (event.namespace(), event.str("/involvedObject/namespace"));
    let is_new = event.at("/eventTime").is_some();
    let agrees = match involved {
        "" => matches!(own, "" | "default") || (is_new && own == "kube-system"),
        _ => is_new || own == involved,
    };
    if !agrees {
        let path = Path::new("involvedObject").child("namespace");
        errors.push(field::invalid(&path, involved, "does not match event.namespace"));
    }
    if is_new {
        new_fields(&mut errors, event);
    }
    errors.extend(check(dns_subdomain_problems, own, &Path::new("namespace")));
    errors
}

/// Validates the fields that an event with an `eventTime` must have. The server knows the reporting controller as the
/// `reportingComponent`, but names it as events.k8s.io does.
fn new_fields(errors: &mut ErrorList, event: &Object) {
    let (controller, path) = (event.str("/reportingComponent"), Path::new("reportingController"));
    if controller.is_empty() {
        errors.push(field::required(&path, ""));
    }
    refuse(errors, &path, controller, key_problems(controller));
    for name in ["reportingInstance", "action", "reason"] {
        let text = event.get(name).and_then(Value::as_str).unwrap_or_default();
        if text.is_empty() {
            errors.push(field::required(&Path::new(name), ""));
        }
        limit(errors, name, text, NAME_MAX);
    }
    limit(errors, "message", event.str("/message"), NOTE_MAX);
}

fn limit(errors: &mut ErrorList, name: &str, text: &str, max: usize) {
    if text.len() > max {
        errors.push(field::invalid(&Path::new(name), "", &format!("can have at most {max} characters")));
    }
}

/// Validates what a new event obeys that is sent to events.k8s.io/v1 (`ValidateEventCreate`).
pub(super) fn strict(event: &Object) -> ErrorList {
    let mut errors = ErrorList::new();
    if event.at("/series").is_some() {
        if event.int("/series/count").unwrap_or(0) < 2 {
            errors.push(field::invalid(&Path::new("series.count"), "", "should be at least 2"));
        }
        if event.at("/series/lastObservedTime").is_none() {
            errors.push(field::required(&Path::new("series.lastObservedTime"), ""));
        }
    }
    if event.at("/eventTime").is_none() {
        errors.push(field::required(&Path::new("eventTime"), ""));
    }
    let kind = event.str("/type");
    if !matches!(kind, "Normal" | "Warning") {
        errors.push(field::invalid(&Path::new("type"), "", &format!("has invalid value: {kind}")));
    }
    let has = |pointer: &str| event.at(pointer).is_some();
    for (name, is_set) in [
        ("firstTimestamp", has("/firstTimestamp")),
        ("lastTimestamp", has("/lastTimestamp")),
        ("count", event.int("/count").unwrap_or(0) != 0),
        ("source", !event.str("/source/component").is_empty() || !event.str("/source/host").is_empty()),
    ] {
        if is_set {
            errors.push(field::invalid(&Path::new(name), "", "needs to be unset"));
        }
    }
    errors
}

#[cfg(test)]
mod tests {
    use super::*;
    use kctl_base::json::json;

    #[test]
    fn new_events_need_a_time_and_a_type() {
        let old =
            json!({"metadata": {"namespace": "x"}, "involvedObject": {"namespace": "x"}, "type": "Loud", "count": 1});
        assert_eq!(event(&old), []);
        let texts: Vec<String> = strict(&old).iter().map(ToString::to_string).collect();
        assert_eq!(
            texts,
            [
                "eventTime: Required value",
                "type: Invalid value: \"\": has invalid value: Loud",
                "count: Invalid value: \"\": needs to be unset",
            ]
        );
        let new = json!({"metadata": {"namespace": "x"}, "involvedObject": {"namespace": "x"}, "reason": "R", "action": "A",
            "eventTime": "2026-01-01T00:00:00.000000Z", "reportingComponent": "c", "reportingInstance": "i"});
        assert_eq!(event(&new), []);
        let bare = json!({"metadata": {"namespace": "x"}, "eventTime": "2026-01-01T00:00:00.000000Z"});
        assert_eq!(event(&bare).len(), 7);
    }
}
