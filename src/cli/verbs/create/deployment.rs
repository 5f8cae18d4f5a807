//! `create deployment`.
//!
//! Upstream: `kubectl/pkg/cmd/create/create_deployment.go`.

use clap::{ArgMatches, Command};

use super::generator::{self, Generator, compact};
use crate::args::{self, ArgProperties, Matches};
use crate::{CliError, CliResult, Ctx, Verb};
use kctl_base::json::{Value, json};
use kctl_base::sim::Ids;

/// The `create deployment` verb.
pub(super) const VERB: Verb = Verb {
    name: "deployment",
    aliases: &["deploy"],
    about: "Create a deployment with the specified name",
    long: "Create a deployment with the given name.",
    examples: &[
        ("Create a deployment that runs the image nginx", "create deployment web --image=nginx"),
        ("Create a deployment with a command", "create deployment sleeper --image=busybox -- sleep 3600"),
        ("Create a deployment with 3 replicas", "create deployment shop --image=nginx --replicas=3"),
        ("Create a deployment that exposes port 5701", "create deployment cache --image=busybox --port=5701"),
        (
            "Create a deployment with two containers",
            "create deployment pair --image=busybox:latest --image=nginx:latest",
        ),
    ],
    usage: "NAME --image=image -- [COMMAND] [args...]",
    flags,
    run: |ctx, matches| generator::run(ctx, matches, &GENERATOR),
    family: &[],
};

const GENERATOR: Generator = Generator { path: "create deployment", failed: "failed to create deployment: ", build };

fn flags(command: Command) -> Command {
    generator::flags(command)
        .arg(args::list("image", "Image to run; can be repeated, for several containers.").required(true))
        .arg(args::number32("port", "Port that the container exposes.").help_default("-1"))
        .arg(args::number32("replicas", "Number of replicas.").help_default("1").short('r'))
        .arg(generator::command_words())
}

fn build(ctx: &mut Ctx, matches: &ArgMatches, name: &str) -> CliResult<Value> {
    let (images, command) = (matches.values("image"), matches.values("command"));
    if images.len() > 1 && !command.is_empty() {
        return Err(CliError::new("cannot specify multiple --image options and command"));
    }
    let port = matches.int("port").filter(|p| *p >= 0);
    let ids = ctx.client()?.transport().ids();
    let container = |(index, image): (usize, &String)| {
        compact(json!({
            "name": container_name(image, ids, index),
            "image": image,
            "command": (!command.is_empty()).then_some(&command),
            // Only the first container gets the port.
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

/// The name of a container: the last part of the image's path without tag and digest. When characters have to be replaced,
/// a random suffix keeps it unique.
fn container_name(image: &str, ids: Ids, index: usize) -> String {
    let path = image.rsplit('/').next().unwrap_or(image);
    let bare = path.split(['@', ':']).next().unwrap_or(path);
    if !bare.contains(['_', '.']) {
        return bare.into();
    }
    let suffix = ids.suffix("container", bare, index as u64, 5);
    format!("{}-{suffix}", bare.replace(['_', '.'], "-"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn containers_are_named_after_their_images() {
        let name = |image: &str| container_name(image, Ids::new(1), 0);
        assert_eq!((name("nginx:1.25"), name("a.b:5000/c/d@sha256:01")), ("nginx".into(), "d".into()));
        let replaced = name("x/my_image.v1:2");
        assert!(replaced.starts_with("my-image-v1-") && replaced.len() == "my-image-v1-".len() + 5, "{replaced}");
    }
}
