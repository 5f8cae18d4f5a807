//! Conditions: the list `status.conditions` of an object, with one entry for each condition type.
//!
//! The functions that write take the status itself, because a controller usually builds one and then compares it with the
//! stored one. [`set`] follows `SetStatusCondition` in apimachinery, `pkg/api/meta/conditions.go`; [`replace`] follows
//! the workload controllers, which have rules of their own (`pkg/controller/deployment/util`, `pkg/controller/replicaset`).

use std::fmt;

use crate::json::{Value, json};
use crate::object::{Object, ValueRead, ValueWrite};
use crate::sim::Time;

/// The status of a condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConditionStatus {
    /// The condition holds.
    True,
    /// The condition does not hold.
    False,
    /// The controller cannot tell.
    Unknown,
}

impl ConditionStatus {
    /// The word in the API, such as `True`.
    pub fn as_str(self) -> &'static str {
        match self {
            ConditionStatus::True => "True",
            ConditionStatus::False => "False",
            ConditionStatus::Unknown => "Unknown",
        }
    }
}

impl fmt::Display for ConditionStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl From<bool> for ConditionStatus {
    fn from(holds: bool) -> ConditionStatus {
        if holds { ConditionStatus::True } else { ConditionStatus::False }
    }
}

/// A condition as a controller observes it, without times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Condition<'a> {
    /// The type, such as `Available`; it identifies the condition in the list.
    pub type_: &'a str,
    /// The status.
    pub status: ConditionStatus,
    /// The reason as one word, such as `MinimumReplicasAvailable`.
    pub reason: &'a str,
    /// The message for people.
    pub message: &'a str,
    /// The `metadata.generation` that was observed; `None` for types of conditions without this field.
    pub observed_generation: Option<i64>,
}

impl Condition<'_> {
    /// Returns the entry of `status.conditions`, with `now` as `lastTransitionTime`.
    pub fn to_value(&self, now: Time) -> Value {
        let mut value = json!({
            "lastTransitionTime": now.rfc3339(), "message": self.message, "reason": self.reason,
            "status": self.status.as_str(), "type": self.type_,
        });
        if let Some(generation) = self.observed_generation {
            value["observedGeneration"] = generation.into();
        }
        value
    }
}

/// Returns the condition of a type in a status.
pub fn find<'a>(status: &'a Value, type_: &str) -> Option<&'a Value> {
    find_in(status.list("/conditions"), type_)
}

/// Returns the condition of a type in `status.conditions` of an object.
pub fn condition<'a>(object: &'a Object, type_: &str) -> Option<&'a Value> {
    find_in(object.list("/status/conditions"), type_)
}

/// Returns `true` if the condition of a type in `status.conditions` of an object has the status `True`.
pub fn condition_is_true(object: &Object, type_: &str) -> bool {
    condition(object, type_).is_some_and(|condition| text(condition, "status") == "True")
}

/// Returns a string field of a condition; empty if it is missing. Controllers look conditions up in every loop, and reading a
/// field by its name costs less than by a pointer.
fn text<'a>(condition: &'a Value, field: &str) -> &'a str {
    condition.get(field).and_then(Value::as_str).unwrap_or_default()
}

fn find_in<'a>(conditions: &'a [Value], type_: &str) -> Option<&'a Value> {
    conditions.iter().find(|condition| text(condition, "type") == type_)
}

/// Sets a condition in a status and returns whether that changed anything.
///
/// An existing condition of the type stays in its place and keeps `lastTransitionTime` unless its status changes. Fields
/// other than those of [`Condition`] are kept.
pub fn set(status: &mut Value, condition: Condition<'_>, now: Time) -> bool {
    let new = condition.to_value(now);
    let conditions = status.list_mut("/conditions");
    let Some(existing) = conditions.iter_mut().find(|existing| text(existing, "type") == condition.type_) else {
        conditions.push(new);
        return true;
    };
    let before = existing.clone();
    if text(existing, "status") != condition.status.as_str() {
        existing["lastTransitionTime"] = new["lastTransitionTime"].clone();
    }
    for field in ["status", "reason", "message", "observedGeneration"] {
        if let Some(value) = new.get(field) {
            existing[field] = value.clone();
        }
    }
    *existing != before
}

