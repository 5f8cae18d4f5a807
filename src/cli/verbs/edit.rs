//! `edit`: opens objects in the user's editor until they are valid or unchanged.
//!
//! Upstream: `kubectl/pkg/cmd/util/editor/editoptions.go`.

use clap::{ArgMatches, Command};

use super::targets::{self, EditTarget, Source};
use crate::args::groups;
use crate::args::{self, Matches};
use crate::dry_run::DryRun;
use crate::editor::LineEndings;
use crate::output::{Output, strip_managed_fields};
use crate::resolve::{Selection, resolve};
use crate::{CliError, CliResult, Ctx, Verb, editor, last_applied, record};
use kctl_base::field::quote;
use kctl_base::go::value_syntax;
use kctl_base::json::{Value, json};
use kctl_base::object::{ObjectMeta, ValueRead};
use kctl_base::patch::three_way;
use kctl_base::{json as json_text, yaml};
use kctl_cluster::FieldValidation;
use kctl_cluster::client::Patch;

/// The `edit` verb.
pub(super) const VERB: Verb = Verb {
    name: "edit",
    aliases: &[],
    about: "Edit a resource on the server",
    long: "Edit objects in the default editor.

 The editor is taken from KUBE_EDITOR or EDITOR and falls back to vi. Several objects can be edited at once. The \
    objects are edited as YAML, with -o json as JSON.

 When the server refuses the result, the editor opens again with the problem at its top. A change that somebody \
    else has made in the meantime is reported, and the edited file is kept.",
    examples: &[
        ("Edit a service", "edit svc/web"),
        (
            "Edit a deployment as JSON and keep the result in its annotation",
            "edit deployment/web -o json --save-config",
        ),
        ("Edit the status of a deployment", "edit deployment web --subresource=status"),
    ],
    usage: "(RESOURCE/NAME | -f FILENAME)",
    flags,
    run,
    family: &[],
};

fn flags(command: Command) -> Command {
    let command = groups::files(groups::output(groups::args(command)));
    groups::record(groups::save_config(groups::validate(groups::field_manager(command, "kubectl-edit"))))
        .arg(args::switch("output-patch", "Print the patch that is sent."))
        .arg(args::switch("windows-line-endings", "Edit with carriage returns at the ends of lines."))
        .arg(args::text(
            "subresource",
            "Edit this subresource of the object instead of the object itself. One of: (status, scale, resize).",
        ))
}

/// The values of the flags.
struct Edit {
    manager: String,
    validation: FieldValidation,
    subresource: String,
    output: Output,
    json: bool,
    endings: LineEndings,
    save_config: bool,
    show_patch: bool,
    cause: Option<String>,
}

/// A problem of the saved version, which is shown at the top of the next one.
pub(super) struct Problem {
    /// The first line, without a colon.
    pub(super) head: String,
    /// The lines below it.
    pub(super) details: Vec<String>,
}

/// The result of sending the objects once.
#[derive(Default)]
struct SendResult {
    problems: Vec<Problem>,
    /// An object was refused for another problem than being invalid.
    retry: bool,
    /// An object does not exist any more.
    missing: bool,
}

