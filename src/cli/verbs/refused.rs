//! Verbs of kubectl that need running containers or a network. None of these is simulated, and each verb says so.

use clap::{Arg, ArgAction, ArgMatches, Command};

use crate::{CliError, CliResult, Ctx, Verb};

/// Accepts any arguments and flags: the refusal is more useful than an error about one of them.
pub(super) fn anything(command: Command) -> Command {
    command.arg(
        Arg::new("anything")
            .action(ArgAction::Append)
            .num_args(0..)
            .allow_hyphen_values(true)
            .trailing_var_arg(true)
            .hide(true),
    )
}

const fn refused(
    name: &'static str,
    about: &'static str,
    long: &'static str,
    run: fn(&mut Ctx, &ArgMatches) -> CliResult<()>,
) -> Verb {
    Verb { name, aliases: &[], about, long, examples: &[], usage: "", flags: anything, run, family: &[] }
}

fn refuse(verb: &str, why: &str) -> CliResult<()> {
    Err(CliError::new(format!("{verb} is not supported: {why}")))
}

const NOTHING_RUNS: &str = "containers are simulated, nothing runs in them";
const NO_SERVER: &str = "there is no server and no network to reach it by";

/// `attach`.
pub(super) const ATTACH: Verb = refused(
    "attach",
    "Not supported: attach to a running container",
    "This command is not supported: containers are simulated, and nothing runs in them.",
    |_, _| refuse("attach", NOTHING_RUNS),
);

/// `exec`.
pub(super) const EXEC: Verb = refused(
    "exec",
    "Not supported: execute a command in a container",
    "This command is not supported: containers are simulated, and nothing runs in them.",
    |_, _| refuse("exec", NOTHING_RUNS),
);

/// `cp`.
pub(super) const CP: Verb = refused(
    "cp",
    "Not supported: copy files and directories to and from containers",
    "This command is not supported: containers are simulated and have no files.",
    |_, _| refuse("cp", "containers are simulated, they have no files"),
);

/// `port-forward`.
pub(super) const PORT_FORWARD: Verb = refused(
    "port-forward",
    "Not supported: forward local ports to a pod",
    "This command is not supported: pods are simulated, and nothing listens on their ports.",
    |_, _| refuse("port-forward", "pods are simulated, nothing listens on their ports"),
);

/// `proxy`.
pub(super) const PROXY: Verb = refused(
    "proxy",
    "Not supported: run a proxy to the API server",
    "This command is not supported: the API server runs inside of this program and has no network address.",
    |_, _| refuse("proxy", NO_SERVER),
);

/// `alpha`.
pub(super) const ALPHA: Verb = refused(
    "alpha",
    "Not supported: commands for features in alpha",
    "This command is not supported: there are no features in alpha.",
    |_, _| refuse("alpha", "there are no features in alpha"),
);
