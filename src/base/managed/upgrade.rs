//! Handing the fields of client-side apply over to server-side apply, as kubectl does before it switches.

use super::entries::{Entry, Operation, read_entries, write_entries};
use super::set::FieldSet;
use crate::json::{Value, json};

/// The JSON patch by which the fields of the managers in `from` become those of the applier `to`.
///
/// `None` when there is nothing to hand over. The patch fails when the object has changed in the meantime.
pub fn upgrade_client_side_apply(object: &Value, from: &[&str], to: &str) -> Option<Value> {
    let (handed_over, mut rest): (Vec<Entry>, Vec<Entry>) = read_entries(object).into_iter().partition(|entry| {
        entry.operation == Operation::Update && entry.subresource.is_empty() && from.contains(&entry.manager.as_str())
    });
    let first = handed_over.first()?;
    let applier = rest
        .iter()
        .position(|entry| entry.operation == Operation::Apply && entry.manager == to && entry.subresource.is_empty());
    let mut applier = match applier {
        Some(at) => rest.remove(at),
        None => {
            Entry { manager: to.to_owned(), operation: Operation::Apply, fields: FieldSet::default(), ..first.clone() }
        }
    };
    for entry in handed_over.iter().filter(|entry| entry.api_version == applier.api_version) {
        applier.fields = applier.fields.union(&entry.fields);
    }
    rest.push(applier);
    let mut upgraded = object.clone();
    write_entries(&mut upgraded, rest);
    Some(json!([
        {"op": "replace", "path": "/metadata/managedFields", "value": upgraded["metadata"]["managedFields"]},
        {"op": "replace", "path": "/metadata/resourceVersion", "value": object["metadata"]["resourceVersion"]},
    ]))
}
