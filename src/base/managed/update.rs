//! Ownership after a create, an update or any patch but server-side apply: who changes a field takes it.

use std::sync::LazyLock;

use super::compare::{Changes, Comparison, Except, differences};
use super::entries::{Entry, Operation, entries_value, sort_written};
use super::set::{FieldSet, Written, subtract_written, unite_written};
use crate::json::{Value, json};
use crate::patch::{FieldType, Types};

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
///
/// The written record is changed in place, since a write touches few fields of what may be many: reading all of it into
/// sets and writing these would be most of the work of the whole request.
pub fn on_write<T: Types + ?Sized>(
    rules: &Rules<'_, T>,
    live: Option<&Value>,
    new: &Value,
    writer: &Writer,
) -> Option<Value> {
    let mut entries = recorded(live, new, writer);
    if entries.is_empty() && live.is_some() {
        return None;
    }
    let zero = live.is_none().then(|| rules.zero_object());
    let touched = rules.touched(live.or(zero.as_ref()).unwrap_or(&Value::Null), new);
    let mut own = None;
    for (index, entry) in entries.iter_mut().enumerate() {
        if own.is_none() && is_own(entry, writer) {
            own = Some(index);
        }
        touched.hand_over(entry, own == Some(index));
    }
    match own.and_then(|index| entries.get_mut(index)).and_then(Value::as_object_mut) {
        _ if touched.taken.is_empty() => {}
        Some(own) => drop(own.insert("time", json!(writer.now))),
        None => entries.push(touched.new_entry(writer)),
    }
    entries.retain(|entry| entry.get("fieldsV1").and_then(Value::as_object).is_some_and(|fields| !fields.is_empty()));
    sort_written(&mut entries);
    (!entries.is_empty()).then_some(Value::from(entries))
}

/// The entries to start from: what the client sent counts, unless it sent nothing or writes through a subresource.
fn recorded(live: Option<&Value>, new: &Value, writer: &Writer) -> Vec<Value> {
    let of = |object: &Value| object.pointer("/metadata/managedFields").and_then(Value::as_array).cloned();
    let live = live.and_then(of).unwrap_or_default();
    let sent = new.pointer("/metadata/managedFields").and_then(Value::as_array);
    match sent {
        Some(sent) if writer.subresource.is_empty() && *sent != live => {
            if *sent == [json!({})] {
                return Vec::new();
            }
            // Only what has been read and written here is known to have its steps in the one form they have.
            let read = sent.iter().filter_map(Entry::read).collect();
            entries_value(read).and_then(|entries| entries.as_array().cloned()).unwrap_or(live)
        }
        _ => live,
    }
}

/// Whether a written entry is that of a writer who creates, updates or patches.
fn is_own(entry: &Value, writer: &Writer) -> bool {
    let is = |field: &str, text: &str| entry.get(field).and_then(Value::as_str).unwrap_or_default() == text;
    is("operation", "Update")
        && is("manager", writer.manager)
        && is("apiVersion", writer.api_version)
        && is("subresource", writer.subresource)
}

/// The fields that a write touches, in their FieldsV1 form.
#[derive(Default)]
struct Touched {
    /// Set by the writer, as far as fields can have owners.
    taken: Written,
    removed: Written,
}

impl Touched {
    /// Brings a written entry up to date: its own fields grow, those of others shrink.
    fn hand_over(&self, entry: &mut Value, is_own: bool) {
        let Some(fields) = entry.get_mut("fieldsV1").and_then(Value::as_object_mut) else { return };
        subtract_written(fields, &self.removed);
        match is_own {
            true => unite_written(fields, &self.taken),
            false => subtract_written(fields, &self.taken),
        }
    }

    /// The entry of a writer who had none.
    fn new_entry(self, writer: &Writer) -> Value {
        let nothing = writer.entry(Operation::Update, FieldSet::default());
        let mut entry = Entry { time: Some(writer.now.to_owned()), ..nothing }.write();
        entry["fieldsV1"] = Value::Object(self.taken);
        entry
    }
}

impl<T: Types + ?Sized> Rules<'_, T> {
    /// Returns the object that a new one is compared with.
    ///
    /// Its structs exist without being set (`spec`, `spec.template`), so nobody becomes the owner of these themselves,
    /// only of their content, while a map that is added (`metadata.labels`) gets an owner.
    pub(super) fn zero_object(&self) -> Value {
        self.root.definition().map_or_else(|| json!({}), |definition| self.types.zero_object(definition))
    }

    /// What a write changed, as far as it counts for ownership.
    fn touched(&self, old: &Value, new: &Value) -> Touched {
        // The record itself is often the largest part of an object.
        static RECORD: LazyLock<FieldSet> = LazyLock::new(|| FieldSet::of_fields(&[["metadata", "managedFields"]]));
        let skipped = self.ignored.union(&RECORD);
        let except = Except { skipped: Some(&skipped), uncounted: Some(&UNOWNED) };
        let Changes { added: mut taken, modified, removed } = differences(self.types, self.root, old, new, except);
        unite_written(&mut taken, &modified);
        Touched { taken, removed }
    }

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

/// Fields that nobody owns: identity and what the server keeps itself.
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

/// The fields of a set that can have owners.
pub(super) fn tracked(set: &FieldSet) -> FieldSet {
    set.difference(&UNOWNED)
}
