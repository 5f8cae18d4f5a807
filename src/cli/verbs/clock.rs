//! `clock`: look at the cluster's time and move it.

use clap::{ArgMatches, Command};

use crate::args::{Matches, duration, words};
use crate::{CliError, CliResult, Ctx, Verb};
use kctl_base::sim::{ClockMode, Duration};

/// The verb and its family.
pub(super) const VERB: Verb = Verb {
    name: "clock",
    aliases: &[],
    about: "Show the cluster's clock, or let virtual time pass",
    args: |c| c,
    run: show,
    family: &[
        Verb {
            name: "show",
            aliases: &[],
            about: "Show mode, present and what is due next",
            args: |c| c,
            run: show,
            family: &[],
        },
        Verb {
            name: "set",
            aliases: &[],
            about: "Live by the real or a virtual clock",
            args: |c| c.arg(words("mode")),
            run: set,
            family: &[],
        },
        Verb {
            name: "advance",
            aliases: &[],
            about: "Let a span of virtual time pass (30s, 5m, 1h30m)",
            args: |c| c.arg(words("span")),
            run: advance,
            family: &[],
        },
        Verb {
            name: "settle",
            aliases: &[],
            about: "Let virtual time pass until nothing changes any more",
            args: settle_args,
            run: settle,
            family: &[],
        },
    ],
};

fn show(ctx: &mut Ctx, _: &ArgMatches) -> CliResult<()> {
    let mut console = ctx.console()?;
    let (clock, next) = (console.clock(), console.next_due()?);
    let next = next.map_or_else(|| "<none>".to_string(), |d| format!("{} {} {}", d.at.rfc3339(), d.controller, d.key));
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::presets::NOTHING);
    for (name, value) in [("mode", clock.mode.as_str().to_string()), ("now", clock.now.rfc3339()), ("next", next)] {
        table.add_row([name.to_string(), value]);
    }
    for line in table.lines() {
        ctx.say(line.trim());
    }
    Ok(())
}

fn one_word(matches: &ArgMatches, name: &str, what: &str) -> CliResult<String> {
    match matches.values(name).as_slice() {
        [word] => Ok(word.clone()),
        _ => Err(CliError::text(format!("exactly one argument is required: {what}"))),
    }
}

fn set(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<()> {
    let word = one_word(matches, "mode", "real or virtual")?;
    let mode = ClockMode::parse(&word)
        .ok_or_else(|| CliError::text(format!("unknown clock \"{word}\": use real or virtual")))?;
    ctx.console()?.set_mode(mode)?;
    ctx.say(format!("clock set to {}", mode.as_str()));
    Ok(())
}

fn advance(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<()> {
    let word = one_word(matches, "span", "a duration such as 30s, 5m or 1h30m")?;
    let span = Duration::parse(&word).ok_or_else(|| CliError::text(format!("invalid duration \"{word}\"")))?;
    ctx.console()?.advance(span)?;
    say_now(ctx)
}

fn settle_args(command: Command) -> Command {
    command
        .arg(duration("quiet", "how long nothing may change, 3s by default"))
        .arg(duration("timeout", "how long to go on at most, 10m by default"))
}

fn settle(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<()> {
    let quiet = matches.span("quiet").unwrap_or(Duration::from_secs(3));
    let timeout = matches.span("timeout").unwrap_or(Duration::from_secs(600));
    let calm = ctx.console()?.settle(quiet, timeout)?;
    say_now(ctx)?;
    if calm { Ok(()) } else { Err(CliError::text("timed out: things are still changing")) }
}

fn say_now(ctx: &mut Ctx) -> CliResult<()> {
    let now = ctx.now()?;
    ctx.say(now.rfc3339());
    Ok(())
}
