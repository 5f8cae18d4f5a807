//! The conditions table of a description, whose columns differ between kinds. Objects without conditions get no table.

use super::format::stamp;
use crate::PrefixWriter;
use kctl_base::json::Value;
use kctl_base::object::{Object, ValueRead};

/// Writes a table of conditions: the lines `above`, then the result of `line` for each condition.
pub(crate) fn condition_table(
    object: &Object,
    above: &[&str],
    line: impl Fn(&Value) -> String,
    out: &mut PrefixWriter,
) {
    let conditions = object.list("/status/conditions");
    if conditions.is_empty() {
        return;
    }
    out.line(0, "Conditions:");
    above.iter().for_each(|heading| out.line(1, heading));
    conditions.iter().for_each(|one| out.line(1, line(one)));
}

/// Writes the conditions with timestamps, reasons and messages, as Namespaces show them.
pub(crate) fn conditions(object: &Object, out: &mut PrefixWriter) {
    let above =
        ["Type\tStatus\tLastTransitionTime\tReason\tMessage", "----\t------\t------------------\t------\t-------"];
    let line = |one: &Value| {
        let when = stamp(one, "/lastTransitionTime");
        let (kind, status) = (one.str("/type"), one.str("/status"));
        format!("{kind}\t{status}\t{when}\t{}\t{}", one.str("/reason"), one.str("/message"))
    };
    condition_table(object, &above, line, out);
}

/// Writes types, statuses and reasons of the conditions, as workloads show them.
pub(crate) fn brief_conditions(object: &Object, out: &mut PrefixWriter) {
    let line = |one: &Value| format!("{} \t{}\t{}", one.str("/type"), one.str("/status"), one.str("/reason"));
    condition_table(object, &["Type\tStatus\tReason", "----\t------\t------"], line, out);
}

/// Writes the conditions with all their fields and, under `heading`, the timestamp at `pointer` that only this kind
/// has.
pub(crate) fn conditions_since(object: &Object, heading: &str, pointer: &str, out: &mut PrefixWriter) {
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
