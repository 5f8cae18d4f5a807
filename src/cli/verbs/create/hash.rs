//! `--append-hash`: the name of a ConfigMap or Secret ends in a hash of what it holds.

use clap::Command;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::cli::args;
use crate::machinery::object::{Meta, Writing};

/// The flag.
pub(super) fn flag(command: Command) -> Command {
    command.arg(args::switch("append-hash", "append a hash of the content to the name"))
}

/// Appends the hash of kind, name and the given fields to the name.
pub(super) fn append(object: &mut Value, fields: &[&str]) {
    let mut hashed = json!({"kind": object.kind(), "name": object.name()});
    for field in fields {
        match object.get(*field) {
            Some(value) => hashed[*field] = value.clone(),
            // A type that was not given is hashed as the empty text, no data as an empty map; other fields are left out.
            None if *field == "type" => hashed["type"] = "".into(),
            None if *field == "data" => hashed["data"] = json!({}),
            None => {}
        }
    }
    let digest = Sha256::digest(crate::machinery::json::to_compact(&hashed));
    let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    let name = format!("{}-{}", object.name(), safe(&hex[..10]));
    object.put("/metadata/name", name);
}

/// Hexadecimal digits without those that could spell a word.
fn safe(hex: &str) -> String {
    let letter = |c| match c {
        '0' => 'g',
        '1' => 'h',
        '3' => 'k',
        'a' => 'm',
        'e' => 't',
        other => other,
    };
    hex.chars().map(letter).collect()
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
