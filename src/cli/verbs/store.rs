//! `store`: the directory that holds the cluster.

use clap::ArgMatches;

use crate::{CliError, CliResult, Ctx, Verb, help};
use kctl_cluster::console::StoreReport;
use kctl_cluster::maintenance;

/// The verb and its family.
pub(super) const VERB: Verb = Verb {
    name: "store",
    aliases: &[],
    about: "Look after the directory that holds the cluster",
    args: |c| c,
    run: |ctx, _| Err(help::family(ctx, "store", "The directory that holds the cluster.", FAMILY)),
    family: FAMILY,
};

const FAMILY: &[Verb] = &[
    Verb { name: "path", aliases: &[], about: "Print where the store is", args: |c| c, run: path, family: &[] },
    Verb {
        name: "check",
        aliases: &[],
        about: "Verify objects, indexes, change log and timeline",
        args: |c| c,
        run: check,
        family: &[],
    },
    Verb {
        name: "compact",
        aliases: &[],
        about: "Rewrite the store without what is no longer needed",
        args: |c| c,
        run: compact,
        family: &[],
    },
    Verb {
        name: "reset",
        aliases: &[],
        about: "Throw the cluster away; the next command makes a new one",
        args: |c| c,
        run: reset,
        family: &[],
    },
];

fn path(ctx: &mut Ctx, _: &ArgMatches) -> CliResult<()> {
    let dir = ctx.store_dir()?;
    ctx.say(dir.display().to_string());
    Ok(())
}

fn check(ctx: &mut Ctx, _: &ArgMatches) -> CliResult<()> {
    ctx.flush()?;
    let StoreReport { problems, revision, bytes } = ctx.console()?.check_store()?;
    if problems.is_empty() {
        let mut table = comfy_table::Table::new();
        table.load_style(comfy_table::presets::NOTHING);
        for (name, value) in [
            ("store", ctx.store_dir()?.display().to_string()),
            ("revision", revision.to_string()),
            ("bytes", bytes.to_string()),
            ("problems", "none".into()),
        ] {
            table.add_row([name.to_string(), value]);
        }
        for line in table.lines() {
            ctx.say(line.trim());
        }
        return Ok(());
    }
    Err(CliError::Many(problems.into_iter().map(CliError::Text).collect()))
}

fn compact(ctx: &mut Ctx, _: &ArgMatches) -> CliResult<()> {
    let (before, after) = maintenance::compact(&ctx.store_dir()?, ctx.open_options()?.lock_timeout)?;
    ctx.say(format!("store compacted from {before} to {after} bytes"));
    Ok(())
}

fn reset(ctx: &mut Ctx, _: &ArgMatches) -> CliResult<()> {
    let dir = ctx.store_dir()?;
    maintenance::reset(&dir, ctx.open_options()?.lock_timeout)?;
    ctx.say(format!("store {} reset", dir.display()));
    Ok(())
}
