//! Server-side apply: the server merges the configuration and tracks the ownership of fields.
//!
//! Upstream: `kubectl/pkg/cmd/apply/apply.go` and `client-go/util/csaupgrade`.

use std::sync::Arc;

use super::options::{Applied, ApplyOptions};
use crate::resolve::Item;
use crate::{CliError, CliResult, Ctx, last_applied, record};
use kctl_base::json::json;
use kctl_base::managed::{applier_owns_last_applied, upgrade_client_side_apply};
use kctl_base::object::{Object, ObjectMeta, ValueRead};
use kctl_base::status::Status;
use kctl_cluster::PatchType;
use kctl_cluster::client::{Patch, WriteParams};

/// The default field manager of server-side apply.
const DEFAULT_MANAGER: &str = "kubectl";
/// The field manager that keeps the annotation of client-side apply.
const LAST_APPLIED_MANAGER: &str = "kubectl-last-applied";

/// Applies one object.
pub(super) fn apply(ctx: &mut Ctx, apply: &ApplyOptions, item: &Item) -> CliResult<Applied> {
    let mut object = item.content();
    record::annotate(&mut object, apply.cause.as_deref());
    if item.name.is_empty() && !object.str("/metadata/generateName").is_empty() {
        let prefix = object.str("/metadata/generateName");
        return Err(CliError::new(format!("from {prefix}: cannot use generate name with apply")));
    }
    let mut applied = send(ctx, apply, item, &object).map_err(conflict)?;
    match keep_annotation(ctx, apply, item, applied.clone()) {
        Ok(kept) => applied = kept,
        Err(error) => {
            warn(ctx, &format!("failed to migrate {} for Server-Side Apply", last_applied::LAST_APPLIED), &error)
        }
    }
    match migrate(ctx, apply, item, applied.clone()) {
        Ok(false) => {}
        Ok(true) => match send(ctx, apply, item, &object) {
            Ok(again) => applied = again,
            Err(error) => {
                warn(ctx, "failed to re-apply configuration after performing Server-Side Apply migration", &error);
            }
        },
        Err(error) => warn(ctx, "server rejected managed fields migration to Server-Side Apply", &error),
    }
    Ok(Applied { object: applied, done: "serverside-applied" })
}

/// Warns about a step after the apply that failed.
fn warn(ctx: &mut Ctx, what: &str, error: &CliError) {
    let why = error.text();
    ctx.warn(&format!("{what}. This is non-fatal and will be retried next time you apply. Error: {why}"));
}

fn params(apply: &ApplyOptions, item: &Item, manager: &str) -> WriteParams {
    item.write_params(manager).dry_run(apply.dry_run.is_server()).validation(apply.validation)
}

fn send(ctx: &mut Ctx, apply: &ApplyOptions, item: &Item, configuration: &Object) -> CliResult<Arc<Object>> {
    let path = item.path().subresource(&apply.subresource);
    let params = params(apply, item, &apply.manager).force(apply.force_conflicts);
    ctx.api(|client| client.apply(&path, configuration.clone(), &params))
}

/// Adds advice to a conflict.
fn conflict(error: CliError) -> CliError {
    match error {
        CliError::Status(status) if status.is_conflict() => CliError::new(advice(&status)),
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

/// Keeps the annotation under a manager of its own, so that it outlives the manager of client-side apply.
fn keep_annotation(ctx: &mut Ctx, apply: &ApplyOptions, item: &Item, live: Arc<Object>) -> CliResult<Arc<Object>> {
    let owned = applier_owns_last_applied(&live);
    let (Some(annotation), true) =
        (live.annotation(last_applied::LAST_APPLIED), apply.manager == DEFAULT_MANAGER && !owned)
    else {
        return Ok(live);
    };
    let mut configuration = json!({
        "apiVersion": live.api_version(),
        "kind": live.kind(),
        "metadata": {"annotations": {(last_applied::LAST_APPLIED): annotation}, "name": item.name},
    });
    if !item.namespace.is_empty() {
        configuration["metadata"]["namespace"] = item.namespace.clone().into();
    }
    let path = item.path().subresource(&apply.subresource);
    let params = params(apply, item, LAST_APPLIED_MANAGER);
    ctx.api(|client| client.apply(&path, configuration, &params))
}

/// The number of times that the migration is tried while others change the object (`maxPatchRetry`).
const MIGRATION_TRIES: usize = 5;

/// Makes the manager the owner of the fields of client-side apply; false if there was nothing to do
/// (`migrateToSSAIfNecessary`).
fn migrate(ctx: &mut Ctx, apply: &ApplyOptions, item: &Item, mut live: Arc<Object>) -> CliResult<bool> {
    let params = params(apply, item, &apply.manager);
    for attempt in 1.. {
        let Some(patch) = upgrade_client_side_apply(&live, &apply.manager) else { return Ok(false) };
        match ctx.api(|client| client.patch(&item.path(), Patch::Value(PatchType::Json, patch), &params)) {
            Ok(_) => return Ok(true),
            Err(CliError::Status(status)) if status.is_conflict() && attempt < MIGRATION_TRIES => {
                live = ctx.api(|client| client.get(&item.path()))?;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(false)
}
