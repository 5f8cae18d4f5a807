//! `apply`: creates or changes objects so that they agree with manifests, by a merge in the client or on the server.
//!
//! Upstream: `kubectl/pkg/cmd/apply/apply.go`.

mod applyset;
pub(super) mod client_side;
mod last;
mod options;
pub(super) mod prune;
mod server_side;

use std::sync::Arc;

use clap::{ArgMatches, Command};

use applyset::ApplySet;
use options::ApplyOptions;
use prune::Prune;

use super::delete::{self, Deletion};
use crate::args::groups;
use crate::args::{self, ArgProperties, Matches};
use crate::context::apply_sets_enabled;
use crate::dry_run::DryRun;
use crate::output::Output;
use crate::resolve::{Item, Selection, resolve};
use crate::{CliError, CliResult, Ctx, Verb, record};
use kctl_base::json::{Value, json};
use kctl_base::object::{Object, ObjectMeta, ValueRead};
use kctl_cluster::FieldValidation;

/// The `apply` verb with its subcommands.
pub(super) const VERB: Verb = Verb {
    name: "apply",
    aliases: &[],
    about: "Apply a configuration to a resource by file name or stdin",
    long: "Apply a configuration to objects, by file name or from standard input.

 The manifests are in JSON or YAML. An object that does not exist is created; one that exists is changed so that \
    it agrees with the manifest, and fields that earlier manifests set and this one omits are removed. Objects that \
    are to be managed this way should be created with 'apply' or 'create --save-config'.

 With --server-side the server merges the manifest, by the ownership of fields.",
    examples: &[
        ("Apply the configuration in pod.yaml", "apply -f pod.yaml"),
        ("Apply a directory with a kustomization.yaml", "apply -k overlays/production"),
        ("Apply the manifests from standard input", "apply -f -"),
        ("Apply the manifests whose names match a pattern", "apply -f 'manifests/*.yaml'"),
        ("Apply on the server, with ownership of fields", "apply --server-side -f pod.yaml"),
        (
            "Apply the manifests of a directory and delete the labeled objects that none of them contains",
            "apply --prune -f manifests/ -l app=web",
        ),
    ],
    usage: "(-f FILENAME | -k DIRECTORY)",
    flags,
    run,
    family: &[last::EDIT, last::SET, last::VIEW],
};

fn flags(command: Command) -> Command {
    let command = groups::files(groups::output(groups::args(command)));
    let command =
        groups::validate(groups::field_manager(groups::dry_run(groups::labels(command)), "kubectl-client-side-apply"));
    groups::record(groups::all(delete::deletion(command, "false")))
        .arg(args::switch("server-side", "Apply on the server instead of in the client."))
        .arg(args::switch("force-conflicts", "Take over fields that other managers own; requires --server-side."))
        .arg(args::switch("overwrite", "Accepted for compatibility; the manifest always wins.").help_default("true"))
        .arg(args::switch("openapi-patch", "Accepted for compatibility; patches always follow the types of the API.").help_default("true"))
        .arg(args::switch("prune", "Delete objects that were applied before and are in none of the files, among those that --all or -l selects."))
        .arg(args::each("prune-allowlist", "Prune only objects of this type, as group/version/kind; can be repeated."))
        .arg(args::each("prune-whitelist", "Former name of --prune-allowlist.").hide(true))
        .arg(args::text("applyset", "Object that records which objects are applied together, [RESOURCE][.GROUP]/NAME or the NAME of a Secret: those that no file contains any more are deleted. An alpha feature.").hide(!apply_sets_enabled()))
        .arg(args::text("subresource", "Apply to this subresource of the object; requires --server-side."))
}

