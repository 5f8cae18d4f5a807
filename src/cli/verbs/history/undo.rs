//! `undo` and `redo`: take operations back, and do them again.

use clap::ArgMatches;

use super::{names, no_words, number, words};
use crate::args::{Matches as _, Names};
use crate::{CliError, CliResult, Ctx, Verb};
use kctl_cluster::Operation;

/// The `undo` verb.
pub(in crate::verbs) const UNDO: Verb = Verb {
    name: "undo",
    aliases: &[],
    about: "Take the last operation back",
    long: "Take the last operation back, or all operations back to one of them, which is the first that is undone.

 Everything is as it was before: objects, the clock, what is due, counters and the state of the controllers. The same \
    command then has the same result again. An undo is an operation as well; 'redo' and 'op restore' take it back.

 With a real clock the cluster is as it was, and then catches up with the present at the next command.",
    examples: &[("Take the last operation back", "undo"), ("Take operation 7 and all later ones back", "undo 7")],
    usage: "[NUMBER]",
    flags: |c| names(c, Names::Operations),
    run: undo,
    family: &[],
};

/// The `redo` verb.
pub(in crate::verbs) const REDO: Verb = Verb {
    name: "redo",
    aliases: &[],
    about: "Do what was undone last again",
    long: "Do what was undone last again. A command that changes something ends what can be done again.",
    examples: &[("Do what was undone last again", "redo")],
    usage: "",
    flags: words,
    run: redo,
    family: &[],
};

fn undo(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<()> {
    let back_to = match matches.values("words").as_slice() {
        [] => None,
        [word] => Some(number(word)?),
        _ => return Err(CliError::new("at most one argument is allowed: the number of an operation")),
    };
    let undone = ctx.console()?.undo(back_to)?;
    let text = match undone.as_slice() {
        [only] => format!("undone: {}", named(only)),
        [.., first] => format!("undone: {} operations, back to {}", undone.len(), named(first)),
        [] => return Ok(()),
    };
    ctx.print_line(text);
    Ok(())
}

fn redo(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<()> {
    no_words(matches)?;
    let operation = ctx.console()?.redo()?;
    ctx.print_line(format!("redone: {}", named(&operation)));
    Ok(())
}

/// Names an operation: `operation 7 (kctl scale deploy/web --replicas=5)`.
pub(super) fn named(operation: &Operation) -> String {
    match operation.command.as_str() {
        "" => format!("operation {}", operation.number),
        command => format!("operation {} ({command})", operation.number),
    }
}
