//! `create quota`.

use clap::ArgMatches;

use super::generator::{self, Generator};
use crate::args::{self, Matches};
use crate::{CliError, CliResult, Ctx, Verb};
use kctl_base::json::{Value, json};
use kctl_base::object::ValueWrite;
use kctl_base::quantity::Quantity;

/// The verb.
pub(super) const VERB: Verb = Verb {
    name: "quota",
    aliases: &["resourcequota"],
    about: "Create a quota with the specified name",
    args: |c| {
        generator::flags(c)
            .arg(args::text("hard", "limits: RESOURCE=QUANTITY, with commas"))
            .arg(args::text("scopes", "scopes of the quota, with commas"))
    },
    run: |ctx, matches| generator::run(ctx, matches, &GENERATOR),
    family: &[],
};

const GENERATOR: Generator = Generator { path: "create quota", failed: "failed to create quota: ", build };

fn build(_: &mut Ctx, matches: &ArgMatches, name: &str) -> CliResult<Value> {
    let mut quota =
        json!({"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": name}, "spec": {}, "status": {}});
    for pair in matches.value("hard").split(',').filter(|_| !matches.value("hard").is_empty()) {
        let Some((resource, amount)) = pair.split_once('=').filter(|(_, a)| !a.contains('=')) else {
            return Err(CliError::text(format!("Invalid argument syntax {pair}, expected <resource>=<value>")));
        };
        let parsed = amount.parse::<Quantity>().map_err(|e| CliError::text(e.to_string()))?;
        quota.map_mut("/spec/hard").insert(resource, parsed.canonical().into());
    }
    let scopes = matches.value("scopes");
    if !scopes.is_empty() {
        quota.put("/spec/scopes", scopes.split(',').map(String::from).collect::<Vec<_>>());
    }
    Ok(quota)
}
