//! Ownership after a create, an update or any patch but server-side apply: who changes a field takes it.

use std::sync::LazyLock;

use super::entries::{Entry, Operation, entries_value, sort_written};
use super::set::{FieldSet, has_field};
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

/// `metadata.managedFields` as it results from writing an object over the live one (`None` when it is created); `None`
/// when nobody owns anything.
///
/// An existing object that nobody owns anything of stays so. A list of one empty entry in the new object resets ownership.
pub fn on_write<T: Types + ?Sized>(
    rules: &Rules<'_, T>,
    live: Option<&Value>,
    new: &Value,
    writer: &Writer,
) -> Option<Value> {
    let recorded = recorded(live, new, writer);
    if recorded.is_empty() && live.is_some() {
        return None;
    }
    let zero = live.is_none().then(|| zero_object(rules.types, rules.root));
    let changes = rules.changes(live.or(zero.as_ref()).unwrap_or(&Value::Null), new);
    let taken = tracked(&changes.taken());
    if let Some(same) = with_same_owners(recorded, &taken, &changes.removed, writer) {
        return Some(same);
    }
    let entries = recorded.iter().filter_map(Entry::read).collect();
    entries_value(joined(entries, &changes, writer))
}

/// The entries to start from: what the client sent counts, unless it sent nothing or writes through a subresource.
fn recorded<'a>(live: Option<&'a Value>, new: &'a Value, writer: &Writer) -> &'a [Value] {
    let of = |object: &'a Value| {
        let written = object.pointer("/metadata/managedFields").and_then(Value::as_array);
        written.map_or(&[][..], Vec::as_slice)
    };
    let sent = of(new);
    if !writer.subresource.is_empty() || sent.is_empty() {
        return live.map_or(&[], of);
    }
    if sent == [json!({})] {
        return &[];
    }
    if sent.iter().any(|entry| Entry::read(entry).is_some()) { sent } else { live.map_or(&[], of) }
}

/// The entries after a write that makes no field change hands: they are as they were, the writer's with a new time.
/// `None` when the writer does not own all that it took, or somebody owns some of what it took or removed.
///
/// Most writes are of this kind, and reading all entries is far more work than looking up a few fields in them.
fn with_same_owners(recorded: &[Value], taken: &FieldSet, removed: &FieldSet, writer: &Writer) -> Option<Value> {
    if recorded.is_empty() {
        return None;
    }
    let own = recorded.iter().position(|entry| is_own(entry, writer));
    let (taken, removed) = (taken.paths(), removed.paths());
    for (index, entry) in recorded.iter().enumerate() {
        let owned = entry.get("fieldsV1")?;
        let takes_rightly = |path: &Vec<String>| has_field(owned, path) == (Some(index) == own);
        if !taken.iter().all(takes_rightly) || removed.iter().any(|path| has_field(owned, path)) {
            return None;
        }
    }
    let mut entries = recorded.to_vec();
    if !taken.is_empty() {
        *entries.get_mut(own?)?.get_mut("time")? = json!(writer.now);
        sort_written(&mut entries);
    }
    Some(Value::Array(entries))
}

/// Whether a written entry is that of a writer who creates, updates or patches.
fn is_own(entry: &Value, writer: &Writer) -> bool {
    let is = |field: &str, text: &str| entry.get(field).and_then(Value::as_str).unwrap_or_default() == text;
    is("operation", "Update")
        && is("manager", writer.manager)
        && is("apiVersion", writer.api_version)
        && is("subresource", writer.subresource)
}

impl<T: Types + ?Sized> Rules<'_, T> {
    /// What a write changed, as far as it counts for ownership.
    fn changes(&self, old: &Value, new: &Value) -> Comparison {
        Comparison::between(self.types, self.root, old, new).without(self.ignored)
    }

    /// The entries after `writer` turned one object into another.
    pub(super) fn after_write(&self, entries: Vec<Entry>, old: &Value, new: &Value, writer: &Writer) -> Vec<Entry> {
        joined(entries, &self.changes(old, new), writer)
    }
}

/// The entries after `writer` made these changes.
fn joined(mut entries: Vec<Entry>, changes: &Comparison, writer: &Writer) -> Vec<Entry> {
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
    static UNOWNED: LazyLock<FieldSet> = LazyLock::new(|| {
        FieldSet::of_fields(&[
            &["apiVersion"][..],
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
        ])
    });
    set.difference(&UNOWNED)
}
