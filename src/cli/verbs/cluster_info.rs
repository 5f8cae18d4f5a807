//! `cluster-info`: where the control plane is; here, in this process.

use clap::{ArgMatches, Command};

use crate::args::{self};
use crate::{CliError, CliResult, Ctx, Verb};

/// The verb.
pub(super) const VERB: Verb = Verb {
    name: "cluster-info",
    aliases: &[],
    about: "Display cluster information",
    args: super::words_that_mean_nothing,
    run: show,
    family: &[Verb {
        name: "dump",
        aliases: &[],
        about: "Not supported: dump relevant information for debugging and diagnosis",
        args: dump_flags,
        run: dump,
        family: &[],
    }],
};

fn dump_flags(command: Command) -> Command {
    super::refused::anything(command).arg(args::text("output-directory", "refused"))
}

fn show(ctx: &mut Ctx, _: &ArgMatches) -> CliResult<()> {
    let place = ctx.store_dir()?;
    ctx.client()?;
    ctx.say(format!("Kubernetes control plane is running in the store {}", place.display()));
    Ok(())
}

fn dump(_: &mut Ctx, _: &ArgMatches) -> CliResult<()> {
    Err(CliError::text("cluster-info dump is not supported: use get --all-namespaces -o yaml and logs"))
}
