//! `help`: the help of the program or of one verb.

use clap::ArgMatches;

use crate::args::{self, Matches};
use crate::{CliError, CliResult, Ctx, Verb, parse};

/// The verb.
pub(super) const VERB: Verb = Verb {
    name: "help",
    aliases: &[],
    about: "Help about any command",
    args: |c| c.arg(args::words("words")),
    run,
    family: &[],
};

fn run(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<()> {
    let words = matches.values("words");
    let mut command = &mut parse::command(&ctx.program, None);
    command.build();
    for word in &words {
        command = command
            .find_subcommand_mut(word)
            .ok_or_else(|| CliError::Raw(format!("Unknown help topic [`{}`]\n", words.join(" ")), 1))?;
    }
    let text = command.render_long_help().to_string();
    ctx.out.push_str(&text);
    Ok(())
}
