//! Defaults, preparation and validation against what a real server made of many manifests, and discovery against its own.
#![allow(clippy::unwrap_used, reason = "a test may fail on recordings that it cannot read")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::Catalog;
use kctl_base::gvk::split_api_version;
use kctl_base::json::{Value, json};
use kctl_base::object::{ObjectMeta, ValueRead, ValueWrite};
use kctl_base::yaml::split_documents;

/// The recordings, where they are present.
fn shared(folder: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared").join(folder);
    path.is_dir().then_some(path)
}

/// The objects of a file, lists taken apart.
fn objects(path: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).unwrap();
    let documents = split_documents(&text);
    let values = documents.iter().filter_map(|d| Some(d.load().ok()?.value));
    values
        .flat_map(|d| match d.get("items").and_then(Value::as_array) {
            Some(items) => items.clone(),
            None => vec![d],
        })
        .filter(Value::is_object)
        .collect()
}

/// Takes out what other parts of the server decide: addresses, ports, times and who asks.
fn without_decisions(mut object: Value) -> Value {
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

/// Drops empty maps, lists, texts and nulls, which decoding and encoding in the server's types drop or add.
fn without_empty(value: Value) -> Value {
    let empty = |v: &Value| match v {
        Value::Null => true,
        Value::Object(map) => map.is_empty(),
        Value::Array(list) => list.is_empty(),
        Value::String(text) => text.is_empty(),
        _ => false,
    };
    match value {
        Value::Object(map) => {
            let inner = map.into_iter().map(|(k, v)| (k, without_empty(v)));
            Value::Object(inner.filter(|(_, v)| !empty(v)).collect())
        }
        Value::Array(list) => Value::Array(list.into_iter().map(without_empty).collect()),
        other => other,
    }
}

/// What differs, and why. The list may only become shorter.
const KNOWN_GAPS: &[(&str, &str)] = &[
    ("hack-testdata-null-propagation-resourcesquota-null", "decoding turns a null amount into zero"),
    ("seeds-pv-nfs", "decoding drops a false that is as good as nothing"),
    ("seeds-pv-nfs-as-shown", "decoding drops a false that is as good as nothing"),
    ("test-fixtures-pkg-kubectl-cmd-create-sar-v1", "the server answers the question"),
    ("test-fixtures-pkg-kubectl-cmd-create-tokenreview-v1", "the server answers the question"),
];

#[test]
fn manifests_become_what_the_server_makes_of_them() {
    let Some(folder) = shared("corpus") else { return };
    let catalog = Catalog::default();
    let mut differences = Vec::new();
    let mut gaps = BTreeSet::new();
    let mut compared = 0;
    for entry in std::fs::read_dir(&folder).unwrap().map(|e| e.unwrap().path()) {
        let name = entry.file_name().unwrap().to_str().unwrap().to_string();
        let Some((stem, _)) = name.split_once(".in.").filter(|_| !name.ends_with(".out.yaml")) else { continue };
        let results: BTreeMap<(String, String), Value> = objects(&folder.join(format!("{stem}.out.yaml")))
            .into_iter()
            .map(|o| ((o.kind().to_string(), o.name().to_string()), o))
            .collect();
        for mut object in objects(&entry) {
            let (group, version) = split_api_version(object.api_version());
            let Some(kind) = catalog.by_gvk(group, version, object.kind()) else { continue };
            let Some(want) = results.get(&(object.kind().to_string(), object.name().to_string())) else { continue };
            if ["Pod", "Job"].contains(&object.kind()) {
                // Admission and uids add to these what is no business of their kind; `shared::corpus` compares the rest.
                continue;
            }
            kind.set_defaults(&mut object);
            kind.prepare_create(&mut object);
            let errors = kind.validate(&object);
            assert!(errors.is_empty(), "{stem}: {errors:?}");
            compared += 1;
            let got = without_empty(without_decisions(object.clone()));
            let want = without_empty(without_decisions(want.clone()));
            if got == want {
                continue;
            }
            if KNOWN_GAPS.iter().any(|(gap, _)| *gap == stem) {
                gaps.insert(stem.to_string());
            } else {
                differences.push(format!("{stem} {}/{}\n got {got}\nwant {want}", object.kind(), object.name()));
            }
        }
    }
    assert!(compared > 100, "only {compared} objects");
    assert!(differences.is_empty(), "{}", differences.join("\n"));
    let closed: Vec<_> = KNOWN_GAPS.iter().filter(|(gap, _)| !gaps.contains(*gap)).collect();
    assert!(closed.is_empty(), "no longer gaps: {closed:?}");
}

#[test]
fn refusals_are_those_of_the_server() {
    let Some(folder) = shared("corpus") else { return };
    let catalog = Catalog::default();
    for entry in std::fs::read_dir(&folder).unwrap().map(|e| e.unwrap().path()) {
        let Some(stem) = entry.file_name().and_then(|n| n.to_str()?.strip_suffix(".err")) else { continue };
        let text = std::fs::read_to_string(&entry).unwrap();
        let Some((_, wanted)) = text.split_once("\" is invalid: ") else { continue };
        // Only the server knows which addresses it may give away.
        if wanted.contains("failed to allocate IP") {
            continue;
        }
        let input = ["yaml", "yml", "json"].iter().map(|e| folder.join(format!("{stem}.in.{e}"))).find(|p| p.is_file());
        for mut object in objects(&input.unwrap()) {
            let (group, version) = split_api_version(object.api_version());
            let Some(kind) = catalog.by_gvk(group, version, object.kind()) else { continue };
            kind.set_defaults(&mut object);
            kind.prepare_create(&mut object);
            for error in kind.validate(&object) {
                assert!(wanted.contains(&error.to_string()), "{stem}: {error} is not in {wanted}");
            }
        }
    }
}

/// The kinds of workloads, which are defined elsewhere in the list.
const WORKLOADS: &[&str] = &[
    "pods",
    "podtemplates",
    "replicationcontrollers",
    "controllerrevisions",
    "daemonsets",
    "deployments",
    "replicasets",
    "statefulsets",
    "cronjobs",
    "jobs",
];

#[test]
fn discovery_knows_what_the_server_serves() {
    let Some(folder) = shared("api/discovery") else { return };
    let catalog = Catalog::default();
    for entry in std::fs::read_dir(&folder).unwrap().map(|e| e.unwrap().path()) {
        let document: Value = serde_json::from_str(&std::fs::read_to_string(&entry).unwrap()).unwrap();
        let (group, version) = split_api_version(document.str("/groupVersion"));
        for resource in document.list("/resources") {
            let plural = resource.str("/name");
            if let Some((parent, sub)) = plural.split_once('/') {
                let found = catalog.iter().find(|k| k.names().plural == parent && k.names().group == group);
                if sub == "status" && !WORKLOADS.contains(&parent) {
                    assert!(found.is_some_and(|k| k.has_status()), "{plural} has a status");
                }
                continue;
            }
            if WORKLOADS.contains(&plural) {
                continue;
            }
            let kind = catalog.by_gvk(group, version, resource.str("/kind"));
            let kind = kind.unwrap_or_else(|| panic!("{plural} in {group}/{version} is missing"));
            let names = kind.names();
            assert_eq!((names.plural, names.singular), (plural, resource.str("/singularName")));
            assert_eq!(json!(names.namespaced), resource["namespaced"], "{plural}");
            assert_eq!(json!(names.short), json!(resource.list("/shortNames")), "{plural}");
            assert_eq!(json!(names.categories), json!(resource.list("/categories")), "{plural}");
            assert_eq!(json!(kind.verbs()), resource["verbs"], "{plural}");
        }
    }
}

#[test]
fn tables_have_the_columns_of_the_server() {
    let Some(folder) = shared("api") else { return };
    let text = std::fs::read_to_string(folder.join("table-columns.json")).unwrap();
    let tables: BTreeMap<String, Value> = serde_json::from_str(&text).unwrap();
    let catalog = Catalog::default();
    for (resource, columns) in tables {
        let (group_version, plural) = resource.rsplit_once('/').unwrap();
        if WORKLOADS.contains(&plural) {
            continue;
        }
        let (group, version) = split_api_version(group_version);
        let kind = catalog.iter().find(|k| k.names().plural == plural && super::catalog::serves(&**k, group, version));
        let kind = kind.unwrap_or_else(|| panic!("{resource} is missing"));
        let wanted: Vec<(&str, bool)> =
            columns.as_array().unwrap().iter().map(|c| (c.str("/name"), c.int("/priority") == Some(1))).collect();
        let columns = kind.columns();
        let got: Vec<(&str, bool)> = columns.iter().map(|c| (c.name.as_str(), c.wide)).collect();
        assert_eq!(got, wanted, "{resource}");
        assert_eq!(kind.row(&json!({}), kctl_base::sim::Time::default()).len(), got.len(), "{resource}");
    }
}
