//! Verbs of kubectl that mean nothing without running containers, a network or certificates: each says so.

use clap::{Arg, ArgAction, ArgMatches, Command};

use crate::{CliError, CliResult, Ctx, Verb};

/// Takes any words and flags: a refusal is clearer than a complaint about one of them.
pub(super) fn anything(command: Command) -> Command {
    command.disable_help_flag(true).arg(
        Arg::new("anything")
            .action(ArgAction::Append)
            .num_args(0..)
            .allow_hyphen_values(true)
            .trailing_var_arg(true)
            .hide(true),
    )
}

const fn refused(name: &'static str, about: &'static str, run: fn(&mut Ctx, &ArgMatches) -> CliResult<()>) -> Verb {
    Verb { name, aliases: &[], about, args: anything, run, family: &[] }
}

fn refuse(verb: &str, why: &str) -> CliResult<()> {
    Err(CliError::text(format!("{verb} is not supported: {why}")))
}

/// Containers are simulated.
const NOTHING_RUNS: &str = "containers are simulated, nothing runs in them";
/// There is no server.
const NO_SERVER: &str = "there is no server and no network to reach it by";

/// `attach`.
pub(super) const ATTACH: Verb =
    refused("attach", "Not supported: attach to a running container", |_, _| refuse("attach", NOTHING_RUNS));
/// `exec`.
pub(super) const EXEC: Verb =
    refused("exec", "Not supported: execute a command in a container", |_, _| refuse("exec", NOTHING_RUNS));
/// `cp`.
pub(super) const CP: Verb =
    refused("cp", "Not supported: copy files and directories to and from containers", |_, _| {
        refuse("cp", "containers are simulated, they have no files")
    });
/// `debug`.
pub(super) const DEBUG: Verb =
    refused("debug", "Not supported: create debugging sessions for workloads and nodes", |_, _| {
        refuse("debug", NOTHING_RUNS)
    });
/// `port-forward`.
pub(super) const PORT_FORWARD: Verb = refused("port-forward", "Not supported: forward local ports to a pod", |_, _| {
    refuse("port-forward", "pods are simulated, nothing listens on their ports")
});
/// `proxy`.
pub(super) const PROXY: Verb =
    refused("proxy", "Not supported: run a proxy to the API server", |_, _| refuse("proxy", NO_SERVER));
/// `certificate`.
pub(super) const CERTIFICATE: Verb = refused("certificate", "Not supported: modify certificate resources", |_, _| {
    refuse("certificate", "no certificates are signed")
});
/// `plugin`.
pub(super) const PLUGIN: Verb =
    refused("plugin", "Not supported: interact with plugins", |_, _| refuse("plugin", "plugins are not run"));
/// `alpha`.
pub(super) const ALPHA: Verb = refused("alpha", "Not supported: commands for features in alpha", |_, _| {
    refuse("alpha", "there are no features in alpha")
});
/// `kuberc`.
pub(super) const KUBERC: Verb = refused("kuberc", "Not supported: manage kuberc configuration files", |_, _| {
    refuse("kuberc", "no preferences are read")
});
