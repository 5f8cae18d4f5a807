//! Ownership after a create, an update or any patch but server-side apply: who changes a field takes it.

use super::entries::{Entry, Operation, read_entries, take_entries, write_entries};
use super::set::FieldSet;
use super::typed::Comparison;
use super::zero::zero_object;
use crate::machinery::patch::{FieldType, Types};
use serde_json::{Value, json};

/// Who writes, and as what.
#[derive(Clone, Copy, Debug)]
pub struct Writer<'a> {
    /// The field manager.
    pub manager: &'a str,
    /// The version the object is written in.
    pub api_version: &'a str,
    /// The subresource that is written through; empty for the object itself.
    pub subresource: &'a str,
    /// The time of the write, as the API writes times.
    pub now: &'a str,
}

/// What ownership has to know about a kind.
pub struct Rules<'a, T: Types + ?Sized> {
    /// The types of fields.
    pub types: &'a T,
    /// The type of the objects.
    pub root: &'a FieldType,
    /// Fields that this way of writing does not change (`status` of the object itself); nobody takes them.
    pub ignored: &'a FieldSet,
}

/// The new object with the ownership that results from writing it over the live one (`None` when it is created).
///
/// An existing object that nobody owns anything of stays so. A list of one empty entry in the new object resets ownership.
pub fn on_write<T: Types + ?Sized>(rules: &Rules<'_, T>, live: Option<&Value>, new: &Value, writer: &Writer) -> Value {
    let entries = entries_to_start_from(live, new, writer);
    let mut written = new.clone();
    take_entries(&mut written);
    if entries.is_empty() && live.is_some() {
        return written;
    }
    let mut before = live.cloned().unwrap_or_else(|| zero_object(rules.types, rules.root));
    take_entries(&mut before);
    let entries = rules.after_write(entries, &before, &written, writer);
    write_entries(&mut written, entries);
    written
}

/// What the client sent counts, unless it sent nothing or writes through a subresource.
fn entries_to_start_from(live: Option<&Value>, new: &Value, writer: &Writer) -> Vec<Entry> {
    let sent = new.pointer("/metadata/managedFields");
    if sent == Some(&json!([{}])) && writer.subresource.is_empty() {
        return Vec::new();
    }
    let sent = if writer.subresource.is_empty() { read_entries(new) } else { Vec::new() };
    if sent.is_empty() { live.map(read_entries).unwrap_or_default() } else { sent }
}

impl<T: Types + ?Sized> Rules<'_, T> {
    /// The entries after `writer` turned one object into another.
    pub(super) fn after_write(&self, mut entries: Vec<Entry>, old: &Value, new: &Value, writer: &Writer) -> Vec<Entry> {
        let changes = Comparison::between(self.types, self.root, old, new).without(self.ignored);
        let taken = changes.taken();
        for entry in &mut entries {
            entry.fields = entry.fields.difference(&taken).difference(&changes.removed);
        }
        let taken = tracked(&taken);
        if !taken.is_empty() {
            let mut entry = writer.entry(Operation::Update, taken);
            entry.time = Some(writer.now.to_owned());
            join(&mut entries, entry);
        }
        entries
    }
}

impl Writer<'_> {
    pub(super) fn entry(&self, operation: Operation, fields: FieldSet) -> Entry {
        Entry {
            manager: self.manager.to_owned(),
            operation,
            api_version: self.api_version.to_owned(),
            subresource: self.subresource.to_owned(),
            time: None,
            fields,
        }
    }
}

/// Adds fields to what their owner has already, or a new owner.
fn join(entries: &mut Vec<Entry>, mut entry: Entry) {
    if let Some(at) = entries.iter().position(|old| old.same_owner(&entry)) {
        entry.fields = entry.fields.union(&entries.remove(at).fields);
    }
    entries.push(entry);
}

/// The fields of a set that can have owners: identity and what the server keeps itself have none.
pub(super) fn tracked(set: &FieldSet) -> FieldSet {
    set.difference(&FieldSet::of_fields(&[
        &["apiVersion"],
        &["kind"],
        &["metadata"],
        &["metadata", "name"],
        &["metadata", "namespace"],
        &["metadata", "creationTimestamp"],
        &["metadata", "selfLink"],
        &["metadata", "uid"],
        &["metadata", "clusterName"],
        &["metadata", "generation"],
        &["metadata", "managedFields"],
        &["metadata", "resourceVersion"],
    ]))
}
