//! Patches, decoding against the schema, and field ownership.

use kctl_base::json::{Value, json};
use kctl_base::managed::{FieldSet, Rules, Writer, apply, on_write, read_entries};
use kctl_base::object::ObjectMeta;
use kctl_base::patch::{FieldType, json as json_patch, merge, strategic, three_way};
use kctl_base::schema::{Schema, decode, shape};

use super::corpus::OBJECTS;
use super::{fuzz, mutate};
use crate::harness::random::Random;

/// Returns an object, a changed copy, and a value that may be a patch.
fn versions(random: &mut Random) -> (Value, Value, Value) {
    let old = mutate::value(random, &OBJECTS);
    let new = mutate::changed(random, &old, &OBJECTS);
    (old, new, mutate::value(random, &OBJECTS))
}

fn root(object: &Value) -> Option<FieldType> {
    definition(object).map(|name| FieldType::Object(name.into()))
}

fn definition(object: &Value) -> Option<&'static str> {
    let (group, version) = kctl_base::gvk::split_api_version(object.api_version());
    Schema::builtin().root(group, version, object.kind())
}

#[test]
fn merge_patches_lead_from_one_version_to_the_other() {
    fuzz(200, versions, |(old, new, other)| {
        drop(merge::apply(old, other));
        drop(three_way::create_three_way_merge(old, new, other));
        if let (Some(from), Some(to)) = (old.as_object(), new.as_object()) {
            drop(merge::apply(old, &merge::create(from, to).into()));
        }
    });
}

#[test]
fn strategic_patches_are_created_and_applied() {
    let types = Schema::builtin();
    fuzz(200, versions, |(old, new, other)| {
        let Some(root) = root(old) else { return };
        drop(strategic::apply(types, &root, old, other));
        drop(three_way::create_three_way(types, &root, other, new, old));
        if let Ok(patch) = three_way::create_two_way(types, &root, old, new) {
            drop(strategic::apply(types, &root, old, &patch));
        }
    });
}

#[test]
fn json_patches_are_applied() {
    let operations = json!([
        {"op": "add", "path": "/metadata/labels/a", "value": {"b": [1]}}, {"op": "remove", "path": "/spec/-1"},
        {"op": "replace", "path": "/spec", "value": null}, {"op": "move", "from": "/spec", "path": "/metadata/a~1b"},
        {"op": "copy", "from": "/metadata", "path": "/spec/x"}, {"op": "test", "path": "/kind", "value": "Pod"},
        {"op": "copy", "from": "/metadata", "path": "/metadata/labels"}, {"op": "add", "path": "/spec/containers/-", "value": 1}]);
    let make = |random: &mut Random| {
        let all = operations.as_array().expect("a list");
        let patch: Value = (0..random.below(9)).map(|_| random.pick(all).clone()).collect::<Vec<_>>().into();
        let patch = if random.once_in(2) { mutate::changed(random, &patch, all) } else { patch };
        (mutate::value(random, &OBJECTS), patch)
    };
    fuzz(300, make, |(object, patch)| drop(json_patch::apply(object, patch)));
}

#[test]
fn objects_are_decoded_completed_and_owned() {
    let types = Schema::builtin();
    let canonical = |text: &str| Ok(text.to_owned());
    fuzz(200, versions, |(old, new, _)| {
        let Some(name) = definition(old) else { return };
        drop(decode::convert(types, name, new.clone(), canonical));
        let Ok(decoded) = decode::decode(types, name, new.clone(), canonical) else { return };
        let mut completed = decoded.value;
        shape::complete(types, name, &mut completed);
        let again = decode::decode(types, name, completed.clone(), canonical);
        assert!(again.is_ok_and(|again| again.unknown.is_empty()), "{completed}");
        let root = FieldType::Object(name.into());
        let ignored = FieldSet::default();
        let rules = Rules { types, root: &root, ignored: &ignored };
        let writer =
            Writer { manager: "m", api_version: old.api_version(), subresource: "", now: Some("2026-01-01T00:00:00Z") };
        drop(read_entries(old));
        drop(on_write(&rules, Some(old), &completed, &writer));
        drop(on_write(&rules, None, &completed, &writer));
        drop(apply(&rules, Some(old), &completed, true, &writer));
        drop(apply(&rules, None, &completed, false, &writer));
    });
}
