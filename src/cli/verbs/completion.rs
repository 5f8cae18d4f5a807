//! `completion`: completion scripts for shells.

use clap::ArgMatches;

use crate::args::{Matches, groups};
use crate::{CliResult, Ctx, Verb, completion_script};

/// The `completion` verb.
pub(super) const VERB: Verb = Verb {
    name: "completion",
    aliases: &[],
    about: "Output shell completion code for the specified shell (bash, zsh, fish, or powershell)",
    long: "Output shell completion code for bash, zsh, fish or powershell.

 The code must be evaluated by the shell. Candidates come from this program, so that names of objects are \
    completed, too.",
    examples: &[
        ("Load completion into the current bash", "completion bash"),
        ("Print completion code for zsh; save it as '_{program}' in a directory of $fpath", "completion zsh"),
        ("Print completion code for fish; save it below ~/.config/fish/completions", "completion fish"),
        ("Print completion code for PowerShell; add it to $PROFILE", "completion powershell"),
    ],
    usage: "SHELL",
    flags: groups::args,
    run,
    family: &[],
};

fn run(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<()> {
    match matches.values("args").as_slice() {
        [] => Err(ctx.usage("completion", "Shell not specified.")),
        [shell] => match completion_script::script(shell, &ctx.program)? {
            Some(script) => {
                ctx.out.push_str(&script);
                Ok(())
            }
            None => Err(ctx.usage("completion", &format!("Unsupported shell type \"{shell}\"."))),
        },
        _ => Err(ctx.usage("completion", "Too many arguments. Expected only the shell type.")),
    }
}
