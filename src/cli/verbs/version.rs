//! `version`: the version of this program, which is client and server.

use clap::{ArgMatches, Command};
use serde::Serialize;

use crate::args::{self, Matches};
use crate::{CliError, CliResult, Ctx, Verb};
use kctl_base::json::Value;
use kctl_base::yaml;
use kctl_cluster::client::version::Info;

/// The `version` verb.
pub(super) const VERB: Verb = Verb {
    name: "version",
    aliases: &[],
    about: "Print the client and server version information",
    long: "Print the version of the client and of the server.",
    examples: &[
        ("Print the versions", "version"),
        ("Print the version of the client as JSON", "version --client -o json"),
    ],
    usage: "[flags]",
    flags,
    run,
    family: &[],
};

/// The version of Kubernetes that is followed; the program has the same one.
pub(super) const VERSION: &str = env!("CARGO_PKG_VERSION");
/// The version of kustomize that this kubectl contains.
const KUSTOMIZE: &str = "v5.8.1";

fn flags(command: Command) -> Command {
    crate::args::groups::args(command)
        .arg(args::switch("client", "Print only the version of the client."))
        .arg(args::text("output", "Output format. One of: (json, yaml).").short('o'))
}

fn run(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<()> {
    let words = matches.values("args");
    if !words.is_empty() {
        return Err(CliError::new(format!("extra arguments: [{}]", words.join(" "))));
    }
    let client_only = matches.flag("client");
    match matches.string("output") {
        "" => {
            ctx.print_line(format!("Client Version: v{VERSION}"));
            ctx.print_line(format!("Kustomize Version: {KUSTOMIZE}"));
            if !client_only {
                ctx.print_line(format!("Server Version: {}", Info::server().git_version()));
            }
        }
        "json" => ctx.print_line(versions(client_only).to_json()?),
        "yaml" => {
            ctx.out.push_str(&yaml::to_yaml(&versions(client_only).to_value()?));
            ctx.out.push('\n');
        }
        _ => return Err(CliError::new("--output must be 'yaml' or 'json'")),
    }
    Ok(())
}

/// The versions of client, kustomize and server, in the order in which kubectl prints them.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Versions {
    client_version: Info,
    kustomize_version: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    server_version: Option<Info>,
}

impl Versions {
    fn to_json(&self) -> CliResult<String> {
        serde_json::to_string_pretty(self).map_err(|error| CliError::new(error.to_string()))
    }

    fn to_value(&self) -> CliResult<Value> {
        serde_json::from_str(&self.to_json()?).map_err(|error| CliError::new(error.to_string()))
    }
}

fn versions(client_only: bool) -> Versions {
    let server_version = (!client_only).then(Info::server);
    Versions { client_version: Info::client(), kustomize_version: KUSTOMIZE, server_version }
}
