//! `version`: client and server are one program, so their versions agree.

use clap::{ArgMatches, Command};

use crate::args::{self, Matches};
use crate::{CliError, CliResult, Ctx, Verb};
use kctl_base::json::{Value, json};
use kctl_base::{json as json_text, yaml};

/// The verb.
pub(super) const VERB: Verb = Verb {
    name: "version",
    aliases: &[],
    about: "Print the client and server version information",
    args: flags,
    run,
    family: &[],
};

/// The version of Kubernetes whose behaviour is followed: that of the program.
const VERSION: &str = env!("CARGO_PKG_VERSION");
/// The kustomize that this version of kubectl has built in.
const KUSTOMIZE: &str = "v5.8.1";

fn flags(command: Command) -> Command {
    crate::args::groups::words(command)
        .arg(args::switch("client", "only the client's version"))
        .arg(args::text("output", "json or yaml").short('o'))
}

fn run(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<()> {
    let words = matches.values("words");
    if !words.is_empty() {
        return Err(CliError::text(format!("extra arguments: [{}]", words.join(" "))));
    }
    let client_only = matches.on("client");
    match matches.value("output") {
        "" => {
            ctx.say(format!("Client Version: v{VERSION}"));
            ctx.say(format!("Kustomize Version: {KUSTOMIZE}"));
            if !client_only {
                ctx.say(format!("Server Version: v{VERSION}"));
            }
        }
        "json" => ctx.say(json_text::to_pretty(&versions(client_only))),
        "yaml" => ctx.out.push_str(&yaml::to_yaml(&versions(client_only))),
        _ => return Err(CliError::text("--output must be 'yaml' or 'json'")),
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
