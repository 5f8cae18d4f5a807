//! `create deployment`.

use clap::{ArgMatches, Command};
use serde_json::{Value, json};

use super::generator::{self, Generator, compact};
use crate::cli::args::{self, Matches};
use crate::cli::{CliError, CliResult, Ctx, Verb};

/// The verb.
pub(super) const VERB: Verb = Verb {
    name: "deployment",
    aliases: &["deploy"],
    about: "Create a deployment with the specified name",
    args: flags,
    run: |ctx, matches| generator::run(ctx, matches, &GENERATOR),
    family: &[],
};

const GENERATOR: Generator = Generator { path: "create deployment", failed: "failed to create deployment: ", build };

fn flags(command: Command) -> Command {
    generator::flags(command)
        .arg(args::list("image", "an image to run; several make several containers"))
        .arg(args::number("port", "the port that the containers expose"))
        .arg(args::number("replicas", "how many pods, 1 by default").short('r'))
        .arg(generator::command_words())
}

fn build(_: &mut Ctx, matches: &ArgMatches, name: &str) -> CliResult<Value> {
    generator::required(matches, &["image"])?;
    let (images, command) = (matches.values("image"), matches.values("command"));
    if images.len() > 1 && !command.is_empty() {
        return Err(CliError::text("cannot specify multiple --image options and command"));
    }
    let port = matches.int("port").filter(|p| *p >= 0);
    let container = |(index, image): (usize, &String)| {
        compact(json!({
            "name": container_name(image),
            "image": image,
            "command": (!command.is_empty()).then_some(&command),
            // The port is that of the first container.
            "ports": port.filter(|_| index == 0).map(|p| json!([{"containerPort": p}])),
            "resources": {},
        }))
    };
    let containers: Vec<Value> = images.iter().enumerate().map(container).collect();
    Ok(json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"labels": {"app": name}, "name": name},
        "spec": {
            "replicas": matches.int("replicas").unwrap_or(1),
            "selector": {"matchLabels": {"app": name}},
            "strategy": {},
            "template": {"metadata": {"labels": {"app": name}}, "spec": {"containers": containers}},
        },
        "status": {},
    }))
}

/// The last part of the image's path without tag and digest, as a name of a container.
fn container_name(image: &str) -> String {
    let path = image.rsplit('/').next().unwrap_or(image);
    let bare = path.split(['@', ':']).next().unwrap_or(path);
    bare.chars().map(|c| if c == '_' || c == '.' { '-' } else { c }).collect()
}
