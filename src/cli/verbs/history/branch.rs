//! `branch`: futures of the cluster side by side.

use clap::ArgMatches;

use super::report::{self, Columns, Item};
use super::{must_be_name, names, no_words, only_word, words};
use crate::args::{Matches as _, Names};
use crate::{CliError, CliResult, Ctx, Verb};
use kctl_base::json::json;
use kctl_cluster::branches;

/// The `branch` verb with its subcommands.
pub(in crate::verbs) const VERB: Verb = Verb {
    name: "branch",
    aliases: &["branches"],
    about: "Start further futures of the cluster, and switch between them",
    long: "Start a further future of the cluster from its present state. Without a name, list the branches.

 Every branch is a cluster of its own, with the history up to its beginning; branches share the files that they have in \
    common, and can be used at the same time. Commands use the current branch, or the one that --branch or KCTL_BRANCH names. \
    The first branch is called main.",
    examples: &[
        ("Start a branch", "branch experiment"),
        ("Use it for one command", "--branch=experiment scale deployment/web --replicas=0"),
        ("Use it from now on", "branch switch experiment"),
    ],
    usage: "[NAME]",
    flags: |c| report::flags(words(c)),
    run: create_or_list,
    family: FAMILY,
};

const FAMILY: &[Verb] = &[
    Verb {
        name: "list",
        aliases: &["ls"],
        about: "List the branches",
        long: "List the branches. The current one is marked.",
        examples: &[("List the branches", "branch list")],
        usage: "[(-o|--output=)json|yaml|name]",
        flags: |c| report::flags(words(c)),
        run: list,
        family: &[],
    },
    Verb {
        name: "switch",
        aliases: &[],
        about: "Use another branch from now on",
        long: "Use another branch from now on, in all commands that do not name one.",
        examples: &[("Use another branch", "branch switch experiment"), ("Use the first branch", "branch switch main")],
        usage: "NAME",
        flags: |c| names(c, Names::Branches),
        run: switch,
        family: &[],
    },
    Verb {
        name: "delete",
        aliases: &["rm"],
        about: "Delete a branch",
        long: "Delete a branch with its history and its snapshots.",
        examples: &[("Delete a branch", "branch delete experiment")],
        usage: "NAME",
        flags: |c| names(c, Names::Branches),
        run: delete,
        family: &[],
    },
];

const COLUMNS: Columns = Columns { headings: &["CURRENT", "NAME"], wide: 0 };

fn create_or_list(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<()> {
    if matches.values("words").is_empty() {
        return list(ctx, matches);
    }
    let name = only_word(matches, "the name of the branch")?;
    must_be_name(&name)?;
    authorize(ctx)?;
    let (base, from, timeout) = (ctx.base_dir()?, ctx.store_dir()?, ctx.open_options()?.lock_timeout);
    branches::create(&base, &from, &name, timeout)?;
    ctx.print_line(format!("branch {name} created"));
    Ok(())
}

fn list(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<()> {
    no_words(matches)?;
    ctx.console_to_read()?;
    let base = directory(ctx)?;
    let current = branches::current(&base)?;
    let items = branches::list(&base)?.into_iter().map(|name| {
        let is_current = name == current;
        Item {
            cells: vec![if is_current { "*".into() } else { String::new() }, name.clone()],
            fields: json!({"name": name, "current": is_current}),
            name: format!("branch/{name}"),
        }
    });
    report::print(ctx, matches, &COLUMNS, items.collect())
}

fn switch(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<()> {
    let name = only_word(matches, "the name of a branch")?;
    let base = directory(ctx)?;
    // Where the current branch is gone, there is no cluster that could refuse to leave it.
    if ctx.impersonates() || ctx.store_dir().is_ok() {
        ctx.console()?;
    }
    branches::switch(&base, &name)?;
    ctx.print_line(format!("switched to branch {name}"));
    Ok(())
}

fn delete(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<()> {
    let name = only_word(matches, "the name of a branch")?;
    authorize(ctx)?;
    let timeout = ctx.open_options()?.lock_timeout;
    branches::delete(&ctx.base_dir()?, &name, timeout)?;
    ctx.print_line(format!("branch {name} deleted"));
    Ok(())
}

/// Makes sure that the user may change the simulation, and commits what time has done.
///
/// # Errors
/// Status 403 for a user who may not, or a cluster in memory.
fn authorize(ctx: &mut Ctx) -> CliResult<()> {
    ctx.console()?;
    directory(ctx)?;
    // The files are worked on without the cluster.
    ctx.release()
}

/// The directory of the store.
///
/// # Errors
/// A cluster in memory.
fn directory(ctx: &Ctx) -> CliResult<std::path::PathBuf> {
    match ctx.has_no_directory() {
        true => Err(CliError::new("a cluster in memory has no branches")),
        false => ctx.base_dir(),
    }
}
