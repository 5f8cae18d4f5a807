//! Pods from templates, and the hash that names a template.

use std::hash::Hasher;

use kctl_base::json::{Value, json};
use kctl_base::object::{Object, ObjectMeta, OwnerReference, ValueRead, ValueWrite};
use kctl_base::sim::ids::safe_encode;

/// The label with the hash of the template from which a pod was created.
pub(crate) const HASH_LABEL: &str = "pod-template-hash";

/// The length in bytes from which on a name gets no dash as prefix of generated names.
const PREFIX_MAX: usize = 253;

/// Returns a pod with the labels, annotations, finalizers and spec of a template, a generated name, and `owner` as its
/// controller (`GetPodFromTemplate` in `pkg/controller/controller_utils.go`).
pub(crate) fn pod_from_template(owner: &Object, template: &Value) -> Object {
    let mut pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {
        "namespace": owner.namespace(),
        "generateName": name_prefix(owner.name()),
        "ownerReferences": [OwnerReference::controller(owner).to_value()],
    }});
    for field in ["labels", "annotations", "finalizers"] {
        if let Some(value) = template.at(&format!("/metadata/{field}")) {
            pod["metadata"][field] = value.clone();
        }
    }
    pod["spec"] = template.at("/spec").cloned().unwrap_or_else(|| json!({}));
    pod
}

/// Returns `NAME-` for the generated names of an owner's pods, and `NAME` where the dash would make it too long.
pub(crate) fn name_prefix(owner: &str) -> String {
    if owner.len() < PREFIX_MAX { format!("{owner}-") } else { owner.into() }
}

/// Returns the hash of a template for labels and names (`ComputeHash` in `pkg/controller/controller_utils.go`): FNV-1a over its
/// JSON and the number of earlier collisions, in the alphabet of generated names. Templates that differ only in empty fields
/// have the same hash. The value is not the one that Kubernetes computes, which hashes Go's dump of the struct.
pub(crate) fn compute_hash(template: &Value, collisions: Option<i64>) -> String {
    let mut hasher = Fnv32a::new();
    hasher.write(canonical(template).to_string().as_bytes());
    if let Some(count) = collisions {
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        hasher.write(&count.to_le_bytes());
        hasher.write(&[0; 4]);
    }
    safe_encode(&hasher.sum().to_string())
}

/// Returns `true` when two templates are equal except for their hash labels and empty fields (`EqualIgnoreHash` in
/// `pkg/controller/deployment/util`).
pub(crate) fn equal_ignoring_hash(one: &Value, other: &Value) -> bool {
    let plain = |template: &Value| {
        let mut template = template.clone();
        template.remove_at(&format!("/metadata/labels/{HASH_LABEL}"));
        canonical(&template)
    };
    plain(one) == plain(other)
}

/// Fields that are not pointers in the API: an empty map there means the same as a missing one.
const EMPTY_IS_ABSENT: &[&str] =
    &["annotations", "labels", "limits", "metadata", "nodeSelector", "overhead", "requests", "resources"];

/// Removes what makes no difference from a template: nulls, empty lists, and the empty maps above.
fn canonical(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let kept = map.iter().map(|(key, value)| (key, canonical(value))).filter(|(key, value)| match value {
                Value::Null => false,
                Value::Array(list) => !list.is_empty(),
                Value::Object(map) => !map.is_empty() || !EMPTY_IS_ABSENT.contains(&key.as_str()),
                _ => true,
            });
            Value::Object(kept.map(|(key, value)| (key.clone(), value)).collect())
        }
        Value::Array(list) => Value::Array(list.iter().map(canonical).collect()),
        other => other.clone(),
    }
}

/// The 32-bit FNV-1a hash (the `fnv` crate has only the 64-bit one).
struct Fnv32a(u32);

impl Fnv32a {
    fn new() -> Fnv32a {
        Fnv32a(0x811c_9dc5)
    }

    fn sum(&self) -> u32 {
        self.0
    }
}

impl Hasher for Fnv32a {
    fn finish(&self) -> u64 {
        u64::from(self.0)
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u32::from(*byte)).wrapping_mul(0x0100_0193);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_function_is_fnv_1a() {
        for (text, want) in [("", 0x811c_9dc5), ("a", 0xe40c_292c), ("foobar", 0xbf9c_f968)] {
            let mut hasher = Fnv32a::new();
            hasher.write(text.as_bytes());
            assert_eq!(hasher.sum(), want, "{text}");
        }
    }

    #[test]
    fn equal_templates_have_equal_hashes() {
        let plain =
            json!({"metadata": {"labels": {"app": "a"}}, "spec": {"containers": [{"name": "c", "image": "i:1"}]}});
        let mut padded = plain.clone();
        padded.put("/metadata/creationTimestamp", Value::Null);
        padded.put("/spec/volumes", json!([]));
        padded.put("/spec/nodeSelector", json!({}));
        let mut labelled = plain.clone();
        labelled.set_label(HASH_LABEL, "123");
        let mut other = plain.clone();
        other["spec"]["containers"][0]["image"] = "i:2".into();
        assert_eq!(compute_hash(&plain, None), compute_hash(&padded, None));
        assert!(
            equal_ignoring_hash(&plain, &padded)
                && equal_ignoring_hash(&plain, &labelled)
                && !equal_ignoring_hash(&plain, &other)
        );
        let hashes = [
            compute_hash(&plain, None),
            compute_hash(&plain, Some(0)),
            compute_hash(&plain, Some(1)),
            compute_hash(&other, None),
        ];
        for (index, one) in hashes.iter().enumerate() {
            assert!(hashes[index + 1..].iter().all(|h| h != one), "{hashes:?}");
            assert!((6..=10).contains(&one.len()));
        }
    }

    #[test]
    fn a_pod_has_the_fields_of_its_template_and_its_owner() {
        let owner = json!({"apiVersion": "apps/v1", "kind": "ReplicaSet",
                           "metadata": {"name": "web", "namespace": "n", "uid": "u"}});
        let template = json!({"metadata": {"name": "ignored", "labels": {"app": "web"}}, "spec": {"containers": []}});
        assert_eq!(
            pod_from_template(&owner, &template),
            json!({"apiVersion": "v1", "kind": "Pod", "spec": {"containers": []}, "metadata": {
                "namespace": "n", "generateName": "web-", "labels": {"app": "web"},
                "ownerReferences": [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web", "uid": "u",
                                     "controller": true, "blockOwnerDeletion": true}]}})
        );
    }
}
