//! `create quota`.
//!
//! Upstream: `kubectl/pkg/cmd/create/create_quota.go`.

use clap::ArgMatches;

use super::generator::{self, Generator};
use crate::args::{self, Matches};
use crate::{CliError, CliResult, Ctx, Verb};
use kctl_base::json::{Value, json};
use kctl_base::object::ValueWrite;
use kctl_base::quantity::Quantity;

/// The `create quota` verb.
pub(super) const VERB: Verb = Verb {
    name: "quota",
    aliases: &["resourcequota"],
    about: "Create a quota with the specified name",
    long: "Create a resource quota with the given name, limits and scopes.",
    examples: &[
        (
            "Limit the CPU, the memory and the number of pods of the namespace",
            "create quota compute --hard=cpu=1,memory=1G,pods=2",
        ),
        (
            "Limit the number of pods without requests and limits",
            "create quota best-effort --hard=pods=100 --scopes=BestEffort",
        ),
    ],
    usage: "NAME [--hard=key1=value1,key2=value2] [--scopes=Scope1,Scope2] [--dry-run=server|client|none]",
    flags: |c| {
        generator::flags(c)
            .arg(args::text("hard", "Limits, in the form resource1=quantity1,resource2=quantity2."))
            .arg(args::text("scopes", "Scopes that an object must match, separated by commas."))
    },
    run: |ctx, matches| generator::run(ctx, matches, &GENERATOR),
    family: &[],
};

const GENERATOR: Generator = Generator { path: "create quota", failed: "failed to create quota: ", build };

fn build(_: &mut Ctx, matches: &ArgMatches, name: &str) -> CliResult<Value> {
    let mut quota =
        json!({"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": name}, "spec": {}, "status": {}});
    for pair in matches.string("hard").split(',').filter(|_| !matches.string("hard").is_empty()) {
        let Some((resource, amount)) = pair.split_once('=').filter(|(_, a)| !a.contains('=')) else {
            return Err(CliError::new(format!("Invalid argument syntax {pair}, expected <resource>=<value>")));
        };
        let parsed = amount.parse::<Quantity>().map_err(|e| CliError::new(e.to_string()))?;
        quota.map_mut("/spec/hard").insert(resource, parsed.canonical().into());
    }
    let scopes = matches.string("scopes");
    if !scopes.is_empty() {
        quota.put("/spec/scopes", scopes.split(',').map(String::from).collect::<Vec<_>>());
    }
    Ok(quota)
}
