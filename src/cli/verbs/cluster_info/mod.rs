//! `cluster-info`: the location of the control plane, which runs in this process.

mod dump;

use clap::ArgMatches;

use crate::args::groups;
use crate::{CliResult, Ctx, Verb};

/// The `cluster-info` verb.
pub(super) const VERB: Verb = Verb {
    name: "cluster-info",
    aliases: &[],
    about: "Display cluster information",
    long: "Display where the control plane runs: in this process, over the objects of a store.",
    examples: &[("Print the store of the control plane", "cluster-info")],
    usage: "[flags]",
    flags: groups::args,
    run: show,
    family: &[dump::VERB],
};

fn show(ctx: &mut Ctx, _: &ArgMatches) -> CliResult<()> {
    let place = ctx.store_dir()?;
    ctx.client()?;
    ctx.print_line(format!("Kubernetes control plane is running in the store {}", place.display()));
    Ok(())
}
