//! `create configmap`.
//!
//! Upstream: `kubectl/pkg/cmd/create/create_configmap.go`.

use base64::Engine;
use clap::{ArgMatches, Command};

use super::generator::{self, Generator};
use super::{hash, sources};
use crate::args::Matches;
use crate::{CliError, CliResult, Ctx, Verb};
use kctl_base::json::{Value, json};
use kctl_base::object::{ValueRead, ValueWrite};

/// The `create configmap` verb.
pub(super) const VERB: Verb = Verb {
    name: "configmap",
    aliases: &["cm"],
    about: "Create a config map from a local file, directory or literal value",
    long: "Create a config map from files, directories or literal values.

 A file becomes an entry under its base name unless a key is given; the files of a directory become entries under \
    their base names, as far as these are valid keys.",
    examples: &[
        (
            "Create a config map from literal values",
            "create configmap settings --from-literal=level=debug --from-literal=color=blue",
        ),
        ("Create a config map from the files of a directory", "create configmap settings --from-file=config/"),
        (
            "Create a config map with a key of its own for a file",
            "create configmap settings --from-file=app.conf=config/production.conf",
        ),
        ("Create a config map from a file with KEY=VALUE lines", "create configmap settings --from-env-file=app.env"),
    ],
    usage: "NAME [--from-file=[key=]source] [--from-literal=key1=value1] [--dry-run=server|client|none]",
    flags,
    run: |ctx, matches| generator::run(ctx, matches, &GENERATOR),
    family: &[],
};

const GENERATOR: Generator = Generator { path: "create configmap", failed: "failed to create configmap: ", build };

fn flags(command: Command) -> Command {
    hash::flag(sources::flags(generator::flags(command)))
}

fn build(_: &mut Ctx, matches: &ArgMatches, name: &str) -> CliResult<Value> {
    let mut map = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}});
    for (key, bytes) in sources::read(matches)? {
        if let Some(problem) = sources::key_problems(&key) {
            return Err(CliError::new(format!("\"{key}\" is not a valid key name for a ConfigMap: {problem}")));
        }
        for field in ["data", "binaryData"] {
            if map.map(&format!("/{field}")).is_some_and(|m| m.contains_key(&key)) {
                let held = if field == "data" { "Data" } else { "BinaryData" };
                return Err(CliError::new(format!(
                    "cannot add key \"{key}\", another key by that name already exists in {held} for ConfigMap \"{name}\""
                )));
            }
        }
        match String::from_utf8(bytes) {
            Ok(text) => drop(map.map_mut("/data").insert(key, text.into())),
            Err(binary) => {
                let text = base64::engine::general_purpose::STANDARD.encode(binary.as_bytes());
                map.map_mut("/binaryData").insert(key, text.into());
            }
        }
    }
    if matches.flag("append-hash") {
        hash::append(&mut map, &["data", "binaryData"]);
    }
    Ok(map)
}
