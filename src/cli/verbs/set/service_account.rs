//! `set serviceaccount`: sets the service account of pods.
//!
//! Upstream: `kubectl/pkg/cmd/set/set_serviceaccount.go`.

use clap::{ArgMatches, Command};

use super::command::{self, Messages, SetCommand};
use super::pod_spec;
use crate::args::{Matches, groups};
use crate::{CliError, CliResult, Ctx, Verb};
use kctl_base::object::ValueWrite;

/// The `set serviceaccount` verb.
pub(super) const VERB: Verb = Verb {
    name: "serviceaccount",
    aliases: &["sa"],
    about: "Update the service account of a resource",
    long: "Set the service account of the pods of workloads.

 Possible resources include (case insensitive): replicationcontroller (rc), deployment (deploy), daemonset (ds), \
    job, replicaset (rs), statefulset.",
    examples: &[
        ("Set the service account of a deployment", "set serviceaccount deployment web ci"),
        (
            "Print the changed deployment of a manifest as YAML",
            "set sa -f deploy.yaml ci --local --dry-run=client -o yaml",
        ),
    ],
    usage: "(-f FILENAME | TYPE NAME) SERVICE_ACCOUNT",
    flags,
    run,
    family: &[],
};

fn flags(command: Command) -> Command {
    groups::all(command::flags(command))
}

fn run(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<()> {
    let mut words = matches.values("args");
    let Some(account) = words.pop() else {
        return Err(CliError::new("serviceaccount is required"));
    };
    if matches.flag("local") && !words.is_empty() {
        return Err(CliError::new(crate::resolve::NOTHING_NAMED));
    }
    let command = SetCommand::read(ctx, matches, words)?;
    command.check(matches)?;
    let messages = Messages {
        done: "serviceaccount updated",
        failed: "failed to patch ServiceAccountName ",
        reports_unchanged: true,
    };
    command.run(ctx, &messages, |_, _, object, _| {
        let pointer = pod_spec::pointer(object)?;
        object.put(&format!("{pointer}/serviceAccountName"), account.as_str());
        Ok(true)
    })
}