fn run(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<()> {
    let mut selection = Selection::from_matches(ctx, matches);
    if !selection.args.is_empty() {
        return Err(ctx.usage("apply", &format!("Unexpected args: [{}]", selection.args.join(" "))));
    }
    let mut apply = read_options(ctx, matches)?;
    if !selection.has_files() {
        return Err(CliError::new("must specify one of -f and -k"));
    }
    selection.validate = apply.validation != FieldValidation::Ignore;
    let mut set = ApplySet::read(ctx, matches)?;
    check_flags(matches, &apply, &selection)?;
    let prune = match &set {
        Some(set) => {
            check_set(ctx, matches, &selection, set)?;
            None
        }
        None => Prune::read(ctx, matches, &selection)?,
    };
    let mut resolved = resolve(ctx, &selection)?;
    let mut errors = resolved.errors;
    if resolved.items.is_empty() && errors.is_empty() {
        return Err(CliError::new("no objects passed to apply"));
    }
    if let Some(set) = &mut set {
        if let Err(error) = set.label(&mut resolved.items) {
            resolved.items.clear();
            errors = vec![error];
        }
        set.before_apply(ctx, &apply, &resolved.items)?;
    }
    let visited = apply_all(ctx, &mut apply, &resolved.items, &mut errors)?;
    CliError::all(errors)?;
    print_objects(ctx, &mut apply, &visited)?;
    match (set, prune) {
        (Some(set), _) => set.prune(ctx, &apply, &mut Output::of_report(matches)?, &visited),
        (None, Some(prune)) => prune.run(ctx, &apply, &mut Output::of_report(matches)?, (&resolved.items, &visited)),
        (None, None) => Ok(()),
    }
}

/// Reads the flags that have nothing to do with pruning.
fn read_options(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<ApplyOptions> {
    let server_side = matches.flag("server-side");
    // Unlike in `delete`, --force alone does not shorten the grace period.
    let mut deletion = Deletion::read(ctx, matches)?;
    deletion.grace = matches.int("grace-period").filter(|seconds| *seconds >= 0);
    Ok(ApplyOptions {
        dry_run: DryRun::read(ctx, matches)?,
        manager: match matches.value_of("field-manager") {
            // The server requires the name for server-side apply.
            Some("") if server_side => String::new(),
            _ if server_side => groups::read_manager(matches, "kubectl"),
            _ => groups::read_manager(matches, "kubectl-client-side-apply"),
        },
        output: Output::of_report(matches)?,
        cause: record::change_cause(ctx, matches),
        deletion,
        validation: groups::read_validation(matches)?,
        server_side,
        force: matches.flag("force"),
        force_conflicts: matches.flag("force-conflicts"),
        subresource: matches.string("subresource").into(),
    })
}

/// Applies all objects. Returns those that could be applied, and adds the errors of the others.
fn apply_all(
    ctx: &mut Ctx,
    apply: &mut ApplyOptions,
    items: &[Item],
    errors: &mut Vec<CliError>,
) -> CliResult<Vec<Arc<Object>>> {
    let mut visited = Vec::new();
    for item in items {
        let applied = match apply.server_side {
            true => server_side::apply(ctx, apply, item),
            false => client_side::apply(ctx, apply, item),
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
    Ok(visited)
}

/// Checks which flags go together (`ApplyOptions.Validate`).
fn check_flags(matches: &ArgMatches, apply: &ApplyOptions, selection: &Selection) -> CliResult<()> {
    let prune = matches.flag("prune");
    let problem = if apply.force_conflicts && !apply.server_side {
        "--force-conflicts only works with --server-side"
    } else if apply.dry_run.is_client() && apply.server_side {
        "--dry-run=client doesn't work with --server-side (did you mean --dry-run=server instead?)"
    } else if apply.server_side && apply.force {
        "--force cannot be used with --server-side"
    } else if apply.dry_run.is_server() && apply.force {
        "--dry-run=server cannot be used with --force"
    } else if selection.all && !selection.labels.is_empty() {
        "cannot set --all and --selector at the same time"
    } else if apply.force && prune {
        "--force cannot be used with --prune"
    } else if !apply.subresource.is_empty() && !apply.server_side {
        "--subresource can only be specified for --server-side"
    } else {
        return Ok(());
    };
    Err(CliError::new(problem))
}

/// Checks which flags go together with `--applyset`, and its parent.
fn check_set(ctx: &mut Ctx, matches: &ArgMatches, selection: &Selection, set: &ApplySet) -> CliResult<()> {
    if !matches.flag("prune") {
        return Err(CliError::new("--applyset requires --prune"));
    }
    set.validate(ctx)?;
    let allowed = [matches.values("prune-allowlist"), matches.values("prune-whitelist")];
    let flag = match (selection.all, selection.labels.as_str()) {
        (true, _) => "--all",
        (false, labels) if !labels.is_empty() => "--selector",
        _ if allowed.iter().any(|types| !types.is_empty()) => "--prune-allowlist",
        _ => return Ok(()),
    };
    Err(CliError::new(format!("{flag} is incompatible with --applyset")))
}

fn warn_if_deleting(ctx: &mut Ctx, object: &Object) {
    if object.is_deleting() {
        let text =
            format!("Detected changes to resource {} which is currently being deleted.", object.str("/metadata/name"));
        ctx.warn(&text);
    }
}

/// Prints complete objects at the end, several as a list.
fn print_objects(ctx: &mut Ctx, apply: &mut ApplyOptions, objects: &[Arc<Object>]) -> CliResult<()> {
    if apply.output.is_human() || apply.output.is_name() || objects.is_empty() {
        return Ok(());
    }
    let mut shown: Vec<Value> = objects.iter().map(|o| (**o).clone()).collect();
    let shown = match shown.as_mut_slice() {
        [one] => std::mem::take(one),
        _ => {
            apply.output.print_typed();
            json!({"kind": "List", "apiVersion": "v1", "metadata": {}, "items": shown})
        }
    };
    apply.output.print(ctx, &shown)
}
