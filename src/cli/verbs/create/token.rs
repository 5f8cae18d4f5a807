//! `create token`: refused, because nothing verifies tokens.

use crate::args::{self, groups};
use crate::{CliError, Verb};

/// The `create token` verb.
pub(super) const VERB: Verb = Verb {
    name: "token",
    aliases: &[],
    about: "Not supported: request a service account token",
    long: "This command is not supported: there is no login, so that no tokens are issued.",
    examples: &[],
    usage: "SERVICE_ACCOUNT_NAME",
    flags: |c| {
        groups::output(groups::args(c))
            .arg(args::list("audience", "Accepted for compatibility."))
            .arg(args::duration("duration", "Accepted for compatibility."))
            .arg(args::text("bound-object-kind", "Accepted for compatibility."))
            .arg(args::text("bound-object-name", "Accepted for compatibility."))
            .arg(args::text("bound-object-uid", "Accepted for compatibility."))
    },
    run: |_, _| Err(CliError::new("no tokens are issued: there is no login and nobody to check them")),
    family: &[],
};
