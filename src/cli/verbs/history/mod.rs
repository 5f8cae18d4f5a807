//! The verbs of the history: `op`, `undo`, `redo`, `snapshot` and `branch`.

mod branch;
mod changes;
mod op;
mod report;
mod snapshot;
mod undo;

pub(super) use branch::VERB as BRANCH;
pub(super) use op::VERB as OP;
pub(super) use snapshot::VERB as SNAPSHOT;
pub(super) use undo::{REDO, UNDO};

use clap::{ArgMatches, Command};

use crate::args::{self, Matches as _, Names};
use crate::{CliError, CliResult};
use kctl_cluster::branches;

/// Adds positional arguments.
fn words(command: Command) -> Command {
    command.arg(args::positional("words"))
}

/// Adds positional arguments that shells complete.
fn names(command: Command, of: Names) -> Command {
    command.arg(args::names("words", of))
}

/// Returns the only argument, which an error calls `what`.
fn only_word(matches: &ArgMatches, what: &str) -> CliResult<String> {
    match matches.values("words").as_slice() {
        [word] => Ok(word.clone()),
        _ => Err(CliError::new(format!("exactly one argument is required: {what}"))),
    }
}

/// Refuses arguments.
fn no_words(matches: &ArgMatches) -> CliResult<()> {
    match matches.values("words").as_slice() {
        [] => Ok(()),
        words => Err(CliError::new(format!("unexpected arguments: {}", words.join(" ")))),
    }
}

/// Parses the number of an operation.
fn number(word: &str) -> CliResult<u64> {
    word.parse().map_err(|_| CliError::new(format!("\"{word}\" is not the number of an operation (see: kctl op log)")))
}

/// Refuses what cannot be the name of a snapshot or a branch.
fn must_be_name(word: &str) -> CliResult<()> {
    match branches::is_name(word) {
        true => Ok(()),
        false => Err(CliError::new(format!(
            "invalid name \"{word}\": it must consist of at most 63 lower-case letters, digits and \"-\", and begin and end with a letter or a digit"
        ))),
    }
}
