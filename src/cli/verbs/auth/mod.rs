//! `auth`: the user and the actions that are allowed.

mod can_i;
mod reconcile;
mod rules;

use clap::ArgMatches;

use crate::args::{Matches, groups};
use crate::output::Output;
use crate::printers::table::print_rows;
use crate::{CliError, CliResult, Ctx, Stream, Verb};
use kctl_base::json::{Value, json};
use kctl_base::object::ValueRead;
use kctl_cluster::client::{ResourcePath, WriteParams};

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
    let review = json!({"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview", "metadata": {}});
    let path = ResourcePath::all("selfsubjectreviews.authentication.k8s.io", "");
    let review = ctx.api(|client| client.create(&path, review, &WriteParams::default()))?;
    // A template alone does not replace the table.
    if matches.string("output").is_empty() {
        let headers = ["ATTRIBUTE", "VALUE"].map(String::from);
        let rows = user_rows(&review["status"]["userInfo"]);
        let mut text = Vec::new();
        print_rows(Some(&headers), &rows, &mut text).map_err(|e| CliError::new(e.to_string()))?;
        ctx.out.push_str(&String::from_utf8_lossy(&text));
        return Ok(());
    }
    output.print(ctx, &review)
}

/// The attributes of a user that are not empty, with their values as Go prints them.
fn user_rows(info: &Value) -> Vec<Vec<String>> {
    let list =
        |values: &[Value]| format!("[{}]", values.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" "));
    let mut rows = vec![
        ("Username".to_string(), info.str("/username").to_string()),
        ("UID".to_string(), info.str("/uid").to_string()),
        ("Groups".to_string(), list(info.list("/groups"))),
    ];
    for (key, values) in info.map("/extra").into_iter().flat_map(|extra| extra.iter()) {
        rows.push((format!("Extra: {key}"), list(values.as_array().map_or(&[], |values| values.as_slice()))));
    }
    rows.retain(|(_, value)| !value.is_empty() && value != "[]");
    rows.into_iter().map(|(name, value)| vec![name, value]).collect()
}
