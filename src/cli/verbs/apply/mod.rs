//! `apply`: creates or changes objects so that they agree with manifests, by a merge in the client or on the server.
//!
//! Upstream: `kubectl/pkg/cmd/apply/apply.go`.

pub(super) mod client_side;
mod last;
mod options;
pub(super) mod prune;
mod server_side;

use std::sync::Arc;

use clap::{ArgMatches, Command};

use options::ApplyOptions;

use super::delete::{self, Deletion};
use crate::args::groups;
use crate::args::{self, ArgProperties, Matches};
use crate::dry_run::DryRun;
use crate::output::Output;
use crate::resolve::{Selection, resolve};
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
        .arg(args::text("applyset", "Not supported: apply sets are not simulated.").hide(true))
        .arg(args::text("subresource", "Apply to this subresource of the object; requires --server-side."))
}

fn run(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<()> {
    let mut selection = Selection::from_matches(ctx, matches);
    check_flags(ctx, matches, &selection)?;
    let server_side = matches.flag("server-side");
    let validation = groups::read_validation(matches)?;
    selection.validate = validation != FieldValidation::Ignore;
    let mut apply = ApplyOptions {
        manager: match matches.value_of("field-manager") {
            // The server requires the name for server-side apply.
            Some("") if server_side => String::new(),
            _ if server_side => groups::read_manager(matches, "kubectl"),
            _ => groups::read_manager(matches, "kubectl-client-side-apply"),
        },
        validation,
        dry_run: DryRun::read(ctx, matches)?,
        output: Output::of_report(matches)?,
        cause: record::change_cause(ctx, matches),
        deletion: read_deletion(ctx, matches)?,
        force: matches.flag("force"),
        force_conflicts: matches.flag("force-conflicts"),
        subresource: matches.string("subresource").into(),
    };
    if server_side && apply.dry_run.is_client() {
        return Err(CliError::new(
            "--dry-run=client doesn't work with --server-side (did you mean --dry-run=server instead?)",
        ));
    }
    let prune = prune::Prune::read(ctx, matches, &selection)?;
    let resolved = resolve(ctx, &selection)?;
    let mut errors = resolved.errors;
    // As in kubectl, an unreadable manifest is fatal only if there is no other.
    if resolved.items.is_empty() {
        CliError::all(errors)?;
        return Err(CliError::new("no objects passed to apply"));
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

/// Reads the flags for the objects that --force deletes. Unlike in `delete`, it alone does not shorten the grace period.
fn read_deletion(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<Deletion> {
    let grace = matches.int("grace-period").filter(|seconds| *seconds >= 0);
    Ok(Deletion { grace, ..Deletion::read(ctx, matches)? })
}

fn check_flags(ctx: &Ctx, matches: &ArgMatches, selection: &Selection) -> CliResult<()> {
    if !selection.args.is_empty() {
        return Err(ctx.usage("apply", &format!("Unexpected args: [{}]", selection.args.join(" "))));
    }
    if !selection.has_files() {
        return Err(CliError::new("must specify one of -f and -k"));
    }
    if matches.value_of("applyset").is_some() {
        return Err(CliError::new("apply sets are not supported"));
    }
    let server_side = matches.flag("server-side");
    if matches.flag("force-conflicts") && !server_side {
        return Err(CliError::new("--force-conflicts only works with --server-side"));
    }
    if matches.flag("force") && server_side {
        return Err(CliError::new("--force cannot be used with --server-side"));
    }
    if matches.flag("force") && matches.string("dry-run") == "server" {
        return Err(CliError::new("--dry-run=server cannot be used with --force"));
    }
    if !matches.string("subresource").is_empty() && !server_side {
        return Err(CliError::new("--subresource can only be specified for --server-side"));
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
