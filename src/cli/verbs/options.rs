//! `options`: the global flags.

use clap::ArgMatches;

use crate::args::{global, groups, paragraphs};
use crate::{CliResult, Ctx, Verb};

/// `options`.
pub(super) const VERB: Verb = Verb {
    name: "options",
    aliases: &[],
    about: "Print the list of flags inherited by all commands",
    long: "Print the list of flags inherited by all commands.",
    examples: &[("Print the flags inherited by all commands", "options")],
    usage: "",
    flags: groups::args,
    run,
    family: &[],
};

fn run(ctx: &mut Ctx, _: &ArgMatches) -> CliResult<()> {
    ctx.print_line("The following options can be passed to any command:\n");
    ctx.print_line(paragraphs(global::args().iter()));
    Ok(())
}
