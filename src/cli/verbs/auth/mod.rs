//! `auth`: the user and the actions that are allowed.

mod can_i;
mod reconcile;
mod rules;

use clap::ArgMatches;

use crate::args::{Matches, groups};
use crate::output::Output;
use crate::printers::table::print_rows;
use crate::{CliError, CliResult, Ctx, Stream, Verb};
use kctl_base::json::json;

/// The `auth` verb with its subcommands.
pub(super) const VERB: Verb = Verb {
    name: "auth",
    aliases: &[],
    about: "Inspect authorization",
    long: "Inspect authorization.",
    examples: &[],
    usage: "[flags]",
    flags: |c| c,
    run: |_, _| Err(CliError::MissingSubcommand(Stream::Err)),
    family: &[
        can_i::VERB,
        reconcile::VERB,
        Verb {
            name: "whoami",
            aliases: &[],
            about: "Experimental: Check self subject attributes",
            long: "Show the user that requests are made as, and the groups of the user.

 Without --as it is the administrator of the cluster.",
            examples: &[
                ("Show the current user", "auth whoami"),
                ("Show the current user as JSON", "auth whoami -o json"),
            ],
            usage: "",
            flags: |c| groups::output(groups::args(c)),
            run: whoami,
            family: &[],
        },
    ],
};

fn whoami(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<()> {
    let mut output = Output::of_typed_report(matches)?;
    let user = ctx.user();
    // A template alone does not replace the table.
    if matches.string("output").is_empty() {
        let headers = ["ATTRIBUTE", "VALUE"].map(String::from);
        let rows = [
            vec!["Username".to_string(), user.name],
            vec!["Groups".to_string(), format!("[{}]", user.groups.join(" "))],
        ];
        let mut text = Vec::new();
        print_rows(Some(&headers), &rows, &mut text).map_err(|e| CliError::new(e.to_string()))?;
        ctx.out.push_str(&String::from_utf8_lossy(&text));
        return Ok(());
    }
    let review = json!({
        "apiVersion": "authentication.k8s.io/v1",
        "kind": "SelfSubjectReview",
        "metadata": {"creationTimestamp": ctx.now()?.rfc3339()},
        "status": {"userInfo": {"groups": user.groups, "username": user.name}},
    });
    output.print(ctx, &review)
}
