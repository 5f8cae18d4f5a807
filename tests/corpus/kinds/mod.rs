//! The cases of `kctl-kinds`: creation, validation and warnings, discovery and table columns.

mod creation;
mod discovery;
mod validation;

use std::collections::BTreeMap;

use kctl_base::gvk::split_api_version;
use kctl_base::json::Value;
use kctl_base::object::{Object, ObjectMeta, ValueWrite};
use kctl_base::yaml::split_documents;
use kctl_kinds::Catalog;
use kctl_kinds::catalog::KindRef;

use crate::recordings::{Case, files, path, text};

const CORPUS: &[&str] = &["corpus"];

/// The cases of this crate.
pub(crate) const CASES: &[Case] = &[
    Case {
        name: "kinds::creation::objects_are_created_as_by_the_server",
        reads: CORPUS,
        check: creation::objects_are_created_as_by_the_server,
    },
    Case {
        name: "kinds::creation::workloads_are_created_exactly_as_by_the_server",
        reads: CORPUS,
        check: creation::workloads_are_created_exactly_as_by_the_server,
    },
    Case {
        name: "kinds::validation::errors_are_among_those_of_the_server",
        reads: CORPUS,
        check: validation::errors_are_among_those_of_the_server,
    },
    Case {
        name: "kinds::validation::workload_warnings_match",
        reads: CORPUS,
        check: validation::workload_warnings_match,
    },
    Case {
        name: "kinds::validation::definitions_that_the_server_accepted_are_valid",
        reads: CORPUS,
        check: validation::definitions_that_the_server_accepted_are_valid,
    },
    Case { name: "kinds::discovery::resources_match", reads: &["api/discovery"], check: discovery::resources_match },
    Case {
        name: "kinds::discovery::table_columns_match",
        reads: &[discovery::TABLE_COLUMNS],
        check: discovery::table_columns_match,
    },
];

/// A manifest of the corpus: its name without extensions, and its objects.
struct Manifest {
    stem: String,
    objects: Vec<Object>,
}

/// Reads all manifests of the corpus.
fn manifests() -> Vec<Manifest> {
    let inputs = files("corpus", "").into_iter().filter_map(|name| {
        let (stem, _) = name.split_once(".in.")?;
        Some(Manifest { stem: stem.to_owned(), objects: objects(&name) })
    });
    inputs.collect()
}

/// Reads a recording that belongs to a manifest, such as `.err`; empty when there is none.
fn recorded(manifest: &Manifest, extension: &str) -> String {
    let recording = format!("corpus/{}{extension}", manifest.stem);
    if path(&recording).is_file() { text(&recording) } else { String::new() }
}

/// Reads the objects that the server stored for a manifest, by kind and name.
fn stored(manifest: &Manifest) -> BTreeMap<(String, String), Object> {
    let name = format!("{}.out.yaml", manifest.stem);
    if !path(&format!("corpus/{name}")).is_file() {
        return BTreeMap::new();
    }
    objects(&name).into_iter().map(|object| (key(&object), object)).collect()
}

fn key(object: &Object) -> (String, String) {
    (object.kind().to_owned(), object.name().to_owned())
}

/// Reads the objects in a file of the corpus, those in lists one by one. Skips documents that are not valid YAML.
fn objects(name: &str) -> Vec<Object> {
    let text = text(&format!("corpus/{name}"));
    let documents = split_documents(&text);
    let values = documents.iter().filter_map(|document| Some(document.load().ok()?.value));
    let objects = values.flat_map(|value| match value.get("items").and_then(Value::as_array) {
        Some(items) => items.clone(),
        None => vec![value],
    });
    objects.filter(Value::is_object).collect()
}

fn kind_of(object: &Object) -> Option<KindRef> {
    let (group, version) = split_api_version(object.api_version());
    Catalog::default().by_gvk(group, version, object.kind())
}

/// Does what the server does with a new object, admission and validation apart.
fn create(kind: &KindRef, mut object: Object, uid: &str) -> Object {
    object.put_default("/metadata/namespace", "default");
    object.put("/metadata/uid", uid);
    kind.set_defaults(&mut object);
    kind.prepare_create(&mut object);
    kind.set_defaults_on_read(&mut object);
    object
}

/// The kinds that create pods, and pods themselves.
fn is_workload(object: &Object) -> bool {
    let kinds = [
        "CronJob",
        "DaemonSet",
        "Deployment",
        "Job",
        "Pod",
        "PodTemplate",
        "ReplicaSet",
        "ReplicationController",
        "StatefulSet",
    ];
    kinds.contains(&object.kind())
}
