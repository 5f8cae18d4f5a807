//! Flags and target selection that the `rollout` verbs share.

use clap::{ArgMatches, Command};

use crate::args::groups;
use crate::resolve::{Selection, resolve};
use crate::verbs::targets::{self, EditTarget, Source};
use crate::{CliError, CliResult, Ctx};

/// Adds the flags that all of them have.
pub(super) fn flags(command: Command) -> Command {
    groups::labels(groups::files(groups::args(command)))
}

/// The selected objects as they are on the server.
pub(super) fn targets(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<(Vec<EditTarget>, Vec<CliError>)> {
    let selection = Selection { type_means_all: true, typed: true, ..Selection::from_matches(ctx, matches) };
    if selection.args.is_empty() && !selection.has_files() {
        return Err(CliError::new("required resource not specified"));
    }
    let resolved = resolve(ctx, &selection)?;
    Ok(targets::load_typed(ctx, resolved, Source::Server))
}

/// Reports that no object was found.
pub(super) fn nothing_found(ctx: &mut Ctx) {
    let namespace = ctx.namespace();
    ctx.print_error(format!("No resources found in {namespace} namespace."));
}
