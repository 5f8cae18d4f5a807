//! Decoding manifests, and objects that a server wrote.

use kctl_base::gvk::split_api_version;
use kctl_base::json::Value;
use kctl_base::object::{ObjectMeta as _, ValueRead as _};
use kctl_base::quantity::Quantity;
use kctl_base::schema::decode::{Decoded, decode};
use kctl_base::schema::{Schema, message, shape};

use crate::recordings::{files, path, text};

/// Objects that a server wrote have no unknown fields, and decoding and completing them changes nothing.
pub(super) fn stored_objects_decode_to_themselves() {
    let mut seen = 0;
    for (file, root, object) in builtin_objects(".out.yaml") {
        seen += 1;
        let mut decoded = decoded(root, &object).unwrap_or_else(|error| panic!("{file}: {error}"));
        assert!(decoded.unknown.is_empty(), "{file}: {:?}", decoded.unknown);
        shape::complete(Schema::builtin(), root, &mut decoded.value);
        let mut completed = object.clone();
        shape::complete(Schema::builtin(), root, &mut completed);
        assert_eq!(decoded.value, completed, "{file}");
        assert_eq!(completed, object, "{file}: completion adds what the server does not write");
    }
    assert!(seen > 300, "only {seen} objects");
}

/// Manifests decode, and those that the server refused with a strict decoding error give the same error.
pub(super) fn strict_errors_match() {
    let mut seen = 0;
    for (file, root, manifest) in builtin_objects(".in.yaml") {
        let decoded = decoded(root, &manifest).unwrap_or_else(|error| panic!("{file}: {error}"));
        let errors = format!("corpus/{}", file.replace(".in.yaml", ".err"));
        let errors = if path(&errors).exists() { text(&errors) } else { String::new() };
        let recorded = errors.lines().find_map(|line| line.split_once("(BadRequest): error when creating \"IN\": "));
        let Some((_, recorded)) = recorded else {
            assert!(decoded.unknown.is_empty() || !errors.is_empty(), "{file}: {:?}", decoded.unknown);
            continue;
        };
        let (_, version) = split_api_version(manifest.api_version());
        let message = message::cannot_be_handled(manifest.kind(), version, &message::strict(&decoded.unknown));
        assert_eq!(message, recorded, "{file}");
        seen += 1;
    }
    assert_eq!(seen, 2, "recorded strict decoding errors");
}

fn decoded(root: &str, object: &Value) -> Result<Decoded, String> {
    let quantity = |text: &str| text.parse::<Quantity>().map(|amount| amount.to_string()).map_err(|e| e.to_string());
    decode(Schema::builtin(), root, object.clone(), quantity).map_err(|error| error.to_string())
}

/// Returns the objects of built-in kinds in the corpus files with this ending: file, definition, object.
fn builtin_objects(ending: &str) -> Vec<(String, &'static str, Value)> {
    let mut found = Vec::new();
    for file in files("corpus", ending) {
        for document in all_documents(&text(&format!("corpus/{file}"))) {
            let items = document.at("/items").and_then(Value::as_array).cloned();
            for object in items.unwrap_or_else(|| vec![document.clone()]) {
                let (group, version) = split_api_version(object.api_version());
                if let Some(root) = Schema::builtin().root(group, version, object.kind()) {
                    found.push((file.clone(), root, object));
                }
            }
        }
    }
    found
}

/// Parses the documents of a YAML text, without those that are broken.
fn all_documents(text: &str) -> Vec<Value> {
    use serde::Deserialize as _;
    serde_yaml::Deserializer::from_str(text).filter_map(|document| Value::deserialize(document).ok()).collect()
}
