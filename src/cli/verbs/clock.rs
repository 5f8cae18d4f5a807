//! `clock`: shows the time of the cluster and moves it.

use clap::{ArgMatches, Command};

use crate::args::{self, ArgProperties, Matches};
use crate::printers::columns;
use crate::{CliError, CliResult, Ctx, Verb};
use kctl_base::sim::{ClockMode, Duration};

/// The `clock` verb with its subcommands.
pub(super) const VERB: Verb = Verb {
    name: "clock",
    aliases: &[],
    about: "Show the clock of the cluster, or let virtual time pass",
    long: "Show the clock of the cluster, or let virtual time pass.

 A cluster has a real clock, which is the system's, or a virtual clock, which moves only by these commands and by \
    commands that wait.",
    examples: &[("Show the clock", "clock")],
    usage: "[flags]",
    flags: |c| c,
    run: show,
    family: &[
        Verb {
            name: "show",
            aliases: &[],
            about: "Show the mode, the current time and the next event",
            long: "Show the mode of the clock, the current time, and what is due next.",
            examples: &[("Show the clock", "clock show")],
            usage: "",
            flags: |c| c,
            run: show,
            family: &[],
        },
        Verb {
            name: "set",
            aliases: &[],
            about: "Switch between the real and the virtual clock",
            long: "Switch between the real and the virtual clock.",
            examples: &[("Use the virtual clock", "clock set virtual")],
            usage: "(real | virtual)",
            flags: |c| c.arg(args::positional("mode")),
            run: set,
            family: &[],
        },
        Verb {
            name: "advance",
            aliases: &[],
            about: "Let virtual time pass",
            long: "Let virtual time pass. Everything that becomes due happens at its own time.",
            examples: &[
                ("Let five minutes pass", "clock advance 5m"),
                ("Let one and a half hours pass", "clock advance 1h30m"),
            ],
            usage: "DURATION",
            flags: |c| c.arg(args::positional("span")),
            run: advance,
            family: &[],
        },
        Verb {
            name: "settle",
            aliases: &[],
            about: "Let virtual time pass until nothing changes",
            long: "Let virtual time pass until nothing has changed for a while. The exit status is 1 if things still change when \
    the timeout is over.",
            examples: &[
                ("Wait until nothing has changed for 3 seconds", "clock settle"),
                (
                    "Wait until nothing has changed for a minute, for at most an hour",
                    "clock settle --quiet=1m --timeout=1h",
                ),
            ],
            usage: "[--quiet=DURATION] [--timeout=DURATION]",
            flags: settle_flags,
            run: settle,
            family: &[],
        },
    ],
};

fn show(ctx: &mut Ctx, _: &ArgMatches) -> CliResult<()> {
    let mut console = ctx.console()?;
    let (clock, next) = (console.clock(), console.next_due()?);
    let next = next.map_or_else(|| "<none>".to_string(), |d| format!("{} {} {}", d.at.rfc3339(), d.controller, d.key));
    let rows = [("mode", clock.mode.as_str().to_string()), ("now", clock.now.rfc3339()), ("next", next)];
    for line in columns::lines(rows.map(|(name, value)| [name.to_string(), value])) {
        ctx.print_line(line);
    }
    Ok(())
}

/// Reads the only value of an argument, which an error calls `description`.
fn read_only_value(matches: &ArgMatches, name: &str, description: &str) -> CliResult<String> {
    match matches.values(name).as_slice() {
        [value] => Ok(value.clone()),
        _ => Err(CliError::new(format!("exactly one argument is required: {description}"))),
    }
}

fn set(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<()> {
    let value = read_only_value(matches, "mode", "real or virtual")?;
    let mode = ClockMode::parse(&value)
        .ok_or_else(|| CliError::new(format!("unknown clock \"{value}\": use real or virtual")))?;
    ctx.console()?.set_mode(mode)?;
    ctx.print_line(format!("clock set to {}", mode.as_str()));
    Ok(())
}

fn advance(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<()> {
    let value = read_only_value(matches, "span", "a duration such as 30s, 5m or 1h30m")?;
    let duration = Duration::parse(&value).ok_or_else(|| CliError::new(format!("invalid duration \"{value}\"")))?;
    ctx.console()?.advance(duration)?;
    print_now(ctx)
}

fn settle_flags(command: Command) -> Command {
    command
        .arg(args::duration("quiet", "Time without any change after which the cluster has settled.").help_default("3s"))
        .arg(args::duration("timeout", "Largest amount of virtual time that may pass.").help_default("10m0s"))
}

fn settle(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<()> {
    let quiet = matches.duration("quiet").unwrap_or(Duration::from_secs(3));
    let timeout = matches.duration("timeout").unwrap_or(Duration::from_secs(600));
    let settled = ctx.console()?.settle(quiet, timeout)?;
    print_now(ctx)?;
    if settled { Ok(()) } else { Err(CliError::new("timed out: things are still changing")) }
}

/// Prints the time of the cluster (RFC 3339).
fn print_now(ctx: &mut Ctx) -> CliResult<()> {
    let now = ctx.now()?;
    ctx.print_line(now.rfc3339());
    Ok(())
}
