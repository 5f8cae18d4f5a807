//! The entries of `metadata.managedFields`: managers, operations, times and field sets.

use super::set::FieldSet;
use crate::go::quote;
use crate::json::{Map, Value, json};

/// The operation by which fields were set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Operation {
    /// Server-side apply.
    Apply,
    /// Create, update, and all other patches.
    Update,
}

/// An entry of `metadata.managedFields`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The field manager, such as `kubectl-edit`.
    pub manager: String,
    /// The operation.
    pub operation: Operation,
    /// The apiVersion of the fields.
    pub api_version: String,
    /// The subresource that was written; empty for the object itself.
    pub subresource: String,
    /// The time at which the manager last set a field, in RFC 3339.
    pub time: Option<String>,
    /// The owned fields.
    pub fields: FieldSet,
}

impl Entry {
    /// Returns `true` if two entries have the same identity, to which the apiVersion belongs only for updates.
    pub(super) fn same_manager(&self, other: &Entry) -> bool {
        let version = self.operation == Operation::Apply || self.api_version == other.api_version;
        let names = (&self.manager, &self.subresource) == (&other.manager, &other.subresource);
        version && names && self.operation == other.operation
    }

    /// Formats the manager as messages about conflicts do.
    pub(super) fn describe(&self) -> String {
        let mut shown = quote(&self.manager);
        if !self.subresource.is_empty() {
            shown.push_str(&format!(" with subresource {}", quote(&self.subresource)));
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

/// Parses the entries of an object; invalid ones are skipped.
pub fn read_entries(object: &Value) -> Vec<Entry> {
    let written = object.pointer("/metadata/managedFields").and_then(Value::as_array);
    written.into_iter().flatten().filter_map(Entry::read).collect()
}

/// Sets the entries of an object in the order of the API server; entries without fields are dropped.
pub(super) fn write_entries(object: &mut Value, entries: Vec<Entry>) {
    let Some(entries) = entries_value(entries) else { return remove_entries(object) };
    let Some(fields) = object.as_object_mut() else { return };
    let metadata = fields.entry("metadata").or_insert_with(|| Value::Object(Map::new()));
    if let Some(metadata) = metadata.as_object_mut() {
        metadata.insert("managedFields".to_owned(), entries);
    }
}

/// Formats entries in the order of the API server; `None` if none of them has fields.
pub(super) fn entries_value(mut entries: Vec<Entry>) -> Option<Value> {
    entries.retain(|entry| !entry.fields.is_empty());
    entries.sort_by(|left, right| sort_key(left).cmp(&sort_key(right)));
    (!entries.is_empty()).then(|| Value::Array(entries.iter().map(Entry::write).collect()))
}

/// Removes `metadata.managedFields`.
pub(super) fn remove_entries(object: &mut Value) {
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.remove("managedFields");
    }
}

/// Returns the sort key of an entry. Timestamps of the API sort as strings; an entry without a time comes first.
fn sort_key(entry: &Entry) -> (Operation, Option<&str>, &str, &str, &str) {
    (entry.operation, entry.time.as_deref(), &entry.manager, &entry.api_version, &entry.subresource)
}

/// Sorts formatted entries by [`sort_key`].
pub(super) fn sort_encoded(entries: &mut [Value]) {
    fn key(entry: &Value) -> (Operation, Option<&str>, &str, &str, &str) {
        let text = |field: &str| entry.get(field).and_then(Value::as_str);
        let known = |field: &str| text(field).unwrap_or_default();
        let operation = if known("operation") == "Apply" { Operation::Apply } else { Operation::Update };
        (operation, text("time"), known("manager"), known("apiVersion"), known("subresource"))
    }
    entries.sort_by(|left, right| key(left).cmp(&key(right)));
}
