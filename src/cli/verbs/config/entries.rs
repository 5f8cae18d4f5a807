//! Lists and deletions of the named entries of a kubeconfig file, and the checks of arguments.

use clap::ArgMatches;

use crate::args::Matches;
use crate::{CliError, CliResult, Ctx};
use kctl_base::object::{ValueRead, ValueWrite};

pub(super) fn one_word(matches: &ArgMatches) -> CliResult<String> {
    match matches.values("args").as_slice() {
        [word] => Ok(word.clone()),
        words => Err(unexpected(words)),
    }
}

pub(super) fn unexpected(words: &[String]) -> CliError {
    CliError::WithHelp(format!("Unexpected args: [{}]", words.join(" ")))
}

/// Removes a cluster, a user or a context from the file.
pub(super) fn delete(ctx: &mut Ctx, matches: &ArgMatches, what: &str) -> CliResult<()> {
    let name = match matches.values("args").as_slice() {
        [name] => name.clone(),
        [] if what == "user" => return Err(ctx.usage("config delete-user", "user to delete is required")),
        words => return Err(unexpected(words)),
    };
    let (path, active) = ctx.change_kubeconfig(|config| {
        let path = config.path();
        let active = config.current() == name;
        let entries = config.value.list_mut(&format!("/{what}s"));
        let before = entries.len();
        entries.retain(|entry| entry.str("/name") != name);
        match entries.len() < before {
            true => Ok((path, active)),
            false => Err(CliError::new(format!("cannot delete {what} {name}, not in {path}"))),
        }
    })?;
    if active && what == "context" {
        ctx.print_error(
            "warning: this removed your active context, use \"kubectl config use-context\" to select a different one",
        );
    }
    ctx.print_line(format!("deleted {what} {name} from {path}"));
    Ok(())
}

/// Prints the names of the entries of a list.
pub(super) fn names(ctx: &mut Ctx, what: &str) -> CliResult<()> {
    let config = ctx.read_kubeconfig()?;
    ctx.print_line("NAME");
    for entry in config.value.list(&format!("/{what}")) {
        ctx.print_line(entry.str("/name"));
    }
    Ok(())
}
