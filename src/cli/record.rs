//! The annotation `kubernetes.io/change-cause`, which `--record` fills with the command line.

use clap::ArgMatches;

use super::Ctx;
use super::args::{Matches, SharedFlags};
use kctl_base::json::Value;
use kctl_base::object::ObjectMeta;

/// The annotation with the cause of a revision.
pub(crate) const CHANGE_CAUSE: &str = "kubernetes.io/change-cause";

/// The command line when `--record` asks for it, else `None`. Prints that the flag is deprecated.
pub(crate) fn change_cause(ctx: &mut Ctx, matches: &ArgMatches) -> Option<String> {
    let flags = SharedFlags(matches);
    if !flags.is_set("record") {
        return None;
    }
    ctx.print_error("Flag --record has been deprecated, --record will be removed in the future");
    flags.flag("record").then(|| ctx.command_line.clone())
}

/// Sets the annotation of an object when there is a cause.
pub(crate) fn annotate(object: &mut Value, cause: Option<&str>) {
    if let Some(cause) = cause {
        object.set_annotation(CHANGE_CAUSE, cause);
    }
}
