//! `options`: the flags that every verb takes.

use clap::{Arg, ArgAction, ArgMatches};

use crate::args::global;
use crate::{CliResult, Ctx, Verb};

/// The verb.
pub(super) const VERB: Verb = Verb {
    name: "options",
    aliases: &[],
    about: "Print the list of flags inherited by all commands",
    args: super::words_that_mean_nothing,
    run,
    family: &[],
};

fn run(ctx: &mut Ctx, _: &ArgMatches) -> CliResult<()> {
    ctx.say("The following options can be passed to any command:\n");
    let mut flags = global::args();
    flags.sort_by(|a, b| a.get_long().cmp(&b.get_long()));
    for flag in &flags {
        ctx.say(paragraph(flag));
    }
    Ok(())
}

/// `    -n, --namespace='':` and below it what the flag means.
fn paragraph(flag: &Arg) -> String {
    let short = flag.get_short().map(|letter| format!("-{letter}, ")).unwrap_or_default();
    let is_switch = flag.get_num_args().is_some_and(|n| n.min_values() == 0);
    let unset = match flag.get_action() {
        ArgAction::Append => "[]",
        _ if is_switch => "false",
        _ => "''",
    };
    let help = flag.get_help().map(ToString::to_string).unwrap_or_default();
    format!("    {short}--{}={unset}:\n        {help}\n", flag.get_long().unwrap_or_default())
}
