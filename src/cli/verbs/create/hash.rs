//! `--append-hash`: appends a hash of the content to the name of a ConfigMap or Secret.
//!
//! Upstream: `kubectl/pkg/util/hash/hash.go`.

use clap::Command;

use crate::args;
use kctl_base::json::{Value, json};
use kctl_base::object::{ObjectMeta, ValueWrite};
use kctl_kustomize::content_hash;

/// Adds the flag.
pub(super) fn flag(command: Command) -> Command {
    command.arg(args::switch("append-hash", "Append a hash of the content to the name."))
}

/// Appends a hash of kind, name and the given fields to the name.
pub(super) fn append(object: &mut Value, fields: &[&str]) {
    let mut hashed = json!({"kind": object.kind(), "name": object.name()});
    for field in fields {
        match object.get(*field) {
            Some(value) => hashed[*field] = value.clone(),
            // A missing type is hashed as an empty string and missing data as an empty map; other missing fields are
            // omitted.
            None if *field == "type" => hashed["type"] = "".into(),
            None if *field == "data" => hashed["data"] = json!({}),
            None => {}
        }
    }
    let name = format!("{}-{}", object.name(), content_hash(&hashed));
    object.put("/metadata/name", name);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_kubectl_s() {
        let hashed = |mut object: Value, fields: &[&str]| {
            append(&mut object, fields);
            object.name().to_string()
        };
        let map = json!({"kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"a": "b"}});
        assert_eq!(hashed(map, &["data", "binaryData"]), "a-75d544dcc8");
        let empty = json!({"kind": "ConfigMap", "metadata": {"name": "a"}});
        assert_eq!(hashed(empty, &["data", "binaryData"]), "a-586ff7h6km");
        let secret = json!({"kind": "Secret", "metadata": {"name": "a"}, "data": {"a": "Yg=="}});
        assert_eq!(hashed(secret, &["data", "type"]), "a-648mt2ck52");
    }
}
