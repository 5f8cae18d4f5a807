//! `auth reconcile`: roles and bindings that hold at least what files say.

use clap::{ArgMatches, Command};
use serde_json::Value;

use crate::api::{Body, Request, Verb as ApiVerb};
use crate::cli::args::groups::{self, DryRun};
use crate::cli::args::{self, Matches};
use crate::cli::output::Output;
use crate::cli::resolve::{Item, Selection, resolve};
use crate::cli::{CliError, CliResult, Ctx, Verb};
use crate::machinery::object::{Meta, Reading, Writing};

/// The verb.
pub(super) const VERB: Verb = Verb {
    name: "reconcile",
    aliases: &[],
    about: "Reconciles rules for RBAC role, role binding, cluster role, and cluster role binding objects",
    args: flags,
    run,
    family: &[],
};

fn flags(command: Command) -> Command {
    groups::dry_run(groups::output(groups::files(command)))
        .arg(args::switch("remove-extra-permissions", "remove permissions that no file has"))
        .arg(args::switch("remove-extra-subjects", "remove subjects that no file has"))
}

fn run(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<()> {
    let selection = Selection { validate: true, ..Selection::from_matches(ctx, matches) };
    if !selection.has_files() {
        return Err(CliError::text("must specify one of -f and -k"));
    }
    let dry_run = DryRun::read(ctx, matches)?;
    let mut output = Output::of_report(matches)?;
    let resolved = resolve(ctx, &selection)?;
    let mut errors = resolved.errors;
    for item in &resolved.items {
        let list = match item.kind.names().kind {
            "Role" | "ClusterRole" => ("/rules", matches.on("remove-extra-permissions")),
            "RoleBinding" | "ClusterRoleBinding" => ("/subjects", matches.on("remove-extra-subjects")),
            // Other objects may stand in the same file; they are passed over.
            _ => continue,
        };
        let result = one(ctx, item, list, dry_run)
            .and_then(|object| output.report(ctx, &object, &item.label(), "reconciled", dry_run));
        errors.extend(result.err());
    }
    CliError::all(errors)
}

/// Creates or completes one object.
fn one(ctx: &mut Ctx, item: &Item, (pointer, exact): (&str, bool), dry_run: DryRun) -> CliResult<Value> {
    let wanted = item.content();
    let mut live = match item.fetch(ctx) {
        Ok(live) => (*live).clone(),
        Err(error) if error.is_not_found() => {
            if dry_run.is_client() {
                return Ok(wanted);
            }
            let mut request = item.request(ApiVerb::Create);
            request.name = String::new();
            return send(ctx, request, wanted, dry_run);
        }
        Err(error) => return Err(error),
    };
    let before = live.clone();
    let list = live.list_mut(pointer);
    if exact {
        list.retain(|entry| wanted.list(pointer).contains(entry));
    }
    for entry in wanted.list(pointer) {
        if !list.contains(entry) {
            list.push(entry.clone());
        }
    }
    for (key, value) in wanted.labels() {
        live.set_label(&key, &value);
    }
    for (key, value) in wanted.strings("/metadata/annotations") {
        live.set_annotation(&key, &value);
    }
    match live == before || dry_run.is_client() {
        true => Ok(live),
        false => send(ctx, item.request(ApiVerb::Update), live, dry_run),
    }
}

fn send(ctx: &mut Ctx, request: Request, object: Value, dry_run: DryRun) -> CliResult<Value> {
    let request = request.manager("kubectl-auth").dry_run(dry_run.is_server()).body(Body::Object(object));
    Ok((*ctx.call(&request)?.object).clone())
}
