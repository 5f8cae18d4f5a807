//! `apply view-last-applied`, `set-last-applied` and `edit-last-applied`: the annotation of client-side apply on its own.
//!
//! Upstream: `kubectl/pkg/cmd/apply/apply_view_last_applied.go` and its siblings.

use clap::{ArgMatches, Command};

use crate::args::groups;
use crate::args::{self, ArgProperties, Matches};
use crate::dry_run::DryRun;
use crate::editor::LineEndings;
use crate::output::Output;
use crate::resolve::{Item, Selection, resolve};
use crate::{CliError, CliResult, Ctx, Verb, editor, last_applied};
use kctl_base::json::{Value, json};
use kctl_base::object::ObjectMeta;
use kctl_base::{json as json_text, yaml};
use kctl_cluster::PatchType;
use kctl_cluster::client::Patch;

/// The `view-last-applied` verb.
pub(super) const VIEW: Verb = Verb {
    name: "view-last-applied",
    aliases: &[],
    about: "View the latest last-applied-configuration annotations by resource/object",
    long: "View the last applied configuration of objects, by type and name or by file.

 The configuration is printed as YAML; -o json prints JSON.",
    examples: &[
        ("View the last applied configuration as YAML", "apply view-last-applied deployment/web"),
        (
            "View the last applied configuration of the objects of a manifest as JSON",
            "apply view-last-applied -f deploy.yaml -o json",
        ),
    ],
    usage: "(TYPE [NAME | -l label] | TYPE/NAME | -f FILENAME)",
    flags: |c| {
        groups::files(groups::labels(groups::all(groups::args(c))))
            .arg(args::text("output", "Output format. One of: (yaml, json).").help_default("'yaml'").short('o'))
    },
    run: view,
    family: &[],
};

/// The `set-last-applied` verb.
pub(super) const SET: Verb = Verb {
    name: "set-last-applied",
    aliases: &[],
    about: "Set the last-applied-configuration annotation on a live object to match the contents of a file",
    long: "Set the last applied configuration of objects to the content of a file.

 The annotation kubectl.kubernetes.io/last-applied-configuration is updated as though 'apply -f' had been run; \
    nothing else of the object changes.",
    examples: &[
        ("Set the last applied configuration to the content of a file", "apply set-last-applied -f deploy.yaml"),
        ("Set it for every manifest of a directory", "apply set-last-applied -f manifests/"),
        (
            "Set it, and create the annotation where it is missing",
            "apply set-last-applied -f deploy.yaml --create-annotation=true",
        ),
    ],
    usage: "-f FILENAME",
    flags: |c| {
        groups::dry_run(groups::file_names(groups::output(groups::args(c))))
            .arg(args::switch("create-annotation", "Create the annotation where it is missing."))
    },
    run: set,
    family: &[],
};

/// The `edit-last-applied` verb.
pub(super) const EDIT: Verb = Verb {
    name: "edit-last-applied",
    aliases: &[],
    about: "Edit latest last-applied-configuration annotations of a resource/object",
    long: "Edit the last applied configuration of objects in the default editor.

 The editor is taken from KUBE_EDITOR or EDITOR and falls back to vi. The result is stored in the annotation \
    kubectl.kubernetes.io/last-applied-configuration; nothing else of the object changes.",
    examples: &[
        ("Edit the last applied configuration as YAML", "apply edit-last-applied deployment/web"),
        ("Edit the last applied configuration as JSON", "apply edit-last-applied -f deploy.yaml -o json"),
    ],
    usage: "(RESOURCE/NAME | -f FILENAME)",
    flags: edit_flags,
    run: edit,
    family: &[],
};

/// The default field manager of `edit-last-applied`.
const MANAGER: &str = "kubectl-client-side-apply";

fn edit_flags(command: Command) -> Command {
    groups::record(groups::field_manager(groups::files(groups::output(groups::args(command))), MANAGER))
        .arg(args::switch("windows-line-endings", "Edit with carriage returns at the ends of lines."))
        .arg(
            args::choice("validate", &["true", "false", "strict", "warn", "ignore"], "Accepted for compatibility.")
                .help_default("'strict'"),
        )
}

