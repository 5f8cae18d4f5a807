//! The migration from client-side to server-side apply.
//!
//! Follows client-go, `util/csaupgrade/upgrade.go`, which `kubectl apply --server-side` uses.

use super::apply::LAST_APPLIED;
use super::entries::{Entry, Operation, read_entries, write_entries};
use super::set::{FieldSet, field_element};
use crate::json::{Value, json};

impl Entry {
    /// Returns `true` if the entry owns the annotation of client-side apply.
    fn owns_last_applied(&self) -> bool {
        self.fields.contains(&["metadata", "annotations", LAST_APPLIED].map(field_element))
    }

    fn is_of_object(&self, operation: Operation) -> bool {
        self.operation == operation && self.subresource.is_empty()
    }
}

/// Returns `true` if a manager of server-side apply owns the annotation of client-side apply.
pub fn applier_owns_last_applied(object: &Value) -> bool {
    read_entries(object).iter().any(|entry| entry.is_of_object(Operation::Apply) && entry.owns_last_applied())
}

/// Returns the JSON patch that makes `applier` the owner of all fields of the managers of client-side apply.
///
/// These are the managers whose updates own the annotation of client-side apply. Returns `None` if there are none. The
/// patch sets the resourceVersion as well, so that it fails if the object has changed in the meantime.
pub fn upgrade_client_side_apply(object: &Value, applier: &str) -> Option<Value> {
    let entries = read_entries(object);
    let owners = entries.iter().filter(|entry| entry.is_of_object(Operation::Update) && entry.owns_last_applied());
    let managers: Vec<String> = owners.map(|entry| entry.manager.clone()).collect();
    let (client_side, mut rest): (Vec<Entry>, Vec<Entry>) = entries
        .into_iter()
        .partition(|entry| entry.is_of_object(Operation::Update) && managers.contains(&entry.manager));
    let first = client_side.first()?;
    let own = rest.iter().position(|entry| entry.is_of_object(Operation::Apply) && entry.manager == applier);
    let mut own = match own {
        Some(at) => rest.remove(at),
        None => Entry {
            manager: applier.to_owned(),
            operation: Operation::Apply,
            fields: FieldSet::default(),
            ..first.clone()
        },
    };
    for entry in client_side.iter().filter(|entry| entry.api_version == own.api_version) {
        own.fields = own.fields.union(&entry.fields);
    }
    rest.push(own);
    let mut upgraded = object.clone();
    write_entries(&mut upgraded, rest);
    Some(json!([
        {"op": "replace", "path": "/metadata/managedFields", "value": upgraded["metadata"]["managedFields"]},
        {"op": "replace", "path": "/metadata/resourceVersion", "value": object["metadata"]["resourceVersion"]},
    ]))
}
