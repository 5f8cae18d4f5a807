//! `patch`: changes objects by a strategic merge patch, a JSON merge patch or a JSON patch.
//!
//! Upstream: `kubectl/pkg/cmd/patch/patch.go`.

use std::path::Path;

use clap::{ArgMatches, Command};

use super::targets;
use crate::args::groups;
use crate::args::{self, ArgProperties, Matches};
use crate::dry_run::DryRun;
use crate::output::Output;
use crate::resolve::{Item, Selection, resolve};
use crate::{CliError, CliResult, Ctx, Verb, record};
use kctl_base::gvk::split_api_version;
use kctl_base::json::{Value, json};
use kctl_base::object::ObjectMeta;
use kctl_base::patch::{self, FieldType};
use kctl_base::schema::Schema;
use kctl_base::status::Reason;
use kctl_base::yaml;
use kctl_cluster::PatchType;
use kctl_cluster::client;

/// The `patch` verb.
pub(super) const VERB: Verb = Verb {
    name: "patch",
    aliases: &[],
    about: "Update fields of a resource",
    long: "Change fields of objects by a strategic merge patch, a JSON merge patch or a JSON patch.

 The patch is in JSON or YAML. Custom resources do not support strategic merge patches.",
    examples: &[
        (
            "Mark a node as unschedulable by a strategic merge patch in JSON",
            "patch node k8s-node1 -p '{\"spec\":{\"unschedulable\":true}}'",
        ),
        ("The same in YAML", "patch node k8s-node1 -p 'spec: {unschedulable: true}'"),
        ("Patch the node that a manifest names", "patch -f node.yaml -p '{\"spec\":{\"unschedulable\":true}}'"),
        (
            "Change the image of a container; containers are merged by name",
            "patch pod web-0 -p '{\"spec\":{\"containers\":[{\"name\":\"nginx\",\"image\":\"nginx:1.27\"}]}}'",
        ),
        (
            "Change the image by a JSON patch with positions",
            "patch pod web-0 --type=json -p='[{\"op\":\"replace\",\"path\":\"/spec/containers/0/image\",\"value\":\"nginx:1.27\"}]'",
        ),
        (
            "Change the replicas of a deployment through its subresource scale",
            "patch deployment web --subresource=scale --type=merge -p '{\"spec\":{\"replicas\":2}}'",
        ),
    ],
    usage: "(-f FILENAME | TYPE NAME) [-p PATCH|--patch-file FILE]",
    flags,
    run,
    family: &[],
};

fn flags(command: Command) -> Command {
    let command = groups::files(groups::output(groups::args(command)));
    groups::field_manager(groups::record(groups::dry_run(command)), "kubectl-patch")
        .arg(args::text("type", "Type of the patch. One of: (json, merge, strategic).").help_default("'strategic'"))
        .arg(args::text("patch", "Patch to apply, in JSON or YAML.").short('p'))
        .arg(args::path("patch-file", "File with the patch to apply."))
        .arg(args::text(
            "subresource",
            "Patch this subresource of the object instead of the object itself. One of: (status, scale, resize).",
        ))
        .arg(args::switch(
            "local",
            "If true, apply the patch to the objects of the files only and print the result, without sending it.",
        ))
}

/// The values of the flags.
struct Patch {
    format: PatchType,
    text: String,
    subresource: String,
    manager: String,
    cause: Option<String>,
    dry_run: DryRun,
}

