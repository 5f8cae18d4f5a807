//! Client-side apply: a three-way merge of the last applied, the new and the live configuration.
//!
//! Upstream: `kubectl/pkg/cmd/apply/apply.go` and `patcher.go`.

use std::sync::Arc;

use super::options::{Applied, ApplyOptions, described};
use crate::resolve::Item;
use crate::verbs::creation::Creation;
use crate::verbs::delete;
use crate::{CliError, CliResult, Ctx, last_applied, record, wait_deleted};
use kctl_base::json::{self, Map, Value};
use kctl_base::object::{Object, ObjectMeta, ValueRead};
use kctl_base::patch::{FieldType, merge, strategic, three_way};
use kctl_base::schema::Schema;
use kctl_base::sim::Duration;
use kctl_cluster::PatchType;
use kctl_cluster::client::Patch;

/// Applies one object.
pub(super) fn apply(ctx: &mut Ctx, apply: &ApplyOptions, item: &Item) -> CliResult<Applied> {
    let mut object = item.content();
    record::annotate(&mut object, apply.cause.as_deref());
    if item.name.is_empty() {
        let generate = object.str("/metadata/generateName");
        if !generate.is_empty() {
            return Err(CliError::new(format!("from {generate}: cannot use generate name with apply")));
        }
        let verb = format!("retrieving current configuration of:\n{}\nfrom server for:", described(item));
        return Err(item.unnamed(&verb));
    }
    match item.fetch(ctx) {
        Ok(live) => change(ctx, apply, item, &object, live),
        Err(error) if error.is_not_found() => create(ctx, apply, item, &object),
        Err(error) => {
            let verb = format!("retrieving current configuration of:\n{}\nfrom server for:", described(item));
            Err(item.error(&verb, error))
        }
    }
}

fn create(ctx: &mut Ctx, apply: &ApplyOptions, item: &Item, object: &Value) -> CliResult<Applied> {
    let new = last_applied::annotated(object);
    let done = "created";
    if apply.dry_run.is_client() {
        return Ok(Applied { object: Arc::new(new), done });
    }
    let created = apply.creation().create_item(ctx, item, last_applied::without_nulls(&new));
    Ok(Applied { object: created.map_err(|e| item.error("creating", e))?, done })
}

fn change(ctx: &mut Ctx, apply: &ApplyOptions, item: &Item, object: &Value, live: Arc<Object>) -> CliResult<Applied> {
    if live.annotation(last_applied::LAST_APPLIED).is_none() {
        let (plural, program) = (item.kind.names().plural, ctx.program.clone());
        ctx.warn(&format!(
            "resource {plural}/{} is missing the {} annotation which is required by {program} apply. {program} apply should only be used on resources created declaratively by either {program} create --save-config or {program} apply. The missing annotation will be patched automatically.",
            item.name,
            last_applied::LAST_APPLIED
        ));
    }
    let modified = last_applied::annotated(object);
    let (format, patch) = patch(item, &live, &modified)?;
    if patch.as_object().is_some_and(Map::is_empty) {
        return Ok(Applied { object: live, done: "unchanged" });
    }
    let done = "configured";
    if apply.dry_run.is_client() {
        let object = patched_locally(item, format, &live, &patch).map_err(|e| failed(item, &patch, e))?;
        return Ok(Applied { object: Arc::new(object), done });
    }
    match send(ctx, apply, item, format, &patch) {
        Ok(object) => Ok(Applied { object, done }),
        Err(CliError::Status(status)) if apply.force && (status.is_invalid() || status.is_conflict()) => {
            let object = replace(ctx, apply, item, modified, &live).map_err(|e| failed(item, &patch, e))?;
            Ok(Applied { object, done })
        }
        Err(error) => Err(failed(item, &patch, error)),
    }
}

/// Applies the patch without sending it (`Patcher.patchLocal`).
fn patched_locally(item: &Item, format: PatchType, live: &Object, patch: &Value) -> CliResult<Object> {
    let (group, version) = kctl_base::gvk::split_api_version(live.api_version());
    match Schema::builtin().root(group, version, item.kind.names().kind) {
        Some(root) if format == PatchType::Strategic => {
            let root = FieldType::Object(root.into());
            let patched = strategic::apply(Schema::builtin(), &root, live, patch);
            patched.map_err(|e| CliError::new(e.to_string()))
        }
        _ => Ok(merge::apply(live, patch)),
    }
}

/// Computes the patch from the live object to the manifest; strategic for kinds whose types are known.
pub(in crate::verbs) fn patch(item: &Item, live: &Object, modified: &Value) -> CliResult<(PatchType, Value)> {
    let last = last_applied::read(live).map_err(|e| {
        item.error(
            &format!("applying patch:\n\nto:\n{}\nfor:", described(item)),
            CliError::new(format!("retrieving original configuration from:\n{live}\nfor:: {e}")),
        )
    })?;
    let (group, version) = kctl_base::gvk::split_api_version(modified.api_version());
    let made = match Schema::builtin().root(group, version, item.kind.names().kind) {
        Some(root) => {
            let root = FieldType::Object(root.into());
            let patch = three_way::create_three_way(Schema::builtin(), &root, &last, modified, live);
            patch.map(|p| (PatchType::Strategic, p))
        }
        None => three_way::create_three_way_merge(&last, modified, live).map(|p| (PatchType::Merge, p)),
    };
    made.map_err(|e| CliError::new(format!("creating patch with:\nfor: \"{}\": {e}", item.source)))
}

fn send(ctx: &mut Ctx, apply: &ApplyOptions, item: &Item, format: PatchType, patch: &Value) -> CliResult<Arc<Object>> {
    let params = apply.write_params(item).validation(apply.validation);
    ctx.api(|client| client.patch(&item.path(), Patch::Value(format, patch.clone()), &params))
}

fn failed(item: &Item, patch: &Value, error: CliError) -> CliError {
    let verb = format!("applying patch:\n{}\nto:\n{}\nfor:", json::to_compact(patch), described(item));
    match error {
        CliError::Failed(text) => CliError::new(format!("error when {verb} \"{}\": {text}", item.source)),
        other => item.error(&verb, other),
    }
}

/// `--force`: deletes an object that cannot be patched and creates it again.
fn replace(ctx: &mut Ctx, apply: &ApplyOptions, item: &Item, modified: Value, live: &Object) -> CliResult<Arc<Object>> {
    delete::delete(ctx, item, &apply.deletion, apply.dry_run)?;
    // Without a timeout kubectl gives up immediately.
    wait_deleted::poll(ctx, item, apply.deletion.timeout.unwrap_or(Duration::ZERO))?;
    create_again(ctx, apply, item, modified).or_else(|error| {
        // If the new object cannot be created, the old one is restored.
        let mut old = live.clone();
        for field in ["resourceVersion", "uid", "creationTimestamp"] {
            kctl_base::object::ValueWrite::remove_at(&mut old, &format!("/metadata/{field}"));
        }
        create_again(ctx, apply, item, old)?;
        Err(error)
    })
}

fn create_again(ctx: &mut Ctx, apply: &ApplyOptions, item: &Item, object: Value) -> CliResult<Arc<Object>> {
    Creation { validation: None, ..apply.creation() }.create_item(ctx, item, object)
}
