//! What the verbs have in common that change a part of objects: reading them, sending the difference, waiting for something.

use std::sync::Arc;

use crate::dry_run::DryRun;
use crate::resolve::{Item, Resolved, Selection};
use crate::{CliError, CliResult, Ctx};
use kctl_base::gvk::split_api_version;
use kctl_base::json::{Map, Value};
use kctl_base::object::{Object, ObjectMeta};
use kctl_base::patch::merge;
use kctl_base::schema::{Schema, shape};
use kctl_base::sim::{Duration, Time};
use kctl_cluster::WaitOutcome;
use kctl_cluster::api::{PatchType, Verb as ApiVerb};

/// An object to change, as it is now.
pub(super) struct Subject {
    /// What was asked for.
    pub(super) item: Item,
    /// The object.
    pub(super) object: Value,
}

/// Where the objects of a selection are taken from.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum From {
    /// From the server, whether they were named or stand in files.
    Server,
    /// From the server, those in files from there.
    Files,
    /// From files alone (`--local`), with the zero values that kubectl prints.
    Local,
}

/// Reads the objects; what fails is answered beside them.
pub(super) fn subjects(ctx: &mut Ctx, resolved: Resolved, from: From) -> (Vec<Subject>, Vec<CliError>) {
    let (mut subjects, mut errors) = (Vec::new(), resolved.errors);
    for item in resolved.items {
        let object = match (from, &item.object) {
            (From::Local, _) => Ok(item.content()),
            (From::Files, Some(object)) => Ok(object.clone()),
            (From::Server, Some(_)) => item.fetch(ctx).map(|o| (*o).clone()),
            _ => item.get(ctx).map(|o| (*o).clone()),
        };
        match object {
            Ok(object) => subjects.push(Subject { item, object }),
            Err(error) => errors.push(error),
        }
    }
    (subjects, errors)
}

/// The fields in which two versions of an object differ, as a merge patch; empty when they are equal.
pub(super) fn difference(old: &Value, new: &Value) -> Map {
    let empty = Map::new();
    merge::create(old.as_object().unwrap_or(&empty), new.as_object().unwrap_or(&empty))
}

/// Sends what differs between two versions of an object, and answers the object after it.
pub(super) fn send(
    ctx: &mut Ctx,
    item: &Item,
    (old, new): (&Value, &Value),
    manager: &str,
    dry_run: DryRun,
) -> CliResult<Arc<Object>> {
    let patch = Value::Object(difference(old, new)).to_string();
    send_patch(ctx, item, PatchType::Merge, patch, manager, dry_run)
}

/// Sends a patch.
pub(super) fn send_patch(
    ctx: &mut Ctx,
    item: &Item,
    format: PatchType,
    patch: String,
    manager: &str,
    dry_run: DryRun,
) -> CliResult<Arc<Object>> {
    let request = item.request(ApiVerb::Patch).manager(manager).dry_run(dry_run.is_server());
    Ok(ctx.call(&request.body(kctl_cluster::api::Body::Patch(format, patch)))?.object)
}

/// The object as kubectl prints one that it has decoded itself: with the zero values that its types write out.
pub(super) fn typed(object: &Value) -> Value {
    let (group, version) = split_api_version(object.api_version());
    let mut shown = object.clone();
    if let Some(root) = Schema::builtin().root(group, version, object.kind()) {
        shape::complete(Schema::builtin(), root, &mut shown);
    }
    shown
}

/// `deployment.apps/web` of an object whose kind need not be that of a resource (`scale.autoscaling/web`).
pub(super) fn label_of(object: &Value) -> String {
    let (group, _) = split_api_version(object.api_version());
    let kind = object.kind().to_lowercase();
    match group {
        "" => format!("{kind}/{}", object.name()),
        _ => format!("{kind}.{group}/{}", object.name()),
    }
}

/// `deployments/web`: how kubectl names an object in its own complaints.
pub(super) fn object_name(item: &Item) -> String {
    format!("{}/{}", item.kind.names().plural, item.name)
}

/// When a wait ends; zero is never, a negative time a week, as in kubectl.
pub(super) fn deadline(ctx: &mut Ctx, timeout: Duration) -> CliResult<Option<Time>> {
    Ok(match timeout {
        Duration::ZERO => None,
        timeout if timeout < Duration::ZERO => Some(ctx.now()? + Duration::from_secs(7 * 24 * 3600)),
        timeout => Some(ctx.now()? + timeout),
    })
}

/// Looks again and again until there is an answer; none when the time is up, or in virtual time when nothing will ever
/// change by itself. What was said so far is printed before each wait.
pub(super) fn wait_until<T>(
    ctx: &mut Ctx,
    deadline: Option<Time>,
    mut look: impl FnMut(&mut Ctx) -> CliResult<Option<T>>,
) -> CliResult<Option<T>> {
    loop {
        if let Some(answer) = look(ctx)? {
            return Ok(Some(answer));
        }
        ctx.flush()?;
        if ctx.cluster()?.wait(deadline, true)? != WaitOutcome::Progress {
            return Ok(None);
        }
    }
}

/// A selection for `--local`: files without a namespace of the command's.
pub(super) fn localised(selection: Selection, local: bool) -> Selection {
    match local {
        true => Selection { namespace: String::new(), enforce_namespace: false, ..selection },
        false => selection,
    }
}

/// Splits the words of a command into those that name objects and the changes that follow them, such as `a=b` and `a-`.
pub(super) fn split_pairs(words: &[String], what: &str) -> CliResult<(Vec<String>, Vec<String>)> {
    let is_pair = |w: &String| (w.contains('=') && !w.starts_with('=')) || (w.ends_with('-') && w != "-");
    let at = words.iter().position(is_pair).unwrap_or(words.len());
    let (resources, pairs) = words.split_at(at);
    match pairs.iter().find(|w| !is_pair(w)) {
        Some(word) => Err(CliError::new(format!("all resources must be specified before {what} changes: {word}"))),
        None => Ok((resources.to_vec(), pairs.to_vec())),
    }
}

/// The complaints that kubectl has about the combination of flags that say which objects are meant.
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
