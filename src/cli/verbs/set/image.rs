//! `set image`: sets the images of containers.
//!
//! Upstream: `kubectl/pkg/cmd/set/set_image.go`.

use clap::{ArgMatches, Command};

use super::command::{self, Messages, SetCommand};
use super::pod_spec;
use crate::args::{Matches, groups};
use crate::verbs::targets;
use crate::{CliError, CliResult, Ctx, Verb};
use kctl_base::object::{ValueRead, ValueWrite};

/// The `set image` verb.
pub(super) const VERB: Verb = Verb {
    name: "image",
    aliases: &[],
    about: "Update the image of a pod template",
    long: "Update the images of the containers of workloads.

 Possible resources include (case insensitive): pod (po), replicationcontroller (rc), deployment (deploy), \
    daemonset (ds), statefulset (sts), cronjob (cj), replicaset (rs).",
    examples: &[
        (
            "Set the images of two containers of a deployment",
            "set image deployment/web busybox=busybox nginx=nginx:1.27",
        ),
        ("Set the image of a container of several workloads", "set image deployments,rc nginx=nginx:1.27 --all"),
        ("Set the images of all containers of a daemon set", "set image daemonset agent *=nginx:1.27"),
        ("Print a changed manifest without sending it", "set image -f deploy.yaml nginx=nginx:1.27 --local -o yaml"),
    ],
    usage: "(-f FILENAME | TYPE NAME) CONTAINER_NAME_1=CONTAINER_IMAGE_1 ... CONTAINER_NAME_N=CONTAINER_IMAGE_N",
    flags,
    run,
    family: &[],
};

fn flags(command: Command) -> Command {
    groups::all(groups::labels(command::flags(command)))
}

fn run(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<()> {
    let (resources, pairs) = targets::split_pairs(&matches.values("args"), "image")?;
    let images = images(&pairs)?;
    let command = SetCommand::read(ctx, matches, resources)?;
    check(&command, matches, &images)?;
    let messages = Messages {
        done: "image updated",
        failed: "failed to patch image update to pod template: ",
        reports_unchanged: false,
    };
    command.run(ctx, &messages, |_, target, object, errors| {
        let pointer = pod_spec::pointer(object)?;
        let Some(spec) = object.pointer_mut(pointer) else { return Ok(false) };
        for (name, image) in &images {
            let mut found = false;
            for container in pod_spec::containers(spec, "*") {
                if name == "*" || container.str("/name") == name {
                    container.put("/image", image.as_str());
                    found = true;
                }
            }
            if !found {
                let name = kctl_base::field::quote(name);
                errors.push(CliError::prefixed(format!("unable to find container named {name}")));
            }
        }
        Ok(target.object != *object || matches.flag("record"))
    })
}

fn check(command: &SetCommand, matches: &ArgMatches, images: &[(String, String)]) -> CliResult<()> {
    command.check(matches)?;
    if images.is_empty() {
        return Err(CliError::new("at least one image update is required"));
    }
    if images.len() > 1 && images.iter().any(|(name, _)| name == "*") {
        return Err(CliError::new(
            "all containers are already specified by *, but saw more than one container_name=container_image pairs",
        ));
    }
    Ok(())
}

/// Parses `container=image`, sorted by container so that errors have a stable order.
fn images(pairs: &[String]) -> CliResult<Vec<(String, String)>> {
    let mut images = std::collections::BTreeMap::new();
    let mut wrong = Vec::new();
    for pair in pairs {
        match pair.split_once('=') {
            Some((name, image)) => drop(images.insert(name.to_string(), image.to_string())),
            None => wrong.push(pair.clone()),
        }
    }
    if !wrong.is_empty() {
        return Err(CliError::new(format!("invalid image format: {}", wrong.join(", "))));
    }
    Ok(images.into_iter().collect())
}
