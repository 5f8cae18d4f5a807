//! `set`: changes single features of objects.
//!
//! Upstream: `kubectl/pkg/cmd/set/`.

mod command;
mod env;
mod env_values;
mod image;
mod pod_spec;
mod resources;
mod selector;
mod service_account;
mod subject;

use crate::{CliError, Stream, Verb};

/// The `set` verb with its subcommands.
pub(super) const VERB: Verb = Verb {
    name: "set",
    aliases: &[],
    about: "Set specific features on objects",
    long: "Configure application resources.

 These commands help you make changes to existing application resources.",
    examples: &[],
    usage: "SUBCOMMAND",
    flags: |c| c,
    run: |_, _| Err(CliError::MissingSubcommand(Stream::Err)),
    family: &[env::VERB, image::VERB, resources::VERB, selector::VERB, service_account::VERB, subject::VERB],
};
