//! The entries of `metadata.managedFields`: who owns which fields, by which operation, since when.

use super::set::FieldSet;
use crate::json::{Map, Value, json};

/// Whether fields were set by server-side apply or by any other write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Operation {
    /// Server-side apply.
    Apply,
    /// Create, update and every other patch.
    Update,
}

/// One owner of fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The name of the owner, such as `kubectl-edit`.
    pub manager: String,
    /// How it came to own its fields.
    pub operation: Operation,
    /// The version the fields are of.
    pub api_version: String,
    /// The subresource that was written through; empty for the object itself.
    pub subresource: String,
    /// When it last took a field, as the API writes times.
    pub time: Option<String>,
    /// What it owns.
    pub fields: FieldSet,
}

impl Entry {
    /// Whether two entries belong to one owner; an applier stays the same across versions.
    pub fn same_owner(&self, other: &Entry) -> bool {
        let version = self.operation == Operation::Apply || self.api_version == other.api_version;
        let names = (&self.manager, &self.subresource) == (&other.manager, &other.subresource);
        version && names && self.operation == other.operation
    }

    /// The owner as conflicts name it.
    pub fn shown(&self) -> String {
        let mut shown = format!("{:?}", self.manager);
        if !self.subresource.is_empty() {
            shown.push_str(&format!(" with subresource {:?}", self.subresource));
        }
        if self.operation == Operation::Update {
            shown.push_str(&format!(" using {}", self.api_version));
        }
        shown
    }

    pub(super) fn read(entry: &Value) -> Option<Entry> {
        let text = |field: &str| entry.get(field).and_then(Value::as_str).unwrap_or_default().to_owned();
        let operation = match entry.get("operation").and_then(Value::as_str)? {
            "Apply" => Operation::Apply,
            "Update" => Operation::Update,
            _ => return None,
        };
        Some(Entry {
            manager: text("manager"),
            operation,
            api_version: text("apiVersion"),
            subresource: text("subresource"),
            time: entry.get("time").and_then(Value::as_str).map(str::to_owned),
            fields: FieldSet::from_fields_v1(entry.get("fieldsV1").unwrap_or(&Value::Null)),
        })
    }

    pub(super) fn write(&self) -> Value {
        let mut entry = Map::new();
        let operation = if self.operation == Operation::Apply { "Apply" } else { "Update" };
        let texts = [("manager", &self.manager), ("apiVersion", &self.api_version), ("subresource", &self.subresource)];
        let texts = texts.into_iter().filter(|(_, text)| !text.is_empty());
        entry.extend(texts.map(|(key, text)| (key.to_owned(), json!(text))));
        entry.extend(self.time.as_ref().map(|time| ("time".to_owned(), json!(time))));
        entry.insert("operation".to_owned(), json!(operation));
        entry.insert("fieldsType".to_owned(), json!("FieldsV1"));
        entry.insert("fieldsV1".to_owned(), self.fields.to_fields_v1());
        Value::Object(entry)
    }
}

/// The entries of an object; what is no entry is skipped.
pub fn read_entries(object: &Value) -> Vec<Entry> {
    let written = object.pointer("/metadata/managedFields").and_then(Value::as_array);
    written.into_iter().flatten().filter_map(Entry::read).collect()
}

/// Writes the entries into an object, in the order the API server gives them; entries without fields are left out.
pub fn write_entries(object: &mut Value, entries: Vec<Entry>) {
    let Some(entries) = entries_value(entries) else { return take_entries(object) };
    let Some(fields) = object.as_object_mut() else { return };
    let metadata = fields.entry("metadata").or_insert_with(|| Value::Object(Map::new()));
    if let Some(metadata) = metadata.as_object_mut() {
        metadata.insert("managedFields".to_owned(), entries);
    }
}

/// `metadata.managedFields` of some entries, in the order the API server gives them; `None` when none of them has fields.
pub(super) fn entries_value(mut entries: Vec<Entry>) -> Option<Value> {
    entries.retain(|entry| !entry.fields.is_empty());
    entries.sort_by(|left, right| sort_key(left).cmp(&sort_key(right)));
    (!entries.is_empty()).then(|| Value::Array(entries.iter().map(Entry::write).collect()))
}

/// Removes the entries from an object.
pub(super) fn take_entries(object: &mut Value) {
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.remove("managedFields");
    }
}

/// Times in the one form the API writes sort as texts; an entry without a time comes first.
fn sort_key(entry: &Entry) -> (Operation, Option<&str>, &str, &str, &str) {
    (entry.operation, entry.time.as_deref(), &entry.manager, &entry.api_version, &entry.subresource)
}

/// Brings written entries into the order of [`sort_key`].
pub(super) fn sort_written(entries: &mut [Value]) {
    fn key(entry: &Value) -> (Operation, Option<&str>, &str, &str, &str) {
        let text = |field: &str| entry.get(field).and_then(Value::as_str);
        let known = |field: &str| text(field).unwrap_or_default();
        let operation = if known("operation") == "Apply" { Operation::Apply } else { Operation::Update };
        (operation, text("time"), known("manager"), known("apiVersion"), known("subresource"))
    }
    entries.sort_by(|left, right| key(left).cmp(&key(right)));
}
