//! `apply`: objects as files describe them, created or changed; by a three-way merge of the client or by the server.

pub(super) mod client_side;
mod last;
mod prune;
mod server_side;

use std::sync::Arc;

use clap::{ArgMatches, Command};

use super::delete::{self, Deletion};
use crate::args::groups::{self, DryRun};
use crate::args::{self, Matches};
use crate::output::Output;
use crate::printers::structured::list_of;
use crate::resolve::{Item, Selection, resolve};
use crate::{CliError, CliResult, Ctx, Verb, record};
use kctl_base::json::Value;
use kctl_base::object::{Object, ObjectMeta, ValueRead};
use kctl_cluster::FieldValidation;
use kctl_cluster::client::WriteParams;

/// The verb and its family.
pub(super) const VERB: Verb = Verb {
    name: "apply",
    aliases: &[],
    about: "Create or change objects so that they are as files describe them",
    args: flags,
    run,
    family: &[last::EDIT, last::SET, last::VIEW],
};

fn flags(command: Command) -> Command {
    let command = groups::files(groups::output(groups::words(command)));
    let command = groups::validate(groups::field_manager(groups::dry_run(groups::labels(command))));
    groups::record(groups::all(delete::deletion(command)))
        .arg(args::switch("server-side", "the server merges and keeps track of who owns which field"))
        .arg(args::switch("force-conflicts", "take fields over from their owners (--server-side)"))
        .arg(args::switch("overwrite", "accepted; what the file says always wins"))
        .arg(args::switch("openapi-patch", "accepted; patches always follow the types"))
        .arg(args::switch("prune", "delete what was applied before and is in no file any more"))
        .arg(args::each("prune-allowlist", "prune only this type: GROUP/VERSION/KIND"))
        .arg(args::each("prune-whitelist", "the old name of --prune-allowlist"))
        .arg(args::text("applyset", "refused: apply sets are not supported"))
        .arg(args::text("subresource", "apply to this subresource, server-side only"))
}

/// What the flags mean.
struct Apply {
    manager: String,
    validation: FieldValidation,
    dry_run: DryRun,
    output: Output,
    cause: Option<String>,
    deletion: Deletion,
    force: bool,
    force_conflicts: bool,
    subresource: String,
}

impl Apply {
    /// The parameters of a write of an object of this command.
    fn write_params(&self, item: &Item) -> WriteParams {
        item.write_params(&self.manager).dry_run(self.dry_run.is_server())
    }
}

/// What became of an object.
struct Applied {
    object: Arc<Object>,
    /// `created`, `configured`, `unchanged`, `serverside-applied`.
    done: &'static str,
}

fn run(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<()> {
    let mut selection = Selection::from_matches(ctx, matches);
    check_flags(ctx, matches, &selection)?;
    let server_side = matches.on("server-side");
    let validation = groups::read_validation(matches)?;
    selection.validate = validation != FieldValidation::Ignore;
    let mut apply = Apply {
        manager: groups::read_manager(matches, if server_side { "kubectl" } else { "kubectl-client-side-apply" }),
        validation,
        dry_run: DryRun::read(ctx, matches)?,
        output: Output::of_report(matches)?,
        cause: record::change_cause(ctx, matches),
        deletion: Deletion::read(ctx, matches)?,
        force: matches.on("force"),
        force_conflicts: matches.on("force-conflicts"),
        subresource: matches.value("subresource").into(),
    };
    if server_side && apply.dry_run.is_client() {
        return Err(CliError::text(
            "--dry-run=client doesn't work with --server-side (did you mean --dry-run=server instead?)",
        ));
    }
    let prune = prune::Prune::read(ctx, matches, &selection)?;
    let resolved = resolve(ctx, &selection)?;
    let mut errors = resolved.errors;
    // As with kubectl nothing is applied when a file can not be read or mapped at all and it is the only one.
    if resolved.items.is_empty() {
        CliError::all(errors)?;
        return Err(CliError::text("no objects passed to apply"));
    }
    let mut visited: Vec<Arc<Object>> = Vec::new();
    for item in &resolved.items {
        let applied = match server_side {
            true => server_side::apply(ctx, &apply, item),
            false => client_side::apply(ctx, &apply, item),
        };
        match applied {
            Ok(applied) => {
                warn_if_deleting(ctx, &applied.object);
                if apply.output.is_human() || apply.output.is_name() {
                    apply.output.report(ctx, &applied.object, &item.label(), applied.done, apply.dry_run)?;
                }
                visited.push(applied.object);
            }
            Err(error) => errors.push(error),
        }
    }
    print_objects(ctx, &mut apply, &visited)?;
    CliError::all(errors)?;
    match prune {
        Some(prune) => prune.run(ctx, &mut apply, &resolved.items, &visited),
        None => Ok(()),
    }
}

fn check_flags(ctx: &Ctx, matches: &ArgMatches, selection: &Selection) -> CliResult<()> {
    if !selection.words.is_empty() {
        return Err(ctx.usage("apply", &format!("Unexpected args: [{}]", selection.words.join(" "))));
    }
    if !selection.has_files() {
        return Err(CliError::text("must specify one of -f and -k"));
    }
    if matches.given("applyset").is_some() {
        return Err(CliError::text("apply sets are not supported"));
    }
    let server_side = matches.on("server-side");
    if matches.on("force-conflicts") && !server_side {
        return Err(CliError::text("--force-conflicts only works with --server-side"));
    }
    if matches.on("force") && server_side {
        return Err(CliError::text("--force cannot be used with --server-side"));
    }
    if matches.on("force") && matches.value("dry-run") == "server" {
        return Err(CliError::text("--dry-run=server cannot be used with --force"));
    }
    if !matches.value("subresource").is_empty() && !server_side {
        return Err(CliError::text("--subresource can only be specified for --server-side"));
    }
    Ok(())
}

fn warn_if_deleting(ctx: &mut Ctx, object: &Object) {
    if object.is_deleting() {
        let text =
            format!("Detected changes to resource {} which is currently being deleted.", object.str("/metadata/name"));
        ctx.warn(&text);
    }
}

/// Whole objects come at the end, several as a list.
fn print_objects(ctx: &mut Ctx, apply: &mut Apply, objects: &[Arc<Object>]) -> CliResult<()> {
    if apply.output.is_human() || apply.output.is_name() || objects.is_empty() {
        return Ok(());
    }
    let mut shown: Vec<Value> = objects.iter().map(|o| (**o).clone()).collect();
    let shown = if shown.len() == 1 { shown.remove(0) } else { list_of(shown) };
    apply.output.print(ctx, &shown)
}

/// What stands before an object that can not be read or patched: how kubectl prints what it is about.
fn described(item: &Item) -> String {
    let names = item.kind.names();
    let version = item.version.as_ref().map_or(names.version, |gv| &gv.version);
    format!(
        "Resource: \"{group}/{version}, Resource={}\", GroupVersionKind: \"{group}/{version}, Kind={}\"\nName: \"{}\", Namespace: \"{}\"",
        names.plural,
        names.kind,
        item.name,
        item.namespace,
        group = names.group,
    )
}