fn view(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<()> {
    let format = matches.value_of("output").filter(|o| !o.is_empty()).unwrap_or("yaml");
    if !["yaml", "json"].contains(&format) {
        let text = format!("Unexpected -o output mode: {format}, the flag 'output' must be one of yaml|json");
        return Err(ctx.usage("apply view-last-applied", &text));
    }
    let selection = Selection::from_matches(ctx, matches);
    let resolved = resolve(ctx, &selection)?;
    let mut errors = resolved.errors;
    let mut configurations = Vec::new();
    for item in &resolved.items {
        match configuration(ctx, item) {
            Ok(last) => configurations.extend(last),
            Err(error) => errors.push(error),
        }
    }
    // Nothing is printed unless every object could be read.
    CliError::all(errors)?;
    for last in configurations {
        match format {
            "json" => ctx.out.push_str(&indented(&last)),
            _ => ctx.out.push_str(&yaml::print(&last)),
        }
    }
    Ok(())
}

/// Formats JSON with an indentation of two blanks, which only this verb uses.
fn indented(value: &Value) -> String {
    let wide = json_text::to_pretty(value);
    let mut out = String::new();
    for line in wide.lines() {
        let text = line.trim_start_matches(' ');
        let blanks = (line.len() - text.len()) / 2;
        out.push_str(&" ".repeat(blanks));
        out.push_str(text);
        out.push('\n');
    }
    out
}

fn configuration(ctx: &mut Ctx, item: &Item) -> CliResult<Option<Value>> {
    let live = item.get(ctx)?;
    let last = last_applied::read(&live).map_err(|e| CliError::new(e.to_string()))?;
    Ok(Some(last).filter(|l| !l.is_null()))
}

fn set(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<()> {
    // Positional arguments are ignored: only files are read.
    let selection = Selection { args: Vec::new(), ..Selection::from_matches(ctx, matches) };
    let dry_run = DryRun::read(ctx, matches)?;
    let mut output = Output::of_report(matches)?;
    let resolved = resolve(ctx, &selection)?;
    CliError::all(resolved.errors)?;
    let (mut all, mut errors) = (Vec::new(), Vec::new());
    for item in &resolved.items {
        match item.fetch(ctx) {
            Ok(live) if live.annotation(last_applied::LAST_APPLIED).is_none() && !matches.flag("create-annotation") => {
                errors.push(CliError::new(format!(
                    "no last-applied-configuration annotation found on resource: {}, to create the annotation, run the command with --create-annotation",
                    item.name
                )));
            }
            Ok(live) => all.push((item, live)),
            Err(error) => errors.push(error),
        }
    }
    // Nothing is written unless every object can be.
    CliError::all(errors)?;
    for (item, live) in all {
        let wanted = own_configuration(&item.content());
        if live.annotation(last_applied::LAST_APPLIED).is_some_and(|a| a.trim_end() == wanted.trim_end()) {
            ctx.print_line(format!("set-last-applied {}: no changes required.", item.name));
            continue;
        }
        let mut object = live.clone();
        if !dry_run.is_client() {
            object = annotate(ctx, item, &wanted, dry_run, "kubectl-set-last-applied")?;
        }
        output.report(ctx, &object, &item.label(), "configured", dry_run)?;
    }
    Ok(())
}

/// The configuration of a file as `set-last-applied` stores it: unchanged except for the annotation itself.
fn own_configuration(object: &Value) -> String {
    let mut bare = object.clone();
    if let Some(annotations) = bare.pointer_mut("/metadata/annotations").and_then(Value::as_object_mut) {
        annotations.remove(last_applied::LAST_APPLIED);
    }
    last_applied::serialise(&bare)
}

fn annotate(
    ctx: &mut Ctx,
    item: &Item,
    text: &str,
    dry_run: DryRun,
    manager: &str,
) -> CliResult<std::sync::Arc<Value>> {
    let patch = json!({"metadata": {"annotations": {(last_applied::LAST_APPLIED): text}}});
    let params = item.write_params(manager).dry_run(dry_run.is_server());
    ctx.api(|client| client.patch(&item.path(), Patch::Value(PatchType::Merge, patch), &params))
}

/// The comment above the configuration that is edited.
const PREAMBLE: &str = "# Please edit the 'last-applied-configuration' annotations below.
# Lines beginning with a '#' will be ignored, and an empty file will abort the edit.
#
";

fn edit(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<()> {
    let manager = groups::read_manager(matches, MANAGER);
    let selection = Selection::from_matches(ctx, matches);
    let resolved = resolve(ctx, &selection)?;
    CliError::all(resolved.errors)?;
    let as_json = matches.string("output") == "json";
    for item in &resolved.items {
        let Some(last) = configuration(ctx, item)? else {
            return Err(CliError::new(format!(
                "no last-applied-configuration annotation found on resources, to create the annotation, use command `{} apply set-last-applied --create-annotation`",
                ctx.program
            )));
        };
        let before = if as_json { json_text::to_pretty(&last) } else { yaml::print(&last) };
        let text = format!("{PREAMBLE}{before}");
        let extension = if as_json { "json" } else { "yaml" };
        let after = editor::edit(ctx, &text, extension, LineEndings::read(matches))?;
        let after = editor::without_comments(&after);
        if after.trim() == before.trim() {
            ctx.print_error("Edit cancelled, no changes made.");
            continue;
        }
        if after.trim().is_empty() {
            ctx.print_error("Edit cancelled, saved file was empty.");
            continue;
        }
        let changed = yaml::to_json(&after).map_err(|e| CliError::new(e.to_string()))?.value;
        annotate(ctx, item, &last_applied::serialise(&changed), DryRun::None, &manager)?;
        ctx.print_line(format!("{} edited", item.label()));
    }
    Ok(())
}
