//! `completion`: scripts for shells.

use clap::ArgMatches;

use crate::args::{Matches, groups};
use crate::{CliError, CliResult, Ctx, Verb, complete};

/// The verb.
pub(super) const VERB: Verb = Verb {
    name: "completion",
    aliases: &[],
    about: "Output shell completion code for the specified shell (bash, zsh, fish, or powershell)",
    args: groups::words,
    run,
    family: &[],
};

fn run(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<()> {
    let words = matches.values("words");
    match words.as_slice() {
        [] => Err(ctx.usage("completion", "shell not specified")),
        [shell] => {
            let program = ctx.program.clone();
            let script = complete::script(shell, &program)
                .map_err(|_| ctx.usage("completion", &format!("unsupported shell type \"{shell}\"")))?;
            ctx.out.push_str(&script);
            Ok(())
        }
        _ => Err(CliError::text("too many arguments; expected only the shell type")),
    }
}
