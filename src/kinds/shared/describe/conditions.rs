//! The conditions of an object as a table; kinds differ in its columns. Where there are no conditions there is no table.

use super::texts::stamp;
use crate::PrefixWriter;
use kctl_base::json::Value;
use kctl_base::object::{Object, ValueRead};

/// A table of conditions with these lines above it and one line for each of them.
pub fn condition_table(object: &Object, above: &[&str], line: impl Fn(&Value) -> String, out: &mut PrefixWriter) {
    let conditions = object.list("/status/conditions");
    if conditions.is_empty() {
        return;
    }
    out.line(0, "Conditions:");
    above.iter().for_each(|heading| out.line(1, heading));
    conditions.iter().for_each(|one| out.line(1, line(one)));
}

/// The conditions with their instants and messages.
pub fn conditions(object: &Object, out: &mut PrefixWriter) {
    let above =
        ["Type\tStatus\tLastTransitionTime\tReason\tMessage", "----\t------\t------------------\t------\t-------"];
    let line = |one: &Value| {
        let when = stamp(one, "/lastTransitionTime");
        let (kind, status) = (one.str("/type"), one.str("/status"));
        format!("{kind}\t{status}\t{when}\t{}\t{}", one.str("/reason"), one.str("/message"))
    };
    condition_table(object, &above, line, out);
}

/// The conditions with their reasons alone, as workloads show them.
pub fn brief_conditions(object: &Object, out: &mut PrefixWriter) {
    let line = |one: &Value| format!("{} \t{}\t{}", one.str("/type"), one.str("/status"), one.str("/reason"));
    condition_table(object, &["Type\tStatus\tReason", "----\t------\t------"], line, out);
}

/// The conditions with everything, and an instant that only this kind has: its heading, and where it stands.
pub fn conditions_since(object: &Object, heading: &str, pointer: &str, out: &mut PrefixWriter) {
    let above = [
        &*format!("Type\tStatus\t{heading}\tLastTransitionTime\tReason\tMessage"),
        "----\t------\t-----------------\t------------------\t------\t-------",
    ];
    let line = |one: &Value| {
        let (kind, status) = (one.str("/type"), one.str("/status"));
        let (since, changed) = (stamp(one, pointer), stamp(one, "/lastTransitionTime"));
        [kind, status, &since, &changed, one.str("/reason"), one.str("/message")].join(" \t")
    };
    condition_table(object, &above, line, out);
}
