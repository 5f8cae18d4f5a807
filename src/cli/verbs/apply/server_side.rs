//! Server-side apply: the server merges the configuration and tracks the ownership of fields.
//!
//! Upstream: `kubectl/pkg/cmd/apply/apply.go` and `client-go/util/csaupgrade`.

use std::sync::Arc;

use super::options::{Applied, ApplyOptions};
use crate::resolve::Item;
use crate::{CliError, CliResult, Ctx, last_applied, record};
use kctl_base::json as json_text;
use kctl_base::json::{Value, json};
use kctl_base::object::{Object, ObjectMeta, ValueRead};
use kctl_base::status::Status;
use kctl_cluster::api::{Body, PatchType, Verb as ApiVerb};

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
    let applied = send(ctx, apply, item, &apply.manager, &object).map_err(conflict)?;
    let applied = keep_annotation(ctx, apply, item, applied)?;
    let applied = match migrated(&applied, &apply.manager) {
        Some(managed) => {
            migrate(ctx, apply, item, &applied, managed)?;
            send(ctx, apply, item, &apply.manager, &object).map_err(conflict)?
        }
        None => applied,
    };
    Ok(Applied { object: applied, done: "serverside-applied" })
}

fn send(
    ctx: &mut Ctx,
    apply: &ApplyOptions,
    item: &Item,
    manager: &str,
    configuration: &Object,
) -> CliResult<Arc<Object>> {
    let mut request = item
        .request(ApiVerb::Patch)
        .manager(manager)
        .dry_run(apply.dry_run.is_server())
        .subresource(&apply.subresource);
    request.options.force = apply.force_conflicts;
    request.options.validation = apply.validation;
    Ok(ctx.call(&request.body(Body::Patch(PatchType::Apply, json_text::to_compact(configuration))))?.object)
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

/// True when an entry of managedFields owns the annotation of client-side apply.
fn owns_annotation(entry: &Value) -> bool {
    let field = format!("f:{}", last_applied::LAST_APPLIED);
    entry.map("/fieldsV1/f:metadata/f:annotations").is_some_and(|fields| fields.contains_key(&field))
}

fn is(entry: &Value, operation: &str) -> bool {
    entry.str("/operation") == operation && entry.at("/subresource").is_none()
}

/// Moves the annotation to a field manager of its own, so that it survives the migration from client-side apply.
fn keep_annotation(ctx: &mut Ctx, apply: &ApplyOptions, item: &Item, live: Arc<Object>) -> CliResult<Arc<Object>> {
    let managed = live.list("/metadata/managedFields");
    let owned = managed.iter().any(|entry| is(entry, "Apply") && owns_annotation(entry));
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
    send(ctx, apply, item, LAST_APPLIED_MANAGER, &configuration)
}

/// The managedFields after the managers of client-side apply have ceded their fields to `manager`; `None` when there are no
/// such managers.
fn migrated(live: &Object, manager: &str) -> Option<Vec<Value>> {
    let mut managed: Vec<Value> = live.list("/metadata/managedFields").to_vec();
    let client_side = |entry: &Value| is(entry, "Update") && owns_annotation(entry);
    let names: Vec<String> = managed.iter().filter(|e| client_side(e)).map(|e| e.str("/manager").to_string()).collect();
    if names.is_empty() {
        return None;
    }
    let given_up = |entry: &Value| is(entry, "Update") && names.iter().any(|n| n == entry.str("/manager"));
    let old: Vec<Value> = managed.iter().filter(|e| given_up(e)).cloned().collect();
    managed.retain(|entry| !given_up(entry));
    match managed.iter_mut().find(|e| is(e, "Apply") && e.str("/manager") == manager) {
        Some(own) => {
            let same_version = |e: &&Value| e.str("/apiVersion") == own.str("/apiVersion");
            if let Some(fields) = old.iter().find(same_version).and_then(|e| e.get("fieldsV1")).cloned() {
                unite(&mut own["fieldsV1"], &fields);
            }
        }
        None => {
            let mut own = old.into_iter().next()?;
            own["manager"] = manager.into();
            own["operation"] = "Apply".into();
            managed.push(own);
        }
    }
    Some(managed)
}

/// Adds the fields of one set to another.
fn unite(fields: &mut Value, more: &Value) {
    for (name, below) in more.as_object().into_iter().flatten() {
        match fields.get_mut(name) {
            Some(own) => unite(own, below),
            None => fields[name.as_str()] = below.clone(),
        }
    }
}

fn migrate(ctx: &mut Ctx, apply: &ApplyOptions, item: &Item, live: &Object, managed: Vec<Value>) -> CliResult<()> {
    let patch = json!([
        {"op": "replace", "path": "/metadata/managedFields", "value": managed},
        {"op": "replace", "path": "/metadata/resourceVersion", "value": live.resource_version()},
    ]);
    let request = item.request(ApiVerb::Patch).manager(&apply.manager).dry_run(apply.dry_run.is_server());
    ctx.call(&request.body(Body::Patch(PatchType::Json, patch.to_string())))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_move_from_client_side_apply() {
        let annotation = json!({"f:annotations": {(format!("f:{}", last_applied::LAST_APPLIED)): {}}});
        let entry = |manager: &str, operation: &str, fields: Value| json!({"apiVersion": "v1", "manager": manager, "operation": operation, "fieldsV1": fields});
        let live = json!({"metadata": {"managedFields": [
            entry("kubectl", "Apply", json!({"f:data": {"f:a": {}}})),
            entry("kubectl-client-side-apply", "Update", json!({"f:data": {"f:b": {}}, "f:metadata": annotation})),
            entry("someone", "Update", json!({"f:data": {"f:c": {}}})),
        ]}});
        let managed = migrated(&live, "kubectl").expect("something to migrate");
        assert_eq!(managed.len(), 2);
        assert_eq!(managed[0]["fieldsV1"]["f:data"], json!({"f:a": {}, "f:b": {}}));
        assert!(migrated(&json!({"metadata": {}}), "kubectl").is_none());
    }
}