fn run(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<()> {
    let selection = Selection {
        type_means_all: true,
        subresource: matches.string("subresource").into(),
        ..Selection::from_matches(ctx, matches)
    };
    let format = matches.string("output");
    if !["", "yaml", "json"].contains(&format) {
        return Err(CliError::new(format!(
            "unable to match a printer suitable for the output format {}, allowed formats are: json,kyaml,yaml",
            quote(format)
        )));
    }
    let mut edit = Edit {
        manager: groups::read_manager(matches, "kubectl-edit"),
        validation: groups::read_validation(matches)?,
        subresource: selection.subresource.clone(),
        output: Output::of_report(matches)?,
        json: matches.string("output") == "json",
        endings: LineEndings::read(matches),
        save_config: matches.flag("save-config"),
        show_patch: matches.flag("output-patch"),
        cause: record::change_cause(ctx, matches),
    };
    let resolved = resolve(ctx, &selection)?;
    let (mut targets, errors) = targets::load(ctx, resolved, Source::Server);
    CliError::all(errors)?;
    if targets.is_empty() {
        return Err(CliError::new("edit cancelled, no objects found"));
    }
    for target in &mut targets {
        if !edit.subresource.is_empty() {
            let path = target.item.path().subresource(&edit.subresource);
            target.object = (*ctx.api(|client| client.get(&path))?).clone();
        }
        strip_managed_fields(&mut target.object);
    }
    edit.edit_until_valid(ctx, &targets)
}

impl Edit {
    fn extension(&self) -> &'static str {
        if self.json { "json" } else { "yaml" }
    }

    /// The text for the editor.
    fn text(&self, targets: &[EditTarget]) -> String {
        let shown = match targets {
            [one] => one.object.clone(),
            many => {
                let items: Vec<&Value> = many.iter().map(|s| &s.object).collect();
                json!({"apiVersion": "v1", "items": items, "kind": "List", "metadata": {}})
            }
        };
        if self.json { json_text::to_pretty(&shown) } else { yaml::print(&shown) }
    }

    fn edit_until_valid(&mut self, ctx: &mut Ctx, targets: &[EditTarget]) -> CliResult<()> {
        let original = self.text(targets);
        let mut body = original.clone();
        let mut problems: Vec<Problem> = Vec::new();
        // What the editor saved the last time.
        let mut refused: Option<String> = None;
        loop {
            // JSON has no comments, so nothing is added at its top.
            let text = match self.json {
                true => body.clone(),
                false => with_problems(&editor::with_preamble(&body), &body, &problems),
            };
            let saved = self.open_editor(ctx, &text, refused.as_deref())?;
            let bare = editor::without_comments(&saved);
            if !problems.is_empty() && bare.trim_end() == editor::without_comments(&body).trim_end() {
                self.save_copy(ctx, &saved)?;
                return Err(CliError::new("Edit cancelled, no valid changes were saved."));
            }
            let edited = match self.read(&saved, targets) {
                Ok(edited) => edited,
                Err(problem) => {
                    ctx.print_error(format!(
                        "error: {} {} is invalid",
                        targets[0].item.resource(),
                        quote(&targets[0].item.name)
                    ));
                    (problems, body, refused) = (vec![problem], bare, Some(saved));
                    continue;
                }
            };
            if bare.trim_end() == editor::without_comments(&original).trim_end() {
                ctx.print_error("Edit cancelled, no changes made.");
                return Ok(());
            }
            let result = self.send_all(ctx, targets, &edited, &saved)?;
            if result.retry {
                let file = editor::keep_copy(ctx, &saved, self.extension())?;
                let file = file.display();
                let program = ctx.program.clone();
                ctx.print_error(format!("You can run `{program} replace -f {file}` to try this update again."));
                return Err(CliError::Exit(1));
            }
            if result.missing {
                let file = editor::keep_copy(ctx, &saved, self.extension())?;
                let file = quote(&file.to_string_lossy());
                ctx.print_error(format!("The edits you made on deleted resources have been saved to {file}"));
                return Err(CliError::Exit(1));
            }
            if result.problems.is_empty() {
                return Ok(());
            }
            (problems, body, refused) = (result.problems, bare, Some(saved));
        }
    }

    /// Opens a text in the editor. If that fails, the text that was refused before is kept.
    fn open_editor(&self, ctx: &mut Ctx, text: &str, refused: Option<&str>) -> CliResult<String> {
        let saved = editor::edit(ctx, text, self.extension(), self.endings);
        if let (Err(_), Some(refused)) = (&saved, refused) {
            self.save_copy(ctx, refused)?;
        }
        saved
    }

    /// Parses the saved objects.
    fn read(&self, saved: &str, targets: &[EditTarget]) -> Result<Vec<Value>, Problem> {
        let failed = |why: String| Problem { head: "The edited file failed validation".into(), details: vec![why] };
        let value = yaml::to_json(saved)
            .map_err(|e| Problem { head: format!("The edited file had a syntax error: {e}"), details: Vec::new() })?
            .value;
        if !value.is_object() {
            return Err(failed("invalid object to validate".into()));
        }
        for name in ["apiVersion", "kind"] {
            if value.str(&format!("/{name}")).is_empty() {
                return Err(failed(format!("{name} not set")));
            }
        }
        match (targets.len(), value.get("items")) {
            (1, _) => Ok(vec![value]),
            (_, Some(Value::Array(items))) => Ok(items.to_vec()),
            _ => Err(failed("items not set".into())),
        }
    }

    fn send_all(
        &mut self,
        ctx: &mut Ctx,
        targets: &[EditTarget],
        edited: &[Value],
        saved: &str,
    ) -> CliResult<SendResult> {
        let mut result = SendResult::default();
        for new in edited {
            let Some(target) = targets.iter().find(|s| s.object.uid() == new.uid()) else {
                self.save_copy(ctx, saved)?;
                return Err(CliError::new(format!(
                    "no original object found for &unstructured.Unstructured{{Object:{}}}",
                    value_syntax(new)
                )));
            };
            if target.object == *new {
                self.output.report(ctx, new, &target.item.label(), "skipped", DryRun::None)?;
                continue;
            }
            match self.send(ctx, target, new) {
                Ok(patched) => {
                    self.output.report(ctx, &patched, &targets::label_of(&patched), "edited", DryRun::None)?
                }
                Err(CliError::Status(status)) => {
                    let (resource, name) = (target.item.resource(), quote(&target.item.name));
                    ctx.print_error(if status.is_invalid() {
                        let details = status.causes.iter().map(|c| format!("{}: {}", c.field, c.message)).collect();
                        result.problems.push(Problem { head: format!("{resource} {name} was not valid"), details });
                        format!("error: {resource} {name} is invalid")
                    } else if status.is_not_found() {
                        result.missing = true;
                        format!("error: {resource} {name} could not be found on the server")
                    } else {
                        result.retry = true;
                        format!("error: {resource} {name} could not be patched: {}", status.message)
                    });
                }
                Err(error) => {
                    self.save_copy(ctx, saved)?;
                    return Err(error);
                }
            }
        }
        Ok(result)
    }

    /// Sends the difference, as a strategic merge patch if the types of the kind are known.
    fn send(&self, ctx: &mut Ctx, target: &EditTarget, new: &Value) -> CliResult<Value> {
        let (old, mut new) = (&target.object, new.clone());
        if self.save_config {
            new = last_applied::annotated(&new);
        }
        record::annotate(&mut new, self.cause.as_deref());
        let (format, patch) = targets::typed_difference(old, &new)?;
        three_way::check_identity(&patch).map_err(|e| CliError::new(e.to_string()))?;
        if self.show_patch {
            ctx.print_line(format!("Patch: {}", json_text::to_compact(&patch)));
        }
        let path = target.item.path().subresource(&self.subresource);
        let params = target.item.write_params(&self.manager).validation(self.validation);
        let patched = ctx.api(|client| client.patch(&path, Patch::Value(format, patch), &params))?;
        Ok((*patched).clone())
    }

    /// Keeps a copy of the edited text before the command fails.
    fn save_copy(&self, ctx: &mut Ctx, saved: &str) -> CliResult<()> {
        let file = editor::keep_copy(ctx, saved, self.extension())?;
        ctx.print_error(format!("A copy of your changes has been stored to {}", quote(&file.to_string_lossy())));
        Ok(())
    }
}

/// The text with the problems of the last version at its top.
pub(super) fn with_problems(text: &str, body: &str, problems: &[Problem]) -> String {
    let head = text.strip_suffix(body).unwrap_or("");
    let mut whole = head.to_string();
    for problem in problems {
        whole.push_str(&format!("# {}:\n", problem.head));
        for detail in &problem.details {
            whole.push_str(&format!("# * {}\n", detail.replace('\n', "\n# ")));
        }
    }
    if !problems.is_empty() {
        whole.push_str("#\n");
    }
    whole + body
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_stand_in_the_head() {
        let problem = Problem { head: "x was not valid".into(), details: vec!["spec: bad".into()] };
        let text = with_problems("# help\n#\na: 1\n", "a: 1\n", &[problem]);
        assert_eq!(text, "# help\n#\n# x was not valid:\n# * spec: bad\n#\na: 1\n");
    }
}
