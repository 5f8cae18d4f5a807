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

fn refuse(verb: &str, why: &str) -> CliResult<()> {
    Err(CliError::new(format!("{verb} is not supported: {why}")))
}

const NO_SERVER: &str = "there is no server and no network to reach it by";

/// `proxy`.
pub(super) const PROXY: Verb = refused(
    "proxy",
    "Not supported: run a proxy to the API server",
    "This command is not supported: the API server runs inside of this program and has no network address.",
    |_, _| refuse("proxy", NO_SERVER),
);

/// `certificate`.
pub(super) const CERTIFICATE: Verb = refused(
    "certificate",
    "Not supported: modify certificate resources",
    "This command is not supported: certificates are not signed.",
    |_, _| refuse("certificate", "no certificates are signed"),
);

/// `alpha`.
pub(super) const ALPHA: Verb = refused(
    "alpha",
    "Not supported: commands for features in alpha",
    "This command is not supported: there are no features in alpha.",
    |_, _| refuse("alpha", "there are no features in alpha"),
);

/// `kuberc`.
pub(super) const KUBERC: Verb = refused(
    "kuberc",
    "Not supported: manage kuberc configuration files",
    "This command is not supported: preferences are not read.",
    |_, _| refuse("kuberc", "no preferences are read"),
);
