//! `create`: creates objects from manifests; its subcommands generate objects from flags.
//!
//! Upstream: `kubectl/pkg/cmd/create/create.go`.

mod binding;
mod config_map;
mod cron_job;
mod deployment;
mod edit;
mod generator;
mod hash;
mod ingress;
mod job;
mod namespace;
mod pod_disruption_budget;
mod priority_class;
mod quota;
mod role;
mod rule;
mod secret;
mod service;
mod service_account;
mod sources;
mod token;

use clap::{ArgMatches, Command};

use super::creation::Creation;
use super::raw;
use crate::args::{self, Matches, groups};
use crate::output::Output;
use crate::resolve::{Item, Selection, resolve};
use crate::{CliError, CliResult, Ctx, Verb, last_applied, record};
use kctl_base::json::Value;
use kctl_cluster::client::rest::Method;

/// The `create` verb with its subcommands.
pub(super) const VERB: Verb = Verb {
    name: "create",
    aliases: &[],
    about: "Create a resource from a file or from stdin",
    long: "Create objects from a file or from standard input.

 The manifests are in JSON or YAML. The subcommands create objects from arguments and flags.",
    examples: &[
        ("Create the objects in pod.yaml", "create -f pod.yaml"),
        ("Create the objects from standard input", "create -f -"),
        ("Print a deployment without creating it", "create deployment web --image=nginx --dry-run=client -o yaml"),
    ],
    usage: "-f FILENAME",
    flags,
    run,
    family: &[
        role::CLUSTER_ROLE,
        binding::CLUSTER_ROLE_BINDING,
        config_map::VERB,
        cron_job::VERB,
        deployment::VERB,
        ingress::VERB,
        job::VERB,
        namespace::VERB,
        pod_disruption_budget::VERB,
        priority_class::VERB,
        quota::VERB,
        role::ROLE,
        binding::ROLE_BINDING,
        secret::VERB,
        service::VERB,
        service_account::VERB,
        token::VERB,
    ],
};

fn flags(command: Command) -> Command {
    let command = groups::files(groups::output(groups::args(command)));
    let command = groups::validate(groups::field_manager(groups::dry_run(groups::labels(command)), "kubectl-create"));
    groups::record(groups::save_config(command))
        .arg(args::switch("edit", "Edit each object before it is created."))
        .arg(raw::flag("Path of the API to post the file to."))
        .arg(args::switch("windows-line-endings", "Edit with carriage returns at the ends of lines; only with --edit."))
}

fn run(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<()> {
    let mut selection = Selection::from_matches(ctx, matches);
    if !selection.has_files() {
        return Err(match selection.args.is_empty() {
            true => CliError::new("must specify one of -f and -k"),
            false => unexpected(ctx, &selection.args),
        });
    }
    if !selection.args.is_empty() {
        return Err(unexpected(ctx, &selection.args));
    }
    if raw::run(ctx, matches, Method::Post)? {
        return Ok(());
    }
    if matches.flag("edit") {
        return edit::run(ctx, matches, &selection);
    }
    let validation = groups::read_validation(matches)?;
    selection.validate = validation != kctl_cluster::FieldValidation::Ignore;
    let dry_run = crate::dry_run::DryRun::read(ctx, matches)?;
    let mut output = Output::of_report(matches)?;
    let manager = groups::read_manager(matches, "kubectl-create");
    let cause = record::change_cause(ctx, matches);
    let creation =
        Creation { manager: &manager, dry_run, save_config: matches.flag("save-config"), validation: Some(validation) };
    let resolved = resolve(ctx, &selection)?;
    let (mut errors, mut created) = (Vec::new(), 0);
    for item in &resolved.items {
        let mut object = item.content();
        last_applied::update(&mut object, creation.save_config);
        record::annotate(&mut object, cause.as_deref());
        if !dry_run.is_client() {
            match creation.create_item(ctx, item, object) {
                Ok(created) => object = (*created).clone(),
                Err(error) => {
                    errors.push(item.error("creating", error));
                    continue;
                }
            }
        }
        created += 1;
        let label = label(item, &object);
        output.report(ctx, &object, &label, "created", dry_run)?;
    }
    if created == 0 && errors.is_empty() && resolved.errors.is_empty() {
        return Err(CliError::new("no objects passed to create"));
    }
    errors.extend(unread(resolved.errors, errors.is_empty()));
    CliError::all(errors)
}

/// Returns the errors of documents that could not be read. kubectl adds them as one error to those of objects, in the
/// form of a Go list.
fn unread(errors: Vec<CliError>, alone: bool) -> Vec<CliError> {
    if alone || errors.len() < 2 {
        return errors;
    }
    let bare = |error: &CliError| error.message().trim_end().trim_start_matches("error: ").to_string();
    vec![CliError::new(format!("[{}]", errors.iter().map(bare).collect::<Vec<_>>().join(", ")))]
}

/// The label of a created object, whose name may have been generated by the server.
fn label(item: &Item, object: &Value) -> String {
    use kctl_base::object::ObjectMeta;
    let name = if object.name().is_empty() { "<unknown>" } else { object.name() };
    format!("{}/{name}", item.kind_group())
}

fn unexpected(ctx: &Ctx, words: &[String]) -> CliError {
    ctx.usage("create", &format!("Unexpected args: [{}]", words.join(" ")))
}