/// Puts a condition at the end of the list, unless there is one of its type with the same status and reason, and returns
/// whether that changed anything.
///
/// `lastTransitionTime` is taken from the existing condition if its status is the same. The value comes from
/// [`Condition::to_value`]; callers may have added fields such as `lastUpdateTime`.
pub fn replace(status: &mut Value, mut condition: Value) -> bool {
    if let Some(existing) = find(status, text(&condition, "type"))
        && text(existing, "status") == text(&condition, "status")
    {
        if text(existing, "reason") == text(&condition, "reason") {
            return false;
        }
        condition["lastTransitionTime"] = existing["lastTransitionTime"].clone();
    }
    remove(status, text(&condition, "type"));
    status.list_mut("/conditions").push(condition);
    true
}

/// Removes the condition of a type, and the list if it is empty then; returns `false` if there is no such condition.
pub fn remove(status: &mut Value, type_: &str) -> bool {
    if find(status, type_).is_none() {
        return false;
    }
    let conditions = status.list_mut("/conditions");
    conditions.retain(|condition| text(condition, "type") != type_);
    if conditions.is_empty() {
        status.remove_at("/conditions");
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ready(status: ConditionStatus, reason: &'static str) -> Condition<'static> {
        Condition { type_: "Ready", status, reason, message: "", observed_generation: None }
    }

    fn transition(status: &Value) -> Option<Time> {
        find(status, "Ready")?.time("/lastTransitionTime")
    }

    #[test]
    fn set_moves_the_transition_time_only_with_the_status() {
        let mut status =
            json!({"conditions": [{"type": "Ready", "status": "Unknown", "lastProbeTime": null}, {"type": "Other"}]});
        let at = Time::from_secs;
        assert!(set(&mut status, ready(ConditionStatus::True, "One"), at(1)));
        assert!(!set(&mut status, ready(ConditionStatus::True, "One"), at(2)));
        assert_eq!(transition(&status), Some(at(1)));
        assert!(set(&mut status, ready(ConditionStatus::True, "Two"), at(2)));
        assert_eq!(transition(&status), Some(at(1)));
        assert!(set(&mut status, ready(ConditionStatus::False, "Two"), at(3)));
        assert_eq!(transition(&status), Some(at(3)));
        let first = &status["conditions"][0];
        assert_eq!((first.str("/type"), first.get("lastProbeTime")), ("Ready", Some(&Value::Null)));
        let observed = Condition { observed_generation: Some(4), ..ready(ConditionStatus::False, "Two") };
        assert!(set(&mut status, observed, at(4)));
        assert_eq!(find(&status, "Ready").unwrap().int("/observedGeneration"), Some(4));
    }

    #[test]
    fn replace_puts_a_changed_condition_last() {
        let at = Time::from_secs;
        let mut status = json!({"conditions": [{"type": "Ready", "status": "True", "reason": "One", "lastTransitionTime": at(1).rfc3339()}, {"type": "Other"}]});
        assert!(!replace(&mut status, ready(ConditionStatus::True, "One").to_value(at(2))));
        assert!(replace(&mut status, ready(ConditionStatus::True, "Two").to_value(at(2))));
        assert_eq!(status["conditions"][1].str("/type"), "Ready");
        assert_eq!(transition(&status), Some(at(1)));
        assert!(replace(&mut status, ready(ConditionStatus::False, "Two").to_value(at(3))));
        assert_eq!(transition(&status), Some(at(3)));
        assert!(remove(&mut status, "Ready") && remove(&mut status, "Other") && !remove(&mut status, "Ready"));
        assert_eq!(status, json!({}));
    }

    #[test]
    fn conditions_of_objects_are_read() {
        let object =
            json!({"status": {"conditions": [{"type": "A", "status": "True"}, {"type": "B", "status": "False"}]}});
        assert!(condition_is_true(&object, "A"));
        assert!(condition(&object, "B").is_some() && !condition_is_true(&object, "B"));
        assert!(condition(&object, "C").is_none());
    }
}
