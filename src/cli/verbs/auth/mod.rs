//! `auth`: who one is and what one may do.

mod can_i;
mod reconcile;
mod rules;

use clap::ArgMatches;

use crate::args::groups;
use crate::output::Output;
use crate::printers::table::print_rows;
use crate::{CliError, CliResult, Ctx, Verb, help};
use kctl_base::json::json;

/// The verb and its family.
pub(super) const VERB: Verb = Verb {
    name: "auth",
    aliases: &[],
    about: "Inspect authorization",
    args: |c| c,
    run: |ctx, _| Err(help::family_called(ctx, "auth", "Inspect authorization.", "[flags]", VERB.family)),
    family: &[
        can_i::VERB,
        reconcile::VERB,
        Verb {
            name: "whoami",
            aliases: &[],
            about: "Experimental: Check self subject attributes",
            args: |c| groups::output(groups::words(c)),
            run: whoami,
            family: &[],
        },
    ],
};

fn whoami(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<()> {
    let mut output = Output::of_report(matches)?;
    let user = ctx.user();
    if output.is_human() {
        let headers = ["ATTRIBUTE", "VALUE"].map(String::from);
        let rows = [
            vec!["Username".to_string(), user.name],
            vec!["Groups".to_string(), format!("[{}]", user.groups.join(" "))],
        ];
        let mut text = Vec::new();
        print_rows(Some(&headers), &rows, &mut text).map_err(|e| CliError::text(e.to_string()))?;
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
