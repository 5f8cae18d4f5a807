//! Common steps of the verbs that change existing objects: load the targets, send the difference, wait for the result.

use std::sync::Arc;

use crate::resolve::{Item, Resolved, Selection};
use crate::{CliError, CliResult, Ctx, scheme};
use kctl_base::gvk::split_api_version;
use kctl_base::json::{Map, Value};
use kctl_base::object::{Object, ObjectMeta};
use kctl_base::patch::{FieldType, merge, three_way};
use kctl_base::schema::{Schema, shape};
use kctl_base::sim::{Duration, Time};
use kctl_cluster::PatchType;
use kctl_cluster::client::{Patch, WriteParams};

/// An object to change.
pub(super) struct EditTarget {
    /// The reference from the command line.
    pub(super) item: Item,
    /// The object before the change.
    pub(super) object: Value,
}

/// The place from which the objects of a selection are read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    /// The server, also for objects that are named by a manifest.
    Server,
    /// The manifest for objects that one contains, else the server.
    Files,
    /// Manifests only (`--local`).
    Local,
}

/// Reads the objects of a selection. Returns the errors of the others beside them.
pub(super) fn load(ctx: &mut Ctx, resolved: Resolved, source: Source) -> (Vec<EditTarget>, Vec<CliError>) {
    let (mut targets, mut errors) = (Vec::new(), resolved.errors);
    for item in resolved.items {
        let object = match (source, &item.object) {
            (Source::Local, _) => Ok(item.content()),
            (Source::Files, Some(object)) => Ok(object.clone()),
            (Source::Server, Some(_)) => item.fetch(ctx).map(|object| (*object).clone()),
            _ => item.get(ctx).map(|object| (*object).clone()),
        };
        match object {
            Ok(object) => targets.push(EditTarget { item, object }),
            Err(error) => errors.push(error),
        }
    }
    (targets, errors)
}

/// Reads the objects of a selection for a verb that decodes them into Go types. Objects without one are errors.
pub(super) fn load_typed(ctx: &mut Ctx, resolved: Resolved, source: Source) -> (Vec<EditTarget>, Vec<CliError>) {
    let (targets, mut errors) = load(ctx, resolved, source);
    let mut typed = Vec::new();
    let mut untyped: Vec<(String, CliError)> = Vec::new();
    for target in targets {
        // Objects of a list are decoded together.
        let suffix = if target.item.live.is_some() { "List" } else { "" };
        let kind = format!("{}{suffix}", target.object.kind());
        match scheme::check(&target.object) {
            Ok(()) => typed.push(target),
            Err(_) if !suffix.is_empty() && untyped.iter().any(|(other, _)| *other == kind) => {}
            Err(_) => {
                let error = scheme::definition(target.object.api_version(), &kind).err();
                untyped.extend(error.map(|error| (kind, error)));
            }
        }
    }
    errors.extend(untyped.into_iter().map(|(_, error)| error));
    (typed, errors)
}

/// The merge patch that turns `old` into `new`; empty when they are equal.
pub(super) fn difference(old: &Value, new: &Value) -> Map {
    let empty = Map::new();
    merge::create(old.as_object().unwrap_or(&empty), new.as_object().unwrap_or(&empty))
}

/// Returns the patch between two versions of an object: a strategic merge patch if the types of its kind are known, else a
/// merge patch.
///
/// # Errors
/// A list that cannot be merged.
pub(super) fn typed_difference(old: &Value, new: &Value) -> CliResult<(PatchType, Value)> {
    let (group, version) = split_api_version(old.api_version());
    match Schema::builtin().root(group, version, old.kind()) {
        Some(root) => {
            let root = FieldType::Object(root.into());
            let patch = three_way::create_two_way(Schema::builtin(), &root, old, new);
            Ok((PatchType::Strategic, patch.map_err(|e| CliError::new(e.to_string()))?))
        }
        None => Ok((PatchType::Merge, Value::Object(difference(old, new)))),
    }
}

/// Sends the difference of two versions of an object and returns the patched object.
pub(super) fn send(
    ctx: &mut Ctx,
    item: &Item,
    (old, new): (&Value, &Value),
    params: &WriteParams,
) -> CliResult<Arc<Object>> {
    let (format, patch) = typed_difference(old, new)?;
    send_patch(ctx, item, format, patch, params)
}

