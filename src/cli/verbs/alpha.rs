//! `alpha`: the family of commands for features in alpha, which has no members.
//!
//! Upstream: `kubectl/pkg/cmd/cmd.go` (`NewCmdAlpha`).

use crate::Verb;
use crate::args::groups;

/// The `alpha` verb.
pub(super) const VERB: Verb = Verb {
    name: "alpha",
    aliases: &[],
    about: "Commands for features in alpha",
    long: "Hold the commands for features in alpha. There are none at present.",
    examples: &[],
    usage: "",
    flags: groups::args,
    run: |ctx, _| {
        ctx.print_error("No alpha commands are available in this version of kubectl");
        Ok(())
    },
    family: &[],
};
