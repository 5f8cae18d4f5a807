//! Conditions in a status: setting them without touching their times needlessly.

use kctl_base::json::{Value, json};
use kctl_base::object::{ValueRead, ValueWrite};
use kctl_base::sim::Time;

/// A new condition. `updated` adds `lastUpdateTime`, which only Deployments have.
pub(crate) fn new(kind: &str, status: &str, reason: &str, message: &str, now: Time) -> Value {
    json!({"type": kind, "status": status, "reason": reason, "message": message, "lastTransitionTime": now.rfc3339()})
}

/// The condition of one type in a status.
pub(crate) fn find<'a>(status: &'a Value, kind: &str) -> Option<&'a Value> {
    status.list("/conditions").iter().find(|c| c.str("/type") == kind)
}

/// Removes the condition of one type; an empty list goes too.
pub(crate) fn remove(status: &mut Value, kind: &str) {
    if find(status, kind).is_some() {
        let list = status.list_mut("/conditions");
        list.retain(|c| c.str("/type") != kind);
        if list.is_empty() {
            status.remove_at("/conditions");
        }
    }
}

/// Sets a condition unless one with the same status and reason is there. The new one comes last, and keeps the time of the
/// last transition when the status stays.
pub(crate) fn set(status: &mut Value, mut condition: Value) {
    let kind = condition.str("/type").to_string();
    if let Some(known) = find(status, &kind)
        && known.str("/status") == condition.str("/status")
    {
        if known.str("/reason") == condition.str("/reason") {
            return;
        }
        condition["lastTransitionTime"] = known["lastTransitionTime"].clone();
    }
    remove(status, &kind);
    status.list_mut("/conditions").push(condition);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_move_only_with_the_status() {
        let mut status = json!({});
        let at = |seconds| Time::from_secs(seconds);
        set(&mut status, new("A", "True", "One", "1", at(1)));
        set(&mut status, new("B", "True", "One", "1", at(1)));
        set(&mut status, new("A", "True", "One", "again", at(2)));
        assert_eq!(find(&status, "A").unwrap().str("/message"), "1", "the same reason changes nothing");
        set(&mut status, new("A", "True", "Two", "2", at(2)));
        assert_eq!(find(&status, "A").unwrap().str("/lastTransitionTime"), at(1).rfc3339());
        assert_eq!(status.list("/conditions")[1].str("/type"), "A", "what changed comes last");
        set(&mut status, new("A", "False", "Two", "2", at(3)));
        assert_eq!(find(&status, "A").unwrap().str("/lastTransitionTime"), at(3).rfc3339());
        remove(&mut status, "A");
        remove(&mut status, "B");
        assert_eq!(status, json!({}));
    }
}
