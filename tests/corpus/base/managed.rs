//! Server-side apply of recorded manifests.

use kctl_base::json::{Value, json};
use kctl_base::managed::{FieldSet, Rules, Writer, apply, on_write, read_entries};
use kctl_base::object::ObjectMeta as _;

use super::openapi::OpenApiTypes;
use crate::recordings::manifests_and_stored_objects;

/// Applying a manifest twice changes nothing, and the field sets round-trip through `fieldsV1`.
pub(super) fn manifests_are_applied_idempotently() {
    let types = OpenApiTypes::load();
    let ignored = FieldSet::of_fields(&[&["status"]]);
    let mut tried = 0;
    for (manifest, stored) in manifests_and_stored_objects() {
        let Some(root) = types.root_of(&manifest) else { continue };
        let rules = Rules { types: &types, root: &root, ignored: &ignored };
        let writer =
            |manager, now| Writer { manager, api_version: manifest.api_version(), subresource: "", now: Some(now) };
        let mut live = stored;
        live["metadata"]["managedFields"] =
            on_write(&rules, None, &live, &writer("creator", "2026-01-01T00:00:00Z")).unwrap_or_default();
        let applier = writer("applier", "2026-01-01T00:01:00Z");
        let Ok(applied) = apply(&rules, Some(&live), &manifest, true, &applier) else { continue };
        let again = apply(&rules, Some(&applied), &manifest, false, &applier);
        assert_eq!(again.as_ref(), Ok(&applied), "applying again changes nothing");
        let fields = fields_of(&applied, "creator");
        assert_eq!(FieldSet::from_fields_v1(&fields).to_fields_v1(), fields);
        tried += 1;
    }
    assert!(tried > 100, "only {tried} objects were tried");
}

fn fields_of(object: &Value, manager: &str) -> Value {
    let entries = read_entries(object);
    let entry = entries.iter().find(|entry| entry.manager == manager);
    entry.map_or(json!({}), |entry| entry.fields.to_fields_v1())
}