fn run(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<()> {
    let cause = record::change_cause(ctx, matches);
    let local = matches.flag("local");
    let dry_run = DryRun::read(ctx, matches)?;
    let mut output = Output::of_report(matches)?;
    let mut selection = Selection::from_matches(ctx, matches);
    selection.subresource = matches.string("subresource").into();
    let typed = matches.value_of("patch").filter(|p| !p.is_empty());
    let file = matches.path("patch-file");
    match (typed, &file) {
        (Some(_), Some(_)) => return Err(CliError::new("cannot specify --patch and --patch-file together")),
        (None, None) => {
            return Err(CliError::new("must specify --patch or --patch-file containing the contents of the patch"));
        }
        _ if local && !selection.args.is_empty() => {
            return Err(CliError::new("cannot specify --local and server resources"));
        }
        _ if local && dry_run.is_server() => return Err(targets::local_and_server()),
        _ => {}
    }
    let patch = Patch {
        format: format(matches.string("type"))?,
        text: text(typed, file.as_deref())?,
        subresource: matches.string("subresource").into(),
        manager: groups::read_manager(matches, "kubectl-patch"),
        cause,
        dry_run,
    };
    let resolved = resolve(ctx, &targets::local_only(selection, local))?;
    let mut errors = resolved.errors;
    if resolved.items.is_empty() && errors.is_empty() {
        return Err(CliError::new("no objects passed to patch"));
    }
    for item in &resolved.items {
        let result = match local || dry_run.is_client() {
            true => preview(ctx, item, &patch),
            false => patch.send(ctx, item),
        };
        let printed = result.and_then(|(before, after)| {
            let done = if before == after { "patched (no change)" } else { "patched" };
            // kubectl omits the dry-run suffix here.
            output.report(ctx, &after, &targets::label_of(&after), done, DryRun::None)
        });
        errors.extend(printed.err());
    }
    CliError::all(errors)
}

fn format(word: &str) -> CliResult<PatchType> {
    match word.to_lowercase().as_str() {
        "" | "strategic" => Ok(PatchType::Strategic),
        "merge" => Ok(PatchType::Merge),
        "json" => Ok(PatchType::Json),
        _ => Err(CliError::new(format!("--type must be one of [json merge strategic], not \"{word}\""))),
    }
}

/// The patch as JSON. Text that looks like JSON is sent unchanged, so that the server reports its errors.
fn text(typed: Option<&str>, file: Option<&Path>) -> CliResult<String> {
    let text = match file {
        Some(path) => std::fs::read_to_string(path)
            .map_err(|e| CliError::io(format!("unable to read patch file: open {}", path.display()), e))?,
        None => typed.unwrap_or_default().to_string(),
    };
    if text.trim_start().starts_with('{') {
        return Ok(text);
    }
    let loaded = yaml::to_json(&text).map_err(|e| {
        let why = e.to_string();
        let why = why.trim_start_matches("error converting YAML to JSON: ");
        CliError::new(format!("unable to parse {}: {why}", kctl_base::field::quote(&text)))
    })?;
    Ok(loaded.value.to_string())
}

impl Patch {
    /// Sends the patch and returns the object before and after it.
    fn send(&self, ctx: &mut Ctx, item: &Item) -> CliResult<(Value, Value)> {
        let path = item.path().subresource(&self.subresource);
        let params = item.write_params(&self.manager).dry_run(self.dry_run.is_server());
        let before = self.unpatched(ctx, item)?;
        let patch = client::Patch::Text(self.format, self.text.clone());
        let patched = ctx.api(|client| client.patch(&path, patch, &params));
        let mut after = patched.map_err(|e| self.refusal(item, e))?;
        if let Some(cause) = &self.cause {
            let note = json!({"metadata": {"annotations": {(record::CHANGE_CAUSE): cause}}});
            let note = client::Patch::Value(PatchType::Merge, note);
            if let Ok(noted) = ctx.api(|client| client.patch(&path, note, &params)) {
                after = noted;
            }
        }
        Ok((before, (*after).clone()))
    }

    /// The object before the patch: that of the manifest, else that of the server.
    fn unpatched(&self, ctx: &mut Ctx, item: &Item) -> CliResult<Value> {
        if let Some(object) = &item.object {
            return Ok(object.clone());
        }
        let path = item.path().subresource(&self.subresource);
        Ok((*ctx.api(|client| client.get(&path))?).clone())
    }

    fn refusal(&self, item: &Item, error: CliError) -> CliError {
        match error {
            CliError::Status(status) if status.reason == Reason::UnsupportedMediaType => {
                let names = item.kind.names();
                let media = match self.format {
                    PatchType::Json => "application/json-patch+json",
                    PatchType::Merge => "application/merge-patch+json",
                    PatchType::Strategic => "application/strategic-merge-patch+json",
                    PatchType::Apply => "application/apply-patch+yaml",
                };
                CliError::new(format!(
                    "{media} is not supported by {}, Kind={}: {}",
                    names.api_version(),
                    names.kind,
                    status.message
                ))
            }
            other => other,
        }
    }
}

/// Applies the patch without sending it.
fn preview(ctx: &mut Ctx, item: &Item, patch: &Patch) -> CliResult<(Value, Value)> {
    let before = patch.unpatched(ctx, item)?;
    let parsed: Value = kctl_base::json::from_str(&patch.text).map_err(|e| CliError::new(e.to_string()))?;
    let (group, version) = split_api_version(before.api_version());
    let root = Schema::builtin().root(group, version, before.kind());
    let after = match (patch.format, root) {
        (PatchType::Json, _) => patch::json::apply(&before, &parsed).map_err(|e| CliError::new(e.to_string()))?,
        (PatchType::Strategic, Some(root)) => {
            patch::strategic::apply(Schema::builtin(), &FieldType::Object(root.into()), &before, &parsed)
                .map_err(|e| CliError::new(e.to_string()))?
        }
        (PatchType::Strategic, None) => {
            return Err(CliError::new(format!(
                "strategic merge patch is not supported for {}, Kind={} locally, try --type merge",
                before.api_version(),
                before.kind()
            )));
        }
        _ => patch::merge::apply(&before, &parsed),
    };
    Ok((before, after))
}
