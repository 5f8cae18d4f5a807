//! `rollout`: watch, pause, repeat and take back the updates of workloads.

mod history;
mod restart;
mod revisions;
mod status;
mod undo;

use clap::{ArgMatches, Command};

use super::change::{self, From, Subject};
use crate::args::groups;
use crate::resolve::{Selection, resolve};
use crate::{CliError, CliResult, Ctx, Stream, Verb};

/// The verb and its family.
pub(super) const VERB: Verb = Verb {
    name: "rollout",
    aliases: &[],
    about: "Manage the rollout of a resource",
    long: "Manage the rollout of one or many resources.
        
 Valid resource types include:

  *  deployments
  *  daemonsets
  *  statefulsets",
    examples: &[
        ("Rollback to the previous deployment", "rollout undo deployment/abc"),
        ("Check the rollout status of a daemonset", "rollout status daemonset/foo"),
        ("Restart a deployment", "rollout restart deployment/abc"),
        ("Restart deployments with the 'app=nginx' label", "rollout restart deployment --selector=app=nginx"),
    ],
    usage: "SUBCOMMAND",
    flags: |c| c,
    run: |_, _| Err(CliError::MissingSubcommand(Stream::Out)),
    family: &[history::VERB, restart::PAUSE, restart::RESTART, restart::RESUME, status::VERB, undo::VERB],
};

/// Flags that all of them have.
fn flags(command: Command) -> Command {
    groups::labels(groups::files(groups::args(command)))
}

/// The objects that are meant, as they are on the server.
fn subjects(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<(Vec<Subject>, Vec<CliError>)> {
    let selection = Selection { type_means_all: true, ..Selection::from_matches(ctx, matches) };
    if selection.words.is_empty() && !selection.has_files() {
        return Err(CliError::new("required resource not specified"));
    }
    let resolved = resolve(ctx, &selection)?;
    Ok(change::subjects(ctx, resolved, From::Server))
}

/// Says that there was nothing to work on.
fn nothing_found(ctx: &mut Ctx) {
    let namespace = ctx.namespace();
    ctx.print_error(format!("No resources found in {namespace} namespace."));
}
