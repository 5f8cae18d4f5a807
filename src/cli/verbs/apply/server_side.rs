//! Apply by the server: the configuration is sent as it is, the server merges it and knows who owns what.

use super::{Applied, Apply};
use crate::api::{Body, PatchType, Verb as ApiVerb};
use crate::cli::resolve::Item;
use crate::cli::{CliError, CliResult, Ctx, last_applied, record};
use crate::machinery::json;
use crate::machinery::object::{Meta, Object, Reading};
use crate::machinery::status::Status;

/// The manager of client-side apply, from which fields move over.
const CLIENT_SIDE_MANAGER: &str = "kubectl-client-side-apply";
/// The manager under which the annotation of client-side apply lives on.
const LAST_APPLIED_MANAGER: &str = "kubectl-last-applied";

/// Applies one object.
pub(super) fn apply(ctx: &mut Ctx, apply: &Apply, item: &Item) -> CliResult<Applied> {
    let mut object = item.content();
    record::note(&mut object, apply.cause.as_deref());
    if item.name.is_empty() && !object.str("/metadata/generateName").is_empty() {
        let prefix = object.str("/metadata/generateName");
        return Err(CliError::text(format!("from {prefix}: cannot use generate name with apply")));
    }
    let response = send(ctx, apply, item, &apply.manager, &object).map_err(conflict)?;
    let mut applied = response;
    if let Some(annotation) = left_by_client_side(&applied) {
        applied = keep_annotation(ctx, apply, item, &annotation)?;
    }
    Ok(Applied { object: applied, done: "serverside-applied" })
}

fn send(
    ctx: &mut Ctx,
    apply: &Apply,
    item: &Item,
    manager: &str,
    configuration: &Object,
) -> CliResult<std::sync::Arc<Object>> {
    let mut request = item
        .request(ApiVerb::Patch)
        .manager(manager)
        .dry_run(apply.dry_run.is_server())
        .subresource(&apply.subresource);
    request.options.force = apply.force_conflicts;
    request.options.validation = apply.validation;
    Ok(ctx.call(&request.body(Body::Patch(PatchType::Apply, json::to_compact(configuration))))?.object)
}

/// A conflict comes with advice.
fn conflict(error: CliError) -> CliError {
    match error {
        CliError::Status(status) if status.is_conflict() => CliError::text(advice(&status)),
        other => other,
    }
}

fn advice(status: &Status) -> String {
    format!(
        "{}
Please review the fields above--they currently have other managers. Here
are the ways you can resolve this warning:
* If you intend to manage all of these fields, please re-run the apply
  command with the `--force-conflicts` flag.
* If you do not intend to manage all of the fields, please edit your
  manifest to remove references to the fields that should keep their
  current managers.
* You may co-own fields by updating your manifest to match the existing
  value; in this case, you'll become the manager if the other manager(s)
  stop managing the field (remove it from their configuration).
See https://kubernetes.io/docs/reference/using-api/server-side-apply/#conflicts",
        status.message
    )
}

/// The annotation of an object that client-side apply has managed until now.
fn left_by_client_side(object: &Object) -> Option<String> {
    let managed = object.list("/metadata/managedFields");
    let by_client = managed.iter().any(|m| {
        m.str("/manager") == CLIENT_SIDE_MANAGER && m.str("/operation") == "Update" && m.at("/subresource").is_none()
    });
    let annotation = object.annotation(last_applied::LAST_APPLIED)?;
    by_client.then(|| annotation.to_string())
}

/// Keeps the annotation under a manager of its own, so that nobody has to own it by accident.
fn keep_annotation(ctx: &mut Ctx, apply: &Apply, item: &Item, annotation: &str) -> CliResult<std::sync::Arc<Object>> {
    let mut configuration = item.content();
    for key in configuration.as_object().map(|m| m.keys().cloned().collect::<Vec<_>>()).unwrap_or_default() {
        if !["apiVersion", "kind"].contains(&key.as_str()) {
            configuration.as_object_mut().and_then(|m| m.remove(&key));
        }
    }
    let mut metadata = serde_json::json!({
        "name": item.name,
        "annotations": {last_applied::LAST_APPLIED: annotation},
    });
    if !item.namespace.is_empty() {
        metadata["namespace"] = item.namespace.clone().into();
    }
    configuration["metadata"] = metadata;
    send(ctx, apply, item, LAST_APPLIED_MANAGER, &configuration)
}
