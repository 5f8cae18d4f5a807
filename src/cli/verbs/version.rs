//! `version`: the version of this program, which is client and server.

use clap::{ArgMatches, Command};

use crate::args::{self, Matches};
use crate::{CliError, CliResult, Ctx, Verb};
use kctl_base::json::{Value, json};
use kctl_base::{json as json_text, yaml};

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
    usage: "",
    flags,
    run,
    family: &[],
};

/// The version of Kubernetes that is followed; the program has the same one.
const VERSION: &str = env!("CARGO_PKG_VERSION");
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
                ctx.print_line(format!("Server Version: v{VERSION}"));
            }
        }
        "json" => ctx.print_line(json_text::to_pretty(&versions(client_only))),
        "yaml" => ctx.out.push_str(&yaml::to_yaml(&versions(client_only))),
        _ => return Err(CliError::new("--output must be 'yaml' or 'json'")),
    }
    Ok(())
}

fn versions(client_only: bool) -> Value {
    let mut numbers = VERSION.split('.');
    let (major, minor) = (numbers.next().unwrap_or(""), numbers.next().unwrap_or(""));
    let platform = format!("{}/{}", std::env::consts::OS, std::env::consts::ARCH);
    let one = json!({"gitVersion": format!("v{VERSION}"), "major": major, "minor": minor, "platform": platform});
    let mut all = json!({"clientVersion": one, "kustomizeVersion": KUSTOMIZE});
    if !client_only {
        all["serverVersion"] = one;
    }
    all
}
