//! `--overrides` of the verbs that generate objects: `run` and `expose`.

use clap::{ArgMatches, Command};

use crate::args::{self, ArgProperties, Matches};
use crate::{CliError, CliResult, scheme};
use kctl_base::gvk::split_api_version;
use kctl_base::json::Value;
use kctl_base::object::ObjectMeta;
use kctl_base::patch::{self, FieldType};
use kctl_base::quantity::Quantity;
use kctl_base::schema::{Schema, decode::decode};
use kctl_cluster::PatchType;

/// Adds the flags.
pub(super) fn flags(command: Command) -> Command {
    command.arg(args::text("overrides", "JSON that changes the created object. Must contain an apiVersion.")).arg(
        args::text("override-type", "Type of --overrides. One of: (json, merge, strategic).").help_default("'merge'"),
    )
}

/// Applies `--overrides` to a generated object.
pub(super) fn apply(object: Value, matches: &ArgMatches) -> CliResult<Value> {
    let text = matches.string("overrides");
    if text.is_empty() {
        return Ok(object);
    }
    let format = match matches.value_of("override-type").unwrap_or("merge") {
        "merge" => PatchType::Merge,
        "strategic" => PatchType::Strategic,
        "json" => PatchType::Json,
        other => return Err(CliError::new(format!("invalid override type: {other}"))),
    };
    let changes: Value = kctl_base::json::from_str(text).map_err(|_| CliError::new("Invalid JSON Patch"))?;
    if format == PatchType::Json && !changes.is_array() {
        let text = "json: cannot unmarshal object into Go value of type jsonpatch.Patch";
        return Err(CliError::new(text));
    }
    let (group, version) = split_api_version(object.api_version());
    let root = Schema::builtin().root(group, version, object.kind());
    let result = match (format, root) {
        (PatchType::Json, _) => patch::json::apply(&object, &changes).map_err(|e| e.to_string()),
        (PatchType::Strategic, Some(root)) => {
            let root = FieldType::Object(root.into());
            patch::strategic::apply(Schema::builtin(), &root, &object, &changes).map_err(|e| e.to_string())
        }
        _ => Ok(patch::merge::apply(&object, &changes)),
    };
    decoded(result.map_err(CliError::Failed)?)
}

/// The object as kubectl's Go types hold it: without unknown fields.
///
/// # Errors
/// The kind has no Go type, or a field does not fit it.
fn decoded(object: Value) -> CliResult<Value> {
    let root = scheme::definition(object.api_version(), object.kind())?;
    let canonical = |text: &str| text.parse::<Quantity>().map(|q| q.canonical()).map_err(|e| e.to_string());
    match decode(Schema::builtin(), root, object, canonical) {
        Ok(decoded) => Ok(decoded.value),
        Err(error) => Err(CliError::new(error.to_string())),
    }
}
