//! `create token`: refused, since there is nobody who could check a token.

use crate::args::{self, groups};
use crate::{CliError, Verb};

/// The verb.
pub(super) const VERB: Verb = Verb {
    name: "token",
    aliases: &[],
    about: "Refused: no tokens are issued, there is no login",
    args: |c| {
        groups::output(groups::words(c))
            .arg(args::list("audience", "accepted"))
            .arg(args::duration("duration", "accepted"))
            .arg(args::text("bound-object-kind", "accepted"))
            .arg(args::text("bound-object-name", "accepted"))
            .arg(args::text("bound-object-uid", "accepted"))
    },
    run: |_, _| Err(CliError::text("no tokens are issued: there is no login and nobody to check them")),
    family: &[],
};
