//! `rollout`: watches, pauses, restarts and reverts the rollouts of workloads.
//!
//! Upstream: `kubectl/pkg/cmd/rollout/`.

mod common;
mod history;
mod restart;
mod revisions;
mod status;
mod undo;

use crate::{CliError, Stream, Verb};

/// The `rollout` verb with its subcommands.
pub(super) const VERB: Verb = Verb {
    name: "rollout",
    aliases: &[],
    about: "Manage the rollout of a resource",
    long: "Manage the rollout of one or many resources.
        
 Valid resource types include:

  *  deployments
  *  daemonsets
  *  statefulsets",
    examples: &[
        ("Rollback to the previous deployment", "rollout undo deployment/abc"),
        ("Check the rollout status of a daemonset", "rollout status daemonset/foo"),
        ("Restart a deployment", "rollout restart deployment/abc"),
        ("Restart deployments with the 'app=nginx' label", "rollout restart deployment --selector=app=nginx"),
    ],
    usage: "SUBCOMMAND",
    flags: |c| c,
    run: |_, _| Err(CliError::MissingSubcommand(Stream::Out)),
    family: &[history::VERB, restart::PAUSE, restart::RESTART, restart::RESUME, status::VERB, undo::VERB],
};
