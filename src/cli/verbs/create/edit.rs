//! `create --edit`: opens each object of the manifests in the editor before it is created
//! (`EditBeforeCreateMode` of `kubectl/pkg/cmd/util/editor/editoptions.go`).

use clap::ArgMatches;

use super::super::edit::{Problem, with_problems};
use crate::args::{Matches, groups};
use crate::dry_run::DryRun;
use crate::editor::{self, LineEndings};
use crate::output::Output;
use crate::resolve::{Item, Selection, resolve};
use crate::verbs::creation::Creation;
use crate::{CliError, CliResult, Ctx, last_applied, record};
use kctl_base::field::quote;
use kctl_base::json::{self, Value};
use kctl_base::object::{ObjectMeta, ValueRead};
use kctl_base::yaml;
use kctl_cluster::FieldValidation;

/// The values of the flags.
struct Editing {
    manager: String,
    validation: FieldValidation,
    output: Output,
    is_json: bool,
    endings: LineEndings,
    save_config: bool,
    cause: Option<String>,
}

/// Edits and creates the objects of a selection, one after the other.
///
/// # Errors
/// A manifest that cannot be read, an editor that fails, or the status of the server; what was edited is kept in a file.
pub(super) fn run(ctx: &mut Ctx, matches: &ArgMatches, selection: &Selection) -> CliResult<()> {
    let format = matches.string("output");
    if !["", "yaml", "json"].contains(&format) {
        return Err(CliError::new(format!(
            "unable to match a printer suitable for the output format {}, allowed formats are: json,kyaml,yaml",
            quote(format)
        )));
    }
    let validation = groups::read_validation(matches)?;
    let mut editing = Editing {
        manager: groups::read_manager(matches, "kubectl-create"),
        validation,
        output: Output::of_report(matches)?,
        is_json: format == "json",
        endings: LineEndings::read(matches),
        save_config: matches.flag("save-config"),
        cause: record::change_cause(ctx, matches),
    };
    let validate = validation != FieldValidation::Ignore;
    let resolved = resolve(ctx, &Selection { validate, ..selection.clone() })?;
    CliError::all(resolved.errors)?;
    for item in &resolved.items {
        editing.edit(ctx, item)?;
    }
    Ok(())
}

impl Editing {
    fn extension(&self) -> &'static str {
        if self.is_json { "json" } else { "yaml" }
    }

    /// Opens one object until it can be read or is left as it is, and creates it.
    fn edit(&mut self, ctx: &mut Ctx, item: &Item) -> CliResult<()> {
        let original = match self.is_json {
            true => json::to_pretty(&item.content()),
            false => yaml::print(&item.content()),
        };
        let (mut body, mut problems) = (original.clone(), Vec::new());
        loop {
            // JSON has no comments, so nothing is added at its top.
            let text = match self.is_json {
                true => body.clone(),
                false => with_problems(&editor::with_preamble(&body), &body, &problems),
            };
            let saved = editor::edit(ctx, &text, self.extension(), self.endings)?;
            let bare = editor::without_comments(&saved);
            let is_same_as = |other: &str| bare.trim_end() == editor::without_comments(other).trim_end();
            if !problems.is_empty() && is_same_as(&body) {
                self.keep(ctx, &saved)?;
                return Err(CliError::new("Edit cancelled, no valid changes were saved."));
            }
            if is_same_as(&original) {
                ctx.print_error("Edit cancelled, no changes made.");
                return Ok(());
            }
            if bare.trim().is_empty() {
                ctx.print_error("Edit cancelled, saved file was empty.");
                return Ok(());
            }
            match read(&saved) {
                Ok(object) => return self.create(ctx, item, object, &saved),
                Err(problem) => (problems, body) = (vec![problem], bare),
            }
        }
    }

    /// Creates what was saved; if the server refuses it, a copy is kept.
    fn create(&mut self, ctx: &mut Ctx, item: &Item, mut object: Value, saved: &str) -> CliResult<()> {
        last_applied::update(&mut object, self.save_config);
        record::annotate(&mut object, self.cause.as_deref());
        let creation = Creation {
            manager: &self.manager,
            dry_run: DryRun::None,
            save_config: self.save_config,
            validation: Some(self.validation),
        };
        // The editor may have changed the name and the namespace.
        let mut item = item.clone();
        item.name = object.name().into();
        if !object.namespace().is_empty() && item.kind.names().namespaced {
            item.namespace = object.namespace().into();
        }
        match creation.create_item(ctx, &item, object) {
            Ok(created) => self.output.report(ctx, &created, &super::label(&item, &created), "created", DryRun::None),
            Err(error) => {
                self.keep(ctx, saved)?;
                Err(error)
            }
        }
    }

    fn keep(&self, ctx: &mut Ctx, saved: &str) -> CliResult<()> {
        let file = editor::keep_copy(ctx, saved, self.extension())?;
        ctx.print_error(format!("A copy of your changes has been stored to {}", quote(&file.to_string_lossy())));
        Ok(())
    }
}

/// Reads the saved object.
fn read(saved: &str) -> Result<Value, Problem> {
    let failed = |why: &str| Problem { head: "The edited file failed validation".into(), details: vec![why.into()] };
    let value = yaml::to_json(saved)
        .map_err(|e| Problem { head: format!("The edited file had a syntax error: {e}"), details: Vec::new() })?
        .value;
    if !value.is_object() {
        return Err(failed("invalid object to validate"));
    }
    for name in ["apiVersion", "kind"] {
        if value.str(&format!("/{name}")).is_empty() {
            return Err(failed(&format!("{name} not set")));
        }
    }
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_saved_has_to_be_an_object() {
        let problem = |text: &str| read(text).err().map(|p| (p.head, p.details));
        assert_eq!(problem("# a comment\napiVersion: v1\nkind: Pod\n"), None);
        let failed = "The edited file failed validation".to_string();
        assert_eq!(problem("kind: Pod\n"), Some((failed.clone(), vec!["apiVersion not set".into()])));
        assert_eq!(problem("text\n"), Some((failed, vec!["invalid object to validate".into()])));
        let syntax = problem("a: [\n").expect("a problem").0;
        assert!(syntax.starts_with("The edited file had a syntax error: "), "{syntax}");
    }
}
