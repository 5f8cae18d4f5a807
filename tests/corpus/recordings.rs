//! Access to the recordings beside the repository.

use std::path::{Path, PathBuf};

use kctl_base::json::{Map, Value};
use serde::Deserialize as _;

/// A test that reads recordings.
pub(crate) struct Case {
    /// The name of the trial, such as `base::yaml::recorded_output_round_trips`.
    pub(crate) name: &'static str,
    /// The files and folders it reads, relative to `../shared`.
    pub(crate) reads: &'static [&'static str],
    /// The test, which panics when it fails.
    pub(crate) check: fn(),
}

impl Case {
    /// Returns the first recording that the case needs and that is not there.
    pub(crate) fn missing(&self) -> Option<&'static str> {
        self.reads.iter().copied().find(|recording| !path(recording).exists())
    }
}

/// Returns the path of a recording, given relative to `../shared`.
pub(crate) fn path(recording: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared").join(recording)
}

/// Reads a recording as text.
pub(crate) fn text(recording: &str) -> String {
    let path = path(recording);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Reads a recording as JSON.
pub(crate) fn json(recording: &str) -> Value {
    serde_json::from_str(&text(recording)).unwrap_or_else(|error| panic!("{recording}: {error}"))
}

/// Returns the names of the files in a folder that end in `ending`, sorted.
pub(crate) fn files(folder: &str, ending: &str) -> Vec<String> {
    let entries = std::fs::read_dir(path(folder)).unwrap_or_else(|error| panic!("{folder}: {error}"));
    let names = entries.map(|entry| entry.expect("a directory entry").file_name().to_string_lossy().into_owned());
    let mut names: Vec<String> = names.filter(|name| name.ends_with(ending)).collect();
    names.sort();
    names
}

/// Returns the OpenAPI definitions that the server published, by name.
pub(crate) fn openapi_definitions() -> Map {
    match json("api/schema-definitions.json") {
        Value::Object(definitions) => definitions,
        other => panic!("the definitions are an object, not {other}"),
    }
}

/// Parses the objects in a YAML text up to the first document that is broken.
pub(crate) fn yaml_objects(text: &str) -> Vec<Value> {
    let documents = serde_yaml::Deserializer::from_str(text).map(Value::deserialize);
    // The deserializer repeats a syntax error for ever.
    documents.map_while(Result::ok).filter(Value::is_object).collect()
}

/// Returns the manifests of the corpus that hold one object, with the object that the server stored for them.
pub(crate) fn manifests_and_stored_objects() -> Vec<(Value, Value)> {
    let mut pairs = Vec::new();
    for name in files("corpus", ".out.yaml") {
        let stem = name.trim_end_matches(".out.yaml");
        let inputs = ["yaml", "yml", "json"].map(|extension| format!("corpus/{stem}.in.{extension}"));
        let Some(input) = inputs.iter().find(|input| path(input).is_file()) else { continue };
        let (manifest, stored) = (yaml_objects(&text(input)), yaml_objects(&text(&format!("corpus/{name}"))));
        if let ([manifest], [stored]) = (manifest.as_slice(), stored.as_slice())
            && manifest["kind"] == stored["kind"]
            && manifest["metadata"]["name"].is_string()
        {
            pairs.push((manifest.clone(), stored.clone()));
        }
    }
    pairs
}
