//! `cluster-info`: the location of the control plane, which runs in this process.

use clap::{ArgMatches, Command};

use crate::args::{self, groups};
use crate::{CliError, CliResult, Ctx, Verb};

/// The `cluster-info` verb.
pub(super) const VERB: Verb = Verb {
    name: "cluster-info",
    aliases: &[],
    about: "Display cluster information",
    long: "Display where the control plane runs: in this process, over the objects of a store.",
    examples: &[("Print the store of the control plane", "cluster-info")],
    usage: "",
    flags: groups::args,
    run: show,
    family: &[Verb {
        name: "dump",
        aliases: &[],
        about: "Not supported: dump relevant information for debugging and diagnosis",
        long: "This command is not supported. Use 'get --all-namespaces -o yaml' and 'logs' instead.",
        examples: &[],
        usage: "",
        flags: dump_flags,
        run: dump,
        family: &[],
    }],
};

fn dump_flags(command: Command) -> Command {
    super::refused::anything(command).arg(args::text("output-directory", "Not supported."))
}

fn show(ctx: &mut Ctx, _: &ArgMatches) -> CliResult<()> {
    let place = ctx.store_dir()?;
    ctx.client()?;
    ctx.print_line(format!("Kubernetes control plane is running in the store {}", place.display()));
    Ok(())
}

fn dump(_: &mut Ctx, _: &ArgMatches) -> CliResult<()> {
    Err(CliError::new("cluster-info dump is not supported: use get --all-namespaces -o yaml and logs"))
}
