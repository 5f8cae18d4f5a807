//! The conditions of an object as a table.

use super::texts::stamp;
use crate::kinds::Describer;
use crate::machinery::object::{Object, Reading};

/// The conditions with their instants and messages; nothing when there are none.
pub fn conditions(object: &Object, out: &mut Describer) {
    let list = object.list("/status/conditions");
    if list.is_empty() {
        return;
    }
    out.line(0, "Conditions:");
    out.line(1, "Type\tStatus\tLastTransitionTime\tReason\tMessage");
    out.line(1, "----\t------\t------------------\t------\t-------");
    for c in list {
        let when = stamp(c, "/lastTransitionTime");
        let (kind, status) = (c.str("/type"), c.str("/status"));
        out.line(1, format!("{kind}\t{status}\t{when}\t{}\t{}", c.str("/reason"), c.str("/message")));
    }
}

/// The conditions with their reasons alone, as workloads show them; nothing when there are none.
pub fn brief_conditions(object: &Object, out: &mut Describer) {
    let conditions = object.list("/status/conditions");
    if conditions.is_empty() {
        return;
    }
    out.line(0, "Conditions:");
    out.line(1, "Type\tStatus\tReason");
    out.line(1, "----\t------\t------");
    for one in conditions {
        out.line(1, format!("{} \t{}\t{}", one.str("/type"), one.str("/status"), one.str("/reason")));
    }
}
