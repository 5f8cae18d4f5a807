//! `create serviceaccount`.
//!
//! Upstream: `kubectl/pkg/cmd/create/create_serviceaccount.go`.

use super::generator::{self, Generator};
use crate::Verb;
use kctl_base::json::json;

/// The `create serviceaccount` verb.
pub(super) const VERB: Verb = Verb {
    name: "serviceaccount",
    aliases: &["sa"],
    about: "Create a service account with the specified name",
    long: "Create a service account with the given name.",
    examples: &[("Create a service account", "create serviceaccount ci")],
    usage: "NAME [--dry-run=server|client|none]",
    flags: generator::flags,
    run: |ctx, matches| generator::run(ctx, matches, &GENERATOR),
    family: &[],
};

const GENERATOR: Generator = Generator {
    path: "create serviceaccount",
    failed: "failed to create serviceaccount: ",
    build: |_, _, name| Ok(json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name}})),
};
