//! `store`: manages the directory that holds the cluster.

use std::path::PathBuf;

use clap::ArgMatches;

use crate::printers::columns;
use crate::{CliError, CliResult, Ctx, Stream, Verb};
use kctl_cluster::console::StoreReport;
use kctl_cluster::maintenance;

/// The `store` verb with its subcommands.
pub(super) const VERB: Verb = Verb {
    name: "store",
    aliases: &[],
    about: "Manage the directory that holds the cluster",
    long: "Manage the store, the directory that holds the cluster.

 It is chosen by --store, the environment variable KCTL_HOME or the data directory of the user.",
    examples: &[],
    usage: "SUBCOMMAND",
    flags: |c| c,
    run: |_, _| Err(CliError::MissingSubcommand(Stream::Err)),
    family: FAMILY,
};

const FAMILY: &[Verb] = &[
    Verb {
        name: "path",
        aliases: &[],
        about: "Print the path of the store",
        long: "Print the path of the store.",
        examples: &[("Print the path of the store", "store path")],
        usage: "",
        flags: |c| c,
        run: path,
        family: &[],
    },
    Verb {
        name: "check",
        aliases: &[],
        about: "Verify objects, indexes, change log and timeline",
        long: "Verify that objects, indexes, change log and timeline are consistent. Problems are printed, and the exit status \
    is 1.",
        examples: &[("Verify the store", "store check")],
        usage: "",
        flags: |c| c,
        run: check,
        family: &[],
    },
    Verb {
        name: "compact",
        aliases: &[],
        about: "Rewrite the store without obsolete data",
        long: "Rewrite the store without data that is no longer needed, to reclaim disk space.",
        examples: &[("Compact the store", "store compact")],
        usage: "",
        flags: |c| c,
        run: compact,
        family: &[],
    },
    Verb {
        name: "reset",
        aliases: &[],
        about: "Delete the cluster",
        long: "Delete the cluster and all of its objects. The next command creates a new one.",
        examples: &[("Delete the cluster", "store reset")],
        usage: "",
        flags: |c| c,
        run: reset,
        family: &[],
    },
];

fn path(ctx: &mut Ctx, _: &ArgMatches) -> CliResult<()> {
    let dir = ctx.store_dir()?;
    ctx.print_line(dir.display().to_string());
    Ok(())
}

fn check(ctx: &mut Ctx, _: &ArgMatches) -> CliResult<()> {
    ctx.flush()?;
    let StoreReport { problems, revision, bytes } = ctx.console()?.check_store()?;
    if !problems.is_empty() {
        return Err(CliError::Many(problems.into_iter().map(CliError::Failed).collect()));
    }
    let rows = [
        ("store", ctx.store_dir()?.display().to_string()),
        ("revision", revision.to_string()),
        ("bytes", bytes.to_string()),
        ("problems", "none".into()),
    ];
    for line in columns::lines(rows.map(|(name, value)| [name.to_string(), value])) {
        ctx.print_line(line);
    }
    Ok(())
}

fn compact(ctx: &mut Ctx, _: &ArgMatches) -> CliResult<()> {
    let (before, after) = maintenance::compact(&unrestricted_store_dir(ctx)?, ctx.open_options()?.lock_timeout)?;
    ctx.print_line(format!("store compacted from {before} to {after} bytes"));
    Ok(())
}

/// Returns the directory of the store, for operations on its files, which the server does not authorize.
///
/// # Errors
/// The command acts as another user.
fn unrestricted_store_dir(ctx: &Ctx) -> CliResult<PathBuf> {
    match ctx.impersonates() {
        true => Err(CliError::new("--as cannot be used with commands on the files of the store")),
        false => ctx.store_dir(),
    }
}

fn reset(ctx: &mut Ctx, _: &ArgMatches) -> CliResult<()> {
    let dir = unrestricted_store_dir(ctx)?;
    maintenance::reset(&dir, ctx.open_options()?.lock_timeout)?;
    ctx.print_line(format!("store {} reset", dir.display()));
    Ok(())
}
