//! Strategic merge patches between manifests and the objects that the server stored for them.

use kctl_base::json::{Value, json};
use kctl_base::patch::three_way::{create_three_way, create_two_way};
use kctl_base::patch::{merge, strategic};

use super::openapi::OpenApiTypes;
use crate::recordings::manifests_and_stored_objects;

/// A two-way patch transforms one object into the other, and a three-way patch applied twice changes nothing.
pub(super) fn patches_transform_manifests_into_stored_objects() {
    let types = OpenApiTypes::load();
    let mut tried = 0;
    for (manifest, stored) in manifests_and_stored_objects() {
        let Some(root) = types.root_of(&manifest) else { continue };
        // A patch cannot set null, so nulls are removed from the object first.
        let stored = merge::apply(&json!({}), &stored);
        let Ok(patch) = create_two_way(&types, &root, &manifest, &stored) else { continue };
        assert_eq!(strategic::apply(&types, &root, &manifest, &patch).as_ref(), Ok(&stored), "{patch}");
        let three_way = |live| create_three_way(&types, &root, &manifest, &manifest, live).expect("a patch");
        let apply =
            |live: &Value, patch: &Value| strategic::apply(&types, &root, live, patch).expect("the patch applies");
        let applied = apply(&stored, &three_way(&stored));
        let again = three_way(&applied);
        assert_eq!(apply(&applied, &again), applied, "{again}");
        tried += 1;
    }
    assert!(tried > 100, "only {tried} objects were tried");
}
