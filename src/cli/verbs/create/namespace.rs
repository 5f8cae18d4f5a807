//! `create namespace`.
//!
//! Upstream: `kubectl/pkg/cmd/create/create_namespace.go`.

use super::generator::{self, Generator};
use crate::Verb;
use kctl_base::json::json;

/// The `create namespace` verb.
pub(super) const VERB: Verb = Verb {
    name: "namespace",
    aliases: &["ns"],
    about: "Create a namespace with the specified name",
    long: "Create a namespace with the given name.",
    examples: &[("Create the namespace 'shop'", "create namespace shop")],
    usage: "NAME [--dry-run=server|client|none]",
    flags: generator::flags,
    run: |ctx, matches| generator::run(ctx, matches, &GENERATOR),
    family: &[],
};

const GENERATOR: Generator = Generator {
    path: "create namespace",
    failed: "",
    build: |_, _, name| {
        Ok(json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}, "spec": {}, "status": {}}))
    },
};
