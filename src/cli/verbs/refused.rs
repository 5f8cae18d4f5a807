//! Verbs of kubectl that need running containers, a network or certificates. None of these is simulated, and each verb says so.

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

/// Fails with the reason why a verb is not supported.
pub(super) fn refuse(verb: &str, why: &str) -> CliResult<()> {
    Err(CliError::new(format!("{verb} is not supported: {why}")))
}

/// The reason of verbs that need a process in a container.
pub(super) const NOTHING_RUNS: &str = "containers are simulated, nothing runs in them";

/// `debug`.
pub(super) const DEBUG: Verb = refused(
    "debug",
    "Not supported: create debugging sessions for workloads and nodes",
    "This command is not supported: containers are simulated, and nothing runs in them.",
    |_, _| refuse("debug", NOTHING_RUNS),
);

/// `certificate`.
pub(super) const CERTIFICATE: Verb = refused(
    "certificate",
    "Not supported: modify certificate resources",
    "This command is not supported: certificates are not signed.",
    |_, _| refuse("certificate", "no certificates are signed"),
);

/// `kuberc`.
pub(super) const KUBERC: Verb = refused(
    "kuberc",
    "Not supported: manage kuberc configuration files",
    "This command is not supported: preferences are not read.",
    |_, _| refuse("kuberc", "no preferences are read"),
);
