//! Objects that a verb makes out of flags (`run`, `expose`, `autoscale`): changes by `--overrides`, sending, dry runs.

use clap::{ArgMatches, Command};

use super::change;
use crate::args::groups;
use crate::args::{self, ArgProperties, Matches};
use crate::dry_run::DryRun;
use crate::{CliError, CliResult, Ctx, last_applied};
use kctl_base::gvk::split_api_version;
use kctl_base::json::Value;
use kctl_base::object::{ObjectMeta, ValueWrite};
use kctl_base::patch::{self, FieldType};
use kctl_base::quantity::Quantity;
use kctl_base::schema::{Schema, decode::decode};
use kctl_cluster::api::{Body, PatchType, Request, Verb as ApiVerb};

/// The flags of `--overrides`.
pub(super) fn overrides(command: Command) -> Command {
    command.arg(args::text("overrides", "JSON that changes the created object. Must contain an apiVersion.")).arg(
        args::text("override-type", "Type of --overrides. One of: (json, merge, strategic).").help_default("'merge'"),
    )
}

/// Applies `--overrides`.
pub(super) fn overridden(object: Value, matches: &ArgMatches) -> CliResult<Value> {
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
    let changes: Value = serde_json::from_str(text).map_err(|_| CliError::new("Invalid JSON Patch"))?;
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

/// The object as kubectl's own types hold it: without fields that they do not know.
fn decoded(object: Value) -> CliResult<Value> {
    let (group, version) = split_api_version(object.api_version());
    let Some(root) = Schema::builtin().root(group, version, object.kind()) else { return Ok(object) };
    let canonical = |text: &str| text.parse::<Quantity>().map(|q| q.canonical()).map_err(|e| e.to_string());
    match decode(Schema::builtin(), root, object, canonical) {
        Ok(decoded) => Ok(decoded.value),
        Err(error) => Err(CliError::new(error.to_string())),
    }
}

/// Who makes an object, and how far.
pub(super) struct Making<'a> {
    pub(super) manager: &'a str,
    pub(super) dry_run: DryRun,
    pub(super) save_config: bool,
}

impl Making<'_> {
    /// Reads the flags that all these verbs have.
    pub(super) fn flags(command: Command, manager: &str) -> Command {
        groups::save_config(groups::field_manager(groups::dry_run(groups::output(groups::args(command))), manager))
    }

    /// Creates the object, and answers it as the server or a dry run of the client has it.
    pub(super) fn create(&self, ctx: &mut Ctx, mut object: Value) -> CliResult<Value> {
        let (group, version) = split_api_version(object.api_version());
        let kind = ctx.cluster()?.server().catalog().by_gvk(group, version, object.kind());
        let kind = kind.ok_or_else(|| {
            CliError::new(format!("no matches for kind \"{}\" in version \"{}\"", object.kind(), object.api_version()))
        })?;
        let names = *kind.names();
        if self.dry_run.is_client() {
            if ctx.namespace_given() && names.namespaced {
                object.put("/metadata/namespace", ctx.namespace());
            }
            return Ok(change::typed(&object));
        }
        last_applied::keep(&mut object, self.save_config);
        let namespace = match (names.namespaced, object.namespace()) {
            (false, _) => String::new(),
            (true, "") => ctx.namespace(),
            (true, own) => own.to_string(),
        };
        let request = Request::new(ApiVerb::Create, &names.resource(), &namespace, "")
            .manager(self.manager)
            .dry_run(self.dry_run.is_server());
        Ok((*ctx.call(&request.body(Body::Object(object)))?.object).clone())
    }
}