/// Sends a patch and returns the patched object.
pub(super) fn send_patch(
    ctx: &mut Ctx,
    item: &Item,
    format: PatchType,
    patch: Value,
    params: &WriteParams,
) -> CliResult<Arc<Object>> {
    ctx.api(|client| client.patch(&item.path(), Patch::Value(format, patch), params))
}

/// The object with the zero values that kubectl prints for objects it has decoded into Go types, such as `status: {}`.
pub(super) fn with_zero_values(object: &Value) -> Value {
    let (group, version) = split_api_version(object.api_version());
    let mut shown = object.clone();
    if let Some(root) = Schema::builtin().root(group, version, object.kind()) {
        shape::complete(Schema::builtin(), root, &mut shown);
    }
    shown
}

/// `deployment.apps/web`; also for a kind that is not a resource of its own, as in `scale.autoscaling/web`.
pub(super) fn label_of(object: &Value) -> String {
    let (group, _) = split_api_version(object.api_version());
    let kind = object.kind().to_lowercase();
    match group {
        "" => format!("{kind}/{}", object.name()),
        _ => format!("{kind}.{group}/{}", object.name()),
    }
}

/// `deployments/web`, as kubectl names an object in its own error messages.
pub(super) fn object_name(item: &Item) -> String {
    format!("{}/{}", item.kind.names().plural, item.name)
}

/// `deployment.apps/web` and a line break, or `service/web`: the name of an object that has no resource, because the server
/// was not asked (`Info.ObjectName` in `cli-runtime/pkg/resource/visitor.go`).
pub(super) fn local_name(object: &Value) -> String {
    let line_break = if split_api_version(object.api_version()).0.is_empty() { "" } else { "\n" };
    label_of(object) + line_break
}

/// The end of a wait. As in kubectl a timeout of zero is without limit (`None`), and a negative one means a week.
pub(super) fn deadline(ctx: &mut Ctx, timeout: Duration) -> CliResult<Option<Time>> {
    Ok(match timeout {
        Duration::ZERO => None,
        timeout if timeout < Duration::ZERO => Some(ctx.now()? + Duration::from_secs(7 * 24 * 3600)),
        timeout => Some(ctx.now()? + timeout),
    })
}

/// The selection for `--local`, which does not put objects of files into the namespace of the command.
pub(super) fn local_only(selection: Selection, local: bool) -> Selection {
    match local {
        true => Selection { namespace: String::new(), enforce_namespace: false, ..selection },
        false => selection,
    }
}

/// Splits arguments into those that name objects and the changes after them, such as `a=b` and `a-`. `what` names the
/// changes in the error message, for example `label`.
pub(super) fn split_pairs(words: &[String], what: &str) -> CliResult<(Vec<String>, Vec<String>)> {
    let is_pair = |w: &String| (w.contains('=') && !w.starts_with('=')) || (w.ends_with('-') && w != "-");
    let at = words.iter().position(is_pair).unwrap_or(words.len());
    let (resources, pairs) = words.split_at(at);
    match pairs.iter().find(|w| !is_pair(w)) {
        Some(word) => Err(CliError::new(format!("all resources must be specified before {what} changes: {word}"))),
        None => Ok((resources.to_vec(), pairs.to_vec())),
    }
}

/// The error for `--local` together with `--dry-run=server`.
pub(super) fn local_and_server() -> CliError {
    CliError::new("cannot specify --local and --dry-run=server - did you mean --dry-run=client?")
}

#[cfg(test)]
mod tests {
    use super::*;
    use kctl_base::json::json;

    #[test]
    fn changes_come_after_resources() {
        let split = |text: &str| {
            let words: Vec<String> = text.split(' ').map(String::from).collect();
            split_pairs(&words, "label").map_err(|e| e.message())
        };
        let strings = |words: &[&str]| words.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(split("pod x a=b c-"), Ok((strings(&["pod", "x"]), strings(&["a=b", "c-"]))));
        assert_eq!(split("pod a=b x"), Err("error: all resources must be specified before label changes: x\n".into()));
    }

    #[test]
    fn objects_are_named_by_kind_and_group() {
        let scale = json!({"apiVersion": "autoscaling/v1", "kind": "Scale", "metadata": {"name": "web"}});
        assert_eq!(label_of(&scale), "scale.autoscaling/web");
    }
}
