//! Defaults and preparation of new objects against the objects that a server stored.

use std::collections::BTreeSet;

use kctl_base::json::{Value, json};
use kctl_base::object::{Object, ObjectMeta, ValueRead, ValueWrite};

use super::{create, is_workload, key, kind_of, manifests, stored};

/// Manifests that are not created as by the server, and why. The list may only get shorter.
const GAPS: &[(&str, &str)] = &[
    ("hack-testdata-null-propagation-resourcesquota-null", "decoding turns a null quantity into zero"),
    ("seeds-pv-nfs", "decoding drops a false that means the same as a missing field"),
    ("seeds-pv-nfs-as-shown", "decoding drops a false that means the same as a missing field"),
    ("test-fixtures-pkg-kubectl-cmd-create-sar-v1", "the API server answers the review"),
    ("test-fixtures-pkg-kubectl-cmd-create-tokenreview-v1", "the API server answers the review"),
];

/// Manifests become the stored objects, apart from metadata, empty values and what the API server itself decides.
pub(super) fn objects_are_created_as_by_the_server() {
    let (mut compared, mut different, mut gaps) = (0, Vec::new(), BTreeSet::new());
    for manifest in manifests() {
        let stored = stored(&manifest);
        for object in &manifest.objects {
            let (Some(kind), Some(want)) = (kind_of(object), stored.get(&key(object))) else { continue };
            // Admission changes pods, and labels of Jobs contain their UIDs.
            if ["Pod", "Job"].contains(&object.kind()) {
                continue;
            }
            let mut got = object.clone();
            kind.set_defaults(&mut got);
            kind.prepare_create(&mut got);
            let mut errors = kind.init_allocated(&mut got, None);
            errors.extend(kind.validate(&got));
            assert!(errors.is_empty(), "{}: {errors:?}", manifest.stem);
            compared += 1;
            let (got, want) = (comparable(got), comparable(want.clone()));
            if got == want {
                continue;
            }
            match GAPS.iter().find(|(gap, _)| *gap == manifest.stem) {
                Some((gap, _)) => drop(gaps.insert(*gap)),
                None => different.push(format!("{} {:?}\n got {got}\nwant {want}", manifest.stem, key(object))),
            }
        }
    }
    assert!(compared > 100, "only {compared} objects");
    assert!(different.is_empty(), "{}", different.join("\n"));
    let closed: Vec<_> = GAPS.iter().filter(|(gap, _)| !gaps.contains(gap)).collect();
    assert!(closed.is_empty(), "no longer different: {closed:?}");
}

fn comparable(object: Object) -> Value {
    without_empty(without_decisions(object))
}

/// Removes what other parts of the server decide: addresses, ports, times and the requesting user.
fn without_decisions(mut object: Object) -> Object {
    object.remove_at("/metadata");
    if object.kind() == "Service" {
        let allocated = object.str("/spec/clusterIP") != "None";
        for pointer in ["/spec/clusterIP", "/spec/clusterIPs"].into_iter().filter(|_| allocated) {
            object.remove_at(pointer);
        }
        for port in object.items_mut("/spec/ports") {
            port.remove_at("/nodePort");
        }
    }
    for pointer in ["/status/lastPhaseTransitionTime", "/spec/username", "/spec/groups", "/spec/uid", "/spec/extra"] {
        object.remove_at(pointer);
    }
    object
}

/// Removes empty maps, lists and strings, and nulls, which the server drops or adds when it decodes into its types.
fn without_empty(value: Value) -> Value {
    let is_empty = |value: &Value| match value {
        Value::Null => true,
        Value::Object(map) => map.is_empty(),
        Value::Array(list) => list.is_empty(),
        Value::String(text) => text.is_empty(),
        _ => false,
    };
    match value {
        Value::Object(map) => {
            let fields = map.into_iter().map(|(name, value)| (name, without_empty(value)));
            Value::Object(fields.filter(|(_, value)| !is_empty(value)).collect())
        }
        Value::Array(list) => Value::Array(list.into_iter().map(without_empty).collect()),
        other => other,
    }
}

/// Spec, status, labels, annotations and generation of workloads are those of the stored objects.
pub(super) fn workloads_are_created_exactly_as_by_the_server() {
    let parts = ["/spec", "/template", "/status", "/metadata/labels", "/metadata/annotations", "/metadata/generation"];
    let (mut compared, mut different) = (0, Vec::new());
    for manifest in manifests() {
        let stored = stored(&manifest);
        for object in manifest.objects.iter().filter(|object| is_workload(object)) {
            let (Some(kind), Some(want)) = (kind_of(object), stored.get(&key(object))) else { continue };
            let (mut got, mut want) = (create(&kind, object.clone(), want.uid()), want.clone());
            for object in [&mut got, &mut want] {
                if object.kind() == "Pod" {
                    admit(object);
                }
                // The client, not the server, writes this annotation.
                object.remove_at("/metadata/annotations/kubectl.kubernetes.io~1last-applied-configuration");
            }
            compared += 1;
            for part in parts.iter().filter(|part| got.at(part) != want.at(part)) {
                let shown = |object: &Object| object.at(part).map(ToString::to_string).unwrap_or_default();
                let (got, want) = (shown(&got), shown(&want));
                different.push(format!("{} {:?} {part}\n got {got}\nwant {want}", manifest.stem, key(object)));
            }
        }
    }
    assert!(compared > 100, "only {compared} objects");
    assert!(different.is_empty(), "{}", different.join("\n"));
}

/// Does to a pod what admission does, and removes the volume with a random name.
fn admit(pod: &mut Object) {
    let spec = &mut pod["spec"];
    for (field, value) in [
        ("/serviceAccount", json!("default")),
        ("/serviceAccountName", json!("default")),
        ("/priority", json!(0)),
        ("/preemptionPolicy", json!("PreemptLowerPriority")),
    ] {
        spec.put_default(field, value);
    }
    for key in ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"] {
        let list = spec.list_mut("/tolerations");
        let tolerated =
            |t: &Value| t.str("/key") == key || (t.str("/key").is_empty() && t.str("/operator") == "Exists");
        if !list.iter().any(tolerated) {
            list.push(json!({"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300}));
        }
    }
    remove_token(spec, "/volumes");
    for list in ["/containers", "/initContainers"] {
        spec.items_mut(list).for_each(|container| remove_token(container, "/volumeMounts"));
    }
}

/// Removes the service account token from a list of volumes or mounts, and the list when it is empty then.
fn remove_token(object: &mut Value, list: &str) {
    if object.at(list).is_some() {
        let items = object.list_mut(list);
        items.retain(|item| !item.str("/name").starts_with("kube-api-access-"));
        if items.is_empty() {
            object.remove_at(list);
        }
    }
}
